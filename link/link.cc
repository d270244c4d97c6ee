#include "link/link.h"

#include "base/backoff.h"
#include "base/log.h"
#include "config/principal.h"
#include "link/cluster_access.h"
#include "link/cluster_admin.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

constexpr std::string_view kUser = "User:";

using kafka::CoordinatorType;
using state::LinkCondition;
using state::Reason;

constexpr Duration kWatchEvery = 2s;
constexpr Duration kRetryFirst = 500ms;
constexpr Duration kRetryMost = 10s;
constexpr Duration kFirstWord = 3s;  // a link that is known goes on without its source after that
constexpr Duration kFirstWordPoll = 50ms;

}  // namespace

// The runs topic as the offset store's port.
class Link::RunsTopic final : public offsets::RunLog {
 public:
  RunsTopic(LinkParts& parts, admin::Access access, std::string topic)
      : parts_(parts), access_(std::move(access)), topic_(std::move(topic)) {}
  Status Open() {
    TRY(writer_, admin::RunLogWriter::Open(parts_.executor, parts_.pool, access_, topic_));
    return absl::OkStatus();
  }
  Async<Status> Publish(std::vector<offsets::RunRecord> records) override {
    // All under way at once; the idempotent producer keeps their order.
    Status result;
    TaskGroup publishing(parts_.executor);
    for (offsets::RunRecord& record : records) publishing.Spawn(PublishOne(std::move(record), result));
    co_await publishing.Join();
    co_return result;
  }
  Async<StatusOr<std::vector<offsets::RunRecord>>> ReadAll() override {
    std::vector<offsets::RunRecord> records;
    admin::LogTailer::OnRecord add = [&records](const admin::LogRecord& r) { records.push_back({r.key, r.value}); };
    CO_RETURN_IF_ERROR(
        co_await admin::ReadWholeLog(parts_.executor, parts_.clock, parts_.pool, access_, topic_, add, kReadLimit));
    co_return records;
  }
  Async<void> Close() {
    if (writer_) co_await writer_->Close();
  }

 private:
  static constexpr Duration kReadLimit = 30s;
  Async<void> PublishOne(offsets::RunRecord record, Status& result) {
    result.Update(co_await writer_->Publish(std::move(record.key), std::move(record.value)));
  }

  LinkParts& parts_;
  admin::Access access_;
  std::string topic_;
  std::unique_ptr<admin::RunLogWriter> writer_;
};

Link::Link(LinkParts parts, config::LinkConfig config, const config::ClusterConfig& source,
           const config::ClusterConfig& destination)
    : parts_(std::move(parts)),
      config_(std::move(config)),
      destination_access_(AccessOf(config_.destination, destination, parts_.executor, parts_.clock)),
      source_access_(AccessOf(config_.source, source, parts_.executor, parts_.clock)),
      source_(OptionsOf(config_.source, source), parts_.executor, parts_.clock, parts_.observer),
      destination_(OptionsOf(config_.destination, destination), parts_.executor, parts_.clock, parts_.observer),
      group_task_(parts_.clock, config_.name, "group-sync", Event::kGroupSyncFailed,
                  "offsets of groups are not carried over"),
      group_turn_(parts_.executor, 1),
      fetch_(source_, parts_.executor, parts_.clock, parts_.budget, source.client_rack),
      produce_(destination_, parts_.executor, parts_.clock, *this),
      markers_(destination_, parts_.executor, parts_.clock),
      silence_(parts_.clock.Now()),
      since_(parts_.clock.Wall()),
      changed_(parts_.executor),
      tasks_(parts_.executor) {
  for (const config::ClusterConfig* cluster : {&source, &destination}) {
    if (auto own = config::OwnPrincipal(*cluster)) own_principals_.insert(*std::move(own));
    own_clients_.client_ids.insert(cluster->client_id);
  }
  if (auto sets = config::TopicSets::Compile(config_.sets); sets.ok()) sets_ = *std::move(sets);
  // Where only the brokers know who klink is, the operator named it among the excluded.
  std::vector<std::string> named(own_principals_.begin(), own_principals_.end());
  named.insert(named.end(), config_.acls.exclude.begin(), config_.acls.exclude.end());
  for (const std::string& name : named)
    if (name.starts_with(kUser)) own_clients_.users.insert(name.substr(kUser.size()));
}

Link::~Link() = default;

