#include "link/promotion_effects.h"

#include <algorithm>

#include "link/acl_list.h"
#include "link/acl_sync.h"
#include "link/cluster_admin.h"
#include "link/group_requests.h"

namespace klink::link {
namespace {

// Its settings are still those of a copy that is being made.
bool HasSettingsOfACopy(const state::MirrorRecord& mirror) {
  const auto active = [](const state::PartitionRecord& p) { return p.phase == state::Phase::kActive; };
  const bool all = std::all_of(mirror.partitions.begin(), mirror.partitions.end(), active);
  return !mirror.destination_topic_id.empty() && !all;
}

std::string ConfigCommand(const kafka::Cluster& cluster, const std::string& topic, const std::string& settings) {
  return fmt::format("kafka-configs.sh --bootstrap-server {} --alter --topic {} --add-config '{}'",
                     BootstrapOf(cluster), topic, settings);
}

std::string AclCommand(const kafka::Cluster& cluster, const Acl& acl) {
  const char* verdict = acl.permission == admin::AclPermission::kDeny ? "deny" : "allow";
  return fmt::format(
      "kafka-acls.sh --bootstrap-server {} --add --{}-principal '{}' --{}-host '{}' --operation {} --topic '{}' "
      "--resource-pattern-type {}",
      BootstrapOf(cluster), verdict, acl.principal, verdict, acl.host, Name(acl.operation), acl.name,
      Name(acl.pattern));
}

// Which of them are there. What cannot be listed counts as somebody else's.
Async<std::set<Acl>> Existing(kafka::Cluster& cluster, const std::vector<Acl>& of) {
  const StatusOr<std::vector<Acl>> all = co_await ListCarriedAcls(cluster);
  const std::vector<Acl>& some = all.ok() ? *all : of;
  co_return std::set<Acl>(some.begin(), some.end());
}

// Behind the grants: one that was not made is still held, and is made when the step comes again.
Async<Status> Note(state::LinkState& state, ReleaseNotes notes, int64_t now_ms) {
  std::vector<state::Record> created;
  for (const Acl& acl : notes.created) created.emplace_back(RecordOf(acl, AclNote::kCreated, now_ms));
  if (!created.empty()) CO_RETURN_IF_ERROR(co_await state.Write(std::move(created)));
  std::vector<std::string> lifted;
  for (const Acl& acl : notes.forget) lifted.push_back(state::KeyOf(RecordOf(acl, AclNote::kHeld, 0)));
  if (lifted.empty()) co_return absl::OkStatus();
  co_return co_await state.EraseAll(std::move(lifted));
}

}  // namespace

std::string BootstrapOf(const kafka::Cluster& cluster) {
  std::string all;
  for (const kafka::Endpoint& broker : cluster.options().bootstrap)
    all += fmt::format("{}{}:{}", all.empty() ? "" : ",", broker.host, broker.port);
  return all;
}

Async<StatusOr<std::map<TopicPartition, SourceOffset>>> EndsOfSources(kafka::Cluster& source,
                                                                      const state::StateView& view,
                                                                      std::set<std::string> topics) {
  std::set<TopicPartition> asked;
  std::map<std::string, std::string> mirror_of;
  for (const std::string& topic : topics) {
    const state::MirrorRecord* mirror = view.mirror(topic);
    if (mirror == nullptr) continue;
    mirror_of[mirror->source_topic] = topic;
    for (size_t p = 0; p < mirror->partitions.size(); p++)
      asked.insert({mirror->source_topic, static_cast<int32_t>(p)});
  }
  CO_TRY(const auto told, co_await PointsOf(source, std::move(asked), GroupPoint::kHighWatermark));
  std::map<TopicPartition, SourceOffset> ends;
  for (const auto& [tp, end] : told) ends[{mirror_of[tp.topic], tp.partition}] = SourceOffset(end);
  co_return ends;
}

void TakeRecorded(const state::StateView& view, const TopicPartition& tp, CopyStanding& standing) {
  const state::MirrorRecord* mirror = view.mirror(tp.topic);
  if (mirror == nullptr || static_cast<size_t>(tp.partition) >= mirror->partitions.size()) return;
  const state::PartitionRecord& partition = mirror->partitions[static_cast<size_t>(tp.partition)];
  standing.source_leader_epoch = partition.source_leader_epoch;
  standing.shift = partition.shift;
}

Async<StatusOr<CommandsByTopic>> RestoreConfigs(kafka::Cluster* source, kafka::Cluster& destination,
                                                const state::StateView& view, const config::TopicConfigs& lists,
                                                std::set<std::string> topics, MayStep may) {
  CommandsByTopic commands;
  std::map<std::string, std::string> source_of;
  std::vector<std::string> sources, mirrors;
  for (const std::string& topic : topics) {
    const state::MirrorRecord* mirror = view.mirror(topic);
    if (mirror == nullptr || !HasSettingsOfACopy(*mirror)) continue;
    source_of[topic] = mirror->source_topic;
    sources.push_back(mirror->source_topic);
    mirrors.push_back(topic);
  }
  if (mirrors.empty()) co_return commands;
  StatusOr<std::map<std::string, StatusOr<TopicSettings>>> theirs = Unavailable("the source is not asked");
  if (source != nullptr) theirs = co_await DescribeTopicSettings(*source, std::move(sources));
  CO_TRY(const auto ours, co_await DescribeTopicSettings(destination, std::move(mirrors)));
  TopicChanges changes;
  for (const auto& [topic, source_topic] : source_of) {
    const auto there = ours.find(topic);
    if (there == ours.end() || !there->second.ok()) continue;
    if (!theirs.ok() || !theirs->contains(source_topic) || !theirs->at(source_topic).ok()) {
      commands[topic].push_back(ConfigCommand(destination, topic, "retention.ms=…,retention.bytes=…,cleanup.policy=…"));
      continue;
    }
    ConfigPlan plan = PlanConfigs(*theirs->at(source_topic), *there->second, lists, Aligned::kYes);
    if (!plan.always.empty()) changes[topic] = std::move(plan.always);
  }
  if (changes.empty()) co_return commands;
  CO_RETURN_IF_ERROR(may());
  for (const auto& [topic, verdict] : co_await AlterTopicConfigs(destination, changes))
    if (!verdict.ok()) commands[topic].push_back(ConfigCommand(destination, topic, ChangesText(changes[topic])));
  co_return commands;
}

Async<StatusOr<std::vector<std::string>>> ReleaseAcls(Executor executor, admin::Access access,
                                                      kafka::Cluster& destination, state::LinkState& state,
                                                      std::set<std::string> topics, MayStep may, WallTime now) {
  std::vector<std::string> commands;
  std::vector<Acl> held;
  for (const auto& [acl, note] : AclLedgerOf(state.view()))
    if (note == AclNote::kHeld) held.push_back(acl);
  if (held.empty()) co_return commands;
  const AclRelease release = ReleasedFor(topics, held, AclMirrorsOf(state.view()));
  if (release.create.empty()) co_return commands;
  const ReleaseNotes notes = NotesOf(release, co_await Existing(destination, release.create));
  CO_TRY(const auto acls, admin::Acls::Open(std::move(executor), access));
  CO_RETURN_IF_ERROR(may());
  CO_TRY(const std::vector<Status> made, co_await acls->Create(release.create));
  for (size_t i = 0; i < made.size(); i++)
    if (!made[i].ok()) commands.push_back(AclCommand(destination, release.create[i]));
  if (!commands.empty()) co_return commands;
  CO_RETURN_IF_ERROR(co_await Note(state, notes, now.time_since_epoch().count()));
  co_return commands;
}

}  // namespace klink::link
