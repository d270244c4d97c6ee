#include "failover/failback.h"

#include <algorithm>

#include "admin/groups.h"
#include "base/blocking.h"
#include "failover/failback_reader.h"
#include "link/cluster_access.h"
#include "link/cluster_admin.h"
#include "link/link_reading.h"
#include "link/topic_listing.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

// A link writes to it, or will.
bool IsMirrored(state::Phase phase) {
  using enum state::Phase;
  return phase != kStopped && phase != kSetupForRestore && phase != kRestore;
}

bool WasPromoted(const state::MirrorRecord& mirror) { return mirror.phase == state::Phase::kStopped; }

StatusOr<std::vector<state::MirrorRecord>> Chosen(const state::StateView& state, const std::string& link,
                                                  const std::vector<std::string>& topics) {
  std::vector<state::MirrorRecord> chosen;
  for (const std::string& topic : topics) {
    const state::MirrorRecord* mirror = state.mirror(topic);
    if (mirror == nullptr) return NotFound("link {} has no mirror {}", link, topic);
    chosen.push_back(*mirror);
  }
  if (!topics.empty()) return chosen;
  for (const auto& [topic, mirror] : state.mirrors())
    if (WasPromoted(mirror)) chosen.push_back(mirror);
  if (chosen.empty())
    return FailedPrecondition(
        "no mirror of link {} was promoted or failed over: name topics to compare them all the same", link);
  return chosen;
}

void AddUp(FailbackView& view, const FailbackPartition& partition) {
  view.complete &= !partition.reason;
  if (partition.never_crossed) view.never_crossed_records += partition.never_crossed->records;
  if (partition.written_since) view.written_since_records += partition.written_since->records;
  if (partition.copied_only) view.copied_only_records += partition.copied_only->records;
}

// The old source holds something behind the place where the logs part.
bool HasMore(const PartitionReading& reading) {
  return reading.view.never_crossed && *reading.view.source_end > reading.view.never_crossed->from;
}

class Failback {
 public:
  Failback(const config::Config& config, const config::LinkConfig& link, FailbackAsk ask, Executor executor)
      : config_(config),
        link_(link),
        ask_(std::move(ask)),
        executor_(executor),
        source_(link::OptionsOf(link.source, config.clusters.at(link.source)), executor, clock_),
        destination_(link::OptionsOf(link.destination, config.clusters.at(link.destination)), executor, clock_) {
    view_.link = link.name;
    view_.old_source = link.source;
    view_.new_primary = link.destination;
  }

  Async<Status> Read();
  Async<void> Close() {
    co_await source_.Close();
    co_await destination_.Close();
  }
  FailbackView TakeView() { return std::move(view_); }

 private:
  Async<Status> ReadLink();
  Async<Status> ReadLinkWith(admin::Access access);
  Async<Status> AskOldSource();
  Async<Status> AskOldSourceWith(admin::Access access);
  Async<Status> ReadMirror(const state::MirrorRecord& mirror);
  PartitionReading ReadingOf(const state::MirrorRecord& mirror, int32_t partition) const;
  std::optional<std::string> Obstacle(const state::MirrorRecord& mirror, const PartitionReading& reading) const;
  void TakeTransactions(PartitionReading& reading);
  Async<Status> JoinTransactions();
  Async<Status> Export();

  const config::Config& config_;
  const config::LinkConfig& link_;
  FailbackAsk ask_;
  Executor executor_;
  SystemClock clock_;
  BlockingPool pool_{1};
  kafka::Cluster source_;
  kafka::Cluster destination_;
  state::StateView state_;
  link::AnnouncedMaps maps_;
  link::Listing source_topics_;
  link::Listing destination_topics_;
  std::map<std::string, std::string> mirrored_by_;        // links back by the topic there
  std::map<std::string, std::set<std::string>> readers_;  // groups by the topic at the old source
  std::vector<PartitionReading> readings_;
  TornSearch torn_;
  FailbackView view_;
};

