// For tests only: a database on a file system of the test's making (lost writes, refused calls).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

#include "store/database.h"

namespace klink::store {

StatusOr<std::unique_ptr<Database>> OpenOn(std::shared_ptr<rocksdb::FileSystem> file_system, const std::string& path,
                                           const std::vector<std::string>& tables);

}  // namespace klink::store
