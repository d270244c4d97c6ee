// What the agent tells about itself: plain values, taken at one moment by the engine's executor, and the port over
// which HTTP and the command line ask. Each struct is also its JSON (names are promised: they do not change). Unknown
// is an empty optional and becomes null; nobody makes up a number. What is not ACTIVE has reason_code, reason and
// since.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/types.h"
#include "link/adoption.h"
#include "link/cutover_snapshot.h"
#include "link/difference.h"
#include "link/explanation.h"
#include "link/group_snapshot.h"
#include "link/promotion_snapshot.h"
#include "link/set_snapshot.h"
#include "state/drills.h"
#include "state/states.h"

namespace klink::link {

struct PartitionSnapshot {
  int32_t partition = 0;
  std::string state = "PENDING_MIRROR";
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;
  std::optional<std::string> offsets;      // "identical" | "translated"
  std::optional<int64_t> identical_from;   // every offset from here to the end is equal
  std::optional<std::string> time_lookup;  // "exact" | "early": what a look-up by time may answer
  std::optional<int64_t> source_log_start;
  std::optional<int64_t> source_high_watermark;
  std::optional<int64_t> source_last_stable;
  std::optional<int64_t> destination_log_start;
  std::optional<int64_t> destination_end;
  std::optional<int64_t> replicated_to;  // a source offset: everything below is at the destination
  std::optional<int64_t> lag;
  std::optional<double> lag_seconds;
  bool lag_seconds_may_be_more = false;  // not in the JSON: this agent did not see the lag begin
  std::optional<int64_t> last_source_fetch_offset;

  static void Describe(auto& m, auto& field) {
    field("partition", m.partition);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
    field("offsets", m.offsets);
    field("identical_from", m.identical_from);
    field("time_lookup", m.time_lookup);
    field("source_log_start", m.source_log_start);
    field("source_high_watermark", m.source_high_watermark);
    field("source_last_stable", m.source_last_stable);
    field("destination_log_start", m.destination_log_start);
    field("destination_end", m.destination_end);
    field("replicated_to", m.replicated_to);
    field("lag", m.lag);
    field("lag_seconds", m.lag_seconds);
    field("last_source_fetch_offset", m.last_source_fetch_offset);
  }
};

// A mirror topic. Its state is that of its worst partition.
struct MirrorSnapshot {
  std::string topic;  // at the destination
  std::string source_topic;
  std::string state = "PENDING_MIRROR";
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;
  std::vector<PartitionSnapshot> partitions;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
    field("partitions", m.partitions);
  }
};

struct ClusterSnapshot {
  std::string name;                       // in the configuration
  std::optional<std::string> cluster_id;  // as the cluster itself says
  std::optional<bool> reachable;          // empty until first tried

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("cluster_id", m.cluster_id);
    field("reachable", m.reachable);
  }
};

// What a link does beside copying: "topic-sync", "membership", "state", "offsets".
struct TaskSnapshot {
  std::string name;
  std::string state = "ACTIVE";
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
  }
};

struct LinkSnapshot {
  std::string name;
  std::string state = "UNAVAILABLE";  // ACTIVE PAUSED UNAVAILABLE FAILED
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;
  std::optional<std::string> role;  // "owner": this agent mirrors; "standby": another one does; empty: not known yet
  ClusterSnapshot source;
  ClusterSnapshot destination;
  std::vector<TaskSnapshot> tasks;
  std::vector<SetSnapshot> sets;  // by priority
  std::vector<MirrorSnapshot> mirrors;
  std::vector<state::DrillRecord> drills;  // the oldest first; not of this JSON: they have a page of their own

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
    field("role", m.role);
    field("source", m.source);
    field("destination", m.destination);
    field("tasks", m.tasks);
    field("sets", m.sets);
    field("mirrors", m.mirrors);
  }
};

struct AgentSnapshot {
  std::string id;
  std::string version;
  std::optional<WallTime> started;
  std::vector<LinkSnapshot> links;
};

// One run: source offsets [source_start, source_start + length) stand at destination_start onwards.
struct RunSnapshot {
  int64_t source_start = 0;
  int64_t destination_start = 0;
  int64_t length = 0;
  std::optional<std::string> reason;           // why the shift changed here
  std::optional<int32_t> source_leader_epoch;  // at its first batch

  static void Describe(auto& m, auto& field) {
    field("source_start", m.source_start);
    field("destination_start", m.destination_start);
    field("length", m.length);
    field("reason", m.reason);
    field("source_leader_epoch", m.source_leader_epoch);
  }
};

