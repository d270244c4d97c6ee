// One partition in both clusters, read for a failback: the comparison back from the cut, then what lies beyond.
#pragma once

#include <memory>

#include "failover/failback.h"
#include "link/link_reading.h"
#include "link/verify_reader.h"

namespace klink::failover {

struct PartitionReading {
  TopicPartition source;
  TopicPartition destination;
  std::optional<offsets::Translation> map;  // none: the same offsets
  std::optional<RecordedCut> cut;
  bool compacted = false;
  int32_t source_leader_epoch = -1;  // the highest that was copied
  link::VerifyOptions comparison;
  FailbackPartition view;
  std::shared_ptr<TailTally> tally;  // of what never crossed
  const offsets::Translation* map_or_null() const { return map ? &*map : nullptr; }
  void Take(const state::CutPartition& recorded);
  void Begin();  // the names of the view
};

// Fills the view. An error of one of its logs is the view's reason; Cancelled alone is answered.
Async<Status> ReadPartition(kafka::Cluster& source, kafka::Cluster& destination, const state::StateView& state,
                            Clock& clock, PartitionReading& reading);

// Nothing lies beyond, so only where the logs part was looked for: what the tally notes of transactions below. An error
// is the view's reason, as above.
Async<Status> ReadCrossed(kafka::Cluster& source, Clock& clock, PartitionReading& reading);

// What never crossed, as files. The log is read once more, up to the same end.
Async<StatusOr<std::vector<ExportedFile>>> ExportPartition(kafka::Cluster& source, Clock& clock,
                                                           const PartitionReading& reading, std::string folder);

}  // namespace klink::failover
