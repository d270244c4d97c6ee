// One drill from its beginning to its end: what drill.h promises is told here, step by step.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "failover/drill.h"
#include "failover/drill_copy.h"
#include "failover/drill_live.h"
#include "failover/drill_look.h"
#include "failover/drill_rehearsal.h"
#include "failover/failback.h"

namespace klink::failover {

using Seen = StatusOr<std::string>;

class Drill {
 public:
  Drill(const config::Config& config, const config::LinkConfig& link, const config::DrillConfig& drill, DrillAsk ask,
        DrillFolder& folder, Executor executor)
      : config_(config),
        link_(link),
        drill_(drill),
        ask_(std::move(ask)),
        folder_(folder),
        executor_(executor),
        look_(config, link, drill, executor, clock_) {}

  Async<DrillReport> Run();

 private:
  bool dry() const { return drill_.kind == config::DrillKind::kDry; }
  bool live() const { return drill_.kind == config::DrillKind::kLive; }
  void Begin();
  Async<Status> Look();
  Async<Status> RunDry();
  Async<Status> RunIsolated();
  Async<Seen> RemoveLeftovers();
  Async<Seen> Plan();
  Async<Finding> CheckSpace();
  // A signal ends what is under way, and so does the limit.
  Async<Status> UntilInterrupted(Async<Status> body, Duration limit);
  Async<Status> Body();
  Async<Status> AfterIncident();
  Async<Status> RunLive();
  Async<Status> LiveBody();
  Async<Status> AfterFailover();
  Async<void> NoteStanding(Status why);
  link::PromoteRequest FailoverRequest() const;
  std::vector<FailbackMirror> Mirrors() const;
  void Conclude(const Status& ended);
  void JudgeObjectives();
  config::LinkConfig OwnLink() const;

  // One step of the report. Its error is its evidence.
  Async<Status> Step(std::string name, Async<Seen> work);
  Async<Status> Check(std::string name, Async<Finding> work);
  void Note(const std::string& name, Instant began, WallTime at, DrillVerdict verdict, std::string evidence);

  Async<Seen> Open();
  Async<Seen> NoteGroups();
  Async<Seen> Make();
  Async<Seen> Copy();
  Async<Seen> Positions();
  Async<Seen> BreakOff();
  Async<Seen> FailOver();
  Async<Seen> Write();
  Async<Seen> Read();
  Async<Seen> WakeUp();
  Async<Seen> Verify();
  Async<Seen> MeasureLoss();
  Async<Seen> PlanLive();
  Async<Seen> DeclareIncident();
  Async<Seen> FailOverLive();
  Async<Seen> ReadLive();
  Async<Seen> PositionsLive();
  Async<Seen> LookBehind();
  Async<Seen> CompareLive();
  Async<Seen> PlanFailback();
  static Async<Finding> Found(Finding finding) { co_return finding; }

  const config::Config& config_;
  const config::LinkConfig& link_;
  const config::DrillConfig& drill_;
  DrillAsk ask_;
  DrillFolder& folder_;
  Executor executor_;
  SystemClock clock_;
  DrillLook look_;
  DrillReport report_;
  std::vector<DrillMirror> copies_;
  std::map<TopicPartition, int64_t> begins_;
  config::LinkConfig own_link_;
  std::unique_ptr<DrillCopy> copy_;
  std::unique_ptr<DrillRehearsal> rehearsal_;
  std::unique_ptr<DrillLive> live_;
  std::optional<DrillOutcome> aborted_;  // how a live drill ended that did not come to its end
  bool begun_ = false;                   // something may have been made
  bool interrupted_ = false;
};

}  // namespace klink::failover