// Offsets without a record at the source, kept by something that stands there, since this agent began to count.
struct FilledSnapshot {
  WallTime since{};
  int64_t copies = 0;   // of the next surviving record
  int64_t markers = 0;  // control records, which no consumer sees

  static void Describe(auto& m, auto& field) {
    field("since", m.since);
    field("copies", m.copies);
    field("markers", m.markers);
  }
};

struct RunsSnapshot {
  std::vector<RunSnapshot> runs;
  std::optional<FilledSnapshot> filled;  // empty: not mirrored by this agent now
};

enum class Direction { kToDestination, kToSource };

struct TranslationSnapshot {
  int64_t offset = 0;
  std::optional<int64_t> translated;  // empty when unknown
  std::string answer = "unknown";     // "exact" | "clamped" | "unknown"
  std::optional<std::string> reason;  // what stands behind an answer that is not exact

  static void Describe(auto& m, auto& field) {
    field("offset", m.offset);
    field("translated", m.translated);
    field("answer", m.answer);
    field("reason", m.reason);
  }
};

struct TranslateRequest {
  std::string link;
  TopicPartition partition;  // of the mirror: the destination's name
  std::vector<int64_t> offsets;
  Direction direction = Direction::kToDestination;
};

// Where the first record that is not older than a time stands, in one partition: asked of the source, which alone has
// the times of its records, and translated. Where no record is that young, it is where the next one will stand.
struct OffsetAtSnapshot {
  int32_t partition = 0;
  std::optional<int64_t> source_offset;
  std::optional<int64_t> destination_offset;  // empty when unknown
  std::string answer = "unknown";             // "exact" | "clamped" | "unknown"
  std::optional<std::string> reason;          // what stands behind an answer that is not exact

  static void Describe(auto& m, auto& field) {
    field("partition", m.partition);
    field("source_offset", m.source_offset);
    field("destination_offset", m.destination_offset);
    field("answer", m.answer);
    field("reason", m.reason);
  }
};

struct OffsetsAtRequest {
  std::string link;
  std::string topic;  // of the mirror: the destination's name
  WallTime time{};
};

// One ACL on its way from the source to the destination, as it is there.
struct AclSnapshot {
  std::string standing;  // created | held | waiting | skipped
  std::string permission;
  std::string principal;
  std::string operation;
  std::string resource;
  std::string pattern;
  std::string name;
  std::string host;
  std::optional<std::string> reason;  // of what waits or is skipped
  std::optional<WallTime> since;

  static void Describe(auto& m, auto& field) {
    field("standing", m.standing);
    field("permission", m.permission);
    field("principal", m.principal);
    field("operation", m.operation);
    field("resource", m.resource);
    field("pattern", m.pattern);
    field("name", m.name);
    field("host", m.host);
    field("reason", m.reason);
    field("since", m.since);
  }
};

struct AclsSnapshot {
  bool enabled = false;
  std::optional<WallTime> synced;  // when this agent last compared both clusters; empty: not since it leads
  std::vector<AclSnapshot> acls;

  static void Describe(auto& m, auto& field) {
    field("enabled", m.enabled);
    field("synced", m.synced);
    field("acls", m.acls);
  }
};

enum class ControlVerb { kPause, kResume, kRealign };

// What somebody asks of a link, or of mirrors in it.
struct ControlRequest {
  std::string link;
  ControlVerb verb = ControlVerb::kPause;
  std::vector<std::string> topics;  // at the destination; `*` and `?` stand for any characters and any one
  bool all = false;                 // every mirror, instead of `topics`
  state::Accept accept = state::Accept::kNone;
  std::string by;      // who asks, as they name themselves
  std::string reason;  // why, in their words
  bool dry_run = false;
};

// What became of one mirror, or with dry_run would.
struct ControlledMirror {
  std::string topic;
  std::optional<std::string> state_before;
  std::optional<std::string> state;
  std::string outcome = "refused";  // paused | resumed | restarted | unchanged | refused
  std::optional<std::string> error;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("state_before", m.state_before);
    field("state", m.state);
    field("outcome", m.outcome);
    field("error", m.error);
  }
};

