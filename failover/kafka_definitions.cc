#include "failover/kafka_definitions.h"

#include "admin/topics.h"
#include "base/log.h"
#include "config/settings.h"
#include "failover/link_removal.h"
#include "link/cluster_access.h"
#include "link/foreign_links.h"
#include "link/state_reading.h"
#include "link/topic_listing.h"
#include "state/link_topics.h"
#include "state/session.h"

namespace klink::failover {
namespace {

constexpr Duration kReadBackMost = 20s;
constexpr Duration kReadBackPoll = 20ms;
constexpr int kMissedMost = 2;  // listings in a row without a topic that was there: then it is gone

Status Raced(Status written, std::string_view link) {
  if (written.code() != Code::kFailedPrecondition) return written;
  return Unavailable("somebody else changes the definition of link {} at the same time: try again", link);
}

}  // namespace

struct KafkaDefinitions::At {
  // One state topic, read as far as `reading` says.
  struct State {
    kafka::Uuid id;
    state::DefinitionLog log;
    link::StateReading reading;
    int missed = 0;
  };
  At(const std::string& name, const config::ClusterConfig& config, Executor executor, Clock& clock)
      : settings(config::ToText(config::SettingsOf(config))),
        access(link::AccessOf(name, config, executor, clock)),
        cluster(link::OptionsOf(name, config), executor, clock) {}

  Async<void> Close() {
    co_await cluster.Close();
    co_await link::CloseAccess(access);
  }

  std::string settings;
  admin::Access access;
  kafka::Cluster cluster;
  std::map<std::string, std::shared_ptr<State>> states;  // by link
};

KafkaDefinitions::KafkaDefinitions(Executor executor, Clock& clock, ConfigInForce config)
    : executor_(executor), clock_(clock), config_(std::move(config)) {}

KafkaDefinitions::~KafkaDefinitions() = default;

namespace {
template <class At>
Async<void> CloseOld(std::shared_ptr<At> at) {
  co_await at->Close();
}
}  // namespace

StatusOr<std::shared_ptr<KafkaDefinitions::At>> KafkaDefinitions::Find(const std::string& cluster) {
  if (closed_) return Cancelled("the agent ends");
  const auto& known = config_().clusters;
  const auto settings = known.find(cluster);
  if (settings == known.end()) return NotFound("there is no cluster {} in the configuration", cluster);
  std::shared_ptr<At>& at = clusters_[cluster];
  if (at && at->settings == config::ToText(config::SettingsOf(settings->second))) return at;
  if (at) Detach(executor_, CloseOld(std::exchange(at, nullptr)));
  at = std::make_shared<At>(cluster, settings->second, executor_, clock_);
  return at;
}

Async<void> KafkaDefinitions::Close() {
  closed_ = true;
  auto all = std::exchange(clusters_, {});
  for (auto& [name, at] : all) co_await at->Close();
}

Async<StatusOr<KafkaDefinitions::Listing>> KafkaDefinitions::List(std::string name) {
  CO_TRY(const std::shared_ptr<At> at, Find(name));
  Listing listing;
  CO_TRY(listing.cluster_id, co_await at->cluster.ClusterId());
  CO_TRY(const link::Listing topics, co_await link::ListTopics(at->cluster, std::nullopt));
  for (const auto& [topic, shape] : topics.topics) {
    const std::string link = link::LinkOfStateTopic(topic);
    if (link.empty()) continue;
    std::shared_ptr<At::State>& state = at->states[link];
    if (state == nullptr || state->id != shape.id) {
      state = std::make_shared<At::State>();
      state->id = shape.id;
      At::State* of = state.get();
      state->reading.apply = [of](std::string_view key, const auto& value) { of->log.Apply(key, value); };
      state->reading.begin_again = [of] { of->log = {}; };
    }
    state->missed = 0;
    const std::shared_ptr<At::State> held = state;
    StatusOr<bool> more = true;
    while (more.ok() && *more) more = co_await link::ReadSome(at->cluster, topic, held->reading);
    if (IsCancelled(more.status())) co_return more.status();
    const Status read = more.ok() ? held->log.status() : more.status();
    // What klink may not read is some other principal's link.
    if (!read.ok() && (held->log.definition() || read.code() != Code::kPermissionDenied))
      listing.unread[link] = Text(read);
    else if (held->log.definition())
      listing.definitions[link] = *held->log.definition();
  }
  std::erase_if(at->states, [&](auto& entry) {
    const std::string topic = state::StateTopic(entry.first);
    if (topics.topics.contains(topic)) return false;
    const bool gone = !topics.unclear.contains(topic) && ++entry.second->missed >= kMissedMost;
    if (!gone && entry.second->log.definition()) listing.unread[entry.first] = topic + " is not listed";
    return gone;
  });
  co_return listing;
}

// The state topic of a link that there never was; the others are made by who runs it first.
Async<Status> KafkaDefinitions::MakeTopic(std::shared_ptr<At> at, std::string link) {
  CO_TRY(const link::Listing listing, co_await link::ListTopics(at->cluster, std::nullopt));
  const std::string state = state::StateTopic(link);
  if (listing.unclear.contains(state)) co_return listing.unclear.at(state);
  if (listing.topics.contains(state)) co_return absl::OkStatus();
  for (const std::string& other : {state::RunsTopic(link), state::WorkTopic(link)})
    if (listing.topics.contains(other))
      co_return AlreadyExists("{} has {}, what is left of a link of that name: klink link delete {} removes it",
                              at->cluster.name(), other, link);
  CO_TRY(const std::unique_ptr<admin::Topics> topics, admin::Topics::Open(executor_, at->access));
  Status made = co_await topics->CreateTopic(state::LinkTopics(link, listing.brokers).front());
  co_return absl::IsAlreadyExists(made) ? absl::OkStatus() : made;
}

struct KafkaDefinitions::Writing {
  Writing(Executor executor, BlockingPool& pool, const admin::Access& access, const std::string& link)
      : writer(executor, pool, access, state::DefinerId(link), state::StateTopic(link)), session(state::NewSession()) {
    reading.apply = [this](std::string_view key, const auto& value) { log.Apply(key, value); };
    reading.begin_again = [this] { log = {}; };
  }
  admin::StateWriter writer;
  std::string session;
  state::DefinitionLog log;
  link::StateReading reading;
};

// Fences others who change it, sees all that they wrote, and then writes.
Async<Status> KafkaDefinitions::Change(std::shared_ptr<At> at, std::string link, link::DefinitionChange change) {
  auto writing = std::make_shared<Writing>(executor_, pool_, at->access, link);
  std::vector<admin::KeyValue> first;
  first.push_back(state::Encode(state::DefinerRecord{writing->session}));
  CO_RETURN_IF_ERROR(Raced(co_await writing->writer.TakeControl(std::move(first)), link));
  const std::string topic = state::StateTopic(link);
  for (const Instant last = clock_.Now() + kReadBackMost; writing->log.definer() != writing->session;) {
    const auto more = co_await link::ReadSome(at->cluster, topic, writing->reading);
    if (more.ok() && *more) continue;
    if (IsCancelled(more.status())) co_return more.status();
    if (clock_.Now() >= last) {
      CO_RETURN_IF_ERROR(more.status());
      co_return Unavailable("link {}: what was written to {} cannot be read back", link, topic);
    }
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kReadBackPoll));  // somebody's transaction is still open before it
  }
  CO_RETURN_IF_ERROR(writing->log.status());
  const link::DefinitionStanding now{writing->log.definition(), writing->log.begun()};
  CO_TRY(const std::optional<state::LinkDefinition> next, change(now));
  std::vector<admin::KeyValue> entries(1);
  entries[0].key = state::KeyOf(state::LinkDefinition());
  if (next) {
    CO_TRY(entries[0], state::Encode(*next));
  }
  CO_RETURN_IF_ERROR(Raced(co_await writing->writer.Commit(std::move(entries)), link));
  // Once it can be read here, no later listing shows what was before it.
  const auto seen = [&next, &log = writing->log] {
    return next ? log.definition() && log.definition()->revision >= next->revision : !log.definition();
  };
  for (const Instant last = clock_.Now() + kReadBackMost; !seen() && clock_.Now() < last;) {
    const auto more = co_await link::ReadSome(at->cluster, topic, writing->reading);
    if (more.ok() && *more) continue;
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kReadBackPoll));
  }
  co_return absl::OkStatus();
}

