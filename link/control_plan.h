// What pausing or resuming mirrors means for each of them. Pure: the request and what is known of the mirrors in,
// records to write and answers out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "link/progress.h"
#include "state/control.h"

namespace klink::link {

struct MirrorFacts {
  const state::MirrorRecord* record = nullptr;  // null: it could not be begun yet
  std::string state;                            // as shown
  state::Halted halted;
};

struct ControlPlan {
  std::vector<ControlledMirror> answers;     // in the order asked for, each mirror once
  std::vector<state::MirrorRecord> records;  // that change
  std::vector<std::string> restart;          // mirrors whose failed partitions are begun again
};

// `*` stands for any characters, `?` for one. Topic names have neither.
bool IsPattern(std::string_view text);
bool MatchesPattern(std::string_view pattern, std::string_view name);

// A mirror that was named is refused with the reason; of those a pattern or `all` takes in, only the ones to which the
// request applies are answered.
ControlPlan PlanControl(const ControlRequest& request, const std::map<std::string, MirrorFacts>& mirrors,
                        state::LinkCondition link, int64_t now_ms);

}  // namespace klink::link
