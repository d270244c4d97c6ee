#include "failover/drill_look.h"

#include <algorithm>

#include "base/time_limit.h"
#include "link/cluster_access.h"
#include "link/cluster_admin.h"
#include "link/group_requests.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

constexpr Duration kAskLimit = 10s;
constexpr int32_t kPartitionsMost = 500;  // of an isolated drill
constexpr size_t kTopicsMost = 100;
constexpr char kMinInsync[] = "min.insync.replicas";
// Of the mirror's settings: what its copy must have, too, to take the same records.
constexpr const char* kCarried[] = {kMinInsync, "message.timestamp.before.max.ms", "message.timestamp.after.max.ms",
                                    "message.timestamp.difference.max.ms"};

Finding Failed(std::string evidence) { return {DrillVerdict::kFailed, std::move(evidence)}; }
Finding Passed(std::string evidence) { return {DrillVerdict::kPassed, std::move(evidence)}; }
Finding Unknown(std::string evidence) { return {DrillVerdict::kUnknown, std::move(evidence)}; }

Async<StatusOr<std::string>> IdOf(kafka::Cluster& cluster) { co_return co_await cluster.ClusterId(); }

}  // namespace

DrillLook::DrillLook(const config::Config& config, const config::LinkConfig& link, const config::DrillConfig& drill,
                     Executor executor, Clock& clock)
    : config_(config),
      link_(link),
      drill_(drill),
      executor_(executor),
      clock_(clock),
      source_(link::OptionsOf(link.source, config.clusters.at(link.source)), executor, clock),
      destination_(link::OptionsOf(link.destination, config.clusters.at(link.destination)), executor, clock),
      access_(link::AccessOf(link.destination, config.clusters.at(link.destination), executor, clock)),
      ports_(destination_, executor, clock) {}

Async<void> DrillLook::Close() {
  co_await source_.Close();
  co_await destination_.Close();
  co_await link::CloseAccess(access_);
}

Async<Status> DrillLook::Open() {
  CO_TRY(destination_id_, co_await destination_.ClusterId());
  CO_TRY(listing_, co_await link::ListTopics(destination_, std::nullopt));
  CO_RETURN_IF_ERROR(co_await ReadLink());
  co_return Choose();
}

Async<Status> DrillLook::ReadLink() {
  const std::string topic = state::StateTopic(link_.name);
  if (!listing_.topics.contains(topic))
    co_return NotFound("cluster {} keeps no state of link {}: there is no topic {}; has it ever run?",
                       link_.destination, link_.name, topic);
  CO_TRY(state_, co_await link::ReadState(access_, link_.name));
  if (state_.link() && state_.link()->destination_cluster_id != *destination_id_)
    co_return FailedPrecondition("cluster {} is {}, but link {} was made with {}: correct bootstrap.servers",
                                 link_.destination, *destination_id_, link_.name,
                                 state_.link()->destination_cluster_id);
  if (!listing_.topics.contains(state::RunsTopic(link_.name))) co_return absl::OkStatus();
  CO_TRY(maps_, co_await link::ReadAnnouncedMaps(access_, link_.name));
  co_return absl::OkStatus();
}

Async<Status> DrillLook::ReadAgain() { co_return co_await ReadLink(); }

Status DrillLook::Choose() {
  for (const std::string& topic : drill_.topics) {
    const state::MirrorRecord* mirror = state_.mirror(topic);
    if (mirror == nullptr)
      return NotFound("link {} has no mirror {}: name topics as they are called at {}", link_.name, topic,
                      link_.destination);
    mirrors_.push_back(*mirror);
  }
  if (drill_.topics.empty())
    for (const auto& [topic, mirror] : state_.mirrors())
      if (mirror.phase != state::Phase::kStopped) mirrors_.push_back(mirror);
  if (mirrors_.empty()) return FailedPrecondition("link {} has no mirrors that could be failed over", link_.name);
  return absl::OkStatus();
}

const state::MirrorRecord& DrillLook::Mirror(const std::string& topic) const {
  return *std::find_if(mirrors_.begin(), mirrors_.end(), [&](const auto& m) { return m.destination_topic == topic; });
}

std::set<TopicPartition> DrillLook::partitions() const {
  std::set<TopicPartition> all;
  for (const state::MirrorRecord& mirror : mirrors_)
    for (size_t p = 0; p < mirror.partitions.size(); p++)
      all.insert({mirror.destination_topic, static_cast<int32_t>(p)});
  return all;
}

std::set<TopicPartition> DrillLook::SourcePartitions() const {
  std::set<TopicPartition> all;
  for (const state::MirrorRecord& mirror : mirrors_)
    for (size_t p = 0; p < mirror.partitions.size(); p++) all.insert({mirror.source_topic, static_cast<int32_t>(p)});
  return all;
}

