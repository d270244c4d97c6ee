// What a new file changes while the agent runs. Pure. All of it is taken over or nothing: a change that needs another
// process refuses the whole file, with a sentence that says so.
#pragma once

#include <string>
#include <vector>

#include "config/schema.h"

namespace klink::config {

// How far a change of a link reaches; the order is that of "further".
enum class LinkReload {
  kLive,     // taken over as it runs: filters, intervals, what new mirrors are like
  kMirrors,  // its mirrors are drained and go on with the new settings
  kRestart,  // the link is ended and begun: one of its clusters is reached in another way
  kAdd,
  kRemove,
};

struct LinkChange {
  std::string link;
  LinkReload reload = LinkReload::kLive;
  std::vector<std::string> keys = {};  // what changed, as paths below the link, or "clusters.NAME.key"
  friend bool operator==(const LinkChange&, const LinkChange&) = default;
};

struct ReloadPlan {
  std::vector<LinkChange> links;  // in the order of the new file; those that are removed last
  bool log = false;               // agent.log changed
  bool empty() const { return links.empty() && !log; }
};

// FailedPrecondition: something changed that only a new process takes over.
StatusOr<ReloadPlan> PlanReload(const Config& running, const Config& next);

// "paris-to-lyon: topics.refresh; lyon-to-nice: added"
std::string SummaryOf(const ReloadPlan& plan);

}  // namespace klink::config
