#include "link/aborted_data.h"

#include <algorithm>

namespace klink::link {

AbortedData::AbortedData(std::vector<AbortedTransaction> transactions) : ahead_(std::move(transactions)) {
  std::sort(ahead_.begin(), ahead_.end(), [](const auto& a, const auto& b) { return b.first < a.first; });
}

bool AbortedData::Covers(const kafka::BatchView& batch) {
  for (; !ahead_.empty() && ahead_.back().first.value <= batch.last_offset(); ahead_.pop_back())
    open_.insert(ahead_.back().producer_id);
  if (!batch.control()) return batch.transactional() && open_.contains(batch.producer_id());
  open_.erase(batch.producer_id());
  return false;
}

}  // namespace klink::link
