// What of a fetched row of batches belongs to aborted transactions, as consumers that read committed records tell it:
// the answer names each such transaction by its producer and first offset, and its marker ends it (KIP-98). Pure.
#pragma once

#include <set>
#include <vector>

#include "kafka/record_batch.h"
#include "link/ports.h"

namespace klink::link {

class AbortedData {
 public:
  AbortedData() = default;
  explicit AbortedData(std::vector<AbortedTransaction> transactions);

  // Asked of every batch of the row, in order.
  bool Covers(const kafka::BatchView& batch);

 private:
  std::vector<AbortedTransaction> ahead_;  // the first one last
  std::set<int64_t> open_;                 // their producers
};

}  // namespace klink::link
