// Planned moves: producers are denied writing at the source, where that is asked for; what is left is copied; nobody
// writes for a while; then the mirrors are promoted, those with the least to copy first, by the promotions there are.
//
// A move is a journal (state/cutover.h), so whoever leads the link next goes on with it. It waits for a person (halted)
// rather than do half of what was asked for: asked again, it goes on; until the first promotion it can be undone. A
// failover that is asked for meanwhile comes first.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "failover/quiet.h"
#include "link/promotion.h"

namespace klink::failover {

class Controller;

inline constexpr size_t kMovedAtOnce = 20;  // mirrors in one promotion of a move

class Cutover {
 public:
  // All outlive it.
  Cutover(link::PromotionHost& host, Controller& promotions, Executor executor, Clock& clock);

  // Begins one, goes on with the one there is, or undoes it; or with dry_run the plan.
  Async<StatusOr<link::CutoverSnapshot>> Ask(link::CutoverRequest request);
  // Until it is done, halted, or a promotion comes first. Errors as of the promotions' journal.
  Async<Status> GoOn();
  // Is one under way that waits for nobody?
  bool Wanted() const;

 private:
  using Record = state::CutoverRecord;
  using Step = state::CutoverStep;

  Async<StatusOr<link::CutoverSnapshot>> Begin(link::CutoverRequest request, bool dry_run);
  Async<StatusOr<link::CutoverSnapshot>> Again(link::CutoverRequest request);
  Async<Status> OneStep();
  Async<Status> Block();
  Async<Status> Drain();
  Async<Status> Promote();
  Async<Status> Undo();
  Async<Status> Write(Record record);
  Async<Status> Halt(std::string why);
  // The one that is under way; null: none is, or it waits.
  const Record* Running() const;
  std::set<std::string> Left(const Record& move) const;
  int64_t NowMs() const { return clock_.Wall().time_since_epoch().count(); }

  link::PromotionHost& host_;
  Controller& promotions_;
  Executor executor_;
  Clock& clock_;
};

// Which mirrors are meant, with the least to copy first; or why the move cannot be made as a whole.
std::vector<link::MovedMirror> PlanMove(const link::CutoverRequest& request, const link::PromotionHost& host);

// NotFound: the link knows of none.
StatusOr<link::CutoverSnapshot> ShowCutover(const std::string& link, const state::StateView& view);

}  // namespace klink::failover
