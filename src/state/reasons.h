// Why something is not ACTIVE: every case has a name, what it means, and what the operator does. The only table of
// them; documents are printed from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace klink::state {

// clang-format off
#define KLINK_REASONS(ROW) \
  ROW(RetentionGap, RETENTION_GAP, "the source's retention deleted records before they were copied", "raise the source's retention or give klink more throughput; what on_gap: stop halted goes on behind the gap with klink mirror resume --accept-gap") \
  ROW(StartTooFar, START_TOO_FAR, "the source's log starts beyond prefill_limit, so the copy's offsets are translated", "none, or raise prefill_limit and run klink mirror realign") \
  ROW(SourceTruncated, SOURCE_TRUNCATED, "the source's log ends before what was copied, or its history differs there", "compare both logs; klink mirror resume --accept-truncation keeps the copy and goes on") \
  ROW(SourceUnavailable, SOURCE_UNAVAILABLE, "the source cluster does not answer", "check its brokers and the network; it resumes by itself, or fail over") \
  ROW(SourceTopicMayBeDeleted, SOURCE_TOPIC_MAY_BE_DELETED, "the source topic is not found any more", "none if it was deleted on purpose: the copy is kept; else restore it and run klink mirror resume") \
  ROW(SourceTopicIdChanged, SOURCE_TOPIC_ID_CHANGED, "the source topic was deleted and made again under its name", "klink mirror resume --restart-as-new begins a new copy; the old one is deleted then") \
  ROW(SourceLsoStalled, SOURCE_LSO_STALLED, "a transaction at the source stays open, so nothing behind it can be copied", "end the hanging transaction at the source (kafka-transactions.sh find-hanging)") \
  ROW(DestinationTopicDeleted, DESTINATION_TOPIC_DELETED, "somebody deleted the mirror topic", "klink mirror resume --restart-as-new copies it again") \
  ROW(DestinationTopicIdChanged, DESTINATION_TOPIC_ID_CHANGED, "somebody deleted the mirror topic and made it again", "delete that topic, then klink mirror resume --restart-as-new") \
  ROW(ForeignWrite, FOREIGN_WRITE, "somebody else wrote to the mirror topic", "stop that writer and revoke its WRITE permission; on_foreign_write: record goes on behind it, klink mirror realign makes the copy again") \
  ROW(MisplacedBatch, MISPLACED_BATCH, "a batch stands at an offset that was not asked for", "run klink verify on the topic; klink mirror realign makes an exact copy again") \
  ROW(RecordTooLarge, RECORD_TOO_LARGE, "the destination refuses a batch as too large", "raise max.message.bytes of the mirror topic or message.max.bytes of the destination's brokers; it resumes by itself") \
  ROW(TimestampRejected, TIMESTAMP_REJECTED, "the destination refuses a record's timestamp", "set message.timestamp.before.max.ms and message.timestamp.after.max.ms of the mirror topic as the source has them") \
  ROW(UnsupportedMessageFormat, UNSUPPORTED_MESSAGE_FORMAT, "the source holds batches of a message format before v2", "let the source's brokers rewrite the topic, or exclude it") \
  ROW(CrcMismatch, CRC_MISMATCH, "a batch's checksum does not hold", "check the source's disks and the network; the batch is fetched again") \
  ROW(ReplaySaturated, REPLAY_SATURATED, "transactions arrive faster than they can be replayed", "watch the lag; set transactions: committed if it keeps growing") \
  ROW(PartitionsDiffer, PARTITIONS_DIFFER, "the mirror topic has more partitions than its source", "delete the mirror and let it be made again, or give the source as many partitions") \
  ROW(PolicyViolation, POLICY_VIOLATION, "a policy of the destination forbids what the copy needs", "change the destination's create or alter policy for this topic") \
  ROW(GroupInUse, GROUP_IN_USE, "a consumer group has members at the destination, so its offsets are not touched", "stop its consumers there, or exclude the group") \
  ROW(SecurityDisabled, SECURITY_DISABLED, "the cluster has no authorizer", "set acls.enabled: false") \
  ROW(ConfigDiffers, CONFIG_DIFFERS, "this agent's file differs from the configuration the link runs with", "give all agents the same file") \
  ROW(NotQuiet, NOT_QUIET, "the source is still being written to", "stop its producers, or use failover and accept the loss that is shown") \
  ROW(AuthorizationError, AUTHORIZATION_ERROR, "a cluster refuses klink's principal", "grant what the text names; klink acl plan prints everything needed") \
  ROW(DestinationStorageError, DESTINATION_STORAGE_ERROR, "a destination broker cannot write to its disk", "check the broker's disks; it resumes by itself") \
  ROW(DestinationUnavailable, DESTINATION_UNAVAILABLE, "the destination cluster does not answer", "check its brokers and the network; it resumes by itself") \
  ROW(NotEnoughReplicas, NOT_ENOUGH_REPLICAS, "too few replicas of the destination's partition are in sync", "bring the destination's brokers back; it resumes by itself") \
  ROW(LinkClusterChanged, LINK_CLUSTER_CHANGED, "a cluster is not the one the link was made with", "correct bootstrap.servers; another cluster needs another link") \
  ROW(FilteredOut, FILTERED_OUT, "the topic no longer matches the link's filter", "include it again, or delete the mirror") \
  ROW(MirrorLoop, MIRROR_LOOP, "the source topic is itself a copy of what came from the destination cluster", "exclude the topic from one of the two links; a copy that was promoted may be copied back") \
  ROW(MirroredByAnotherLink, MIRRORED_BY_ANOTHER_LINK, "another link writes to this mirror topic", "exclude the topic from one of the two links, or give one of them a rename") \
  ROW(OldSource, OLD_SOURCE, "the topic to be written is the old source of the copy that was promoted: it holds what was copied, and perhaps more", "klink mirror reverse takes it over where it is equal; klink mirror failback --plan shows what it alone has, --recreate or --keep-and-map decides") \
  ROW(PausedByOperator, PAUSED_BY_OPERATOR, "somebody paused it", "klink mirror resume goes on; for a paused link, klink link resume") \
  ROW(Fenced, FENCED, "klink was shut out of the topic, as a promotion does", "none: the topic is promoted; if nobody asked for that, klink audit tail tells who did") \
  ROW(NotYetSupported, NOT_YET_SUPPORTED, "the source holds something this version does not copy", "read the text; exclude the topic or use a newer version")
// clang-format on

enum class Reason : uint8_t {
#define KLINK_REASON_VALUE(ID, NAME, MEANING, ACTION) k##ID,
  KLINK_REASONS(KLINK_REASON_VALUE)
#undef KLINK_REASON_VALUE
};

struct ReasonRow {
  Reason reason;
  std::string_view name;
  std::string_view meaning;
  std::string_view action;
};

inline constexpr ReasonRow kReasons[] = {
#define KLINK_REASON_ROW(ID, NAME, MEANING, ACTION) {Reason::k##ID, #NAME, MEANING, ACTION},
    KLINK_REASONS(KLINK_REASON_ROW)
#undef KLINK_REASON_ROW
};

constexpr const ReasonRow& RowOf(Reason reason) { return kReasons[static_cast<size_t>(reason)]; }
constexpr std::string_view Name(Reason reason) { return RowOf(reason).name; }
constexpr std::optional<Reason> FindReason(std::string_view name) {
  for (const ReasonRow& row : kReasons)
    if (row.name == name) return row.reason;
  return std::nullopt;
}

}  // namespace klink::state
