// A configured cluster as the wire client and as librdkafka want to know it.
#pragma once

#include "admin/access.h"
#include "config/schema.h"
#include "kafka/cluster.h"

namespace klink::link {

kafka::ClusterOptions OptionsOf(const std::string& name, const config::ClusterConfig& cluster);
admin::Access AccessOf(const std::string& name, const config::ClusterConfig& cluster);

}  // namespace klink::link
