#include "link/agent.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/log.h"
#include "base/version.h"

namespace klink::link {
namespace {

constexpr Duration kCountEvery = 500ms;
constexpr size_t kPoolThreads = 4;
constexpr char kInstanceFile[] = "instance";

// The agent's name in the group, kept with its data: a restart rejoins at once, a copied configuration is somebody
// else.
StatusOr<std::string> InstanceId(const std::string& data_dir, const std::string& agent_id) {
  namespace fs = std::filesystem;
  std::error_code ec;
  fs::create_directories(data_dir, ec);
  if (ec)
    return FailedPrecondition("agent.data_dir {}: cannot be made: {}; make it writable for klink or choose another",
                              data_dir, ec.message());
  const fs::path path = fs::path(data_dir) / kInstanceFile;
  std::string id;
  if (std::ifstream in(path); in) std::getline(in, id);
  if (!id.empty()) return fmt::format("{}-{}", agent_id, id);
  std::random_device random;
  id = fmt::format("{:08x}{:08x}", random(), random());
  const fs::path fresh = fs::path(data_dir) / (std::string(kInstanceFile) + ".new");
  {
    std::ofstream out(fresh);
    out << id << "\n";
    out.close();
    if (!out)
      return FailedPrecondition("agent.data_dir {}: cannot be written; make it writable for klink or choose another",
                                data_dir);
  }
  fs::rename(fresh, path, ec);
  if (ec) return FailedPrecondition("agent.data_dir {}: {}", data_dir, ec.message());
  return fmt::format("{}-{}", agent_id, id);
}

}  // namespace

struct Agent::LinkMetrics {
  LinkMetrics(Metrics& metrics, const std::string& link)
      : fetched_bytes(metrics.Get(metric::kFetchedBytes, link)),
        written_bytes(metrics.Get(metric::kWrittenBytes, link)),
        written_records(metrics.Get(metric::kWrittenRecords, link)),
        written_batches(metrics.Get(metric::kWrittenBatches, link)),
        fetched_batches(metrics.Get(metric::kFetchedBatches, link)),
        fetched_records(metrics.Get(metric::kFetchedRecords, link)),
        foreign_writes(metrics.Get(metric::kForeignWrites, link)),
        fenced(metrics.Get(metric::kFenced, link)),
        duplicates_avoided(metrics.Get(metric::kDuplicatesAvoided, link)),
        log_start_deletes(metrics.Get(metric::kLogStartDeletes, link)),
        config_followed(metrics.Get(metric::kTopicConfigChanges, link, "source")),
        config_corrected(metrics.Get(metric::kTopicConfigChanges, link, "drift")),
        config_refused(metrics.Get(metric::kTopicConfigChanges, link, "refused")),
        runs(metrics.Get(metric::kOffsetRuns, link)) {}
  Counter fetched_bytes, written_bytes, written_records, written_batches, fetched_batches, fetched_records,
      foreign_writes, fenced, duplicates_avoided, log_start_deletes, config_followed, config_corrected, config_refused;
  Gauge runs;
  std::vector<Gauge> drift;
  Link::Totals before;
  ConfigCounts configs_before;
  // Of consumer groups: series come with their first value.
  Gauge groups_read_at;
  Counter groups_clamped;
  std::map<std::string, Counter, std::less<>> group_commits;
  GroupTotals groups_before;

