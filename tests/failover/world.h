// A link's destination and state as a promotion meets them: partitions on the model of brokers that tests/sim keeps
// (compared there with real ones), coordinators, a state topic whose writers fence each other, and requests of agents
// that arrive when nobody waits for them any more.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "failover/promoter.h"
#include "tests/sim/coordinator.h"
#include "tests/sim/dest_log.h"
#include "tests/sim/source_log.h"

namespace klink::failover::sim {

using klink::sim::Coordinator;
using klink::sim::DestLog;
using klink::sim::SourceLog;
using klink::sim::Weather;

inline constexpr int64_t kDataPid = 4000;
inline constexpr int64_t kFillerPid = 4001;

struct Partition {
  Partition(klink::sim::World& world, const Weather& weather, TopicPartition name);

  TopicPartition tp;
  SourceLog source;
  DestLog dest;
  Coordinator coordinator;
  link::TransactionSlot slot;  // of the transaction that is being copied, or was
  int32_t next_sequence = 0;   // of the data producer
  std::optional<int64_t> cut;  // the destination's end as it became STOPPED
};

// Something a broker does not fence, with who did it.
struct Effect {
  std::string what;
  int64_t generation = 0;
  bool after_the_end = false;
};

// The grant by which everybody may do everything with every topic.
admin::Acl EverybodyMayAll();

class PromotionWorld {
 public:
  explicit PromotionWorld(uint64_t seed);

  // One batch more at the source, and its copy on the way to the destination: it arrives after `late`.
  void CopyOne(Partition& partition, Duration late);
  // One of a transaction of the slot, likewise.
  void CopyWithin(Partition& partition, Duration late);
  void WriteFiller(Partition& partition, Duration late);
  // A commit of what the slot has open, by an agent that did not hear of the promotion.
  void Commit(Partition& partition, Duration late);
  void Run(Duration d);
  Partition* Find(const TopicPartition& tp);
  state::MirrorRecord Mirror(const std::string& topic) const;
  // What must hold once the journal is done; empty when it does.
  std::string Complaint();
  // What became of it in the last promotion that it was part of; null: it was in none.
  const state::PromotionTopic* LastOf(const std::string& topic, bool& planned) const;

  klink::sim::World world;
  Weather weather;
  bool source_answers = true;
  std::set<admin::Acl> source_acls;
  bool door_shut = false;  // ACLs of the source cannot be changed
  bool markers_allowed = true;
  std::vector<std::unique_ptr<Partition>> partitions;
  std::vector<Effect> effects;
  int64_t refused = 0;  // requests of agents that a fence met

  // The state topic.
  std::vector<admin::KeyValue> log;
  int64_t generation = 0;  // of the controller that a broker lets write
  std::vector<std::string> stopped_twice;
  state::StateView view;                      // of all that is written
  std::map<std::string, int16_t> epochs;      // of ids other than slots
  std::map<std::string, Instant> busy_until;  // of ids, with an empty transaction
  void Append(const state::Record& record);
  void TakeControl();
};

// One process that may carry the promotion out. Destroying it is kill -9: what it sent is on its way.
class Process final : public link::PromotionHost {
 public:
  explicit Process(PromotionWorld& world);
  ~Process() override;

  // What happens between two waits. False: it waits for something.
  bool Step();
  void Start();  // takes control and carries out what the journal holds
  void Serve();  // takes control, and serves whoever asks, until another one took over
  using Answered = std::optional<StatusOr<link::CutoverSnapshot>>;
  void AskMove(link::CutoverRequest request, Answered& answer);
  using Promised = std::optional<StatusOr<link::PromotionSnapshot>>;
  void AskPromotion(link::PromoteRequest request, Promised& answer);
  void AskFailover(std::vector<std::string> topics);
  bool frozen = false;
  bool ended() const { return ended_.has_value(); }
  const Status& end() const { return *ended_; }

  const std::string& link() const override { return link_; }
  const state::StateView& view() const override { return view_; }
  const config::TopicSets& sets() const override { return sets_; }
  link::SourceDoor* door() override { return door_.get(); }
  Async<Status> Write(std::vector<state::Record> records) override;
  Status MayStep() const override;
  link::CopyStanding Standing(const TopicPartition& tp) const override;
  Async<StatusOr<std::map<TopicPartition, SourceOffset>>> SourceEnds(std::set<std::string> topics) override;
  Async<Status> StopCopying() override;
  Async<StatusOr<std::map<TopicPartition, int64_t>>> AbortTransactions(std::set<std::string> topics) override;
  Async<StatusOr<std::vector<link::TransactionSlot>>> Slots() override;
  Async<Status> SyncGroups() override { co_return absl::OkStatus(); }
  Async<StatusOr<std::vector<std::string>>> CommitGroups(std::set<std::string> topics) override;
  std::optional<WallTime> GroupsReadAt() const override { return std::nullopt; }
  Async<StatusOr<std::map<std::string, std::vector<std::string>>>> RestoreConfigs(std::set<std::string>) override;
  Async<StatusOr<std::vector<std::string>>> ReleaseAcls(std::set<std::string>) override;

 private:
  class Sink;
  class Door;
  void CatchUp();
  Async<Status> Have(std::string effect);
  Async<void> Work();
  Async<void> Run();
  Async<void> Ask(link::CutoverRequest request, Answered& answer);
  Async<void> Ask(link::PromoteRequest request, Promised* answer);
  Async<Status> Pause();

  PromotionWorld& w_;
  std::string link_ = "l";
  config::TopicSets sets_;
  klink::sim::SimClock clock_;
  asio::io_context io_;
  state::StateView view_;
  size_t read_ = 0;
  int64_t generation_ = 0;
  std::unique_ptr<Destination> destination_;
  std::unique_ptr<link::SourceDoor> door_;
  std::unique_ptr<Controller> controller_;
  std::unique_ptr<TaskGroup> tasks_;
  std::optional<Status> ended_;
};

}  // namespace klink::failover::sim
