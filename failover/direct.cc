#include "failover/direct.h"

#include "admin/log_tailer.h"
#include "base/log.h"
#include "base/time_limit.h"
#include "failover/kafka_destination.h"
#include "failover/promoter.h"
#include "failover/report.h"
#include "link/cluster_access.h"
#include "link/promotion_effects.h"
#include "link/transaction_slots.h"
#include "offsets/rebuild.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

constexpr Duration kOpenLimit = 30s;
constexpr Duration kRunsLimit = 20s;
constexpr Duration kControlLimit = 30s;
constexpr Duration kTransactionTimeout = 60s;
constexpr Duration kSilence = 30s;  // of whoever took the link over meanwhile
constexpr Duration kWatchEvery = 100ms;

}  // namespace

// The host of the controller, of which nothing copies.
class Direct::Host final : public link::PromotionHost {
 public:
  Host(const config::Config& config, const config::LinkConfig& link, std::string agent, Executor executor)
      : config_(link),
        executor_(executor),
        pool_(2),
        access_(link::AccessOf(link.destination, config.clusters.at(link.destination), executor, clock_)),
        source_(link::OptionsOf(link.source, config.clusters.at(link.source)), executor, clock_),
        destination_(link::OptionsOf(link.destination, config.clusters.at(link.destination)), executor, clock_),
        ports_(destination_, executor, clock_),
        controller_(*this, ports_, executor, clock_) {
    state::LinkStateOptions options;
    options.destination = access_;
    options.link = link.name;
    options.agent = std::move(agent);
    options.kind = state::ControllerKind::kDirect;
    state_ = std::make_unique<state::LinkState>(executor, clock_, pool_, std::move(options));
    if (auto sets = config::TopicSets::Compile(link.sets); sets.ok()) sets_ = *std::move(sets);
  }

  Async<Status> Open() {
    CO_TRY(const std::string id, co_await destination_.ClusterId());
    CO_RETURN_IF_ERROR(co_await Within(executor_, clock_, kOpenLimit, "reading the link's state", state_->Open()));
    const auto& link = view().link();
    state_was_read_ = link.has_value();
    if (!link) co_return NotFound("the state of link {} at {} is empty", config_.name, config_.destination);
    if (link->destination_cluster_id != id)
      co_return FailedPrecondition("cluster {} is {}, but link {} was made with {}: correct bootstrap.servers",
                                   config_.destination, id, config_.name, link->destination_cluster_id);
    co_return co_await ReadRuns();
  }
  Async<Status> TakeControl() {
    CO_RETURN_IF_ERROR(
        co_await Within(executor_, clock_, kControlLimit, "taking control of the link", state_->TakeControl()));
    auto ever = std::make_shared<std::set<int64_t>>();
    for (const auto& [pid, record] : view().pids()) ever->insert(pid);
    slots_ = std::make_unique<link::TransactionSlots>(destination_, clock_, *state_, config_.name, kTransactionTimeout,
                                                      std::move(ever));
    const Status loaded =
        co_await Within(executor_, clock_, kControlLimit, "asking about transactional ids", slots_->Load());
    if (IsCancelled(loaded)) co_return loaded;
    slots_known_ = loaded;
    co_return absl::OkStatus();
  }
  Async<void> Close() {
    co_await state_->Close();
    co_await source_.Close();
    co_await destination_.Close();
    co_await link::CloseAccess(access_);
  }