TopicPartition DrillLook::SourceOf(const TopicPartition& mirror) const {
  return {Mirror(mirror.topic).source_topic, mirror.partition};
}

std::optional<offsets::Translation> DrillLook::MapOf(const TopicPartition& mirror) const {
  const auto topic = listing_.topics.find(mirror.topic);
  return link::MapOf(maps_, mirror, topic == listing_.topics.end() ? "" : link::IdText(topic->second.id));
}

std::optional<int64_t> DrillLook::ToSource(const TopicPartition& mirror, int64_t at) const {
  const auto map = MapOf(mirror);
  if (!map) return at;
  const offsets::Answer answer = map->ToSource(DestOffset(at));
  if (answer.kind == offsets::Answer::Kind::kUnknown) return std::nullopt;
  return answer.value;
}

Async<Finding> DrillLook::CheckSource() {
  const auto id = co_await Within(executor_, clock_, kAskLimit, "asking the source", IdOf(source_));
  if (!id.ok())
    co_return Passed(fmt::format("it does not answer ({}): what a failover would lose is a bound", Text(id.status())));
  if (state_.link() && state_.link()->source_cluster_id != *id)
    co_return Failed(fmt::format("cluster {} is {}, but the link was made with {}", link_.source, *id,
                                 state_.link()->source_cluster_id));
  source_id_ = *id;
  co_return Passed(fmt::format("it answers as {}", *id));
}

Finding DrillLook::CheckMirrors() const {
  if (const state::PromotionRecord* running = state_.promotion())
    return Failed(fmt::format("operation {} is under way at step {}", running->id, Name(running->step)));
  for (const state::MirrorRecord& mirror : mirrors_) {
    if (mirror.phase != state::Phase::kActive)
      return Failed(fmt::format("{} is {}{}", mirror.destination_topic, Name(mirror.phase),
                                mirror.text.empty() ? "" : ": " + mirror.text));
    for (size_t p = 0; p < mirror.partitions.size(); p++)
      if (const auto& at = mirror.partitions[p]; at.phase != state::Phase::kActive)
        return Failed(fmt::format("{}-{} is {}{}", mirror.destination_topic, p, Name(at.phase),
                                  at.text.empty() ? "" : ": " + at.text));
  }
  return Passed(fmt::format("{} mirrors are ACTIVE", mirrors_.size()));
}

Async<Finding> DrillLook::CheckPartitions() {
  std::vector<std::string> topics;
  for (const state::MirrorRecord& mirror : mirrors_) topics.push_back(mirror.destination_topic);
  const auto settings = co_await link::DescribeTopicConfigs(destination_, topics);
  if (!settings.ok()) co_return Unknown(std::string(Text(settings.status())));
  const auto metadata = co_await destination_.Metadata(topics);
  if (!metadata.ok()) co_return Unknown(std::string(Text(metadata.status())));
  for (const auto& topic : metadata->topics) {
    if (!topic.name) continue;
    if (topic.error_code != kafka::Error::kNone)
      co_return Failed(std::string(Text(kafka::ToStatus(topic.error_code, fmt::format("topic {}", *topic.name)))));
    size_t least = 1;
    if (const auto of = settings->find(*topic.name); of != settings->end() && of->second.contains(kMinInsync))
      least = static_cast<size_t>(std::max(1, std::atoi(of->second.at(kMinInsync).c_str())));
    for (const auto& p : topic.partitions)
      if (p.leader_id < 0 || p.isr_nodes.size() < least)
        co_return Failed(fmt::format("{}-{} has {} replicas in sync, and needs {}", *topic.name, p.partition_index,
                                     p.leader_id < 0 ? 0 : p.isr_nodes.size(), least));
  }
  for (const auto& [tp, facts] : co_await ports_.Inspect(partitions()))
    if (!facts.ok()) co_return Failed(fmt::format("{}: {}", tp, Text(facts.status())));
  co_return Passed(
      fmt::format("{} partitions have a leader, enough replicas, and tell their producers", partitions().size()));
}

Async<Finding> DrillLook::CheckAgents() {
  const auto members = co_await link::DescribeMembers(destination_, state::WorkGroup(link_.name));
  if (!members.ok()) co_return Unknown(std::string(Text(members.status())));
  if (members->members.empty())
    co_return Passed("no agent of the link runs: nothing is copied now; klink failover --direct needs none");
  co_return Passed(fmt::format("{} agents of the link run", members->members.size()));
}