  void CountGroups(Metrics& metrics, const std::string& link, const GroupTotals& now);
};

void Agent::LinkMetrics::CountGroups(Metrics& metrics, const std::string& link, const GroupTotals& now) {
  if (!now.read_at) return;
  if (!groups_before.read_at) {
    groups_read_at = metrics.Get(metric::kGroupSyncTimestamp, link);
    groups_clamped = metrics.Get(metric::kGroupsClamped, link);
  }
  groups_read_at.Set(static_cast<double>(now.read_at->time_since_epoch().count()) / 1000);
  groups_clamped.Add(static_cast<double>(now.clamped - groups_before.clamped));
  for (const auto& [result, count] : now.commits) {
    auto [counter, fresh] = group_commits.try_emplace(result);
    if (fresh) counter->second = metrics.Get(metric::kGroupCommits, link, result);
    counter->second.Add(static_cast<double>(count - groups_before.commits[result]));
  }
  groups_before = now;
}

Agent::Agent(config::Config config, Executor executor, Metrics* metrics)
    : config_(std::move(config)),
      executor_(executor),
      pool_(kPoolThreads),
      budget_(executor, config_.agent.memory),
      metrics_(metrics),
      started_(clock_.Wall()),
      turn_(executor, 1),
      tasks_(executor) {}

Agent::~Agent() = default;

Status Agent::Start(AgentOptions options) {
  options_ = options;
  TRY(instance_, InstanceId(config_.agent.data_dir, config_.agent.id));
  for (const config::LinkConfig& link : config_.links) StartLink(link);
  if (!metrics_) return absl::OkStatus();
  memory_budget_ = metrics_->Get(metric::kMemoryBudgetBytes);
  buffered_ = metrics_->Get(metric::kBufferedBytes);
  store_bytes_ = metrics_->Get(metric::kStoreBytes);
  memory_budget_.Set(static_cast<double>(budget_.total()));
  tasks_.Spawn(CountLoop());
  return absl::OkStatus();
}

void Agent::StartLink(const config::LinkConfig& link) {
  Histogram latency;
  if (metrics_) latency = metrics_->Get(metric::kReplicationLatency, link.name);
  LinkParts parts{executor_,
                  clock_,
                  pool_,
                  budget_,
                  this,
                  latency,
                  config_.agent.id,
                  instance_,
                  config_.agent.data_dir,
                  options_.auditor,
                  options_.delete_hold,
                  options_.promoters};
  Served served;
  served.link = std::make_shared<Link>(std::move(parts), link, config_.clusters.at(link.source),
                                       config_.clusters.at(link.destination));
  if (metrics_) served.metrics = std::make_shared<LinkMetrics>(*metrics_, link.name);
  served.link->Start();
  links_.push_back(std::move(served));
}

Async<void> Agent::Stop() {
  stopping_ = true;
  const auto turn = co_await turn_.Take(1);
  tasks_.Stop();
  co_await tasks_.Join();
  TaskGroup stopping(executor_);
  for (auto& served : links_) stopping.Spawn(served.link->Stop());
  co_await stopping.Join();
  if (turn.ok()) turn_.Give(*turn);
}

Async<void> Agent::EndLink(std::string name, End end) {
  const auto link = Find(name);
  if (!link.ok()) co_return;
  co_await (end == End::kForGood ? (*link)->StopForGood() : (*link)->Stop());
  std::erase_if(links_, [&name](const Served& served) { return served.link->name() == name; });
}

Async<void> Agent::Follow(config::Config next, config::ReloadPlan plan) {
  const auto turn = co_await turn_.Take(1);
  if (!turn.ok() || stopping_) co_return;
  config_ = std::move(next);
  TaskGroup ending(executor_);
  for (const config::LinkChange& change : plan.links) {
    const auto link = Find(change.link);
    const auto file = std::find_if(config_.links.begin(), config_.links.end(),
                                   [&](const config::LinkConfig& l) { return l.name == change.link; });
    if (change.reload == config::LinkReload::kAdd) {
      StartLink(*file);
    } else if (change.reload == config::LinkReload::kRemove || change.reload == config::LinkReload::kRestart) {
      const bool gone = change.reload == config::LinkReload::kRemove;
      ending.Spawn(EndLink(change.link, gone ? End::kForGood : End::kRestart));
    } else if (link.ok()) {
      (*link)->Reconfigure(*file, change.reload);
    }
  }
  co_await ending.Join();
  for (const config::LinkConfig& link : config_.links)
    if (!stopping_ && !Find(link.name).ok()) StartLink(link);
  turn_.Give(*turn);
}

AgentSnapshot Agent::Snapshot() const {
  AgentSnapshot agent;
  agent.id = config_.agent.id;
  agent.version = kVersion;
  agent.started = started_;
  for (const auto& served : links_) agent.links.push_back(served.link->Snapshot());
  return agent;
}

bool Agent::Ready() const {
  for (const auto& served : links_)
    if (!served.link->both_seen()) return false;
  return true;
}

StatusOr<std::shared_ptr<Link>> Agent::Find(const std::string& name) const {
  for (const auto& served : links_)
    if (served.link->name() == name) return served.link;
  return NotFound("there is no link {}", name);
}

StatusOr<offsets::TranslationStore*> Agent::StoreOf(const std::string& name) const {
  TRY(const std::shared_ptr<Link> link, Find(name));
  if (link->store() == nullptr) return Unavailable("link {} is not connected yet", name);
  return link->store();
}

Async<StatusOr<std::vector<OffsetAtSnapshot>>> Agent::OffsetsAt(OffsetsAtRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->OffsetsAt(std::move(request.topic), request.time);
}

Async<StatusOr<GroupsSnapshot>> Agent::Groups(std::string name) {
  CO_TRY(const std::shared_ptr<Link> link, Find(name));
  co_return link->Groups();
}

Async<StatusOr<GroupSnapshot>> Agent::Group(std::string name, std::string group) {
  CO_TRY(const std::shared_ptr<Link> link, Find(name));
  co_return co_await link->GroupNow(std::move(group));
}

Async<StatusOr<std::vector<ControlledMirror>>> Agent::ControlMirrors(ControlRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->ControlMirrors(std::move(request));
}

Async<StatusOr<ControlledLink>> Agent::ControlLink(ControlRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->ControlLink(std::move(request));
}

Async<Status> Agent::DropMirror(DropRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->DropMirror(std::move(request));
}

Async<StatusOr<std::vector<RealignedMirror>>> Agent::Realign(ControlRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->Realign(std::move(request));
}

Async<StatusOr<std::vector<AdoptedMirror>>> Agent::Adopt(AdoptRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->Adopt(std::move(request));
}

Async<StatusOr<std::vector<TranslationSnapshot>>> Agent::Translate(TranslateRequest request) {
  CO_TRY(offsets::TranslationStore * store, StoreOf(request.link));
  std::vector<TranslationSnapshot> answers;
  answers.reserve(request.offsets.size());
  for (const int64_t offset : request.offsets) {
    const offsets::Answer answer = request.direction == Direction::kToDestination
                                       ? store->ToDest(request.partition, SourceOffset(offset))
                                       : store->ToSource(request.partition, DestOffset(offset));
    TranslationSnapshot out;
    out.offset = offset;
    out.answer = offsets::Name(answer.kind);
    if (answer.kind != offsets::Answer::Kind::kUnknown) out.translated = answer.value;
    if (!answer.why.empty()) out.reason = answer.why;
    answers.push_back(std::move(out));
  }
  co_return answers;
}

Async<StatusOr<RunsSnapshot>> Agent::Runs(std::string link, TopicPartition partition) {
  CO_TRY(const std::shared_ptr<Link> found, Find(link));
  co_return found->RunsOf(partition);
}

Async<StatusOr<std::vector<Explanation>>> Agent::Explain(ExplainRequest request) {
  if (!request.link.empty()) CO_RETURN_IF_ERROR(Find(request.link).status());
  std::vector<Explanation> concerned, others;
  std::vector<std::shared_ptr<Link>> links;  // as they are now: a reload may change them meanwhile
  for (const Served& served : links_) links.push_back(served.link);
  for (const auto& link : links) {
    if (!request.link.empty() && link->name() != request.link) continue;
    CO_TRY(Link::Explained answer, co_await link->Explain(request.kind, request.name));
    (answer.concerned ? concerned : others).push_back(std::move(answer.explanation));
  }
  co_return concerned.empty() ? std::move(others) : std::move(concerned);
}

StatusOr<AclsSnapshot> Agent::Acls(const std::string& link) const {
  TRY(const std::shared_ptr<Link> found, Find(link));
  return found->Acls();
}

Async<StatusOr<std::vector<LinkDiff>>> Agent::Diff(std::string name) {
  if (!name.empty()) CO_RETURN_IF_ERROR(Find(name).status());
  std::vector<LinkDiff> diffs;
  std::vector<std::shared_ptr<Link>> links;
  for (const Served& served : links_) links.push_back(served.link);
  for (const auto& link : links) {
    if (!name.empty() && link->name() != name) continue;
    CO_TRY(LinkDiff diff, co_await link->Diff());
    diffs.push_back(std::move(diff));
  }
  co_return diffs;
}

void Agent::OnCall(const std::string& cluster, kafka::ApiKey api, Duration took, const Status& status) {
  if (!metrics_) return;
  auto [entry, fresh] = durations_.try_emplace({cluster, api});
  if (fresh) entry->second = metrics_->Get(metric::kRequestDuration, cluster, std::string(kafka::Name(api)));
  entry->second.Observe(std::chrono::duration<double>(took).count());
  if (status.ok()) return;
  const auto error = kafka::ErrorOf(status);
  const std::string name(error ? kafka::Name(*error) : std::string_view("NO_ANSWER"));
  auto [counter, first] = errors_.try_emplace({cluster, api, name});
  if (first) counter->second = metrics_->Get(metric::kRequestErrors, cluster, std::string(kafka::Name(api)), name);
  counter->second.Add();
}

void Agent::OnThrottle(const std::string& cluster, const kafka::Endpoint&, kafka::Lane lane, Duration throttle) {
  if (!metrics_) return;
  const char* api = lane == kafka::Lane::kFetch ? "Fetch" : lane == kafka::Lane::kControl ? "Control" : "Produce";
  auto [entry, fresh] = throttles_.try_emplace({cluster, api});
  if (fresh) entry->second = metrics_->Get(metric::kThrottleSeconds, cluster, std::string(api));
  entry->second.Add(std::chrono::duration<double>(throttle).count());
}

void Agent::OnCredential(const std::string& cluster, kafka::CredentialKind kind, WallTime ends) {
  if (!metrics_) return;
  auto [entry, fresh] = credentials_.try_emplace({cluster, kind});
  if (fresh) entry->second = metrics_->Get(metric::kCredentialExpiry, cluster, std::string(kafka::Name(kind)));
  entry->second.Set(static_cast<double>(ends.time_since_epoch().count()) / 1000);
}

Async<void> Agent::CountLoop() {
  for (;;) {
    Count();
    if (!(co_await clock_.Sleep(kCountEvery)).ok()) co_return;
  }
}

void Agent::Count() {
  uint64_t store_bytes = 0;
  buffered_.Set(static_cast<double>(budget_.taken()));
  for (const Served& served : links_) {
    const Link& link = *served.link;
    LinkMetrics& m = *served.metrics;
    const Link::Totals now = link.totals();
    m.fetched_bytes.Add(static_cast<double>(now.fetched_bytes - m.before.fetched_bytes));
    m.fetched_batches.Add(static_cast<double>(now.fetched_batches - m.before.fetched_batches));
    m.fetched_records.Add(static_cast<double>(now.fetched_records - m.before.fetched_records));
    if (const offsets::TranslationStore* store = served.link->store()) {
      m.runs.Set(static_cast<double>(store->run_count()));
      store_bytes += store->store_bytes();
    }
    m.written_bytes.Add(static_cast<double>(now.written_bytes - m.before.written_bytes));
    m.written_records.Add(static_cast<double>(now.written_records - m.before.written_records));
    m.written_batches.Add(static_cast<double>(now.written_batches - m.before.written_batches));
    m.foreign_writes.Add(static_cast<double>(now.foreign_writes - m.before.foreign_writes));
    m.fenced.Add(static_cast<double>(now.fenced - m.before.fenced));
    m.duplicates_avoided.Add(static_cast<double>(now.duplicates_avoided - m.before.duplicates_avoided));
    m.log_start_deletes.Add(static_cast<double>(now.log_start_deletes - m.before.log_start_deletes));
    for (const auto& [reason, count] : now.divergences) {
      const int64_t news = count - m.before.divergences[reason];
      if (news > 0)
        metrics_->Get(metric::kDivergence, link.name(), std::string(state::Name(reason)))
            .Add(static_cast<double>(news));
    }
    const ConfigCounts configs = link.config_counts();
    m.config_followed.Add(static_cast<double>(configs.followed - m.configs_before.followed));
    m.config_corrected.Add(static_cast<double>(configs.corrected - m.configs_before.corrected));
    m.config_refused.Add(static_cast<double>(configs.refused - m.configs_before.refused));
    m.configs_before = configs;
    m.before = now;
    m.drift.clear();  // a series that is held no more vanishes
    for (const auto& [kind, count] : link.drift()) {
      m.drift.push_back(metrics_->Get(metric::kDrift, link.name(), kind));
      m.drift.back().Set(static_cast<double>(count));
    }
    m.CountGroups(*metrics_, link.name(), link.group_totals());
  }
  store_bytes_.Set(static_cast<double>(store_bytes));
}

}  // namespace klink::link