Async<Status> Failback::Read() {
  if (!ask_.export_folder.empty()) CO_RETURN_IF_ERROR(OpenExportFolder(ask_.export_folder));
  CO_TRY(destination_topics_, co_await link::ListTopics(destination_, std::nullopt));
  CO_RETURN_IF_ERROR(co_await ReadLink());
  CO_TRY(const std::vector<state::MirrorRecord> mirrors, Chosen(state_, link_.name, ask_.topics));
  CO_TRY(source_topics_, co_await link::ListTopics(source_, std::nullopt));
  CO_RETURN_IF_ERROR(co_await AskOldSource());
  for (const state::MirrorRecord& mirror : mirrors) CO_RETURN_IF_ERROR(co_await ReadMirror(mirror));
  CO_RETURN_IF_ERROR(co_await JoinTransactions());
  if (!ask_.export_folder.empty()) CO_RETURN_IF_ERROR(co_await Export());
  for (PartitionReading& reading : readings_) {
    AddUp(view_, reading.view);
    view_.partitions.push_back(std::move(reading.view));
  }
  co_return absl::OkStatus();
}

Async<Status> Failback::ReadLink() {
  const admin::Access access =
      link::AccessOf(link_.destination, config_.clusters.at(link_.destination), executor_, clock_);
  const Status read = co_await ReadLinkWith(access);
  co_await link::CloseAccess(access);
  co_return read;
}

Async<Status> Failback::ReadLinkWith(admin::Access access) {
  if (!destination_topics_.topics.contains(state::StateTopic(link_.name)))
    co_return NotFound("cluster {} keeps no state of link {}: there is no topic {}", link_.destination, link_.name,
                       state::StateTopic(link_.name));
  CO_TRY(state_, co_await link::ReadState(access, link_.name));
  if (!destination_topics_.topics.contains(state::RunsTopic(link_.name))) co_return absl::OkStatus();
  CO_TRY(maps_, co_await link::ReadAnnouncedMaps(access, link_.name));
  co_return absl::OkStatus();
}

Async<Status> Failback::AskOldSource() {
  const admin::Access access = link::AccessOf(link_.source, config_.clusters.at(link_.source), executor_, clock_);
  const Status asked = co_await AskOldSourceWith(access);
  co_await link::CloseAccess(access);
  co_return asked;
}

// Who reads there, and what a link back mirrors there by now. Without the right to describe groups nobody is named.
Async<Status> Failback::AskOldSourceWith(admin::Access access) {
  auto readers = co_await admin::ReadTopicReaders(pool_, access);
  if (IsCancelled(readers.status())) co_return readers.status();
  if (readers.ok()) readers_ = std::move(readers->groups);
  for (const config::LinkConfig& back : config_.links) {
    if (back.source != link_.destination || back.destination != link_.source) continue;
    if (!source_topics_.topics.contains(state::StateTopic(back.name))) continue;
    CO_TRY(const state::StateView view, co_await link::ReadState(access, back.name));
    for (const auto& [topic, mirror] : view.mirrors())
      if (IsMirrored(mirror.phase)) mirrored_by_[topic] = back.name;
  }
  co_return absl::OkStatus();
}

Async<Status> Failback::ReadMirror(const state::MirrorRecord& mirror) {
  FailbackMirror& shown = view_.mirrors.emplace_back();
  shown.topic = mirror.destination_topic;
  shown.source_topic = mirror.source_topic;
  shown.state = Name(mirror.phase);
  if (const auto topic = source_topics_.topics.find(mirror.source_topic); topic != source_topics_.topics.end())
    shown.source_topic_id = link::IdText(topic->second.id);
  if (const auto topic = destination_topics_.topics.find(mirror.destination_topic);
      topic != destination_topics_.topics.end())
    shown.topic_id = link::IdText(topic->second.id);
  if (const auto groups = readers_.find(mirror.source_topic); groups != readers_.end())
    shown.readers.assign(groups->second.begin(), groups->second.end());
  if (const auto by = mirrored_by_.find(mirror.source_topic); by != mirrored_by_.end()) shown.mirrored_by = by->second;
  for (size_t p = 0; p < mirror.partitions.size(); p++) {
    PartitionReading reading = ReadingOf(mirror, static_cast<int32_t>(p));
    reading.view.reason = Obstacle(mirror, reading);
    if (!reading.view.reason) {
      const link::TopicShape& copy = destination_topics_.topics.at(mirror.destination_topic);
      reading.map = link::MapOf(maps_, reading.destination, link::IdText(copy.id));
      CO_RETURN_IF_ERROR(co_await ReadPartition(source_, destination_, state_, clock_, reading));
      if (HasMore(reading)) TakeTransactions(reading);
    }
    readings_.push_back(std::move(reading));
  }
  co_return absl::OkStatus();
}