Async<StatusOr<std::map<TopicPartition, int64_t>>> DrillLook::StableEnds() {
  CO_TRY(const auto ends, co_await link::PointsOf(destination_, partitions(), link::GroupPoint::kLastStable));
  for (const TopicPartition& tp : partitions())
    if (!ends.contains(tp)) co_return Unavailable("the leader of {} does not tell where its log ends", tp);
  co_return ends;
}

Async<StatusOr<SizeSample>> DrillLook::Sample(TopicPartition tp) {
  SizeSample sample;
  CO_TRY(sample.start, co_await link::OffsetOf(destination_, tp, link::LogPoint::kStart));
  CO_TRY(sample.end, co_await link::OffsetOf(destination_, tp, link::LogPoint::kHighWatermark));
  if (sample.end <= sample.start) co_return sample;
  for (const int64_t at : {sample.end - 1, sample.start + (sample.end - sample.start) / 2}) {
    CO_TRY(const auto batch, co_await link::BatchHolding(destination_, tp, at));
    if (!batch) continue;
    const kafka::BatchView view(batch->view());
    const auto offsets = static_cast<double>(view.next_offset() - view.base_offset());
    sample.bytes_per_offset =
        std::max(sample.bytes_per_offset, static_cast<double>(view.size_bytes()) / std::max(1.0, offsets));
  }
  co_return sample;
}

Async<StatusOr<std::map<TopicPartition, int64_t>>> DrillLook::NewestParts(std::map<TopicPartition, int64_t> ends) {
  std::map<TopicPartition, int64_t> begins;
  const int64_t share = drill_.max_bytes / std::max<int64_t>(1, std::ssize(ends));
  for (const auto& [tp, end] : ends) {
    CO_TRY(SizeSample sample, co_await Sample(tp));
    sample.end = std::max(sample.start, end);
    begins[tp] = CopyFrom(sample, share);
  }
  co_return begins;
}

Async<StatusOr<std::vector<DrillMirror>>> DrillLook::PlanCopies(std::string id,
                                                                std::map<TopicPartition, int64_t>& begins) {
  std::vector<std::string> topics;
  for (const state::MirrorRecord& mirror : mirrors_) topics.push_back(mirror.destination_topic);
  const auto count = static_cast<int64_t>(partitions().size());
  if (mirrors_.size() > kTopicsMost || count > kPartitionsMost)
    co_return InvalidArgument(
        "{} topics with {} partitions are too many for one drill, which takes {} and {}: name "
        "topics under drills",
        mirrors_.size(), count, kTopicsMost, kPartitionsMost);
  CO_TRY(const auto settings, co_await link::DescribeTopicConfigs(destination_, topics));
  const int64_t share = drill_.max_bytes / count;
  std::vector<DrillMirror> copies;
  for (const state::MirrorRecord& mirror : mirrors_) {
    DrillMirror& copy = copies.emplace_back();
    copy.topic = mirror.destination_topic;
    copy.drill_topic = DrillPrefix(id) + std::to_string(copies.size() - 1);
    copy.partitions = static_cast<int32_t>(mirror.partitions.size());
    copy.compacted = mirror.compacted;
    copy.max_message_bytes = mirror.max_message_bytes;
    if (const auto shape = listing_.topics.find(copy.topic); shape != listing_.topics.end())
      copy.replicas = shape->second.replication_factor;
    if (const auto of = settings.find(copy.topic); of != settings.end())
      for (const char* key : kCarried)
        if (const auto value = of->second.find(key); value != of->second.end()) copy.settings.insert(*value);
    for (int32_t p = 0; p < copy.partitions; p++) {
      const TopicPartition tp{copy.topic, p};
      CO_TRY(const SizeSample sample, co_await Sample(tp));
      if (sample.bytes_per_offset > static_cast<double>(share))
        co_return InvalidArgument(
            "max_bytes {} is too small: each of {} partitions may take {} of it, and one record of {} takes {:.0f}",
            drill_.max_bytes, count, share, tp, sample.bytes_per_offset);
      begins[tp] = CopyFrom(sample, share * 8 / 10);  // batches differ in size
    }
  }
  co_return copies;
}

DrillVerdict WorstAhead(const std::vector<DrillPosition>& positions) {
  std::vector<DrillVerdict> all;
  for (const DrillPosition& p : positions) all.push_back(VerdictNamed(p.ahead).value_or(DrillVerdict::kUnknown));
  return Worst(all);
}

DrillVerdict WorstBehind(const std::vector<DrillPosition>& positions) {
  std::vector<DrillVerdict> all;
  for (const DrillPosition& p : positions) all.push_back(VerdictNamed(p.behind).value_or(DrillVerdict::kUnknown));
  return Worst(all);
}

}  // namespace klink::failover