void Link::Start() {
  fetch_.Limit(config_.limits.bytes_per_second);
  tasks_.Spawn(Run());
  tasks_.Spawn(Watch(source_, source_trouble_));
  tasks_.Spawn(Watch(destination_, destination_trouble_));
  tasks_.Spawn(WatchConfig());
  tasks_.Spawn(WatchSight());
}

// Asks a cluster that was not heard of for a while, so that a loss is seen also where nothing else is asked.
Async<void> Link::Watch(kafka::Cluster& cluster, Status& trouble) {
  while ((co_await parts_.clock.Sleep(kWatchEvery)).ok())
    if (parts_.clock.Now() - cluster.last_answer() >= kWatchEvery)
      trouble = StatusOf(co_await cluster.Metadata(std::vector<std::string>()));
}

Async<void> Link::WatchConfig() {
  while ((co_await parts_.clock.Sleep(kWatchEvery)).ok()) CompareConfig();
}

Async<void> Link::Stop() {
  const size_t held = membership_ ? membership_->owned().size() : 0;
  if (membership_) co_await membership_->Close();  // revokes in order: the mirrors drain in OnRevoked
  co_await StopLeading();
  co_await LeaveToOthers(held);
  tasks_.Stop();
  co_await tasks_.Join();
  fetch_.Stop();
  produce_.Stop();
  markers_.Stop();
  co_await fetch_.Join();
  co_await produce_.Join();
  co_await markers_.Join();
  co_await source_.Close();
  co_await destination_.Close();
  co_await CloseAccess(destination_access_);
  co_await CloseAccess(source_access_);
}

Async<void> Link::StopForGood() {
  for_good_ = true;
  co_await Stop();
}

// An agent's place in the group outlives it for a session, so that a restart goes on at once. Where others stand by,
// that would only make them wait.
Async<void> Link::LeaveToOthers(size_t held) {
  if (!membership_ || membership_->released_member().empty() || (held == 0 && !for_good_)) co_return;
  const std::vector<std::string> work(1, state::WorkTopic(config_.name));
  const auto metadata = co_await destination_.Metadata(work);
  const bool known = metadata.ok() && !metadata->topics.empty();
  if (!for_good_ && (!known || metadata->topics.front().partitions.size() <= held)) co_return;
  const Status left = co_await LeaveGroup(destination_, state::WorkGroup(config_.name), membership_->released_member(),
                                          parts_.instance_id);
  if (!left.ok())
    Log(Level::kInfo, Event::kMembershipError, "the other agents take over when this one's session ends",
        {{"link", config_.name}, {"error", Text(left)}});
}

Async<void> Link::Run() {
  Backoff backoff(kRetryFirst, kRetryMost, std::hash<std::string>{}(config_.name));
  for (;;) {
    const Status ended = co_await Serve();
    if (aside_) co_await StandAside();
    co_await Close();
    if (IsCancelled(ended)) co_return;
    const bool lasting = ended.code() == Code::kFailedPrecondition;
    auto reason = ReasonOf(ended);
    if (aside_) reason = Reason::kSourceUnavailable;
    if (!reason && ended.code() == Code::kUnauthenticated) reason = Reason::kAuthorizationError;
    SetCondition(lasting ? LinkCondition::kFailed : LinkCondition::kUnavailable, reason, Text(ended));
    if (!(co_await parts_.clock.Sleep(backoff.Next())).ok() || !(co_await UntilWelcome()).ok()) co_return;
  }
}

// A lost connection or an unanswered commit: the member goes on by itself, and the lease says whether we may write.
static bool Passes(const Status& status) {
  return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded;
}

