#include "link/filler.h"

#include "kafka/record_batch.h"

namespace klink::link {

static_assert(kFillerRecords <= kafka::kFillersMax);

SharedBytes FillerBatch(int64_t records, const Stamp& stamp) {
  kafka::BatchIdentity identity;
  identity.producer_id = stamp.producer_id;
  identity.producer_epoch = stamp.producer_epoch;
  identity.base_sequence = stamp.base_sequence;
  return kafka::BuildFillerBatch(identity, static_cast<int32_t>(records));
}

}  // namespace klink::link