  const std::string& link() const override { return config_.name; }
  const state::StateView& view() const override { return state_->view(); }
  const config::TopicSets& sets() const override { return sets_; }
  link::SourceDoor* door() override { return nullptr; }
  Async<Status> Write(std::vector<state::Record> records) override {
    co_return co_await state_->Write(std::move(records));
  }
  Status MayStep() const override {
    if (!state_->in_control()) return FailedPrecondition("link {} is controlled by an agent now", config_.name);
    if (!state_->FreshWithin()) return Unavailable("link {}: its state was not read just now", config_.name);
    return absl::OkStatus();
  }
  link::CopyStanding Standing(const TopicPartition& tp) const override {
    link::CopyStanding standing;
    link::TakeRecorded(view(), tp, standing);
    if (const auto runs = runs_.find(tp); runs != runs_.end() && runs->second.map.shift())
      standing.shift = runs->second.map.shift();
    return standing;
  }
  Async<StatusOr<std::map<TopicPartition, SourceOffset>>> SourceEnds(std::set<std::string> topics) override {
    return link::EndsOfSources(source_, view(), std::move(topics));
  }
  // Agents that are alive stop as they read the records; the fence stops the others.
  Async<Status> StopCopying() override { co_return absl::OkStatus(); }
  Async<StatusOr<std::map<TopicPartition, int64_t>>> AbortTransactions(std::set<std::string> topics) override {
    CO_RETURN_IF_ERROR(slots_known_);
    co_return co_await slots_->Abort(std::move(topics));
  }
  Async<StatusOr<std::vector<link::TransactionSlot>>> Slots() override {
    CO_RETURN_IF_ERROR(slots_known_);
    co_return slots_->All();
  }
  Async<Status> SyncGroups() override {
    co_return FailedPrecondition("groups are carried over by agents; without one use failover");
  }
  // What an agent committed stands. Positions it had to lower are told.
  Async<StatusOr<std::vector<std::string>>> CommitGroups(std::set<std::string> topics) override {
    std::vector<std::string> commands;
    for (const auto& [name, group] : view().groups())
      for (const state::GroupPosition& clamped : group.clamped)
        if (topics.contains(clamped.topic)) commands.push_back(ResetCommand(name, clamped));
    co_return commands;
  }
  std::optional<WallTime> GroupsReadAt() const override { return std::nullopt; }
  Async<StatusOr<link::CommandsByTopic>> RestoreConfigs(std::set<std::string> topics) override {
    link::MayStep may = [this] { return MayStep(); };
    co_return co_await link::RestoreConfigs(nullptr, destination_, view(), config_.topics.configs, std::move(topics),
                                            std::move(may));
  }
  Async<StatusOr<std::vector<std::string>>> ReleaseAcls(std::set<std::string> topics) override {
    link::MayStep may = [this] { return MayStep(); };
    co_return co_await link::ReleaseAcls(executor_, access_, destination_, *state_, std::move(topics), std::move(may),
                                         clock_.Wall());
  }

  bool state_was_read() const { return state_was_read_; }
  Executor executor() const { return executor_; }
  Clock& clock() { return clock_; }
  kafka::Cluster& destination() { return destination_; }
  state::LinkState& state() { return *state_; }
  Controller& controller() { return controller_; }

 private:
  Async<Status> ReadRuns() {
    offsets::RunLogReader reader;
    admin::LogTailer::OnRecord add = [&reader](const admin::LogRecord& r) { reader.Add({r.key, r.value}); };
    const Status read = co_await admin::ReadWholeLog(executor_, clock_, pool_, access_, state::RunsTopic(config_.name),
                                                     add, kRunsLimit);
    if (IsCancelled(read)) co_return read;
    std::vector<Status> refused;
    if (read.ok()) runs_ = std::move(reader).Finish(refused);
    co_return absl::OkStatus();  // without it, less is known of what was copied
  }
  std::string ResetCommand(const std::string& group, const state::GroupPosition& clamped) const {
    const state::CutRecord* cut = view().cut(clamped.topic);
    const auto index = static_cast<size_t>(clamped.partition);
    std::string to = "--to-latest";
    if (cut != nullptr && index < cut->partitions.size() && cut->partitions[index].replicated_to &&
        cut->partitions[index].copied_end) {
      const state::CutPartition& at = cut->partitions[index];
      const int64_t shift = *at.copied_end - *at.replicated_to;
      to = fmt::format("--to-offset {}", std::min(clamped.source, *at.replicated_to) + shift);
    }
    return fmt::format(
        "kafka-consumer-groups.sh --bootstrap-server {} --group '{}' --topic '{}:{}' --reset-offsets {} --execute",
        link::BootstrapOf(destination_), group, clamped.topic, clamped.partition, to);
  }

