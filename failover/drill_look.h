// Can this link be failed over now, and what would that lose? Both clusters and the link's state are read; nothing is
// written. It is all a dry drill does, and what an isolated one begins with.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/access.h"
#include "config/schema.h"
#include "failover/drill_copy.h"
#include "failover/drill_judge.h"
#include "failover/drill_read.h"
#include "failover/kafka_destination.h"
#include "kafka/cluster.h"
#include "link/link_reading.h"
#include "link/topic_listing.h"
#include "state/view.h"

namespace klink::failover {

// What keeps a failover from working, or from being told that it would.
struct Finding {
  DrillVerdict verdict = DrillVerdict::kPassed;
  std::string evidence;
};

class DrillLook {
 public:
  // All outlive it.
  DrillLook(const config::Config& config, const config::LinkConfig& link, const config::DrillConfig& drill,
            Executor executor, Clock& clock);

  // The destination, the link's state there and the mirrors that were chosen. Unavailable, NotFound,
  // FailedPrecondition: no drill is possible.
  Async<Status> Open();
  Async<void> Close();

  // Does the source answer? Without it there is a failover all the same.
  Async<Finding> CheckSource();
  Finding CheckMirrors() const;      // each is ACTIVE, and no promotion is under way
  Async<Finding> CheckPartitions();  // leaders, replicas in sync, and what a fence asks of them
  Async<Finding> CheckAgents();      // somebody copies
  // Where the groups stand at the source as the drill begins.
  Async<Status> NoteGroups();
  // And at the destination, once they were carried over or `until` has come.
  Async<std::vector<DrillPosition>> ComparePositions(Instant until);
  // What had not crossed: the ends of both sides first, which is quick, then what lies between them.
  Async<Status> NoteLoss();
  Async<DrillRpo> MeasureLoss();

  // What a copy of at most so many bytes needs to know. InvalidArgument: max_bytes does not hold one batch of each.
  Async<StatusOr<std::vector<DrillMirror>>> PlanCopies(std::string id, std::map<TopicPartition, int64_t>& begins);
  // Where the newest part of each partition begins that is max_bytes together, up to these ends.
  Async<StatusOr<std::map<TopicPartition, int64_t>>> NewestParts(std::map<TopicPartition, int64_t> ends);
  // Where the mirrors may be copied to now.
  Async<StatusOr<std::map<TopicPartition, int64_t>>> StableEnds();

  // The link's state and maps once more, of the same mirrors.
  Async<Status> ReadAgain();
  // Source offsets up to which they were copied when they were failed over: groups and losses are told by these then.
  void TakeCuts(std::map<TopicPartition, int64_t> replicated_to) { cuts_ = std::move(replicated_to); }

  kafka::Cluster& source() { return source_; }
  kafka::Cluster& destination() { return destination_; }
  admin::Access access() { return access_; }
  bool source_answers() const { return source_id_.has_value(); }
  const std::optional<std::string>& source_id() const { return source_id_; }
  const std::optional<std::string>& destination_id() const { return destination_id_; }
  const std::vector<state::MirrorRecord>& mirrors() const { return mirrors_; }
  std::set<TopicPartition> partitions() const;
  const state::StateView& state() const { return state_; }
  TopicPartition SourceOf(const TopicPartition& mirror) const;
  bool IsCompacted(const std::string& mirror) const { return Mirror(mirror).compacted; }
  // Mirror offsets to the source's; nothing: the same.
  std::optional<offsets::Translation> MapOf(const TopicPartition& mirror) const;
  std::optional<int64_t> ToSource(const TopicPartition& mirror, int64_t at) const;

 private:
  Async<Status> ReadLink();
  Status Choose();
  Async<StatusOr<SizeSample>> Sample(TopicPartition tp);
  Async<LossFacts> LossAt(TopicPartition mirror);
  Async<std::optional<bool>> SameFirst(const DrillPosition& position);
  Async<std::map<std::string, Positions>> AllPositions(kafka::Cluster& cluster, std::set<std::string> topics,
                                                       std::vector<std::string>& troubles);
  const state::MirrorRecord& Mirror(const std::string& topic) const;
  std::set<TopicPartition> SourcePartitions() const;

  const config::Config& config_;
  const config::LinkConfig& link_;
  const config::DrillConfig& drill_;
  Executor executor_;
  Clock& clock_;
  kafka::Cluster source_;
  kafka::Cluster destination_;
  admin::Access access_;
  KafkaDestination ports_;
  std::optional<std::string> source_id_, destination_id_;
  state::StateView state_;
  link::AnnouncedMaps maps_;
  link::Listing listing_;
  std::vector<state::MirrorRecord> mirrors_;
  std::map<std::string, Positions> at_begin_;  // by group, of the source's topics
  std::map<TopicPartition, int64_t> source_ends_, mirror_ends_, cuts_;
  int64_t ends_at_ms_ = 0;
};

// Messages for a person who reads what a drill of these positions found.
DrillVerdict WorstAhead(const std::vector<DrillPosition>& positions);
DrillVerdict WorstBehind(const std::vector<DrillPosition>& positions);

}  // namespace klink::failover