// From reaching the clusters to the first lasting error.
Async<Status> Link::Serve() {
  CO_RETURN_IF_ERROR(co_await Reach());
  // A first question makes the brokers create what coordinators need, while we go on.
  const std::string group = state::WorkGroup(config_.name), controller = state::ControllerId(config_.name);
  (void)co_await destination_.Coordinator(CoordinatorType::kGroup, group);
  (void)co_await destination_.Coordinator(CoordinatorType::kTransaction, controller);
  CO_RETURN_IF_ERROR(co_await OpenState());
  for (const auto& [type, key] :
       {std::pair(CoordinatorType::kGroup, group), {CoordinatorType::kTransaction, controller}}) {
    const auto found = co_await AwaitCoordinator(destination_, parts_.clock, type, key);
    CO_RETURN_IF_ERROR(NeedsOwnRight(found.status(), "READ", config_.name, config_.destination));
  }
  admin::MembershipOptions options;
  options.access = destination_access_;
  options.group = group;
  options.topic = state::WorkTopic(config_.name);
  options.instance_id = parts_.instance_id;
  options.note = [this] { return SightText(silence_.lasts(parts_.clock.Now()), ++marks_); };
  membership_ =
      std::make_unique<admin::Membership>(parts_.executor, parts_.clock, parts_.pool, std::move(options), *this);
  CO_RETURN_IF_ERROR(membership_->Start());
  SetCondition(LinkCondition::kActive, std::nullopt, "");
  for (;;) {
    if (Status member = membership_->status(); !member.ok() && !Passes(member))
      co_return NeedsOwnRight(std::move(member), "READ", config_.name, config_.destination);
    if (Status state = state_->status(); state.code() == Code::kFailedPrecondition || state.code() == Code::kNotFound)
      co_return state;
    if (!leading_ && !stop_leading_ && membership_->owned().contains(kLeaderShard) && membership_->LeaseRuns()) {
      leading_ = true;
      lead_ = std::make_unique<TaskGroup>(parts_.executor);
      lead_->Spawn(LeadLoop());
    }
    CO_RETURN_IF_ERROR(co_await membership_->changed().Wait());
    CO_RETURN_IF_ERROR(CheckIdentities());
    changed_.NotifyAll();  // the gate may have opened or closed
    if (aside_)
      co_return Unavailable(
          "cluster {} does not answer this agent, but another one of the link, which mirrors meanwhile",
          config_.source);
  }
}

// The source has a moment to answer: what is on the other side of an outage must be promoted by an agent that was
// started during it, too.
Async<Status> Link::Reach() {
  TaskGroup asking(parts_.executor);
  source_word_ = Unavailable("cluster {} has not answered yet", config_.source);
  asking.Spawn(AskSource());
  const auto destination_id = co_await destination_.ClusterId();
  const Instant last = parts_.clock.Now() + kFirstWord;
  while (asking.size() > 0 && destination_id.ok() && parts_.clock.Now() < last)
    if (!(co_await parts_.clock.Sleep(kFirstWordPoll)).ok()) break;
  asking.Stop();
  co_await asking.Join();
  CO_RETURN_IF_ERROR(destination_id.status());
  destination_id_ = *destination_id;
  if (!source_id_ && !Passes(source_word_)) co_return source_word_;
  co_return DifferentClusters();
}

// As long as the source has not said who it is, nothing of it is read.
Async<void> Link::AskSource() {
  const auto id = co_await source_.ClusterId();
  if (!IsCancelled(id.status())) source_word_ = id.status();
  if (id.ok()) source_id_ = *id;
}

Status Link::DifferentClusters() const {
  if (source_id_ != destination_id_) return absl::OkStatus();
  return FailedPrecondition("link {}: {} and {} are the same cluster ({}); a link needs two", config_.name,
                            config_.source, config_.destination, *source_id_);
}

// Of the leader, before it mirrors. Serve() sees who came back.
Async<Status> Link::UntilSourceKnown() {
  while (!source_id_) {
    co_await AskSource();
    if (!source_id_) CO_RETURN_IF_ERROR(co_await parts_.clock.Sleep(kRetryFirst));
  }
  membership_->changed().NotifyAll();
  co_return CheckIdentities();
}