  const config::LinkConfig& config_;
  config::TopicSets sets_;
  Executor executor_;
  SystemClock clock_;
  BlockingPool pool_;
  admin::Access access_;
  kafka::Cluster source_;
  kafka::Cluster destination_;
  KafkaDestination ports_;
  std::unique_ptr<state::LinkState> state_;
  bool state_was_read_ = false;
  std::unique_ptr<link::TransactionSlots> slots_;
  Status slots_known_ = Unavailable("transactional ids were not asked about yet");
  std::map<TopicPartition, offsets::PartitionRuns> runs_;
  Controller controller_;
};

Direct::Direct(const config::Config& config, const config::LinkConfig& link, std::string agent, Executor executor)
    : host_(std::make_unique<Host>(config, link, std::move(agent), std::move(executor))) {}
Direct::~Direct() = default;

Async<Status> Direct::Open() { co_return co_await host_->Open(); }
bool Direct::state_was_read() const { return host_->state_was_read(); }
Async<void> Direct::Close() { co_return co_await host_->Close(); }

Async<StatusOr<link::GroupMembers>> Direct::Members() {
  co_return co_await link::DescribeMembers(host_->destination(), state::WorkGroup(host_->link()));
}

Async<StatusOr<link::PromotionSnapshot>> Direct::Promote(link::PromoteRequest request,
                                                         std::function<void(const link::PromotionSnapshot&)> progress) {
  if (request.dry_run) co_return co_await host_->controller().Ask(std::move(request));
  CO_RETURN_IF_ERROR(co_await host_->TakeControl());
  if (const state::PromotionRecord* left = host_->view().promotion()) {  // whose controller is gone
    const std::string id = OperationOf(*left);
    CO_RETURN_IF_ERROR(co_await CarryOut(id, progress));
  }
  CO_TRY(link::PromotionSnapshot begun, co_await host_->controller().Ask(std::move(request)));
  if (!begun.operation) co_return begun;
  CO_RETURN_IF_ERROR(co_await CarryOut(*begun.operation, std::move(progress)));
  co_return Show(host_->link(), host_->view(), *begun.operation);
}

// To its end, by this process, or by an agent that took the link over.
Async<Status> Direct::CarryOut(std::string operation, std::function<void(const link::PromotionSnapshot&)> progress) {
  const auto tell = [&] {
    if (const auto shown = Show(host_->link(), host_->view(), operation); shown.ok()) progress(*shown);
  };
  const auto running = [&] {
    const state::PromotionRecord* now = host_->view().promotion();
    return now != nullptr && OperationOf(*now) == operation;
  };
  while (running()) {
    tell();
    const Status carried = co_await host_->controller().CarryOut();
    if (IsCancelled(carried)) co_return carried;
    if (!carried.ok())
      Log(Level::kWarning, Event::kPromotionTrouble, Text(carried),
          {{"link", host_->link()}, {"operation", operation}});
    while (running() && !host_->state().in_control() && host_->state().SinceController() < kSilence) {
      tell();
      CO_RETURN_IF_ERROR(co_await host_->clock().Sleep(kWatchEvery));
    }
    if (!running()) break;
    CO_RETURN_IF_ERROR(host_->state().status());
    if (!host_->state().in_control()) CO_RETURN_IF_ERROR(co_await host_->TakeControl());
    CO_RETURN_IF_ERROR(co_await host_->clock().Sleep(kWatchEvery));
  }
  co_return absl::OkStatus();
}

}  // namespace klink::failover
