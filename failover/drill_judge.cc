#include "failover/drill_judge.h"

#include <algorithm>

namespace klink::failover {
namespace {

constexpr std::string_view kOwn = "_klink.drill.";
constexpr size_t kIdSize = 21;  // 20261127T151000Z-ab12

double Seconds(int64_t ms) { return static_cast<double>(std::max<int64_t>(0, ms)) / 1000.0; }

// A sum is known only when every part is.
void Sum(std::optional<int64_t>& total, const std::optional<int64_t>& part) {
  total = total && part ? std::optional(*total + *part) : std::nullopt;
}

bool Bad(std::string_view verdict) {
  return verdict == Name(DrillVerdict::kFailed) || verdict == Name(DrillVerdict::kUnknown);
}

std::string Text(std::optional<double> seconds) { return seconds ? fmt::format("{:.1f} s", *seconds) : "unknown"; }

}  // namespace

DrillLoss LossOf(const std::string& topic, const std::vector<LossFacts>& partitions, int64_t now_ms) {
  DrillLoss loss;
  loss.topic = topic;
  loss.records = loss.bytes = 0;
  std::optional<double> oldest = 0;
  for (const LossFacts& p : partitions) {
    std::optional<int64_t> records;
    if (p.source_end && p.replicated_to) records = std::max<int64_t>(0, *p.source_end - *p.replicated_to);
    Sum(loss.records, records);
    Sum(loss.bytes, records == 0 ? std::optional<int64_t>(0) : p.tail_bytes);
    std::optional<double> age;
    if (records == 0) age = 0;
    if (records > 0 && p.oldest_ms) age = Seconds(now_ms - *p.oldest_ms);
    if (!records && p.newest_copied_ms) {
      age = Seconds(now_ms - *p.newest_copied_ms);
      loss.is_bound = true;
    }
    oldest = oldest && age ? std::optional(std::max(*oldest, *age)) : std::nullopt;
  }
  loss.seconds = oldest;
  return loss;
}

DrillRpo SumUp(std::vector<DrillLoss> topics) {
  DrillRpo rpo;
  rpo.records = rpo.bytes = 0;
  rpo.seconds = 0;
  for (const DrillLoss& topic : topics) {
    Sum(rpo.records, topic.records);
    Sum(rpo.bytes, topic.bytes);
    rpo.seconds = rpo.seconds && topic.seconds ? std::optional(std::max(*rpo.seconds, *topic.seconds)) : std::nullopt;
    rpo.is_bound |= topic.is_bound;
  }
  rpo.topics = std::move(topics);
  return rpo;
}

DrillObjective JudgeRpo(double target, const DrillRpo& rpo) {
  DrillObjective out{"rpo", target, rpo.seconds, rpo.is_bound, "", ""};
  out.verdict = Name(!rpo.seconds             ? DrillVerdict::kUnknown
                     : *rpo.seconds <= target ? DrillVerdict::kPassed
                                              : DrillVerdict::kFailed);
  if (!rpo.seconds)
    out.detail = "how old the oldest record is that had not crossed could not be told";
  else if (rpo.is_bound)
    out.detail =
        fmt::format("a bound: the source does not answer; the newest record of some copy is {} old", Text(rpo.seconds));
  else
    out.detail = fmt::format("the oldest record that had not crossed was {} old", Text(rpo.seconds));
  return out;
}

DrillObjective JudgeRto(double target, std::optional<double> measured, config::DrillKind kind) {
  DrillObjective out{"rto", target, measured, false, "", ""};
  if (kind == config::DrillKind::kDry) {
    out.verdict = Name(DrillVerdict::kNotChecked);
    out.detail = "a dry drill promotes nothing: an isolated one measures it";
  } else if (!measured) {
    out.verdict = Name(DrillVerdict::kUnknown);
    out.detail = "the drill did not come to its end";
  } else {
    out.verdict = Name(*measured <= target ? DrillVerdict::kPassed : DrillVerdict::kFailed);
    out.detail = fmt::format("{} from the declared incident to {}", Text(measured),
                             kind == config::DrillKind::kLive ? "topics that can be written to and read up to their cut"
                                                              : "the first record read");
  }
  return out;
}

std::vector<DrillPhase> PhasesOf(const std::vector<link::PromotionStepTime>& steps, double seconds) {
  double counted = 0;
  for (const link::PromotionStepTime& step : steps) counted += step.seconds;
  std::vector<DrillPhase> phases;
  phases.push_back({"take_control", std::max(0.0, seconds - counted)});
  for (const link::PromotionStepTime& step : steps) {
    std::string name = step.step;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    phases.push_back({std::move(name), step.seconds});
  }
  return phases;
}

DrillInvariant OfGroups(std::string code, std::string name, const std::vector<DrillPosition>& positions,
                        std::string DrillPosition::* member) {
  std::vector<DrillVerdict> all;
  for (const DrillPosition& p : positions) all.push_back(VerdictNamed(p.*member).value_or(DrillVerdict::kUnknown));
  const std::string verdict(Name(Worst(all)));
  std::string detail = positions.empty() ? "the drill names no groups" : "of no group of the drill";
  for (const DrillPosition& p : positions)
    if (p.*member == verdict) {
      detail = fmt::format("group {} in {}-{}: {}", p.group, p.topic, p.partition, p.detail);
      break;
    }
  return {std::move(code), std::move(name), verdict, std::move(detail)};
}

PositionVerdict JudgePosition(const PositionFacts& facts) {
  using V = DrillVerdict;
  if (!facts.source_answers) return {V::kUnknown, V::kUnknown, "the source does not tell where the group stands"};
  if (!facts.source_at_begin) return {V::kNotChecked, V::kNotChecked, "it has committed nothing at the source"};
  if (!facts.reached)
    return {V::kPassed, V::kFailed, "it has no position at the destination: an application would begin anew"};
  if (facts.source_now && *facts.reached > *facts.source_now)
    return {V::kFailed, V::kPassed,
            fmt::format("it stands {} records ahead of the source", *facts.reached - *facts.source_now)};
  if (*facts.reached < *facts.source_at_begin && facts.copy_reaches_begin)
    return {V::kPassed, V::kFailed,
            fmt::format("it would read {} records again that it had read when the drill began",
                        *facts.source_at_begin - *facts.reached)};
  if (!facts.same_record) return {V::kUnknown, V::kUnknown, "its first record could not be read"};
  if (!*facts.same_record)
    return {V::kFailed, V::kFailed, "the first record it got is not the one that stands at its position"};
  return {V::kPassed, V::kPassed, "its first record is the one that stands at its position"};
}

DrillVerdict Worst(const std::vector<DrillVerdict>& verdicts) {
  DrillVerdict worst = DrillVerdict::kNotChecked;
  const auto rank = [](DrillVerdict v) {
    constexpr int kRanks[] = {1, 3, 2, 0};  // NOT_CHECKED < PASSED < UNKNOWN < FAILED
    return kRanks[static_cast<size_t>(v)];
  };
  for (const DrillVerdict v : verdicts)
    if (rank(v) > rank(worst)) worst = v;
  return worst;
}

std::optional<DrillVerdict> VerdictNamed(std::string_view name) {
  for (const auto v : {DrillVerdict::kPassed, DrillVerdict::kFailed, DrillVerdict::kUnknown, DrillVerdict::kNotChecked})
    if (Name(v) == name) return v;
  return std::nullopt;
}

DrillOutcome JudgeAll(const DrillReport& report) {
  if (!report.rollback.complete) return DrillOutcome::kLeftOver;
  bool missed = false;
  for (const DrillObjective& o : report.objectives) missed |= Bad(o.verdict);
  for (const DrillInvariant& i : report.invariants) missed |= Bad(i.verdict);
  for (const DrillStep& s : report.steps) missed |= Bad(s.verdict);
  return missed ? DrillOutcome::kMissed : DrillOutcome::kPassed;
}

std::string SummaryOf(const DrillReport& report) {
  std::string missed;
  const auto add = [&missed](std::string_view what, std::string_view verdict) {
    if (Bad(verdict)) missed += fmt::format("{}{} {}", missed.empty() ? "" : ", ", what, verdict);
  };
  for (const DrillObjective& o : report.objectives) add(o.objective, o.verdict);
  for (const DrillInvariant& i : report.invariants) add(i.code, i.verdict);
  for (const DrillStep& s : report.steps) add(s.step, s.verdict);
  std::string text = fmt::format("drill {} {}: {}", report.drill, report.id, report.outcome);
  if (report.rto.seconds) text += fmt::format("; RTO {}", Text(report.rto.seconds));
  if (!report.rpo.topics.empty()) {
    text += fmt::format("; RPO {}{}", report.rpo.is_bound ? "at most " : "", Text(report.rpo.seconds));
    if (report.rpo.records) text += fmt::format(", {} records", *report.rpo.records);
  }
  return missed.empty() ? text : fmt::format("{}; {}", text, missed);
}

std::optional<std::string> DrillIdOf(std::string_view name) {
  if (!name.starts_with(kOwn)) return std::nullopt;
  name.remove_prefix(kOwn.size());
  const std::string id(name.substr(0, name.find('.')));
  if (id.size() == name.size() || !BeganAt(id)) return std::nullopt;
  return id;
}

std::string DrillPrefix(std::string_view id) { return fmt::format("{}{}.", kOwn, id); }

std::optional<WallTime> BeganAt(std::string_view id) {
  if (id.size() != kIdSize || id[8] != 'T' || id[15] != 'Z' || id[16] != '-') return std::nullopt;
  const std::string text = fmt::format("{}-{}-{}T{}:{}:{}Z", id.substr(0, 4), id.substr(4, 2), id.substr(6, 2),
                                       id.substr(9, 2), id.substr(11, 2), id.substr(13, 2));
  const auto time = ParseRfc3339(text);
  return time.ok() ? std::optional(*time) : std::nullopt;
}

std::string NewDrillId(WallTime now, uint32_t random) {
  std::string id = Rfc3339(now).substr(0, 19);
  std::erase(id, '-');
  std::erase(id, ':');
  return fmt::format("{}Z-{:04x}", id, random & 0xffff);
}

int64_t CopyFrom(const SizeSample& log, int64_t bytes_most) {
  if (log.bytes_per_offset <= 0) return log.start;
  const auto offsets = static_cast<int64_t>(static_cast<double>(bytes_most) / log.bytes_per_offset);
  return std::max(log.start, log.end - std::max<int64_t>(1, offsets));
}

}  // namespace klink::failover
