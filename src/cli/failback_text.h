// What `klink mirror failback` found, for people.
#pragma once

#include <string>

#include "failover/failback.h"

namespace klink::cli {

std::string FailbackText(const failover::FailbackView& view, bool color);

}  // namespace klink::cli
