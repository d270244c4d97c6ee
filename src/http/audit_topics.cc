#include "http/audit_topics.h"

#include "admin/topics.h"
#include "base/digest.h"
#include "base/log.h"
#include "config/settings.h"
#include "link/cluster_access.h"

namespace klink::http {

std::string AuditTopic(std::string_view link) { return fmt::format("_klink.{}.audit", link); }

struct AuditTopics::Target {
  Target(Executor executor, Clock& clock, const config::Config& config, const config::LinkConfig& of)
      : link(of.name),
        access(klink::link::AccessOf(of.destination, config.clusters.at(of.destination), executor, clock)),
        reached_by(SettingsOf(config.clusters.at(of.destination))),
        opening(std::move(executor), 1) {
    reached_by["cluster"] = of.destination;
  }
  std::string link;
  admin::Access access;
  config::Settings reached_by;
  Permits opening;
  std::unique_ptr<admin::RunLogWriter> writer;
};

AuditTopics::AuditTopics(Executor executor, const config::Config& config)
    : executor_(std::move(executor)), agent_(config.agent.id), tasks_(executor_) {
  Follow(config);
}

void AuditTopics::Follow(const config::Config& config) {
  Targets before = std::move(targets_);
  targets_.clear();
  for (const config::LinkConfig& of : config.links) {
    auto target = std::make_shared<Target>(executor_, clock_, config, of);
    for (auto& known : before)
      if (known && known->link == of.name && known->reached_by == target->reached_by) target = std::exchange(known, {});
    targets_.push_back(std::move(target));
  }
  for (auto& gone : before)
    if (gone) left_.push_back(std::move(gone));
}

AuditTopics::~AuditTopics() = default;

Async<Status> AuditTopics::Publish(std::string link, std::string line) {
  bool known = false;
  const Targets targets = targets_;  // as they are now
  for (const auto& target : targets) known |= target->link == link;
  Status result;
  for (const auto& target : targets)
    if (!known || target->link == link) result.Update(co_await PublishTo(*target, line));
  co_return result;
}

Async<Status> AuditTopics::PublishTo(Target& target, std::string line) {
  CO_RETURN_IF_ERROR(co_await Open(target));
  co_return co_await target.writer->Publish(agent_, std::move(line));
}

namespace {

admin::TopicSpec SpecOf(std::string_view link) {
  admin::TopicSpec spec;
  spec.name = AuditTopic(link);
  spec.configs = {{"cleanup.policy", "delete"},
                  {"retention.ms", "-1"},
                  {"message.timestamp.type", "LogAppendTime"},  // an agent's clock may be wrong (P9)
                  {"unclean.leader.election.enable", "false"}};
  return spec;
}

// Three replicas where there are three brokers, else what the cluster does by default.
Async<Status> MakeTopic(admin::Topics& topics, std::string link) {
  admin::TopicSpec three = SpecOf(link);
  three.replication_factor = 3;
  three.configs["min.insync.replicas"] = "2";
  Status made = co_await topics.CreateTopic(std::move(three));
  if (absl::IsInvalidArgument(made) || absl::IsFailedPrecondition(made)) {
    admin::TopicSpec spec = SpecOf(link);
    made = co_await topics.CreateTopic(std::move(spec));
  }
  if (absl::IsAlreadyExists(made)) made = absl::OkStatus();
  co_return made;
}

}  // namespace

Async<Status> AuditTopics::Open(Target& target) {
  CO_RETURN_IF_ERROR(co_await target.opening.Take(1));
  Status opened;
  if (target.writer == nullptr) {
    auto topics = admin::Topics::Open(executor_, target.access);
    opened = topics.status();
    if (opened.ok()) opened = co_await MakeTopic(**topics, target.link);
    if (opened.ok()) {
      auto writer = admin::RunLogWriter::Open(executor_, pool_, target.access, AuditTopic(target.link));
      opened = writer.status();
      if (writer.ok()) target.writer = *std::move(writer);
    }
  }
  target.opening.Give(1);
  co_return Annotate(opened, AuditTopic(target.link));
}

void AuditTopics::PublishLater(std::string link, std::string line) {
  tasks_.Spawn(Keep(std::move(link), std::move(line)));
}

Async<void> AuditTopics::Keep(std::string link, std::string line) {
  const Status published = co_await Publish(std::move(link), std::move(line));
  if (published.ok() || IsCancelled(published)) co_return;
  Log(Level::kError, Event::kAuditError, "an audit event has no copy in its topic", {{"error", Text(published)}});
}

Async<void> AuditTopics::Close() {
  tasks_.Stop();
  co_await tasks_.Join();
  Targets all = targets_;
  all.insert(all.end(), left_.begin(), left_.end());
  for (const auto& target : all) {
    if (target->writer != nullptr) co_await target->writer->Close();
    co_await link::CloseAccess(target->access);
  }
}

Async<StatusOr<std::vector<state::AuditHead>>> ReadAuditAnchors(config::Config config, Duration limit) {
  const Executor executor = co_await asio::this_coro::executor;
  SystemClock clock;
  BlockingPool pool;
  std::vector<state::AuditHead> anchors;
  for (const config::LinkConfig& of : config.links) {
    admin::LogTailer::OnRecord take = [&](const admin::LogRecord& record) {
      if (record.key != config.agent.id || !record.value) return;
      const StatusOr<int64_t> sequence = state::AuditSequence(*record.value);
      if (!sequence.ok()) return;
      state::AuditHead anchor;
      anchor.sequence = *sequence;
      anchor.hash = Sha256Hex(std::string_view(*record.value));
      anchors.push_back(std::move(anchor));
    };
    const admin::Access access = link::AccessOf(of.destination, config.clusters.at(of.destination), executor, clock);
    const Status read = co_await admin::ReadWholeLog(executor, clock, pool, access, AuditTopic(of.name), take, limit);
    co_await link::CloseAccess(access);
    CO_RETURN_IF_ERROR(read);
  }
  co_return anchors;
}

}  // namespace klink::http