// As long as nothing is cut, what did not cross may yet do so.
void Failback::TakeTransactions(PartitionReading& reading) {
  const FailbackPartition& view = reading.view;
  if (view.reason || !WasPromoted(*state_.mirror(view.topic))) return;
  const bool source_lost_end = !view.replicated_to || *view.parted_at < *view.replicated_to;
  torn_.Take({view.topic, view.source_topic, view.partition, source_lost_end}, reading.tally->TakeParts());
}

// Where all crossed is read only when something committed elsewhere did not.
Async<Status> Failback::JoinTransactions() {
  if (torn_.not_crossed()) {
    for (PartitionReading& reading : readings_) {
      if (reading.view.reason || HasMore(reading)) continue;
      CO_RETURN_IF_ERROR(co_await ReadCrossed(source_, clock_, reading));
      TakeTransactions(reading);
    }
  }
  view_.torn_across_partitions = torn_.Find();
  co_return absl::OkStatus();
}

PartitionReading Failback::ReadingOf(const state::MirrorRecord& mirror, int32_t partition) const {
  PartitionReading reading;
  reading.source = {mirror.source_topic, partition};
  reading.destination = {mirror.destination_topic, partition};
  reading.compacted = mirror.compacted;
  reading.source_leader_epoch = mirror.partitions[static_cast<size_t>(partition)].source_leader_epoch;
  reading.comparison = link::ComparisonOf(link_);
  const auto p = static_cast<size_t>(partition);
  const state::CutRecord* cut = WasPromoted(mirror) ? state_.cut(mirror.destination_topic) : nullptr;
  if (cut != nullptr && p < cut->partitions.size()) reading.Take(cut->partitions[p]);
  reading.Begin();
  return reading;
}

// Why the logs of that partition cannot be compared.
std::optional<std::string> Failback::Obstacle(const state::MirrorRecord& mirror,
                                              const PartitionReading& reading) const {
  const auto of = [](const link::Listing& listing, const std::string& cluster, const TopicPartition& tp,
                     const std::string& id) -> std::optional<std::string> {
    const auto topic = listing.topics.find(tp.topic);
    if (const auto unclear = listing.unclear.find(tp.topic); unclear != listing.unclear.end())
      return std::string(Text(unclear->second));
    if (topic == listing.topics.end() || tp.partition >= topic->second.partitions)
      return fmt::format("cluster {} has no {}", cluster, tp);
    if (id.empty() || id == link::IdText(topic->second.id)) return std::nullopt;
    return fmt::format("topic {} of {} was deleted and made again: its log is another one", tp.topic, cluster);
  };
  if (auto why = of(source_topics_, link_.source, reading.source, mirror.source_topic_id)) return why;
  return of(destination_topics_, link_.destination, reading.destination, mirror.destination_topic_id);
}

Async<Status> Failback::Export() {
  view_.exported_to = ask_.export_folder;
  for (PartitionReading& reading : readings_) {
    if (!reading.view.never_crossed || reading.view.never_crossed->records == 0) continue;
    CO_TRY(const auto files, co_await ExportPartition(source_, clock_, reading, ask_.export_folder));
    view_.files.insert(view_.files.end(), files.begin(), files.end());
  }
  co_return CloseExportFolder(ask_.export_folder, view_.files);
}

}  // namespace

TailView ViewOf(const LogTail& tail) {
  TailView view;
  view.from = tail.from;
  view.to = tail.to;
  view.records = tail.records;
  view.batches = tail.batches;
  view.bytes = tail.bytes;
  view.markers = tail.markers;
  if (tail.first_time_ms) view.first_time = WallOf(*tail.first_time_ms);
  if (tail.last_time_ms) view.last_time = WallOf(*tail.last_time_ms);
  view.transactions_committed = tail.committed;
  view.transactions_aborted = tail.aborted;
  view.transactions_open = tail.open;
  view.transactions_torn = tail.torn;
  return view;
}

Async<StatusOr<FailbackView>> ReadFailback(const config::Config& config, const config::LinkConfig& link,
                                           FailbackAsk ask) {
  const Executor executor = co_await asio::this_coro::executor;
  Failback failback(config, link, std::move(ask), executor);
  const Status read = co_await failback.Read();
  co_await failback.Close();
  CO_RETURN_IF_ERROR(read);
  co_return failback.TakeView();
}

}  // namespace klink::failover
