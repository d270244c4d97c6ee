// The destination's partitions as a promotion sees them: a port, so that the controller runs unchanged in the
// simulator.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/async.h"
#include "failover/fence_plan.h"

namespace klink::failover {

struct PartitionFacts {
  DestOffset end;  // log end offset, not the high watermark
  DestOffset high_watermark;
  std::vector<link::ProducerState> producers;
};
using AllFacts = std::map<TopicPartition, StatusOr<PartitionFacts>>;

// What stands at the end of a copy.
struct Tail {
  DestOffset copied_end;  // behind the last batch of ours that holds records, or where the copy was known to end
  int64_t late = 0;       // records that landed behind that, plain ones up to the first of a transaction
  int64_t foreign = 0;    // offsets behind it of other producers than ours
  std::optional<DestOffset> last_base = std::nullopt;  // of the last copied batch that holds records
  std::optional<uint32_t> last_crc = std::nullopt;     // CRC-32C of its records
};

using MayStep = std::function<Status()>;

class Destination {
 public:
  virtual ~Destination() = default;
  // One answer each; NotFound where there is no such partition.
  virtual Async<AllFacts> Inspect(std::set<TopicPartition> partitions) = 0;
  // What came of it the next Inspect tells. PermissionDenied, FailedPrecondition: klink may not, or the cluster cannot.
  virtual Async<Status> WriteMarkers(FencePlan plan) = 0;
  // The id's next epoch, which is answered, and a marker of it in each of these partitions, some time later.
  // `may` is asked before each of its requests: a coordinator serves whoever comes last.
  virtual Async<StatusOr<int16_t>> EmptyTransaction(std::string transactional_id,
                                                    std::vector<TopicPartition> partitions, MayStep may) = 0;
  // What stands below `end`; `copied_end` is as last known.
  virtual Async<StatusOr<Tail>> ReadTail(TopicPartition tp, DestOffset copied_end, DestOffset end,
                                         std::set<int64_t> own) = 0;
};

}  // namespace klink::failover
