#include "kafka/broker.h"

#include "kafka/messages/api_versions.h"
#include "kafka/messages/metadata.h"

namespace klink::kafka {
namespace {

constexpr std::string_view kSoftware = "klink";
constexpr std::string_view kSoftwareVersion = "0.1";

}  // namespace

Broker::Broker(std::shared_ptr<Network> network, std::shared_ptr<const Dialing> dialing, Endpoint endpoint)
    : network_(std::move(network)), dialing_(std::move(dialing)), endpoint_(std::move(endpoint)) {
  uint64_t seed = std::hash<std::string>{}(ToString(endpoint_)) ^ network_->Now().time_since_epoch().count();
  for (auto& lane : lanes_) lane = std::make_unique<LaneState>(network_->executor, seed += 0x9E3779B97F4A7C15u);
}

Async<StatusOr<std::shared_ptr<Connection>>> Broker::Ready(Lane lane, Instant deadline) {
  const auto self = shared_from_this();
  LaneState& state = StateOf(lane);
  if (co_await IsStopping()) co_return MarkNeverSent(Cancelled("stopped before connecting"));
  uint64_t seen = state.attempts;
  for (;;) {
    const bool open = IsOpen(lane);
    if (open && state.held == 0) {
      if (!IsOutdated(state)) break;
      state.held++;
      network_->tasks.Spawn(Replace(self, lane, state.connection));
      continue;  // it may be over already
    }
    if (!closed_.ok()) co_return MarkNeverSent(closed_);
    if (!open && state.attempts != seen && !state.failure.ok()) co_return MarkNeverSent(state.failure);
    if (network_->Now() >= deadline) {
      std::string text = fmt::format("connect to {}: not done in time", ToString(endpoint_));
      if (!state.failure.ok()) text += fmt::format(" (before: {})", Text(state.failure));
      co_return MarkNeverSent(Unavailable("{}", text));
    }
    if (!open && !state.connecting) {
      state.connecting = true;
      seen = state.attempts;
      network_->tasks.Spawn(Connect(self, lane));
      continue;  // it may have failed already
    }
    const Status waited = co_await network_->deadlines->Wait(state.changed, deadline);
    if (!waited.ok()) co_return MarkNeverSent(waited);
  }
  co_return state.connection;
}

Async<StatusOr<Duration>> Broker::AwaitThrottle(Lane lane) {
  const auto self = shared_from_this();
  LaneState& state = StateOf(lane);
  const Instant since = network_->Now();
  while (closed_.ok() && network_->Now() < state.throttled_until) {
    CO_RETURN_IF_ERROR(co_await network_->deadlines->Wait(state.changed, state.throttled_until));
  }
  co_return network_->Now() - since;
}

void Broker::NoteThrottle(Lane lane, Duration throttle) {
  throttle = std::min(throttle, kThrottleMost);
  LaneState& state = StateOf(lane);
  state.throttled_until = std::max(state.throttled_until, network_->Now() + throttle);
  if (IsOpen(lane)) state.connection->Postpone(throttle);
}

bool Broker::IsOpen(Lane lane) const {
  const LaneState& state = *lanes_[static_cast<size_t>(lane)];
  return state.connection != nullptr && state.connection->open();
}

void Broker::Close(Status why) {
  if (!closed_.ok()) return;
  closed_ = why;
  for (auto& lane : lanes_) {
    if (lane->connection != nullptr) lane->connection->Fail(why, CloseBy::kReset);
    lane->changed.NotifyAll();
  }
}

// ---- connecting ----

Async<void> Broker::Connect(std::shared_ptr<Broker> self, Lane lane) {
  LaneState& state = self->StateOf(lane);
  Status slept;
  if (const Duration pause = self->PauseBefore(state); pause > Duration::zero()) {
    slept = co_await self->network_->deadlines->clock().Sleep(pause);
  }
  if (slept.ok() && self->closed_.ok()) {
    StatusOr<std::shared_ptr<Connection>> opened = co_await self->Attempt(lane);
    state.failure = opened.status();
    if (opened.ok()) {
      state.connection = *opened;
      state.opened_at = self->network_->Now();
    }
  } else {
    state.failure = slept.ok() ? self->closed_ : slept;
  }
  if (!self->closed_.ok() && state.connection != nullptr) state.connection->Fail(self->closed_, CloseBy::kReset);
  state.connecting = false;
  state.attempts++;
  state.changed.NotifyAll();
}

// At once for the first attempt and after a connection that has proved itself, else a longer and longer pause.
Duration Broker::PauseBefore(LaneState& state) const {
  const bool first = !state.ever_tried;
  state.ever_tried = true;
  const bool proved = state.connection != nullptr && state.failure.ok() && network_->Now() - state.opened_at >= kStable;
  if (proved) state.backoff.Reset();
  return first || proved ? Duration::zero() : state.backoff.Next();
}

Async<StatusOr<std::shared_ptr<Connection>>> Broker::Attempt(Lane lane) {
  const Instant deadline = network_->Now() + dialing_->connect_timeout;
  StateOf(lane).credentials = Credentials();
  CO_TRY(std::unique_ptr<Stream> stream, co_await dialing_->connector->Connect(endpoint_, lane, deadline));
  auto connection = std::make_shared<Connection>(network_, std::move(stream), ToString(endpoint_));
  connection->Start();
  const StatusOr<Duration> session = co_await Handshake(connection, deadline);
  if (!session.ok()) {
    connection->Fail(session.status(), CloseBy::kReset);
    co_return session.status();
  }
  connection->MarkUsable();
  if (*session > Duration::zero()) {
    network_->tasks.Spawn(KeepIdentity(shared_from_this(), lane, connection, *session));
  }
  co_return connection;
}

// A broker that does not know the version asked answers UNSUPPORTED_VERSION and is asked again in version 0.
Async<StatusOr<Duration>> Broker::Handshake(std::shared_ptr<Connection> connection, Instant deadline) {
  ApiVersionsRequest request;
  request.client_software_name = kSoftware;
  request.client_software_version = kSoftwareVersion;
  for (int16_t version : {ApiVersionsRequest::kAsked, int16_t{0}}) {
    const int32_t id = connection->NextCorrelationId();
    Gather frame = EncodeRequest(request, version, id, dialing_->client_id);
    StatusOr<SharedBytes> answer = co_await connection->Call(std::move(frame), id, deadline);
    if (!answer.ok() && !IsUnavailable(answer.status())) co_return answer.status();
    if (!answer.ok()) {
      co_return Annotate(answer.status(), "handshake (is this a Kafka listener of the same security protocol?)");
    }
    StatusOr<ApiVersionsResponse> response = DecodeResponse<ApiVersionsRequest>(*answer, version);
    if (!response.ok()) co_return Annotate(response.status(), connection->peer());
    if (response->error_code == Error::kUnsupportedVersion && version > 0) continue;
    CO_RETURN_IF_ERROR(ToStatus(response->error_code, fmt::format("{}: asking for its versions", connection->peer())));
    connection->versions = BrokerVersions(*response);
    break;
  }
  Duration session{};
  if (dialing_->authenticator != nullptr) {
    CO_TRY(session, co_await dialing_->authenticator->Authenticate(connection, deadline));
  }
  CO_RETURN_IF_ERROR(co_await CheckCluster(connection, deadline));
  co_return session;
}

// ---- identity ----

Async<void> Broker::KeepIdentity(std::shared_ptr<Broker> self, Lane lane, std::weak_ptr<Connection> of,
                                 Duration session) {
  LaneState& state = self->StateOf(lane);
  while (session > Duration::zero()) {
    const auto pause = std::chrono::duration_cast<Duration>(session * kSessionShare);
    if (!(co_await self->network_->deadlines->clock().Sleep(pause)).ok()) co_return;
    const std::shared_ptr<Connection> connection = of.lock();
    if (connection == nullptr || !connection->open()) co_return;
    state.held++;
    // What is under way may take its time; the session's rest is there for it.
    const Duration rest = std::min<Duration>(session - pause, kRenewMost);
    const Instant deadline = self->network_->Now() + std::max(self->dialing_->connect_timeout, rest);
    const StatusOr<Duration> told = co_await self->dialing_->authenticator->Authenticate(connection, deadline);
    if (!told.ok()) connection->Fail(told.status(), CloseBy::kReset);
    session = told.value_or(Duration::zero());
    state.held--;
    state.changed.NotifyAll();
  }
}

// Without an answer to everything within kDrainMost the rest has an unknown outcome, as with any lost connection.
Async<void> Broker::Replace(std::shared_ptr<Broker> self, Lane lane, std::shared_ptr<Connection> connection) {
  constexpr Duration kLook = 20ms;
  LaneState& state = self->StateOf(lane);
  const Instant until = self->network_->Now() + kDrainMost;
  while (connection->open() && connection->under_way() > 0 && self->network_->Now() < until) {
    if (!(co_await self->network_->deadlines->clock().Sleep(kLook)).ok()) break;
  }
  connection->Fail(Unavailable("{}: the connection is made again with renewed credentials", connection->peer()),
                   connection->under_way() == 0 ? CloseBy::kFin : CloseBy::kReset);
  state.held--;
  state.changed.NotifyAll();
}

uint64_t Broker::Credentials() const {
  return dialing_->credentials == nullptr ? 0 : dialing_->credentials->Generation(network_->Now());
}

bool Broker::IsOutdated(const LaneState& state) const { return state.credentials != Credentials(); }

// ---- which cluster ----

// An address may lead to another cluster than before (reused, restored, re-pointed): nothing may be sent there.
Async<Status> Broker::CheckCluster(std::shared_ptr<Connection> connection, Instant deadline) {
  if (!network_->cluster_id) co_return absl::OkStatus();
  StatusOr<int16_t> version = connection->versions.Pick<MetadataRequest>();
  if (!version.ok()) co_return Annotate(version.status(), connection->peer());
  MetadataRequest request;
  request.topics.emplace();  // none: brokers and cluster id alone
  const int32_t id = connection->NextCorrelationId();
  Gather frame = EncodeRequest(request, *version, id, dialing_->client_id);
  CO_TRY(const SharedBytes answer, co_await connection->Call(std::move(frame), id, deadline));
  CO_TRY(const MetadataResponse response, DecodeResponse<MetadataRequest>(answer, *version));
  if (!response.cluster_id || response.cluster_id->empty()) co_return absl::OkStatus();
  co_return Annotate(network_->CheckClusterId(*response.cluster_id), connection->peer());
}

}  // namespace klink::kafka
