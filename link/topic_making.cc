#include "link/topic_making.h"

#include <algorithm>

#include "base/log.h"
#include "link/halt.h"

namespace klink::link {
namespace {

constexpr size_t kRecordsPerBatch = 4000;  // of the controller's 10,000 (protocol.md G18)
constexpr size_t kRecordsPerTopic = 20;    // itself and its settings
constexpr size_t kTopicsPerBatch = 200;
constexpr Duration kAwaitTopic = 15s;
constexpr Duration kAwaitStep = 50ms;

bool Shows(const Listing& listing, const NewMirror& mirror) {
  const auto found = listing.topics.find(mirror.name);
  return found != listing.topics.end() && (mirror.before.is_zero() || found->second.id != mirror.before);
}

std::string Grouped(size_t n) {
  std::string text = std::to_string(n);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

}  // namespace

std::string ProgressText(size_t made, size_t of) {
  return made >= of ? "" : fmt::format("{} of {} topics are made", Grouped(made), Grouped(of));
}

size_t BatchSize(std::span<const NewMirror> waiting) {
  size_t count = 0, records = 0;
  for (const NewMirror& mirror : waiting) {
    records += kRecordsPerTopic + static_cast<size_t>(std::max(mirror.source.partitions, 0));
    if (count > 0 && (records > kRecordsPerBatch || count == kTopicsPerBatch)) break;
    count++;
  }
  return count;
}

Async<StatusOr<TopicMaker::Verdicts>> TopicMaker::Make(std::vector<NewMirror> batch, Listing& destination,
                                                       DestinationAbilities abilities) {
  std::vector<std::string> topics;
  for (const NewMirror& mirror : batch) topics.push_back(mirror.source.name);
  CO_TRY(auto configs, co_await ports_.SourceConfigs(std::move(topics)));
  Verdicts verdicts;
  Begun begun;
  for (const NewMirror& mirror : batch) {
    StatusOr<MakingPorts::Configs> of_source =
        Unavailable("topic {} is not at the source any more", mirror.source.name);
    if (auto found = configs.find(mirror.source.name); found != configs.end()) of_source = std::move(found->second);
    verdicts[mirror.name] = Plan(mirror, std::move(of_source), destination, abilities, begun);
  }
  if (begun.records.empty()) co_return verdicts;
  CO_RETURN_IF_ERROR(co_await ports_.Write(std::move(begun.records)));
  co_await Create(std::move(begun.plans), verdicts);
  if (!begun.adopted.empty())
    for (auto& [name, verdict] : co_await ports_.SetConfigs(std::move(begun.adopted))) verdicts[name] = verdict;
  CO_RETURN_IF_ERROR(co_await AwaitShown(batch, destination, verdicts));
  std::map<std::string, std::string> ids;
  for (const auto& [name, verdict] : verdicts)
    if (verdict.ok()) ids[name] = IdText(destination.topics.at(name).id);
  if (!ids.empty()) CO_RETURN_IF_ERROR(co_await ports_.NoteIds(std::move(ids)));
  co_return verdicts;
}

// What the mirror's record says, and how its topic is made, or brought to the shape of one that klink made.
Status TopicMaker::Plan(const NewMirror& mirror, StatusOr<MakingPorts::Configs> configs, const Listing& destination,
                        const DestinationAbilities& abilities, Begun& begun) const {
  RETURN_IF_ERROR(configs.status());
  RETURN_IF_ERROR(ports_.MayBegin(mirror.name));
  const auto existing = destination.topics.find(mirror.name);
  if (existing != destination.topics.end() && existing->second.partitions != mirror.source.partitions)
    return Halt(state::Reason::kPartitionsDiffer,
                "topic {} exists at the destination with {} partitions, the source has {}", mirror.name,
                existing->second.partitions, mirror.source.partitions);
  TopicShape source = mirror.source;
  source.configs = *std::move(configs);
  TopicPlan plan = PlanTopic(source, mirror.name, topics_, abilities);
  const int64_t now = clock_.Wall().time_since_epoch().count();
  state::MirrorRecord record;
  record.source_topic = source.name;
  record.destination_topic = mirror.name;
  record.source_topic_id = IdText(source.id);
  record.since_ms = record.created_ms = now;
  record.partitions.resize(static_cast<size_t>(source.partitions));
  for (auto& partition : record.partitions) partition.since_ms = now;
  record.created = existing == destination.topics.end();
  record.compacted = plan.compacted;
  record.deletes = plan.deletes;
  record.max_message_bytes = plan.max_message_bytes;
  begun.records.push_back(std::move(record));
  if (existing == destination.topics.end())
    begun.plans.push_back(std::move(plan));
  else
    begun.adopted[mirror.name] = std::move(plan.spec.configs);
  return absl::OkStatus();
}

Async<void> TopicMaker::Create(std::vector<TopicPlan> plans, Verdicts& verdicts) {
  std::vector<admin::TopicSpec> specs;
  for (TopicPlan& plan : plans) {
    Status& verdict = verdicts[plan.spec.name];
    verdict = ports_.MayCreate(plan.spec.name);
    if (!verdict.ok()) continue;
    for (const std::string& warning : plan.warnings)
      Log(Level::kWarning, Event::kTopicDiscovered, warning, {{"topic", plan.spec.name}});
    specs.push_back(std::move(plan.spec));
  }
  if (specs.empty()) co_return;
  std::vector<std::string> names;
  for (const admin::TopicSpec& spec : specs) names.push_back(spec.name);
  const std::vector<Status> created = co_await ports_.Create(std::move(specs));
  for (size_t i = 0; i < names.size(); i++) {
    Status& verdict = verdicts[names[i]];
    verdict = i < created.size() ? created[i] : Unavailable("creating topic {}: no answer names it", names[i]);
    if (verdict.code() == Code::kAlreadyExists) verdict = absl::OkStatus();  // an answer was lost
  }
}

// Until the destination's metadata show what was made there.
Async<Status> TopicMaker::AwaitShown(const std::vector<NewMirror>& batch, Listing& destination, Verdicts& verdicts) {
  const Instant until = clock_.Now() + kAwaitTopic;
  for (bool first = true;; first = false) {
    std::vector<std::string> missing;
    for (const NewMirror& mirror : batch)
      if (verdicts[mirror.name].ok() && !Shows(destination, mirror)) missing.push_back(mirror.name);
    if (missing.empty()) co_return absl::OkStatus();
    if (clock_.Now() > until) {
      for (const std::string& name : missing)
        verdicts[name] = Unavailable("topic {} was created but does not appear in the metadata", name);
      co_return absl::OkStatus();
    }
    if (!first) CO_RETURN_IF_ERROR(co_await clock_.Sleep(kAwaitStep));
    CO_TRY(Listing shown, co_await ports_.Destination(missing));
    for (const std::string& name : missing) {
      destination.topics.erase(name);
      if (auto node = shown.topics.extract(name)) destination.topics.insert(std::move(node));
    }
  }
}

}  // namespace klink::link
