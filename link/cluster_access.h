// A configured cluster as the wire client and as librdkafka want to know it.
#pragma once

#include "admin/access.h"
#include "config/schema.h"
#include "kafka/cluster.h"

namespace klink::link {

kafka::ClusterOptions OptionsOf(const std::string& name, const config::ClusterConfig& cluster);
// Until CloseAccess, on the executor.
admin::Access AccessOf(const std::string& name, const config::ClusterConfig& cluster, Executor executor, Clock& clock);
Async<void> CloseAccess(admin::Access access);

}  // namespace klink::link
