#include "failover/drill_proof.h"

#include <fmt/format.h>

namespace klink::failover {

void TakeProof(const TopicPartition& tp, const link::PartitionProof& proof, DrillVerification& all,
               std::map<std::string, int64_t>& kinds) {
  all.batches_equal += proof.batches;
  all.bytes_compared += proof.bytes;
  all.differences += proof.differences_total;
  for (const link::Difference& difference : proof.differences) {
    kinds[difference.kind]++;
    if (all.first_differences.size() < link::VerifyOptions().differences_most)
      all.first_differences.push_back(fmt::format("{}: {} {}", tp, difference.kind, difference.detail));
  }
}

}  // namespace klink::failover
