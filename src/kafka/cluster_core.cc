#include "kafka/cluster_core.h"

#include <algorithm>

namespace klink::kafka {
namespace {

bool Usable(const Endpoint& endpoint) { return !endpoint.host.empty() && endpoint.port != 0; }

Endpoint EndpointOf(const MetadataBroker& broker) {
  const bool sane = broker.port > 0 && broker.port <= 65535;
  return Endpoint{.host = broker.host, .port = static_cast<uint16_t>(sane ? broker.port : 0)};
}

}  // namespace

std::shared_ptr<const Dialing> MakeDialing(const ClusterOptions& options, Network& network, CallObserver* observer) {
  auto dialing = std::make_shared<Dialing>();
  dialing->client_id = options.client_id;
  dialing->connect_timeout = options.connect_timeout;
  dialing->connector = options.connector != nullptr
                           ? options.connector
                           : std::make_shared<TcpConnector>(network.executor, network.deadlines);
  if (!options.credential_files.empty()) dialing->credentials = std::make_shared<FileWatch>(options.credential_files);
  if (options.tls) {
    auto watch = dialing->credentials;
    if (watch == nullptr) watch = std::make_shared<FileWatch>(std::vector<std::string>());
    ExpirySink note;
    if (observer != nullptr) {
      note = [observer, name = options.name](CredentialKind kind, WallTime ends) {
        observer->OnCredential(name, kind, ends);
      };
    }
    dialing->connector = std::make_shared<TlsConnector>(dialing->connector, *options.tls, network.executor,
                                                        network.deadlines, std::move(watch), std::move(note));
  }
  dialing->authenticator = options.authenticator;
  return dialing;
}

ClusterCore::ClusterCore(ClusterOptions with, Executor executor, Clock& clock, CallObserver* watching)
    : options(std::move(with)),
      observer(watching),
      network(std::make_shared<Network>(executor, clock, options.frame_limit)),
      dialing_(MakeDialing(options, *network, watching)),
      closing_(executor) {
  for (const Endpoint& endpoint : options.bootstrap) {
    bootstrap_.push_back(std::make_shared<Broker>(network, dialing_, endpoint));
  }
}

Status ClusterCore::Context(Status status, std::string_view doing) const {
  if (doing.empty()) return Annotate(std::move(status), fmt::format("cluster {}", options.name));
  return Annotate(std::move(status), fmt::format("cluster {}: {}", options.name, doing));
}

void ClusterCore::Shutdown() {
  if (!closed_.ok()) return;
  closed_ = Cancelled("cluster {} is closed", options.name);
  for (auto& [id, broker] : brokers) broker->Close(closed_);
  for (auto& broker : bootstrap_) broker->Close(closed_);
  closing_.NotifyAll();
  network->tasks.Stop();
  network->deadlines->Stop();
}

// ---- asking ----

Async<StatusOr<Answer>> ClusterCore::Ask(std::optional<int32_t> id, Lane lane, Question question, Duration deadline) {
  if (!closed_.ok()) co_return MarkNeverSent(closed_);
  const Instant asked = network->Now();
  StatusOr<Answer> answer = MarkNeverSent(Unavailable("not asked"));
  if (id) {
    StatusOr<std::shared_ptr<Broker>> broker = co_await Find(*id, asked + deadline);
    if (broker.ok()) {
      const Duration left = asked + deadline - network->Now();
      answer = co_await AskOne(*broker, lane, question, left);
    } else {
      answer = MarkNeverSent(broker.status());
    }
  } else {
    answer = co_await AskAny(lane, question, deadline);
  }
  if (observer != nullptr) observer->OnCall(options.name, question.api, network->Now() - asked, answer.status());
  if (!answer.ok()) co_return Context(answer.status(), Name(question.api));
  co_return answer;
}

Async<StatusOr<Answer>> ClusterCore::AskOne(std::shared_ptr<Broker> broker, Lane lane, const Question& question,
                                            Duration deadline) {
  CO_RETURN_IF_ERROR(co_await broker->AwaitThrottle(lane));
  const Instant until = network->Now() + deadline;
  CO_TRY(std::shared_ptr<Connection> connection, co_await broker->Ready(lane, until));
  StatusOr<int16_t> version = connection->versions.Pick(question.api, question.versions);
  if (!version.ok()) co_return MarkNeverSent(Annotate(version.status(), connection->peer()));
  const int32_t id = connection->NextCorrelationId();
  Gather frame = question.encode(*version, id);
  CO_TRY(SharedBytes answer, co_await connection->Call(std::move(frame), id, until));
  co_return Answer{.frame = std::move(answer),
                   .version = *version,
                   .lane = lane,
                   .broker = std::move(broker),
                   .connection = std::move(connection)};
}

// One after the other, those with an open connection first, each with a fair part of the time.
Async<StatusOr<Answer>> ClusterCore::AskAny(Lane lane, Question question, Duration deadline) {
  const std::vector<std::shared_ptr<Broker>> candidates = Candidates();
  const Instant until = network->Now() + deadline;
  std::string tried, failures;
  for (size_t i = 0; i < candidates.size(); i++) {
    const Duration left = until - network->Now();
    if (left <= Duration::zero()) break;
    const Duration part = left / static_cast<int64_t>(candidates.size() - i);
    StatusOr<Answer> answer = co_await AskOne(candidates[i], lane, question, part);
    if (answer.ok() || !IsUnavailable(answer.status())) co_return answer;
    tried += fmt::format("{}{}", tried.empty() ? "" : ", ", ToString(candidates[i]->endpoint()));
    failures += fmt::format("{}{}", failures.empty() ? "" : "; ", Text(answer.status()));
  }
  co_return Unavailable("cannot reach any of {}: {}", tried, failures);
}

// Half of the tries at most go to known brokers without a connection: the bootstrap addresses are what an operator
// keeps right, they must not fall off the end.
std::vector<std::shared_ptr<Broker>> ClusterCore::Candidates() {
  std::vector<std::shared_ptr<Broker>> open, closed, chosen;
  for (auto& [id, broker] : brokers) (broker->IsOpen(Lane::kControl) ? open : closed).push_back(broker);
  const size_t turn = turn_++;
  for (size_t i = 0; i < open.size() && chosen.size() < kTriesMost / 2; i++) {
    chosen.push_back(open[(turn + i) % open.size()]);
  }
  for (size_t i = 0; i < closed.size() && chosen.size() < kTriesMost / 2; i++) {
    chosen.push_back(closed[(turn + i) % closed.size()]);
  }
  for (size_t i = 0; i < bootstrap_.size() && chosen.size() < kTriesMost; i++) {
    const auto& broker = bootstrap_[(turn + i) % bootstrap_.size()];
    const auto same = [&](const auto& other) { return other->endpoint() == broker->endpoint(); };
    if (std::none_of(chosen.begin(), chosen.end(), same)) chosen.push_back(broker);
  }
  return chosen;
}

// ---- brokers ----

Async<StatusOr<std::shared_ptr<Broker>>> ClusterCore::Find(int32_t id, Instant deadline) {
  if (auto found = brokers.find(id); found != brokers.end()) co_return found->second;
  CO_RETURN_IF_ERROR(co_await Refresh("", deadline));
  if (auto found = brokers.find(id); found != brokers.end()) co_return found->second;
  co_return Unavailable("broker {} is not up: the cluster's metadata does not name it", id);
}

Status ClusterCore::Apply(const MetadataResponse& response, TopicCache::Scope scope) {
  if (response.cluster_id && !response.cluster_id->empty()) {
    RETURN_IF_ERROR(network->CheckClusterId(*response.cluster_id));
    network->cluster_id = response.cluster_id;
  }
  if (response.error_code == Error::kRebootstrapRequired) {
    for (auto& [id, broker] : brokers) {
      if (!IsBootstrap(broker)) broker->Close(Unavailable("the cluster asks its clients to start again"));
    }
    brokers.clear();
  }
  RETURN_IF_ERROR(ToStatus(response.error_code, "Metadata"));
  std::set<int32_t> named;
  for (const MetadataBroker& broker : response.brokers) {
    named.insert(broker.node_id);
    NoteBroker(broker.node_id, EndpointOf(broker));
  }
  for (auto at = brokers.begin(); at != brokers.end();) {
    if (named.contains(at->first)) {
      ++at;
      continue;
    }
    if (!IsBootstrap(at->second)) at->second->Close(Unavailable("broker {} has left the cluster", at->first));
    at = brokers.erase(at);
  }
  topics.Apply(response, scope);
  return absl::OkStatus();
}

// A bootstrap address that turns out to be a broker's own serves as that broker, with its open connections.
void ClusterCore::NoteBroker(int32_t id, Endpoint endpoint) {
  if (!Usable(endpoint) || !closed_.ok()) return;
  auto found = brokers.find(id);
  if (found != brokers.end()) {
    if (found->second->endpoint() == endpoint) return;
    if (!IsBootstrap(found->second))
      found->second->Close(Unavailable("broker {} has moved to {}", id, ToString(endpoint)));
  }
  std::shared_ptr<Broker> broker = BootstrapAt(endpoint);
  if (broker == nullptr) broker = std::make_shared<Broker>(network, dialing_, std::move(endpoint));
  brokers[id] = std::move(broker);
}

bool ClusterCore::IsBootstrap(const std::shared_ptr<Broker>& broker) const {
  return std::find(bootstrap_.begin(), bootstrap_.end(), broker) != bootstrap_.end();
}

std::shared_ptr<Broker> ClusterCore::BootstrapAt(const Endpoint& endpoint) const {
  for (const auto& broker : bootstrap_)
    if (broker->endpoint() == endpoint) return broker;
  return nullptr;
}

// ---- shared metadata requests ----

Async<Status> ClusterCore::Refresh(std::string topic, Instant deadline) {
  const auto self = shared_from_this();
  std::shared_ptr<Round> mine = under_way_;
  if (mine == nullptr || !mine->topics.contains(topic)) {
    CO_RETURN_IF_ERROR(co_await AwaitPace(topic, deadline));
    if (next_round_ == nullptr) next_round_ = std::make_shared<Round>(network->executor);
    mine = next_round_;
    mine->topics.insert(topic);
  }
  if (!running_rounds_) {
    running_rounds_ = true;
    network->tasks.Spawn(RunRounds(self));
  }
  while (!mine->result) {
    if (!closed_.ok()) co_return closed_;
    if (network->Now() >= deadline) co_return Unavailable("no metadata in time");
    CO_RETURN_IF_ERROR(co_await network->deadlines->Wait(mine->done, deadline));
  }
  co_return *mine->result;
}

Async<void> ClusterCore::RunRounds(std::shared_ptr<ClusterCore> self) {
  while (self->next_round_ != nullptr) {
    const std::shared_ptr<Round> round = std::exchange(self->next_round_, nullptr);
    self->under_way_ = round;
    round->result = co_await self->RunRound(*round);
    self->under_way_ = nullptr;
    round->done.NotifyAll();
  }
  self->running_rounds_ = false;
}

Async<Status> ClusterCore::RunRound(const Round& round) {
  MetadataRequest request;
  request.topics.emplace();
  for (const std::string& topic : round.topics) {
    NotePace(topic);
    if (!topic.empty()) request.topics->push_back({.topic_id = {}, .name = topic});
  }
  Question question;
  question.api = MetadataRequest::kKey;
  question.versions = {.min = MetadataRequest::kMin, .max = MetadataRequest::kMax};
  question.encode = [&](int16_t version, int32_t id) { return EncodeRequest(request, version, id, options.client_id); };
  CO_TRY(const Answer answer, co_await Ask(std::nullopt, Lane::kControl, std::move(question), options.request_timeout));
  CO_TRY(const MetadataResponse response, DecodeResponse<MetadataRequest>(answer.frame, answer.version));
  co_return Apply(response, TopicCache::Scope::kSome);
}

// A flood of wrong leaders must not become a flood of questions: the same topic is asked for with growing pauses.
Async<Status> ClusterCore::AwaitPace(const std::string& topic, Instant deadline) {
  for (;;) {
    if (!closed_.ok()) co_return closed_;
    auto pace = paces_.find(topic);
    if (pace == paces_.end() || network->Now() >= pace->second.not_before) co_return absl::OkStatus();
    if (network->Now() >= deadline) co_return Unavailable("no metadata in time");
    const Instant until = std::min(pace->second.not_before, deadline);
    CO_RETURN_IF_ERROR(co_await network->deadlines->Wait(closing_, until));
  }
}

void ClusterCore::NotePace(const std::string& topic) {
  const Instant now = network->Now();
  constexpr size_t kRemembered = 1000;
  if (paces_.size() > kRemembered) std::erase_if(paces_, [&](auto& entry) { return now - entry.second.asked > kCalm; });
  auto [at, fresh] = paces_.try_emplace(topic);
  Pace& pace = at->second;
  if (fresh) pace.backoff = Backoff(kRefreshFirst, kRefreshMost, std::hash<std::string>{}(topic));
  if (!fresh && now - pace.asked > kCalm) pace.backoff.Reset();
  pace.asked = now;
  pace.not_before = now + pace.backoff.Next();
}

}  // namespace klink::kafka
