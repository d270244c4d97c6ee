#include "link/filler.h"

#include <algorithm>

#include "kafka/record_batch.h"

namespace klink::link {

static_assert(kFillerRecords <= kafka::kFillersMax);

SharedBytes Fillers::Next(int64_t wanted, const Stamp& stamp) {
  for (;;) {
    const int64_t records = std::min(wanted, most_);
    if (made_records_ != records) {
      made_ = kafka::BuildFillerBatch({}, static_cast<int32_t>(records));
      made_records_ = records;
    }
    if (made_->size() <= limit_ || !Halve()) break;
  }
  SharedBytes batch = SharedBytes::CopyOf(made_->view());
  PatchBatch(batch, stamp);
  return batch;
}

bool Fillers::Halve() {
  const int64_t last = made_records_;
  most_ = std::max<int64_t>(1, std::min(most_, last) / 2);
  return last > 1;
}

}  // namespace klink::link