Async<Status> KafkaDefinitions::Write(std::string cluster, std::string link, link::DefinitionChange change,
                                      Topic topic) {
  CO_TRY(const std::shared_ptr<At> at, Find(cluster));
  if (topic == Topic::kMake) CO_RETURN_IF_ERROR(co_await MakeTopic(at, link));
  co_return co_await Change(at, std::move(link), std::move(change));
}

Async<Status> KafkaDefinitions::Remove(std::string cluster, std::string link) {
  const config::Config config = config_();
  CO_TRY(const LinkRemoval removal, co_await RemoveLink(config, link, cluster, RemovalMode::kRemove));
  for (const RemovedTopic& topic : removal.topics)
    if (topic.error) co_return Unavailable("deleting {}: {}", topic.topic, *topic.error);
  if (!IsComplete(removal)) co_return Unavailable("link {} is not removed whole", link);
  if (const auto at = clusters_.find(cluster); at != clusters_.end() && at->second) at->second->states.erase(link);
  co_return absl::OkStatus();
}

Async<StatusOr<std::string>> KafkaDefinitions::ClusterId(std::string cluster) {
  CO_TRY(const std::shared_ptr<At> at, Find(cluster));
  // Asked anew: the id alone may be remembered.
  CO_TRY(const auto answer, co_await at->cluster.Metadata(std::vector<std::string>()));
  if (!answer.cluster_id) co_return Unavailable("cluster {} does not say which it is", cluster);
  co_return *answer.cluster_id;
}

Async<StatusOr<bool>> KafkaDefinitions::HasTopic(std::string cluster, std::string topic) {
  CO_TRY(const std::shared_ptr<At> at, Find(cluster));
  std::vector<std::string> one(1, topic);
  CO_TRY(const link::Listing listing, co_await link::ListTopics(at->cluster, std::move(one)));
  if (const auto unclear = listing.unclear.find(topic); unclear != listing.unclear.end()) co_return unclear->second;
  co_return listing.topics.contains(topic);
}

}  // namespace klink::failover
