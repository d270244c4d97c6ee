// The records of a link's state topic: key, value as JSON with its version. What a value equals by default is left
// out, so a mirror of many partitions stays small. Old values are never renumbered; a version or a kind this program
// does not know is refused, because somebody newer decides by it.
//
//   link                    LinkRecord         config        ConfigRecord
//   controller              ControllerRecord   pid/<n>       PidRecord
//   pause                   PauseRecord        inhibit       InhibitRecord
//   mirror/<topic>          MirrorRecord       (its key is the topic at the destination)
//   acl/<which>             AclRecord          quota/<which>   QuotaRecord     (both are ledgers: erased when done
//   with)
//   group/<name>            GroupRecord
//   promotion/<id>, cut/<topic>                            (promotion.h)
//   cutover                                                (cutover.h)
//   drill/<id>                                             (drills.h)
//   definition, definer                                    (definition.h: no Record; who runs the link passes them by)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "admin/state_log.h"
#include "base/json_fields.h"
#include "state/cutover.h"
#include "state/drills.h"
#include "state/promotion.h"
#include "state/reasons.h"
#include "state/states.h"

namespace klink::state {

inline constexpr int kRecordVersion = 1;
inline constexpr int32_t kShards = 256;

// What a PID klink ever wrote with was for.
#define KLINK_PID_USES(ROW) ROW(Data, DATA) ROW(Filler, FILLER) ROW(Slot, SLOT)
#define KLINK_CONTROLLER_KINDS(ROW) ROW(Agent, AGENT) ROW(Direct, DIRECT)
// Of an ACL of the source: made at the destination by klink, or kept back while it would let others write to a mirror.
#define KLINK_ACL_HOLDINGS(ROW) ROW(Created, CREATED) ROW(Held, HELD)
#define KLINK_ENUM_VALUE(ID, NAME) k##ID,
#define KLINK_ENUM_NAME(ID, NAME) #NAME,
KLINK_NAMED_ENUM(AclHolding, KLINK_ACL_HOLDINGS)
KLINK_NAMED_ENUM(PidUse, KLINK_PID_USES)
KLINK_NAMED_ENUM(ControllerKind, KLINK_CONTROLLER_KINDS)
#undef KLINK_ENUM_VALUE
#undef KLINK_ENUM_NAME

struct LinkRecord {
  std::string source_cluster_id;
  std::string destination_cluster_id;
  int32_t shards = kShards;
  int64_t data_pid = -1;   // of transactional.id `klink.<link>`; shared by all agents
  int32_t data_epoch = 0;  // of a partition without a batch of ours; later the partition's own last one counts
  int64_t filler_pid = -1;
  int32_t filler_epoch = 0;
  int64_t created_ms = 0;
  int64_t slots_from =
      0;  // slots of a lower number are shut out of topics that are mirrored again: none begins any more

  static void Describe(auto& m, auto& field) {
    field("source_cluster_id", m.source_cluster_id);
    field("destination_cluster_id", m.destination_cluster_id);
    field("shards", m.shards);
    field("data_pid", m.data_pid);
    field("data_epoch", m.data_epoch);
    field("filler_pid", m.filler_pid);
    field("filler_epoch", m.filler_epoch);
    field("created_ms", m.created_ms);
    field("slots_from", m.slots_from);
  }
  friend bool operator==(const LinkRecord&, const LinkRecord&) = default;
};

// The configuration all agents of the link act on.
struct ConfigRecord {
  int64_t generation = 0;
  std::string fingerprint;  // SHA-256 of `text`
  std::string text;
  std::string agent;  // whose file it came from

  static void Describe(auto& m, auto& field) {
    field("generation", m.generation);
    field("fingerprint", m.fingerprint);
    field("text", m.text);
    field("agent", m.agent);
  }
  friend bool operator==(const ConfigRecord&, const ConfigRecord&) = default;
};

// Last in every transaction: who wrote it, and the proof that it has become visible.
struct ControllerRecord {
  ControllerKind kind = ControllerKind::kAgent;
  std::string agent;
  std::string session;   // of this claim to control
  int64_t sequence = 0;  // of the transaction in the session
  int64_t at_ms = 0;     // the writer's wall clock

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("agent", m.agent);
    field("session", m.session);
    field("sequence", m.sequence);
    field("at_ms", m.at_ms);
  }
  friend bool operator==(const ControllerRecord&, const ControllerRecord&) = default;
};

// Whether the link as a whole is paused, and by whom. Without the record it is not.
struct PauseRecord {
  bool paused = false;
  std::string by;    // as the caller named itself
  std::string text;  // why, in the operator's words
  int64_t since_ms = 0;

  static void Describe(auto& m, auto& field) {
    field("paused", m.paused);
    field("by", m.by);
    field("text", m.text);
    field("since_ms", m.since_ms);
  }
  friend bool operator==(const PauseRecord&, const PauseRecord&) = default;
};

// Whether klink may fail over by itself where it is configured to. Without the record it may.
struct InhibitRecord {
  bool inhibited = false;
  std::string by;
  std::string text;
  int64_t since_ms = 0;
  std::string cleared;  // the automatic failover after which somebody lifted it: that one counts no more

