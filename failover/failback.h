// Both clusters after a failover, read and compared by `klink mirror failback`: where the logs part, and what each has
// beyond. Nothing is changed at either cluster.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/schema.h"
#include "failover/failback_export.h"
#include "failover/failback_plan.h"
#include "failover/failback_tail.h"
#include "failover/torn_transactions.h"
#include "link/adoption.h"

namespace klink::failover {

struct FailbackAsk {
  std::vector<std::string> topics;  // at the destination; none: every mirror of the link that was promoted
  std::string export_folder;        // empty: nothing is written
};

struct TailView {
  int64_t from = 0;
  int64_t to = 0;
  int64_t records = 0;
  int64_t batches = 0;
  int64_t bytes = 0;
  int64_t markers = 0;
  std::optional<WallTime> first_time;
  std::optional<WallTime> last_time;
  int64_t transactions_committed = 0;
  int64_t transactions_aborted = 0;
  int64_t transactions_open = 0;
  int64_t transactions_torn = 0;  // of all these: begun before `from`

  static void Describe(auto& m, auto& field) {
    field("from", m.from);
    field("to", m.to);
    field("records", m.records);
    field("batches", m.batches);
    field("bytes", m.bytes);
    field("markers", m.markers);
    field("first_time", m.first_time);
    field("last_time", m.last_time);
    field("transactions_committed", m.transactions_committed);
    field("transactions_aborted", m.transactions_aborted);
    field("transactions_open", m.transactions_open);
    field("transactions_torn", m.transactions_torn);
  }
};
TailView ViewOf(const LogTail& tail);

struct FailbackPartition {
  std::string topic;
  std::string source_topic;
  int32_t partition = 0;
  std::string relation = "unknown";
  std::optional<std::string> reason;  // why it is unknown
  // As the promotion recorded them; null: it recorded none.
  std::optional<int64_t> cut;            // destination offset
  std::optional<int64_t> copied_end;     // destination offset: where the copy ended, before the fence
  std::optional<int64_t> replicated_to;  // source offset
  std::optional<int64_t> transactions_cut;
  // Everything from equal_from to parted_at is the same in both logs; source offsets.
  std::optional<int64_t> equal_from;
  std::optional<int64_t> parted_at;
  std::optional<int64_t> parted_at_destination;
  std::string evidence = "nothing";  // batches | leader_epoch | nothing
  std::optional<int64_t> source_start;
  std::optional<int64_t> source_end;
  std::optional<int64_t> destination_start;
  std::optional<int64_t> destination_end;
  std::optional<TailView> never_crossed;  // at the old source
  std::optional<TailView> written_since;  // at the new primary, by others than klink
  std::optional<TailView> copied_only;  // klink's copies at the new primary that the old source does not have any more
  std::optional<int64_t> gone_at_source;  // offsets behind parted_at that the old source removed before they were read

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("partition", m.partition);
    field("relation", m.relation);
    field("reason", m.reason);
    field("cut", m.cut);
    field("copied_end", m.copied_end);
    field("replicated_to", m.replicated_to);
    field("transactions_cut", m.transactions_cut);
    field("equal_from", m.equal_from);
    field("parted_at", m.parted_at);
    field("parted_at_destination", m.parted_at_destination);
    field("evidence", m.evidence);
    field("source_start", m.source_start);
    field("source_end", m.source_end);
    field("destination_start", m.destination_start);
    field("destination_end", m.destination_end);
    field("never_crossed", m.never_crossed);
    field("written_since", m.written_since);
    field("copied_only", m.copied_only);
    field("gone_at_source", m.gone_at_source);
  }
};

struct FailbackMirror {
  std::string topic;
  std::string source_topic;
  std::string state;
  std::optional<std::string> topic_id{};         // at the new primary now; null: it has no such topic
  std::optional<std::string> source_topic_id{};  // at the old source now; null: it has no such topic
  std::vector<std::string> readers{};            // groups that read it at the old source now
  std::optional<std::string> mirrored_by{};      // which link makes it there now, as a mirror
  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("state", m.state);
    field("topic_id", m.topic_id);
    field("source_topic_id", m.source_topic_id);
    field("readers", m.readers);
    field("mirrored_by", m.mirrored_by);
  }
};

// What is done with a topic at the old source: by --recreate, by --keep-and-map or klink mirror reverse.
struct FailbackAction {
  std::string topic;
  std::string source_topic;
  std::optional<std::string> link_back;  // which link makes it again, or goes on with it
  std::string outcome = "refused";  // would_delete | deleted | absent; would_reverse | reversed | unchanged; refused
  std::optional<std::string> error;
  // Of a reversal: below `from`, the new primary's offset, both logs are the same; what follows is appended at `at`.
  std::vector<link::AdoptedPartition> partitions{};

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("link_back", m.link_back);
    field("outcome", m.outcome);
    field("error", m.error);
    field("partitions", m.partitions);
  }
};

struct FailbackView {
  std::string link;
  std::string old_source;  // clusters by their names in the file
  std::string new_primary;
  bool complete = true;  // no partition is unknown
  int64_t never_crossed_records = 0;
  int64_t written_since_records = 0;
  int64_t copied_only_records = 0;
  std::vector<FailbackMirror> mirrors;
  std::vector<FailbackPartition> partitions;
  TornTransactions torn_across_partitions;  // of mirrors that are STOPPED
  std::optional<std::string> exported_to;
  std::vector<ExportedFile> files;
  std::vector<FailbackAction> actions;  // what was asked to be done

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("old_source", m.old_source);
    field("new_primary", m.new_primary);
    field("complete", m.complete);
    field("never_crossed_records", m.never_crossed_records);
    field("written_since_records", m.written_since_records);
    field("copied_only_records", m.copied_only_records);
    field("mirrors", m.mirrors);
    field("partitions", m.partitions);
    field("torn_across_partitions", m.torn_across_partitions);
    field("exported_to", m.exported_to);
    field("files", m.files);
    field("actions", m.actions);
  }
};

// Unavailable: a cluster does not answer. A partition that cannot be compared is "unknown" and says why.
Async<StatusOr<FailbackView>> ReadFailback(const config::Config& config, const config::LinkConfig& link,
                                           FailbackAsk ask);

}  // namespace klink::failover
