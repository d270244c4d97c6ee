#include "kafka/cluster.h"

#include "kafka/cluster_core.h"
#include "kafka/messages/all.h"

namespace klink::kafka {

Cluster::Cluster(ClusterOptions options, Executor executor, Clock& clock, CallObserver* observer)
    : core_(std::make_shared<ClusterCore>(std::move(options), std::move(executor), clock, observer)) {}

Cluster::~Cluster() { core_->Shutdown(); }

Async<void> Cluster::Close() {
  const Core core = core_;
  core->Shutdown();
  co_await core->network->tasks.Join();
}

Async<StatusOr<MetadataResponse>> Cluster::Metadata(std::optional<std::vector<std::string>> topics) {
  const Core core = core_;
  MetadataRequest request;
  if (topics) {
    request.topics.emplace();
    for (std::string& topic : *topics) request.topics->push_back({.topic_id = {}, .name = std::move(topic)});
  }
  const TopicCache::Scope scope = topics ? TopicCache::Scope::kSome : TopicCache::Scope::kAll;
  const Duration deadline = core->options.request_timeout;
  CO_TRY(MetadataResponse response, co_await CallAny<MetadataRequest>(std::move(request), deadline));
  CO_RETURN_IF_ERROR(core->Context(core->Apply(response, scope), ""));
  co_return response;
}

Async<StatusOr<PartitionLeader>> Cluster::Leader(TopicPartition tp) {
  const Core core = core_;
  if (auto known = core->topics.Leader(tp)) co_return *known;
  const Instant deadline = core->network->Now() + core->options.request_timeout;
  const Status refreshed = co_await core->Refresh(tp.topic, deadline);
  if (!refreshed.ok()) co_return core->Context(refreshed, fmt::format("who leads {}", tp));
  StatusOr<PartitionLeader> leader = core->topics.LeaderOrWhy(tp);
  if (!leader.ok()) co_return core->Context(leader.status(), "");
  co_return leader;
}

void Cluster::ForgetLeader(const TopicPartition& tp) { core_->topics.Forget(tp); }
void Cluster::NoteLeader(const TopicPartition& tp, PartitionLeader leader) { core_->topics.Note(tp, leader); }
std::optional<Uuid> Cluster::TopicId(const std::string& topic) const { return core_->topics.TopicId(topic); }

Async<StatusOr<int32_t>> Cluster::Coordinator(CoordinatorType type, std::string key) {
  const Core core = core_;
  FindCoordinatorRequest request;
  request.key = key;
  request.key_type = static_cast<int8_t>(type);
  request.coordinator_keys = {key};
  const Duration deadline = core->options.request_timeout;
  CO_TRY(FindCoordinatorResponse response, co_await CallAny<FindCoordinatorRequest>(std::move(request), deadline));
  FoundCoordinator found;
  if (!response.coordinators.empty()) {
    found = response.coordinators.front();
  } else {
    found.error_code = response.error_code;
    found.error_message = response.error_message;
    found.node_id = response.node_id;
    found.host = response.host;
    found.port = response.port;
  }
  const std::string doing = fmt::format("finding the coordinator of {}", key);
  CO_RETURN_IF_ERROR(core->Context(ToStatus(found.error_code, doing, found.error_message), ""));
  if (found.node_id < 0 || found.port <= 0 || found.port > 65535) {
    co_return core->Context(Unavailable("{}: the answer names no broker", doing), "");
  }
  core->NoteBroker(found.node_id, Endpoint{.host = found.host, .port = static_cast<uint16_t>(found.port)});
  co_return found.node_id;
}

Async<StatusOr<std::string>> Cluster::ClusterId() {
  const Core core = core_;
  if (!core->network->cluster_id) {
    const Instant deadline = core->network->Now() + core->options.request_timeout;
    CO_RETURN_IF_ERROR(core->Context(co_await core->Refresh("", deadline), "asking for the cluster id"));
  }
  if (!core->network->cluster_id) co_return core->Context(FailedPrecondition("the cluster does not tell its id"), "");
  co_return *core->network->cluster_id;
}

std::vector<int32_t> Cluster::Brokers() const {
  std::vector<int32_t> ids;
  for (const auto& [id, broker] : core_->brokers) ids.push_back(id);
  return ids;
}

Async<StatusOr<BrokerVersions>> Cluster::Versions(int32_t id) {
  const Core core = core_;
  const Instant deadline = core->network->Now() + core->options.request_timeout;
  const std::string doing = fmt::format("versions of broker {}", id);
  StatusOr<std::shared_ptr<Broker>> broker = co_await core->Find(id, deadline);
  if (!broker.ok()) co_return core->Context(broker.status(), doing);
  StatusOr<std::shared_ptr<Connection>> connection = co_await (*broker)->Ready(Lane::kControl, deadline);
  if (!connection.ok()) co_return core->Context(connection.status(), doing);
  co_return (*connection)->versions;
}

Async<StatusOr<int16_t>> Cluster::Version(int32_t broker, ApiKey api) {
  const Core core = core_;
  CO_TRY(const BrokerVersions versions, co_await Versions(broker));
  const ApiInfo* ours = FindApi(api);
  if (ours == nullptr) co_return Unimplemented("{} is not an API klink speaks", Name(api));
  StatusOr<int16_t> version = versions.Pick(api, ours->versions);
  if (!version.ok()) co_return core->Context(version.status(), fmt::format("broker {}", broker));
  co_return *version;
}

bool Cluster::reachable() const { return core_->network->usable > 0; }
Instant Cluster::last_answer() const { return core_->network->last_answer; }
const std::string& Cluster::name() const { return core_->options.name; }
const ClusterOptions& Cluster::options() const { return core_->options; }

// ---- what Exchange needs of the core ----

Async<StatusOr<Answer>> Cluster::Ask(Core core, std::optional<int32_t> broker, Lane lane, Question question,
                                     Duration deadline) {
  co_return co_await core->Ask(broker, lane, std::move(question), deadline);
}

// An answer that cannot be read says nothing about those behind it.
Status Cluster::Refuse(Core core, const Answer& answer, ApiKey api, Status why) {
  const Status told = Annotate(std::move(why), fmt::format("the answer of {}", answer.connection->peer()));
  answer.connection->Fail(told, CloseBy::kReset);
  return core->Context(told, Name(api));
}

void Cluster::Throttled(Core core, const Answer& answer, int32_t throttle_ms) {
  if (throttle_ms <= 0) return;
  const Duration throttle = std::chrono::milliseconds(throttle_ms);
  answer.broker->NoteThrottle(answer.lane, throttle);
  if (core->observer != nullptr) {
    core->observer->OnThrottle(core->options.name, answer.broker->endpoint(), answer.lane, throttle);
  }
}

const std::string& Cluster::ClientId(const Core& core) { return core->options.client_id; }

}  // namespace klink::kafka