  static void Describe(auto& m, auto& field) {
    field("inhibited", m.inhibited);
    field("by", m.by);
    field("text", m.text);
    field("since_ms", m.since_ms);
    field("cleared", m.cleared);
  }
  friend bool operator==(const InhibitRecord&, const InhibitRecord&) = default;
};

struct PidRecord {
  int64_t pid = -1;
  PidUse use = PidUse::kData;
  int64_t since_ms = 0;
  std::optional<int64_t> slot = std::nullopt;  // of a transaction slot its number

  static void Describe(auto& m, auto& field) {
    field("pid", m.pid);
    field("use", m.use);
    field("since_ms", m.since_ms);
    field("slot", m.slot);
  }
  friend bool operator==(const PidRecord&, const PidRecord&) = default;
};

struct PartitionRecord {
  Phase phase = Phase::kCreating;
  int64_t prefill_target = 0;  // fillers are written up to here, then trimmed
  int64_t prefill_start = 0;   // the log then starts here: the source's log start, maybe inside the first batch
  std::optional<int64_t> prefill_head;  // right-aligned: the source offset that stands first
  std::optional<int64_t> aligned_from;  // right-aligned: from here on offsets are equal
  std::optional<int64_t> shift;  // destination offset − source offset of what is appended now; none before the first
  int32_t source_leader_epoch = -1;
  bool mixed = false;  // other producers of ours, or markers, stand between our batches: sequences are not offsets
  std::optional<Reason> reason;
  std::string text;  // of the reason
  int64_t since_ms = 0;
  Accept accept = Accept::kNone;  // TRUNCATION or GAP
  int64_t accept_ms = 0;
  // A log that was taken over, not begun: below adopted_from, a source offset, it is the source's; what is copied from
  // there on stands from adopted_at on, a destination offset.
  std::optional<int64_t> adopted_from = std::nullopt;
  std::optional<int64_t> adopted_at = std::nullopt;

  static void Describe(auto& m, auto& field) {
    field("phase", m.phase);
    field("prefill_target", m.prefill_target);
    field("prefill_start", m.prefill_start);
    field("prefill_head", m.prefill_head);
    field("aligned_from", m.aligned_from);
    field("shift", m.shift);
    field("source_leader_epoch", m.source_leader_epoch);
    field("mixed", m.mixed);
    field("reason", m.reason);
    field("text", m.text);
    field("since_ms", m.since_ms);
    field("accept", m.accept);
    field("accept_ms", m.accept_ms);
    field("adopted_from", m.adopted_from);
    field("adopted_at", m.adopted_at);
  }
  friend bool operator==(const PartitionRecord&, const PartitionRecord&) = default;
};

// Producer ids of one mirror alone: a topic that was promoted has shut out those of its link, for good.
struct MirrorProducers {
  int64_t incarnation = 0;  // in their transactional ids
  int64_t data_pid = -1;
  int32_t data_epoch = 0;
  int64_t filler_pid = -1;
  int32_t filler_epoch = 0;

  static void Describe(auto& m, auto& field) {
    field("incarnation", m.incarnation);
    field("data_pid", m.data_pid);
    field("data_epoch", m.data_epoch);
    field("filler_pid", m.filler_pid);
    field("filler_epoch", m.filler_epoch);
  }
  friend bool operator==(const MirrorProducers&, const MirrorProducers&) = default;
};

struct MirrorRecord {
  std::string source_topic;
  std::string destination_topic;
  std::string source_topic_id;       // as Kafka prints it; empty where the cluster has none
  std::string destination_topic_id;  // empty until it is created
  Phase phase = Phase::kCreating;
  std::optional<Phase> phase_before;  // of a paused mirror: what it goes back to
  std::optional<Reason> reason;       // of a paused mirror: PAUSED_BY_OPERATOR or FILTERED_OUT
  std::string text;
  int64_t since_ms = 0;
  int64_t created_ms = 0;
  bool created = false;                 // klink made the topic, and may make it again before it was ever ACTIVE
  bool deletes = true;                  // cleanup.policy of the source has delete
  bool compacted = false;               // cleanup.policy of the source when the mirror was made
  int64_t max_message_bytes = 1 << 20;  // of the topic then
  Accept accept = Accept::kNone;        // RESTART_AS_NEW or REALIGN; the others stand at their partitions
  int64_t accept_ms = 0;
  int64_t absent_since_ms = 0;       // topics.delete: mirror: when the source was first found without the topic
  std::vector<std::string> origins;  // clusters its records came through before the source, nearest first (provenance)
  std::optional<MirrorProducers> producers = std::nullopt;  // none: the link's
  std::vector<PartitionRecord> partitions;

