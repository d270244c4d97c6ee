// What a comparison of both logs adds to a drill's report.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/types.h"
#include "failover/drill_report.h"
#include "link/verify_proof.h"

namespace klink::failover {

// `kinds`: how many differences of each kind were found.
void TakeProof(const TopicPartition& tp, const link::PartitionProof& proof, DrillVerification& all,
               std::map<std::string, int64_t>& kinds);

}  // namespace klink::failover
