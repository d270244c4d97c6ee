// The state behind Cluster. Coroutines hold it, so it outlives the Cluster they were called on.
#pragma once

#include <map>
#include <set>

#include "kafka/cluster.h"

namespace klink::kafka {

std::shared_ptr<const Dialing> MakeDialing(const ClusterOptions& options, Network& network, CallObserver* observer);

class ClusterCore : public std::enable_shared_from_this<ClusterCore> {
 public:
  static constexpr size_t kTriesMost = 4;           // brokers asked before a call to "any" gives up
  static constexpr Duration kCalm = 10s;            // a topic asked for again after so long is asked for at once
  static constexpr Duration kRefreshFirst = 100ms;  // pauses between questions about the same topic
  static constexpr Duration kRefreshMost = 2s;

  ClusterCore(ClusterOptions options, Executor executor, Clock& clock, CallObserver* observer);

  Async<StatusOr<Answer>> Ask(std::optional<int32_t> broker, Lane lane, Question question, Duration deadline);
  Async<StatusOr<std::shared_ptr<Broker>>> Find(int32_t id, Instant deadline);
  // Until the shared metadata request that covers `topic` has been answered; empty: the brokers alone.
  Async<Status> Refresh(std::string topic, Instant deadline);
  Status Apply(const MetadataResponse& response, TopicCache::Scope scope);
  void NoteBroker(int32_t id, Endpoint endpoint);
  void Shutdown();
  Status Context(Status status, std::string_view doing) const;

  const ClusterOptions options;
  CallObserver* const observer;
  const std::shared_ptr<Network> network;
  TopicCache topics;
  std::map<int32_t, std::shared_ptr<Broker>> brokers;

 private:
  struct Round {  // one shared metadata request
    explicit Round(Executor executor) : done(std::move(executor)) {}
    std::set<std::string> topics;
    Signal done;
    std::optional<Status> result;
  };
  struct Pace {
    Instant asked;
    Instant not_before;
    Backoff backoff{kRefreshFirst, kRefreshMost, 0};
  };

  Async<StatusOr<Answer>> AskAny(Lane lane, Question question, Duration deadline);
  Async<StatusOr<Answer>> AskOne(std::shared_ptr<Broker> broker, Lane lane, const Question& question,
                                 Duration deadline);
  std::vector<std::shared_ptr<Broker>> Candidates();
  static Async<void> RunRounds(std::shared_ptr<ClusterCore> self);
  Async<Status> RunRound(const Round& round);
  Async<Status> AwaitPace(const std::string& topic, Instant deadline);
  void NotePace(const std::string& topic);
  bool IsBootstrap(const std::shared_ptr<Broker>& broker) const;
  std::shared_ptr<Broker> BootstrapAt(const Endpoint& endpoint) const;

  std::shared_ptr<const Dialing> dialing_;
  std::vector<std::shared_ptr<Broker>> bootstrap_;
  size_t turn_ = 0;  // so that "any" is not always the same
  Status closed_;
  Signal closing_;
  std::shared_ptr<Round> next_round_;  // gathers topics until the one under way is answered
  std::shared_ptr<Round> under_way_;
  bool running_rounds_ = false;
  std::map<std::string, Pace> paces_;
};

}  // namespace klink::kafka