  static void Describe(auto& m, auto& field) {
    field("source_topic", m.source_topic);
    field("destination_topic", m.destination_topic);
    field("source_topic_id", m.source_topic_id);
    field("destination_topic_id", m.destination_topic_id);
    field("phase", m.phase);
    field("phase_before", m.phase_before);
    field("reason", m.reason);
    field("text", m.text);
    field("since_ms", m.since_ms);
    field("created_ms", m.created_ms);
    field("created", m.created);
    field("deletes", m.deletes);
    field("compacted", m.compacted);
    field("max_message_bytes", m.max_message_bytes);
    field("accept", m.accept);
    field("accept_ms", m.accept_ms);
    field("absent_since_ms", m.absent_since_ms);
    field("origins", m.origins);
    field("producers", m.producers);
    field("partitions", m.partitions);
  }
  friend bool operator==(const MirrorRecord&, const MirrorRecord&) = default;
};

// An ACL at the destination, by Kafka's names. Written before the ACL is made, erased after it was deleted: klink
// deletes none of which there is no record.
struct AclRecord {
  AclHolding holding = AclHolding::kCreated;
  std::string resource;  // TOPIC | GROUP
  std::string pattern;   // LITERAL | PREFIXED
  std::string name;
  std::string principal;
  std::string host;
  std::string operation;
  std::string permission;
  int64_t since_ms = 0;

  static void Describe(auto& m, auto& field) {
    field("holding", m.holding);
    field("resource", m.resource);
    field("pattern", m.pattern);
    field("name", m.name);
    field("principal", m.principal);
    field("host", m.host);
    field("operation", m.operation);
    field("permission", m.permission);
    field("since_ms", m.since_ms);
  }
  friend bool operator==(const AclRecord&, const AclRecord&) = default;
};

// A client quota at the destination that klink set, with the value it had then.
struct QuotaRecord {
  std::optional<std::string> user;
  std::optional<std::string> client_id;
  std::string key;  // producer_byte_rate, …
  double value = 0;
  int64_t since_ms = 0;

  static void Describe(auto& m, auto& field) {
    field("user", m.user);
    field("client_id", m.client_id);
    field("key", m.key);
    field("value", m.value);
    field("since_ms", m.since_ms);
  }
  friend bool operator==(const QuotaRecord&, const QuotaRecord&) = default;
};

// A position of a consumer group at the source.
struct GroupPosition {
  std::string topic;  // at the destination
  int32_t partition = 0;
  int64_t source = -1;  // offset

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("partition", m.partition);
    field("source", m.source);
  }
  friend bool operator==(const GroupPosition&, const GroupPosition&) = default;
};

// What must be remembered of a group whose offsets are carried over. Most groups have no record: one that holds no
// position is encoded as its erasure.
struct GroupRecord {
  std::string group;
  std::vector<GroupPosition> clamped;  // committed at less than this: the copy did not reach it yet
  std::vector<GroupPosition> left;     // the group was seen at work at the destination when the source stood here
  bool carried = false;                // it has positions in mirrors: whoever leads next notices when it is deleted
  int64_t since_ms = 0;

  bool empty() const { return clamped.empty() && left.empty() && !carried; }

  static void Describe(auto& m, auto& field) {
    field("group", m.group);
    field("clamped", m.clamped);
    field("left", m.left);
    field("carried", m.carried);
    field("since_ms", m.since_ms);
  }
  friend bool operator==(const GroupRecord&, const GroupRecord&) = default;
};

std::string KeyOf(const LinkRecord&);
std::string KeyOf(const ConfigRecord&);
std::string KeyOf(const ControllerRecord&);
std::string KeyOf(const PauseRecord&);
std::string KeyOf(const InhibitRecord&);
std::string KeyOf(const PidRecord& record);
std::string KeyOf(const MirrorRecord& record);
std::string KeyOf(const AclRecord& record);
std::string KeyOf(const QuotaRecord& record);
std::string KeyOf(const GroupRecord& record);

using Record =
    std::variant<LinkRecord, ConfigRecord, ControllerRecord, PauseRecord, PidRecord, MirrorRecord, AclRecord,
                 QuotaRecord, GroupRecord, PromotionRecord, CutRecord, InhibitRecord, CutoverRecord, DrillRecord>;

// Ready to be written.
admin::KeyValue Encode(const Record& record);
// Takes a record out of the state: a mirror, or an entry of a ledger.
admin::KeyValue Erase(std::string key);

// FailedPrecondition: written by a newer klink. DataLoss: not a record at all.
StatusOr<Record> Decode(std::string_view key, std::string_view value);
// The topic of a mirror's key; nothing for other keys.
std::optional<std::string> MirrorOfKey(std::string_view key);
std::optional<std::string> GroupOfKey(std::string_view key);

// Enums as their names; found by base/json_fields.
Json ToJson(Phase v);
Json ToJson(PidUse v);
Json ToJson(AclHolding v);
Json ToJson(ControllerKind v);
Json ToJson(Accept v);
Status FromJson(const Json& json, Phase& v);
Status FromJson(const Json& json, PidUse& v);
Status FromJson(const Json& json, AclHolding& v);
Status FromJson(const Json& json, ControllerKind& v);
Status FromJson(const Json& json, Accept& v);

}  // namespace klink::state
