// One run: the world, its agents, the incidents that befall them, and the oracle that watches.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/agent.h"
#include "tests/sim/oracle.h"
#include "tests/sim/scenario.h"

namespace klink::sim {

class Simulation {
 public:
  explicit Simulation(Scenario scenario);
  ~Simulation();

  // Bad weather, then fair weather, then everything is judged. Answers what went wrong; empty when nothing did.
  std::vector<std::string> Run();

  // The parts, for tests that tell their own story.
  void For(Duration d);
  void Start();          // an agent becomes the owner
  void Kill();           // … and the current one dies where it stands
  void Clear();          // fair weather from now on
  void StopProducing();  // and every transaction of the source ends, but one when that is the scenario
  void WriteForeign();   // somebody else, once the mirror is ACTIVE
  void CrashAfter(int64_t steps) { crash_at_ = steps_ + steps; }
  void ProduceOne();  // a batch, or something of a transaction
  std::vector<std::string> Judge();
  World& world() { return world_; }
  DestLog& dest() { return dest_; }
  SourceLog& source() { return source_; }
  Durable& durable() { return durable_; }
  Weather& weather() { return weather_; }
  const Agent& agent() const { return *agent_; }
  int64_t steps() const { return steps_; }
  bool CaughtUp() const;

 private:
  Agent::Parts Parts();
  void ProduceTransactional(int records, int64_t timestamp_ms);
  void StartInsideTransaction();
  void KeepProducing();
  void KeepLeases();
  void ScheduleIncidents();
  void Incident();
  void ScheduleStory();
  void FreezeAndReplace();
  void SecondOwner();
  void LoseSourceRecords();
  bool StepAgents();
  void Crash();

  Scenario scenario_;
  World world_;
  Weather weather_;
  SourceLog source_;
  DestLog dest_;
  Coordinator coordinator_;
  Durable durable_;
  Oracle oracle_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<Agent> other_;  // a former owner, or a second one
  bool producing_ = true;
  bool bad_ = true;
  int64_t steps_ = 0;
  int64_t crash_at_ = -1;
};

}  // namespace klink::sim
