// One process: an executor of its own, a partition mirror on it, the ports it sees the world through. Destroying it is
// kill -9: every coroutine ends where it stands, and what it sent is on its way.
#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>

#include "base/task_group.h"
#include "link/partition_mirror.h"
#include "tests/sim/durable.h"
#include "tests/sim/ports.h"
#include "tests/sim/transactions.h"

namespace klink::sim {

class Agent {
 public:
  struct Parts {
    World& world;
    const Weather& weather;
    const SourceLog& source;
    DestLog& dest;
    Durable& durable;
    Coordinator& coordinator;
    link::Identity identity;
    link::MirrorOptions options;
    SimSink::Markers markers = SimSink::Markers::kRefused;
  };

  explicit Agent(const Parts& parts);
  ~Agent();

  // One step: what the agent does between two waits. False when it waits for something.
  bool Step();
  // A frozen agent takes no step; time goes on.
  bool frozen = false;
  // Keeps its lease while it is a member and alive.
  void KeepLease();

  const link::PartitionProgress& progress() const { return progress_; }
  const offsets::Translation& map() const { return map_.map(); }
  bool sending() const { return sink_.busy(); }
  bool may_write() const { return gate_.MayWrite(); }
  void Drain() { mirror_->Drain(); }
  bool ended() const { return tasks_->size() == 0; }

 private:
  World& world_;
  SimClock clock_;
  asio::io_context io_;
  SimSource source_;
  SimGate gate_;
  SimSink sink_;
  SimMap map_;
  SimPhase phase_;
  SimTransactions transactions_;
  link::PartitionProgress progress_;
  Permits fills_;
  std::unique_ptr<link::PartitionMirror> mirror_;
  std::unique_ptr<TaskGroup> tasks_;
};

inline constexpr Duration kLease = 17s;
inline constexpr Duration kRenewEvery = 2s;

}  // namespace klink::sim
