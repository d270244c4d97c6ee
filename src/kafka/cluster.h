// One Kafka cluster as the engine sees it: brokers by id, partition leaders, coordinators, one request at a time in and
// one typed answer out. Everything runs on one executor.
//
// - Every call ends within its deadline: Unavailable when a broker cannot be reached or does not answer (the text says
//   which, and whether the outcome is unknown), Cancelled when the caller or the cluster was stopped.
// - Requests never go to another cluster than the one first seen: each new connection is asked for the cluster id
//   (ErrorOf() = kInconsistentClusterId when it changed).
// - A throttled lane waits before its next request; that time (at most Broker::kThrottleMost) is added to the deadline.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/types.h"
#include "kafka/broker.h"
#include "kafka/cluster_metadata.h"
#include "kafka/messages/metadata.h"
#include "kafka/stream_tls.h"
#include "kafka/wire.h"

namespace klink::kafka {

struct ClusterOptions {
  std::string name;  // the operator's word for it, first in every error
  std::vector<Endpoint> bootstrap;
  std::string client_id = "klink";
  std::string rack;
  Duration connect_timeout = 5s;
  Duration request_timeout = 10s;        // of what the cluster asks for itself: metadata, coordinators
  size_t frame_limit = 128 << 20;        // an answer that says it is longer ends its connection
  std::shared_ptr<Connector> connector;  // null: TCP
  std::optional<TlsSettings> tls;        // around it
  std::shared_ptr<Authenticator> authenticator;
  std::vector<std::string> credential_files;  // connections made before one of these changed are replaced
};

enum class CoordinatorType : int8_t { kGroup = 0, kTransaction = 1 };

// What metrics want to hear. Called on the cluster's executor.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  virtual void OnCall(const std::string& cluster, ApiKey api, Duration took, const Status& status) = 0;
  virtual void OnThrottle(const std::string& cluster, const Endpoint& broker, Lane lane, Duration throttle) = 0;
  virtual void OnCredential(const std::string& /*cluster*/, CredentialKind, WallTime /*ends*/) {}
};

class ClusterCore;

// A request without its type, and the answer to it.
struct Question {
  ApiKey api = ApiKey::kApiVersions;
  VersionRange versions;
  std::function<Gather(int16_t version, int32_t correlation_id)> encode;
};
struct Answer {
  SharedBytes frame;
  int16_t version = 0;
  Lane lane = Lane::kControl;
  std::shared_ptr<Broker> broker;
  std::shared_ptr<Connection> connection;
};

class Cluster {
 public:
  Cluster(ClusterOptions options, Executor executor, Clock& clock, CallObserver* observer = nullptr);
  ~Cluster();
  Cluster(const Cluster&) = delete;

  // One request to that broker. The deadline covers connecting, sending and the answer; past it the connection is
  // reset and whatever else is under way on it is Unavailable too. `max_version` is for bodies that only fit versions
  // up to it (topics by name: R::kMaxByName).
  template <class R>
  Async<StatusOr<typename R::Response>> Call(int32_t broker, Lane lane, R request, Duration deadline,
                                             int16_t max_version = R::kMax) {
    return Exchange<R>(core_, broker, lane, std::move(request), deadline, max_version);
  }
  // The same to any broker that can be reached.
  template <class R>
  Async<StatusOr<typename R::Response>> CallAny(R request, Duration deadline, int16_t max_version = R::kMax) {
    return Exchange<R>(core_, std::nullopt, Lane::kControl, std::move(request), deadline, max_version);
  }

  // nullopt = all topics. Topic errors are in the answer. Also feeds the caches below.
  Async<StatusOr<MetadataResponse>> Metadata(std::optional<std::vector<std::string>> topics);
  // From the cache, else from one metadata request shared by all who wait. Unavailable when there is no leader now,
  // NotFound when topic or partition do not exist.
  Async<StatusOr<PartitionLeader>> Leader(TopicPartition tp);
  // That leader was wrong: the next Leader() asks again, with a growing pause when it happens again and again.
  void ForgetLeader(const TopicPartition& tp);
  // A hint in another answer; believed when its epoch is newer.
  void NoteLeader(const TopicPartition& tp, PartitionLeader leader);
  std::optional<Uuid> TopicId(const std::string& topic) const;

  // Asks each time: the caller remembers it until a broker says it is not the one.
  Async<StatusOr<int32_t>> Coordinator(CoordinatorType type, std::string key);
  Async<StatusOr<std::string>> ClusterId();
  // The brokers of the last metadata.
  std::vector<int32_t> Brokers() const;
  // The version a Call to that broker would use, for callers whose body depends on it.
  Async<StatusOr<int16_t>> Version(int32_t broker, ApiKey api);
  // Everything that broker offers, and its feature levels.
  Async<StatusOr<BrokerVersions>> Versions(int32_t broker);

  bool reachable() const;       // some connection is open and handshaken
  Instant last_answer() const;  // of any broker; at first, when this object was made
  const std::string& name() const;
  const ClusterOptions& options() const;

  // Ends every connection; calls under way and later ones answer Cancelled.
  Async<void> Close();

 private:
  using Core = std::shared_ptr<ClusterCore>;
  static Async<StatusOr<Answer>> Ask(Core core, std::optional<int32_t> broker, Lane lane, Question question,
                                     Duration deadline);
  static Status Refuse(Core core, const Answer& answer, ApiKey api, Status why);
  static void Throttled(Core core, const Answer& answer, int32_t throttle_ms);
  static const std::string& ClientId(const Core& core);

  template <class R>
  static Async<StatusOr<typename R::Response>> Exchange(Core core, std::optional<int32_t> broker, Lane lane, R request,
                                                        Duration deadline, int16_t max_version) {
    Question question;
    question.api = R::kKey;
    question.versions = {.min = R::kMin, .max = std::min(max_version, R::kMax)};
    question.encode = [&request, &core](int16_t version, int32_t correlation_id) {
      return EncodeRequest(request, version, correlation_id, ClientId(core));
    };
    CO_TRY(const Answer answer, co_await Ask(core, broker, lane, std::move(question), deadline));
    StatusOr<typename R::Response> response = DecodeResponse<R>(answer.frame, answer.version);
    if (!response.ok()) co_return Refuse(core, answer, R::kKey, response.status());
    if constexpr (requires { response->throttle_time_ms; }) Throttled(core, answer, response->throttle_time_ms);
    co_return response;
  }

  Core core_;
};

}  // namespace klink::kafka
