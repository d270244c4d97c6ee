#include "tests/sim/agent.h"

namespace klink::sim {

Agent::Agent(const Parts& p)
    : world_(p.world),
      clock_(p.world),
      io_(1),
      source_(p.world, clock_, p.weather, p.source),
      gate_(p.world, clock_),
      sink_(p.world, clock_, p.weather, p.dest, gate_, io_.get_executor(), p.markers),
      map_(p.world, clock_, p.weather, p.durable),
      phase_(p.world, clock_, p.weather, p.durable),
      transactions_(p.world, clock_, p.weather, p.coordinator, p.durable, gate_),
      progress_(clock_),
      fills_(io_.get_executor(), 1) {
  link::MirrorPorts ports{io_.get_executor(), clock_,    source_, sink_, map_, phase_, gate_,
                          transactions_,      progress_, fills_};
  mirror_ = std::make_unique<link::PartitionMirror>(TopicPartition{"sim", 0}, ports, p.identity, p.options,
                                                    p.world.random().Next());
  tasks_ = std::make_unique<TaskGroup>(io_.get_executor());
  tasks_->Spawn(mirror_->Run());
}

Agent::~Agent() {
  tasks_.reset();
  mirror_.reset();
}

bool Agent::Step() {
  if (frozen) return false;
  if (io_.stopped()) io_.restart();
  return io_.poll_one() > 0;
}

void Agent::KeepLease() {
  if (!frozen) gate_.Extend(world_.now() + kLease);
}

}  // namespace klink::sim
