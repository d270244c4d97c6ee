// Promotions as the leader of the link serves them: the host of the controller (link/promotion.h), and what any agent
// does that reads of one.
#include <algorithm>

#include "base/log.h"
#include "link/link.h"
#include "link/promotion_effects.h"

namespace klink::link {
namespace {

// Of a controller without an agent that says nothing more: then the link is led again, and its journal gone on with.
constexpr Duration kDirectSilence = 30s;
constexpr Duration kDirectPoll = 500ms;
constexpr Duration kGroupsPlanned = 18s;
constexpr Duration kGroupsNow = 2s;  // then what is known counts

}  // namespace

CopyStanding StandingOf(const PartitionProgress& progress) {
  CopyStanding standing;
  standing.replicated_to = progress.replicated_to();
  if (const auto at = progress.position()) standing.copied_end = at->dest_next;
  if (const auto bounds = progress.bounds()) standing.source_end = bounds->high_watermark;
  standing.source_end_at = progress.bounds_at();
  return standing;
}

class Link::Promotion final : public PromotionHost {
 public:
  explicit Promotion(Link& link) : link_(link) {}
  const std::string& link() const override { return link_.config_.name; }
  const state::StateView& view() const override { return link_.state_->view(); }
  const config::TopicSets& sets() const override { return link_.sets_; }
  SourceDoor* door() override { return link_.door_.get(); }

  // Mirrors go through the book: what a partition is just noting about itself must not be lost, nor undo this.
  Async<Status> Write(std::vector<state::Record> records) override {
    std::vector<state::MirrorRecord> mirrors;
    std::vector<state::Record> others;
    for (state::Record& record : records) {
      if (auto* mirror = std::get_if<state::MirrorRecord>(&record))
        mirrors.push_back(std::move(*mirror));
      else
        others.push_back(std::move(record));
    }
    co_return co_await link_.book_->PutAll(std::move(mirrors), std::move(others));
  }
  Status MayStep() const override {
    if (!link_.steering_ || !link_.state_->in_control())
      return FailedPrecondition("link {} is controlled by another agent now", link());
    if (!link_.state_->FreshWithin()) return Unavailable("link {}: its state was not read just now", link());
    return absl::OkStatus();
  }

  CopyStanding Standing(const TopicPartition& tp) const override {
    CopyStanding standing;
    if (const auto stood = link_.stood_.find(tp); stood != link_.stood_.end()) standing = stood->second;
    for (const auto* some : {&link_.mirrors_, &link_.stopping_})
      if (const auto running = some->find(tp); running != some->end())
        standing = link::StandingOf(running->second.runner->progress());
    TakeRecorded(view(), tp, standing);
    const offsets::Translation* map = link_.store_ ? link_.store_->Find(tp) : nullptr;
    if (map == nullptr || map->empty()) return standing;
    standing.shift = map->shift();
    if (!standing.replicated_to) standing.replicated_to = map->runs().back().run.source_next();
    return standing;
  }

  Async<StatusOr<std::map<TopicPartition, SourceOffset>>> SourceEnds(std::set<std::string> topics) override {
    return EndsOfSources(link_.source_, view(), std::move(topics));
  }

  Async<Status> StopCopying() override { co_return co_await link_.FollowRecords(); }
  Async<StatusOr<std::map<TopicPartition, int64_t>>> AbortTransactions(std::set<std::string> topics) override {
    co_return co_await link_.slots_->Abort(std::move(topics));
  }
  Async<StatusOr<std::vector<TransactionSlot>>> Slots() override { co_return link_.slots_->All(); }

  Async<Status> SyncGroups() override {
    if (!link_.groups_) co_return absl::OkStatus();
    co_return co_await link_.GroupRound(kGroupsPlanned);
  }

  Async<StatusOr<std::vector<std::string>>> CommitGroups(std::set<std::string> topics) override {
    std::vector<std::string> commands;
    if (!link_.groups_) co_return commands;
    const state::PromotionRecord* promotion = view().promotion();
    const bool planned = promotion != nullptr && promotion->kind == state::PromotionKind::kPromote;
    link_.groups_finally_ = topics;
    if (!planned && link_.group_round_ != nullptr) link_.group_round_->Stop();  // it may wait for a source that is gone
    Status done = Unavailable("the source does not answer");
    if (planned || !link_.SourceGone()) done = co_await link_.GroupRound(planned ? kGroupsPlanned : kGroupsNow);
    if (IsUnavailable(done)) done = co_await link_.RaiseGroups();
    link_.groups_finally_.clear();
    CO_RETURN_IF_ERROR(done);
    co_return commands;
  }
  std::optional<WallTime> GroupsReadAt() const override { return link_.group_totals_.read_at; }

