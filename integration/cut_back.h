// A broker that comes back without the end of a log, as after a loss of power. Partition 0 of a topic whose log is one
// segment, at a cluster's first broker.
#pragma once

#include <string>

#include "integration/cluster.h"

namespace klink::it {

fs::path FirstSegment(const Cluster& cluster, const std::string& topic);
// Kills the broker, leaves so many bytes of the segment, starts it again.
void CutBack(Cluster& cluster, const std::string& topic, uintmax_t size);

}  // namespace klink::it
