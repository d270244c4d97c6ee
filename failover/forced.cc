#include "failover/forced.h"

#include <fmt/ranges.h>

#include "config/topic_filter.h"
#include "failover/kafka_destination.h"
#include "failover/link_transactions.h"
#include "failover/promoter.h"
#include "failover/report.h"
#include "link/cluster_access.h"
#include "link/promotion_effects.h"
#include "link/topic_listing.h"

namespace klink::failover {

// Whose journal and whose view of the link live in this process.
class Forced::Host final : public link::PromotionHost {
 public:
  Host(const config::Config& config, const config::LinkConfig& link, Executor executor)
      : config_(link),
        destination_(link::OptionsOf(link.destination, config.clusters.at(link.destination)), executor, clock_),
        ports_(destination_, executor, clock_),
        transactions_(destination_, clock_, link.name),
        controller_(*this, ports_, executor, clock_) {}

  Async<Status> Open(std::vector<std::string> topics) {
    CO_TRY(const config::TopicFilter filter, config::TopicFilter::Compile(config_.topics));
    CO_TRY(const link::Listing listing, co_await link::ListTopics(destination_, topics));
    std::set<TopicPartition> partitions;
    for (const std::string& topic : topics) {
      const auto there = listing.topics.find(topic);
      if (there == listing.topics.end()) co_return NotFound("there is no topic {} at {}", topic, config_.destination);
      const auto source = filter.SourceName(topic);
      if (!source || !filter.Includes(*source))
        co_return FailedPrecondition("by the file link {} makes no topic {}: its filter leaves it out", config_.name,
                                     topic);
      for (int32_t p = 0; p < there->second.partitions; p++) partitions.insert({topic, p});
      Take(MirrorOf(*source, topic, static_cast<size_t>(there->second.partitions)));
    }
    CO_RETURN_IF_ERROR(co_await AskProducers(std::move(partitions)));
    co_return co_await transactions_.Load();
  }
  Async<void> Close() { co_await destination_.Close(); }
  Controller& controller() { return controller_; }

  const std::string& link() const override { return config_.name; }
  const state::StateView& view() const override { return view_; }
  const config::TopicSets& sets() const override { return sets_; }
  link::SourceDoor* door() override { return nullptr; }
  Async<Status> Write(std::vector<state::Record> records) override {
    for (const state::Record& record : records) CO_RETURN_IF_ERROR(view_.MayWrite(record));
    for (const state::Record& record : records) Take(record);
    co_return view_.status();
  }
  Status MayStep() const override { return absl::OkStatus(); }  // nobody can be told from here to have taken over
  link::CopyStanding Standing(const TopicPartition&) const override { return {}; }
  Async<StatusOr<std::map<TopicPartition, SourceOffset>>> SourceEnds(std::set<std::string>) override {
    co_return std::map<TopicPartition, SourceOffset>{};
  }
  Async<Status> StopCopying() override { co_return absl::OkStatus(); }  // the fence does
  Async<StatusOr<std::map<TopicPartition, int64_t>>> AbortTransactions(std::set<std::string> topics) override {
    co_return co_await transactions_.Abort(std::move(topics));
  }
  Async<StatusOr<std::vector<link::TransactionSlot>>> Slots() override { co_return transactions_.All(); }
  Async<Status> SyncGroups() override {
    co_return FailedPrecondition("groups are carried over by agents; without one use failover");
  }
  Async<StatusOr<std::vector<std::string>>> CommitGroups(std::set<std::string>) override {
    co_return std::vector<std::string>{};
  }
  std::optional<WallTime> GroupsReadAt() const override { return std::nullopt; }
  Async<StatusOr<link::CommandsByTopic>> RestoreConfigs(std::set<std::string>) override {
    co_return link::CommandsByTopic{};
  }
  Async<StatusOr<std::vector<std::string>>> ReleaseAcls(std::set<std::string>) override {
    co_return std::vector<std::string>{};
  }

 private:
  void Take(const state::Record& record) {
    const admin::KeyValue entry = state::Encode(record);
    view_.Apply(entry.key, entry.value);
  }
  static state::MirrorRecord MirrorOf(const std::string& source, const std::string& topic, size_t partitions) {
    state::MirrorRecord mirror;
    mirror.source_topic = source;
    mirror.destination_topic = topic;
    mirror.phase = state::Phase::kActive;
    mirror.partitions.resize(partitions);
    for (state::PartitionRecord& partition : mirror.partitions) partition.phase = state::Phase::kActive;
    return mirror;
  }
  // Each must be told: one that nobody knows of would not be shut out.
  Async<Status> AskProducers(std::set<TopicPartition> partitions) {
    for (const auto& [tp, facts] : co_await ports_.Inspect(std::move(partitions))) {
      CO_RETURN_IF_ERROR(Annotate(facts.status(), fmt::format("who may write to {} cannot be told", tp)));
      for (const link::ProducerState& producer : facts->producers)
        Take(state::PidRecord{producer.producer_id, state::PidUse::kData, clock_.Wall().time_since_epoch().count()});
    }
    co_return view_.status();
  }

  const config::LinkConfig& config_;
  config::TopicSets sets_;
  SystemClock clock_;
  kafka::Cluster destination_;
  KafkaDestination ports_;
  LinkTransactions transactions_;
  state::StateView view_;
  Controller controller_;
};

Forced::Forced(const config::Config& config, const config::LinkConfig& link, Executor executor)
    : host_(std::make_unique<Host>(config, link, std::move(executor))) {}
Forced::~Forced() = default;

Async<Status> Forced::Open(std::vector<std::string> topics) { co_return co_await host_->Open(std::move(topics)); }
Async<void> Forced::Close() { co_return co_await host_->Close(); }

Async<StatusOr<link::PromotionSnapshot>> Forced::Promote(link::PromoteRequest request) {
  CO_TRY(link::PromotionSnapshot begun, co_await host_->controller().Ask(std::move(request)));
  if (!begun.operation) co_return begun;
  CO_RETURN_IF_ERROR(co_await host_->controller().CarryOut());
  co_return Show(host_->link(), host_->view(), *begun.operation);
}

std::vector<std::string> Unproven(const config::LinkConfig& link, const std::vector<std::string>& topics,
                                  const Status& why) {
  return {
      fmt::format("what link {} wrote down: {}", link.name, Text(why)),
      fmt::format("that klink made {}, and up to where {} was copied: how much is lost is not known",
                  fmt::join(topics, ", "), link.source),
      "that whoever wrote there was klink: every producer that a partition remembers is shut out, an application that "
      "wrote there already has to be started again",
      "where groups stood at the source last: positions that agents committed stand, none is added",
      "which settings and grants klink held back: klink diff shows settings, klink acl plan grants",
      fmt::format(
          "that no agent of the link lives: what it had begun is shut out, but it is told nothing. Keep agents "
          "away until the state is there again, then say klink failover {} --link {} --yes once more: it writes "
          "down that they are promoted",
          fmt::join(topics, " "), link.name),
  };
}

}  // namespace klink::failover