  Async<StatusOr<std::map<std::string, std::vector<std::string>>>> RestoreConfigs(
      std::set<std::string> topics) override {
    kafka::Cluster* source = link_.SourceGone() ? nullptr : &link_.source_;
    link::MayStep may = [this] { return MayStep(); };
    co_return co_await link::RestoreConfigs(source, link_.destination_, view(), link_.config_.topics.configs,
                                            std::move(topics), std::move(may));
  }

  Async<StatusOr<std::vector<std::string>>> ReleaseAcls(std::set<std::string> topics) override {
    link::MayStep may = [this] { return MayStep(); };
    co_return co_await link::ReleaseAcls(link_.parts_.executor, link_.destination_access_, link_.destination_,
                                         *link_.state_, std::move(topics), std::move(may), link_.parts_.clock.Wall());
  }

 private:
  Link& link_;
};

void Link::BeginPromotions(TaskGroup& tasks) {
  tasks.Spawn(FollowPromotions());
  if (!parts_.promoters.make) return;
  door_ = MakeSourceDoor(parts_.executor, source_access_, source_);
  promotion_ = std::make_unique<Promotion>(*this);
  promoter_ = parts_.promoters.make(*promotion_, {parts_.executor, parts_.clock, destination_});
  tasks.Spawn(RunPromotions());
}

// Once nothing that leads is under way.
void Link::EndPromotions() {
  groups_.reset();
  promoter_.reset();
  promotion_.reset();
  door_.reset();
}

// A controller that lost the link ends; whoever leads next goes on with the journal.
Async<void> Link::RunPromotions() {
  const Status ended = co_await promoter_->Run();
  if (IsCancelled(ended)) co_return;
  Log(Level::kWarning, Event::kPromotionTrouble, Text(ended), {{"link", config_.name}});
  SyncNow();
}

// What a promotion ends stands still, whoever carries it out: an agent that slept, and another that took over
// meanwhile, or somebody without an agent.
Async<void> Link::FollowPromotions() {
  while ((co_await state_->changed().Wait()).ok()) {
    const auto& controller = state_->view().controller();
    const bool ours =
        controller && controller->kind == state::ControllerKind::kAgent && controller->agent == parts_.agent_id;
    if (ours) continue;
    std::vector<TopicPartition> over;
    for (const auto& [tp, running] : mirrors_) {
      const state::MirrorRecord* record = state_->view().mirror(tp.topic);
      if (record != nullptr && !state::Runs(record->phase)) over.push_back(tp);
    }
    for (const TopicPartition& tp : over) StopMirror(tp);
    SyncNow();  // the link is not ours to steer: that ends it
  }
}

// Somebody promotes without an agent: the journal is theirs until it is done, or they say nothing for a while.
Async<Status> Link::AwaitDirect() {
  for (bool told = false;;) {
    const auto& controller = state_->view().controller();
    const bool direct = controller && controller->kind == state::ControllerKind::kDirect;
    if (!direct || state_->view().promotion() == nullptr || state_->SinceController() > kDirectSilence)
      co_return absl::OkStatus();
    if (!std::exchange(told, true))
      Log(Level::kInfo, Event::kPromotionBegun, "somebody promotes mirrors without an agent: this one waits",
          {{"link", config_.name}, {"operation", state::OperationOf(*state_->view().promotion())}});
    CO_RETURN_IF_ERROR(co_await parts_.clock.Sleep(kDirectPoll));
  }
}

Async<StatusOr<PromotionSnapshot>> Link::BeginPromotion(PromoteRequest request) {
  if (!promoter_) co_return Unavailable("link {}: nothing can be promoted by this agent now", config_.name);
  auto answer = co_await promoter_->Ask(std::move(request));
  if (!answer.ok()) CO_RETURN_IF_ERROR(Written(answer.status()));
  co_return answer;
}

Async<StatusOr<CutoverSnapshot>> Link::BeginCutover(CutoverRequest request) {
  if (!promoter_) co_return Unavailable("link {}: nothing can be moved by this agent now", config_.name);
  auto answer = co_await promoter_->AskCutover(std::move(request));
  if (!answer.ok()) CO_RETURN_IF_ERROR(Written(answer.status()));
  co_return answer;
}

StatusOr<CutoverSnapshot> Link::CutoverNow() const {
  if (!state_) return Unavailable("link {} is not connected yet: {}", config_.name, text_);
  if (!parts_.promoters.show_cutover) return NotFound("link {} knows no planned move", config_.name);
  return parts_.promoters.show_cutover(config_.name, state_->view());
}

StatusOr<PromotionSnapshot> Link::Operation(const std::string& operation) const {
  if (!state_) return Unavailable("link {} is not connected yet: {}", config_.name, text_);
  if (!parts_.promoters.show) return NotFound("link {} knows no operation {}", config_.name, operation);
  return parts_.promoters.show(config_.name, state_->view(), operation);
}

}  // namespace klink::link
