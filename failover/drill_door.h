// Who carries out the failover of a live drill: the agent that leads the link, or the command itself on the destination
// alone. Either way it is the failover that an operator asks for, nothing of it made for drills.
#pragma once

#include <functional>

#include "base/async.h"
#include "link/promotion_snapshot.h"

namespace klink::failover {

class DrillDoor {
 public:
  virtual ~DrillDoor() = default;
  // What would be done and lost; nothing is changed.
  virtual Async<StatusOr<link::PromotionSnapshot>> Plan(link::PromoteRequest request) = 0;
  // Begun, and followed to its end. An error does not tell whether anything was begun: the link's state does.
  virtual Async<StatusOr<link::PromotionSnapshot>> FailOver(link::PromoteRequest request) = 0;
};

// What a live drill needs beside what every drill does.
struct LiveAsk {
  DrillDoor* door = nullptr;         // outlives the drill
  std::optional<WallTime> incident;  // when it was declared; nothing: as the failover is asked for
  bool look_only = false;            // the plan is shown, and nothing is done
  // Shows the plan and asks; whether to go on. Of a plan that is refused it is called with look_only alone.
  std::function<bool(const link::PromotionSnapshot& plan)> agree;
};

}  // namespace klink::failover