// The link's own topics at the destination; the state topic is made only where nothing of the link exists yet.
Async<Status> Link::OpenState() {
  CO_TRY(topics_, admin::Topics::Open(parts_.executor, destination_access_));
  const std::string runs_name = state::RunsTopic(config_.name);
  runs_ = std::make_unique<RunsTopic>(parts_, destination_access_, runs_name);
  offsets::TranslationStoreOptions store;
  store.path = fmt::format("{}/{}", parts_.data_dir, config_.name);
  store_ =
      std::make_unique<offsets::TranslationStore>(parts_.executor, parts_.pool, parts_.clock, *runs_, std::move(store));
  CO_RETURN_IF_ERROR(co_await store_->Load());
  for (const std::string& aside : store_->quarantined())
    Log(Level::kWarning, Event::kStoreQuarantined, "the local store was damaged and put aside",
        {{"link", config_.name}, {"path", aside}});

  CO_TRY(const auto metadata, co_await destination_.Metadata(std::nullopt));
  state::StateFacts facts;
  for (const auto& topic : metadata.topics) {
    if (topic.error_code != kafka::Error::kNone || !topic.name) continue;
    facts.state_topic |= *topic.name == state::StateTopic(config_.name);
    facts.work_topic |= *topic.name == state::WorkTopic(config_.name);
    facts.runs_topic |= *topic.name == runs_name;
  }
  facts.known_mirrors = static_cast<int64_t>(store_->run_count());
  CO_TRY(const auto plan, state::PlanStateTopic(facts, config_.name));
  if (plan == state::StateTopicPlan::kCreate && !source_id_) co_return source_word_;
  if (plan == state::StateTopicPlan::kCreate)
    Log(Level::kInfo, Event::kStateTopicCreated, "the link is new: its own topics are made", {{"link", config_.name}});
  Status made = co_await state::CreateLinkTopics(*topics_, config_.name, static_cast<int32_t>(metadata.brokers.size()));
  CO_RETURN_IF_ERROR(NeedsOwnRight(std::move(made), "CREATE", config_.name, config_.destination));
  CO_RETURN_IF_ERROR(runs_->Open());
  state::LinkStateOptions options;
  options.destination = destination_access_;
  options.link = config_.name;
  options.agent = parts_.agent_id;
  state_ = std::make_unique<state::LinkState>(parts_.executor, parts_.clock, parts_.pool, std::move(options));
  CO_RETURN_IF_ERROR(NeedsOwnRight(co_await state_->Open(), "READ", config_.name, config_.destination));
  co_return CheckIdentities();
}

// The link is between two clusters for good. One that is new waits for both, one that is known may wait for its source.
Status Link::CheckIdentities() const {
  RETURN_IF_ERROR(DifferentClusters());
  const auto& link = state_->view().link();
  if (!link) return source_id_ ? absl::OkStatus() : source_word_;
  for (const auto& [name, is, was] :
       {std::tuple(config_.source, source_id_.value_or(link->source_cluster_id), link->source_cluster_id),
        std::tuple(config_.destination, *destination_id_, link->destination_cluster_id)})
    if (is != was)
      return Halt(Reason::kLinkClusterChanged,
                  "link {}: cluster {} is {}, but the link was made with {}; correct "
                  "bootstrap.servers, another cluster needs another link",
                  config_.name, name, is, was);
  return absl::OkStatus();
}

Async<void> Link::Close() {
  if (membership_) co_await membership_->Close();
  co_await StopLeading();
  if (runs_) co_await runs_->Close();
  if (state_) co_await state_->Close();
  membership_.reset();
  sync_.reset();
  if (configs_) ended_configs_ = config_counts();
  configs_.reset();
  groups_.reset();
  mirrors_for_groups_.reset();
  book_.reset();
  state_.reset();
  store_.reset();
  runs_.reset();
  topics_.reset();
}

bool Link::MayWrite() const { return membership_ && !stop_leading_ && membership_->Owns(kLeaderShard); }

Async<Status> Link::UntilOpen() {
  while (!MayWrite()) CO_RETURN_IF_ERROR(co_await changed_.Wait());
  co_return absl::OkStatus();
}

void Link::OnAssigned(const std::set<int32_t>& shards) {
  Log(Level::kInfo, Event::kMembershipChanged, "shards assigned", {{"link", config_.name}, {"count", shards.size()}});
  changed_.NotifyAll();
}

Async<void> Link::OnRevoked(std::set<int32_t> shards, admin::Loss loss) {
  if (!shards.contains(kLeaderShard)) co_return;
  Log(Level::kInfo, Event::kLeaseLost, loss == admin::Loss::kLost ? "the shard was lost" : "the shard is given back",
      {{"link", config_.name}});
  stop_leading_ = true;
  co_await StopLeading();
  stop_leading_ = false;
  changed_.NotifyAll();
}

void Link::SetCondition(LinkCondition condition, std::optional<Reason> reason, std::string text) {
  if (condition == condition_ && reason == reason_ && text == text_) return;
  condition_ = condition;
  reason_ = reason;
  text_ = std::move(text);
  since_ = parts_.clock.Wall();
  const bool fine = condition == LinkCondition::kActive;
  const bool paused = fine && state_ && state_->view().pause().paused;
  const std::string_view now = paused ? "the link is paused" : "the link is active";
  Log(fine ? Level::kInfo : Level::kWarning, Event::kLinkStateChanged, fine ? now : text_,
      {{"link", config_.name}, {"state", state::Name(paused ? LinkCondition::kPaused : condition)}});
}

}  // namespace klink::link
