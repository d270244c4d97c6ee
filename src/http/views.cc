#include "http/views.h"

#include <algorithm>

#include <fmt/format.h>

#include "state/reasons.h"

namespace klink::http {
namespace {

// A sum is known only when every part is.
void Sum(std::optional<int64_t>& total, const std::optional<int64_t>& part) {
  total = total && part ? std::optional(*total + *part) : std::nullopt;
}
template <class T>
void Worst(std::optional<T>& worst, const std::optional<T>& part) {
  worst = worst && part ? std::optional(std::max(*worst, *part)) : std::nullopt;
}

bool HoldsData(std::string_view state) {
  return state == "ACTIVE" || state == "SOURCE_UNAVAILABLE" || state == "STOPPED" || state == "PAUSED" ||
         state == "LINK_PAUSED" || state == "PENDING_SYNCHRONIZE";
}

// A partition that failed makes its mirror incomplete, whatever else is wrong with the mirror.
bool HoldsData(const link::MirrorSnapshot& mirror) {
  const auto holds = [](const link::PartitionSnapshot& p) { return HoldsData(p.state); };
  return HoldsData(mirror.state) && std::all_of(mirror.partitions.begin(), mirror.partitions.end(), holds);
}

}  // namespace

MirrorView Summarise(const link::MirrorSnapshot& mirror) {
  MirrorView view;
  view.topic = mirror.topic;
  view.source_topic = mirror.source_topic;
  view.state = mirror.state;
  view.reason_code = mirror.reason_code;
  view.reason = mirror.reason;
  view.since = mirror.since;
  view.partitions = static_cast<int64_t>(mirror.partitions.size());
  if (!mirror.partitions.empty()) view.offsets = "identical", view.lag = 0, view.lag_max = 0, view.lag_seconds = 0;
  for (const link::PartitionSnapshot& partition : mirror.partitions) {
    Sum(view.lag, partition.lag);
    Worst(view.lag_max, partition.lag);
    Worst(view.lag_seconds, partition.lag_seconds);
    if (view.offsets != "translated" && partition.offsets != "identical") view.offsets = partition.offsets;
  }
  return view;
}

FailoverView CanFailOver(const link::LinkSnapshot& link) {
  FailoverView view;
  if (link.source.reachable == false) view.as_of = "last_contact";
  if (link.role == "standby") {
    view.reason = "this agent stands by; ask the agent that mirrors the link";
    return view;
  }
  if (link.destination.reachable == false) {
    view.possible = "no";
    view.reason = "the destination cluster does not answer";
    return view;
  }
  if (link.mirrors.empty()) {
    view.possible = link.source.reachable && link.destination.reachable ? "no" : "unknown";
    view.reason = "nothing is mirrored yet";
    return view;
  }
  view.lost_records = 0, view.lost_seconds = 0;
  int64_t incomplete = 0;
  for (const link::MirrorSnapshot& mirror : link.mirrors) {
    const MirrorView summary = Summarise(mirror);
    Sum(view.lost_records, summary.lag);
    Worst(view.lost_seconds, summary.lag_seconds);
    incomplete += !HoldsData(mirror);
  }
  const auto all = static_cast<int64_t>(link.mirrors.size());
  if (incomplete == all) {
    view.possible = "no";
    view.reason = "no mirror is complete";
  } else if (incomplete > 0) {
    view.possible = "partly";
    view.reason = fmt::format("{} of {} mirrors are not complete", incomplete, all);
  } else {
    view.possible = "yes";
    view.reason = fmt::format("every mirror holds the source's data ({} of {})", all, all);
  }
  return view;
}

namespace {

bool IsError(std::string_view state, const std::optional<std::string>& code, const std::optional<std::string>& reason) {
  return state != "PAUSED" && state != "LINK_PAUSED" && (code || reason);
}

template <class Of>
ErrorView ErrorOf(const link::MirrorSnapshot& mirror, const Of& of) {
  ErrorView error;
  error.topic = mirror.topic;
  error.source_topic = mirror.source_topic;
  error.state = of.state;
  error.reason_code = of.reason_code;
  error.reason = of.reason;
  error.since = of.since;
  if (const auto known = state::FindReason(of.reason_code.value_or("")))
    error.action = std::string(state::RowOf(*known).action);
  return error;
}

}  // namespace

ErrorsView ErrorsOf(const link::LinkSnapshot& link) {
  ErrorsView view;
  view.link = link.name;
  for (const link::MirrorSnapshot& mirror : link.mirrors) {
    bool said = false;
    for (const link::PartitionSnapshot& partition : mirror.partitions) {
      if (!IsError(partition.state, partition.reason_code, partition.reason)) continue;
      said |= partition.reason_code == mirror.reason_code && partition.reason == mirror.reason;
      view.errors.push_back(ErrorOf(mirror, partition));
      view.errors.back().partition = partition.partition;
    }
    if (!said && IsError(mirror.state, mirror.reason_code, mirror.reason))
      view.errors.push_back(ErrorOf(mirror, mirror));
  }
  return view;
}

LinkView Summarise(const link::LinkSnapshot& link) {
  LinkView view;
  view.name = link.name;
  view.state = link.state;
  view.reason_code = link.reason_code;
  view.reason = link.reason;
  view.since = link.since;
  view.role = link.role;
  view.source = link.source;
  view.destination = link.destination;
  view.tasks = link.tasks;
  if (!link.mirrors.empty()) view.lag = 0, view.lag_seconds = 0;
  for (const link::MirrorSnapshot& mirror : link.mirrors) {
    view.mirrors[mirror.state]++;
    const MirrorView summary = Summarise(mirror);
    Sum(view.lag, summary.lag);
    Worst(view.lag_seconds, summary.lag_seconds);
    for (const link::PartitionSnapshot& partition : mirror.partitions) {
      view.partitions.total++;
      if (!partition.offsets) {
        view.partitions.unknown++;
      } else {
        (*partition.offsets == "identical" ? view.partitions.identical : view.partitions.translated)++;
      }
    }
  }
  for (const link::SetSnapshot& set : link.sets) view.sets.push_back(Summarise(set, link));
  view.failover = CanFailOver(link);
  return view;
}

SetView Summarise(const link::SetSnapshot& set, const link::LinkSnapshot& link) {
  SetView view;
  view.name = set.name;
  view.priority = set.priority;
  view.mirrors = static_cast<int64_t>(set.mirrors.size());
  view.rpo_seconds = set.rpo_seconds;
  view.rto_seconds = set.rto_seconds;
  view.lag = 0, view.lag_seconds = 0;
  bool copied = false;
  for (const link::MirrorSnapshot& mirror : link.mirrors) {
    if (std::find(set.mirrors.begin(), set.mirrors.end(), mirror.topic) == set.mirrors.end()) continue;
    if (mirror.state == "STOPPED") continue;
    copied = true;
    const MirrorView summary = Summarise(mirror);
    Sum(view.lag, summary.lag);
    Worst(view.lag_seconds, summary.lag_seconds);
  }
  if (!copied) view.lag.reset(), view.lag_seconds.reset();
  if (view.rpo_seconds && view.lag_seconds) view.rpo_met = *view.lag_seconds <= *view.rpo_seconds;
  return view;
}

}  // namespace klink::http
