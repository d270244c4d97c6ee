#include "link/sight.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace klink::link {
namespace {

constexpr std::string_view kHeld = "held by ";
constexpr std::string_view kSilent = "; source silent for ";
constexpr std::string_view kMark = " ms, mark ";
constexpr Duration kAsleep = 3 * kSightEvery;  // a look that comes so late was not a look

std::optional<int64_t> Number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

bool Sees(Duration silent) { return silent < kSeesWithin; }
bool AnySees(const std::vector<Sight>& others) {
  return std::any_of(others.begin(), others.end(), [](const Sight& s) { return Sees(s.silent); });
}

std::string Seconds(Duration d) { return fmt::format("{} s", ToMillis(d) / 1000); }

// Of all that are heard, the deciding one among them: those for whom it is over, and the first that is not so sure.
AutoFailoverVerdict Count(const AutoFailoverFacts& facts) {
  const Duration after = facts.config.after;
  if (facts.silent < after)
    return {AutoFailoverStep::kWait,
            fmt::format("the source has not answered for {} of {}", Seconds(facts.silent), Seconds(after))};
  int32_t agree = 1;
  for (const Sight& other : facts.others) {
    if (other.silent < after)
      return {AutoFailoverStep::kWait, Sees(other.silent)
                                           ? fmt::format("agent {} still hears of the source", other.agent)
                                           : fmt::format("agent {} has missed it for {} of {}", other.agent,
                                                         Seconds(other.silent), Seconds(after))};
    agree++;
  }
  if (agree < facts.config.agents)
    return {AutoFailoverStep::kWait, fmt::format("the source answers none of {} agents, auto_failover.agents wants {}",
                                                 agree, facts.config.agents)};
  return {AutoFailoverStep::kGo,
          fmt::format("the source has answered none of {} agents for {}", agree, Seconds(after))};
}

}  // namespace

void Silence::Tick(Instant now, Instant last_answer) {
  if (now - ticked_ > kAsleep) since_ = now;
  ticked_ = now;
  since_ = std::max(since_, last_answer);
}

std::string SightText(Duration silent, int64_t count) {
  return fmt::format("source silent for {}{}{}", ToMillis(silent), kMark, count);
}

void Sights::Heard(const std::vector<std::string>& marks, Instant now) {
  for (const std::string& text : marks) {
    std::string_view mark = text;
    const size_t silent_at = mark.find(kSilent), count_at = mark.rfind(kMark);
    if (!mark.starts_with(kHeld) || silent_at == std::string_view::npos || count_at == std::string_view::npos) continue;
    const size_t from = silent_at + kSilent.size();
    if (count_at < from) continue;
    const auto silent = Number(mark.substr(from, count_at - from));
    const auto count = Number(mark.substr(count_at + kMark.size()));
    if (!silent || !count) continue;
    const std::string process(mark.substr(kHeld.size(), silent_at - kHeld.size()));
    const auto [entry, fresh] = of_.try_emplace(process);
    Heard_& heard = entry->second;
    if (heard.count >= *count) continue;  // of another shard that it marked before
    heard.moved = !fresh;
    heard.count = *count;
    heard.silent = std::chrono::milliseconds(*silent);
    heard.changed = now;
  }
}

std::vector<Sight> Sights::Fresh(Instant now, std::string_view own) const {
  std::vector<Sight> fresh;
  for (const auto& [process, heard] : of_) {
    const std::string agent = process.substr(0, process.rfind('/'));
    if (agent == own || !heard.moved || now - heard.changed > kSightStale) continue;
    fresh.push_back({agent, heard.silent});
  }
  return fresh;
}

bool HandsOver(Duration silent, const std::vector<Sight>& others) { return silent >= kBlindMost && AnySees(others); }
bool StaysAway(Duration silent, const std::vector<Sight>& others) { return !Sees(silent) && AnySees(others); }

AutoFailoverVerdict DecideFailover(const AutoFailoverFacts& facts) {
  if (!facts.config.enabled) return {AutoFailoverStep::kOff, "auto_failover is off"};
  if (facts.done)
    return {AutoFailoverStep::kDone,
            fmt::format("it was done once, by {}; klink failover --inhibit off lets it be done again", *facts.done)};
  if (!facts.anything_left) return {AutoFailoverStep::kDone, "every mirror of its sets is STOPPED"};
  if (facts.promotion_runs) return {AutoFailoverStep::kWait, "a promotion is under way"};
  AutoFailoverVerdict verdict{AutoFailoverStep::kWatch, "the source answers"};
  if (!Sees(facts.silent) || facts.silent >= facts.config.after) verdict = Count(facts);
  std::string held;
  if (facts.inhibited) held = facts.inhibited_text;
  if (held.empty() && facts.link_paused) held = "the link is paused";
  if (held.empty()) return verdict;
  if (verdict.step != AutoFailoverStep::kGo) return {verdict.step, fmt::format("{}; {}", held, verdict.why)};
  return {AutoFailoverStep::kHeld, fmt::format("{}, so nothing is failed over although {}", held, verdict.why)};
}

}  // namespace klink::link