// A mirror that is made again, and what that costs in records; null where it is not known.
struct RealignedMirror {
  std::string topic;
  std::optional<std::string> state;          // before
  std::string outcome = "refused";           // realigning | unchanged | refused
  std::optional<int64_t> deletes;            // offsets of the copy, all of them
  std::optional<int64_t> only_in_copy;       // of these, what the source does not have any more
  std::optional<int64_t> copies;             // offsets of the source
  std::optional<int64_t> prefills;           // offsets written and trimmed to reach its log start
  std::vector<std::string> groups_not_told;  // whether these read the mirror is not known
  std::optional<std::string> error;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("state", m.state);
    field("outcome", m.outcome);
    field("deletes", m.deletes);
    field("only_in_copy", m.only_in_copy);
    field("copies", m.copies);
    field("prefills", m.prefills);
    field("groups_not_told", m.groups_not_told);
    field("error", m.error);
  }
};

struct ControlledLink {
  std::string state_before;
  std::string state;
  std::string outcome = "unchanged";  // paused | resumed | unchanged
  int64_t mirrors = 0;                // that stand or run by it

  static void Describe(auto& m, auto& field) {
    field("state_before", m.state_before);
    field("state", m.state);
    field("outcome", m.outcome);
    field("mirrors", m.mirrors);
  }
};

// The running agent as HTTP sees it. Called on the agent's executor. NotFound names the link, topic or partition that
// does not exist; Unavailable when this agent cannot tell now (a standby without the map).
class AgentApi {
 public:
  virtual ~AgentApi() = default;
  virtual AgentSnapshot Snapshot() const = 0;
  // One answer per offset, in order.
  virtual Async<StatusOr<std::vector<TranslationSnapshot>>> Translate(TranslateRequest request) = 0;
  virtual Async<StatusOr<RunsSnapshot>> Runs(std::string link, TopicPartition partition) = 0;
  // What is carried over and what is held back; what waits or is skipped only from who leads the link.
  virtual StatusOr<AclsSnapshot> Acls(const std::string& link) const = 0;
  // One answer per partition, in order.
  virtual Async<StatusOr<std::vector<OffsetAtSnapshot>>> OffsetsAt(OffsetsAtRequest request) = 0;
  // The consumer groups that are carried over, as the last round left them. Unavailable: another agent does it.
  virtual Async<StatusOr<GroupsSnapshot>> Groups(std::string link) = 0;
  // One group, asked of both clusters now. NotFound: neither has it.
  virtual Async<StatusOr<GroupSnapshot>> Group(std::string link, std::string group) = 0;
  // Written to the link's state, and done: once this answers a pause, nothing of klink's is under way to what it
  // paused. One answer per mirror. Unavailable: another agent leads the link (the text names it when it is known).
  virtual Async<StatusOr<std::vector<ControlledMirror>>> ControlMirrors(ControlRequest request) = 0;
  virtual Async<StatusOr<ControlledLink>> ControlLink(ControlRequest request) = 0;
  // Decided and written; it is carried out from then on, by whichever agent leads the link.
  virtual Async<StatusOr<std::vector<RealignedMirror>>> Realign(ControlRequest request) = 0;
  // Topics of the destination become mirrors as they are (link/adoption); all of them or none.
  virtual Async<StatusOr<std::vector<AdoptedMirror>>> Adopt(AdoptRequest request) = 0;
  // Begun and written, with its id; or with dry_run the plan. FailedPrecondition: another one is under way.
  virtual Async<StatusOr<PromotionSnapshot>> Promote(PromoteRequest request) = 0;
  // How far a promotion is, or what came of it; any agent of the link knows.
  virtual StatusOr<PromotionSnapshot> Operation(const std::string& operation) const = 0;
  // A planned move: begun and written, gone on with or undone; or with dry_run the plan.
  virtual Async<StatusOr<CutoverSnapshot>> Cutover(CutoverRequest request) = 0;
  // The last one of a link, by any agent. NotFound: there was none.
  virtual StatusOr<CutoverSnapshot> CutoverNow(const std::string& link) const = 0;
  // Whether klink may fail over by itself, where it is configured to.
  virtual Async<StatusOr<InhibitSnapshot>> Inhibit(InhibitRequest request) = 0;
  // One answer per link concerned; what cannot be asked is a step that says so.
  virtual Async<StatusOr<std::vector<Explanation>>> Explain(ExplainRequest request) = 0;
  // Of one link, or with no name of every link. Unavailable when a cluster does not answer.
  virtual Async<StatusOr<std::vector<LinkDiff>>> Diff(std::string link) = 0;
  // The configuration is loaded and both clusters of every link have answered once.
  virtual bool Ready() const = 0;
  // The engine's executor still turns and nothing ended it.
  virtual bool Live() const = 0;
};

}  // namespace klink::link
