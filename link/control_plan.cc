#include "link/control_plan.h"

#include <set>

namespace klink::link {
namespace {

class Planner {
 public:
  Planner(const ControlRequest& request, const std::map<std::string, MirrorFacts>& mirrors, state::LinkCondition link,
          int64_t now_ms)
      : request_(request), mirrors_(mirrors), link_(link), order_{request.by, request.reason, now_ms} {}

  ControlPlan Plan() {
    if (request_.all) AddMatching("*");
    for (const std::string& topic : request_.topics) IsPattern(topic) ? AddMatching(topic) : AddNamed(topic);
    return std::move(plan_);
  }

 private:
  void AddNamed(const std::string& topic) {
    if (!seen_.insert(topic).second) return;
    const auto found = mirrors_.find(topic);
    if (found == mirrors_.end()) return Refuse(topic, NotFound("link {} has no mirror topic {}", request_.link, topic));
    if (const Status added = Add(topic, found->second); !added.ok()) Refuse(topic, added);
  }

  void AddMatching(const std::string& pattern) {
    bool any = false;
    for (const auto& [topic, facts] : mirrors_) {
      if (!MatchesPattern(pattern, topic)) continue;
      any = true;
      if (!seen_.contains(topic) && Add(topic, facts).ok()) seen_.insert(topic);
    }
    if (!any && !request_.all)
      Refuse(pattern, NotFound("no mirror topic of link {} matches {}", request_.link, pattern));
  }

  // The error says why the request does not apply.
  Status Add(const std::string& topic, const MirrorFacts& facts) {
    if (facts.record == nullptr) return FailedPrecondition("{} is not mirrored yet", topic);
    const bool pause = request_.verb == ControlVerb::kPause;
    TRY(state::MirrorRecord next, pause ? state::Pause(*facts.record, order_)
                                        : state::Resume(*facts.record, order_, request_.accept, facts.halted));
    ControlledMirror answer;
    answer.topic = topic;
    answer.state_before = facts.state;
    answer.state = facts.state;
    const bool changed = next != *facts.record;
    const bool was_paused = facts.record->phase == state::Phase::kPaused;
    if (pause) {
      answer.outcome = changed ? "paused" : "unchanged";
      answer.state = state::Name(state::MirrorState::kPaused);
    } else if (changed || !facts.halted.empty()) {
      answer.outcome = was_paused ? "resumed" : "restarted";
      const bool link_paused = link_ == state::LinkCondition::kPaused;
      answer.state = state::Name(link_paused ? state::MirrorState::kLinkPaused : state::StateOf(next.phase));
      if (!was_paused) plan_.restart.push_back(topic);
    } else {
      answer.outcome = "unchanged";
    }
    if (changed) plan_.records.push_back(std::move(next));
    plan_.answers.push_back(std::move(answer));
    return absl::OkStatus();
  }

  void Refuse(const std::string& topic, const Status& why) {
    ControlledMirror answer;
    answer.topic = topic;
    if (const auto found = mirrors_.find(topic); found != mirrors_.end())
      answer.state_before = answer.state = found->second.state;
    answer.error = Text(why);
    plan_.answers.push_back(std::move(answer));
  }

  const ControlRequest& request_;
  const std::map<std::string, MirrorFacts>& mirrors_;
  state::LinkCondition link_;
  state::Order order_;
  ControlPlan plan_;
  std::set<std::string> seen_;
};

}  // namespace

bool IsPattern(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0;
  size_t star = std::string_view::npos, taken = 0;  // the last `*`, and where what follows it is tried next
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      p++, n++;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

ControlPlan PlanControl(const ControlRequest& request, const std::map<std::string, MirrorFacts>& mirrors,
                        state::LinkCondition link, int64_t now_ms) {
  return Planner(request, mirrors, link, now_ms).Plan();
}

}  // namespace klink::link
