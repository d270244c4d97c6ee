#include <algorithm>

#include <fmt/format.h>

#include "tests/oracle/judge.h"

namespace klink::oracle {
namespace {

// Where an offset of one log stands in the other; runs rise in both.
std::optional<int64_t> Across(const std::vector<Run>& runs, int64_t offset, int64_t Run::* from, int64_t Run::* to) {
  const auto after =
      std::upper_bound(runs.begin(), runs.end(), offset, [from](int64_t at, const Run& run) { return at < run.*from; });
  if (after == runs.begin()) return std::nullopt;
  const Run& run = *std::prev(after);
  const int64_t into = offset - run.*from;
  return into < run.length ? std::optional(run.*to + into) : std::nullopt;
}

}  // namespace

bool Claim::IsForeign(int64_t destination_offset) const {
  if (identical) return false;
  const auto next = std::upper_bound(runs.begin(), runs.end(), destination_offset,
                                     [](int64_t at, const Run& run) { return at < run.destination; });
  return next != runs.begin() && next != runs.end() && next->behind_foreign && !ToSource(destination_offset);
}

std::optional<int64_t> Claim::ToSource(int64_t destination_offset) const {
  return identical ? destination_offset : Across(runs, destination_offset, &Run::destination, &Run::source);
}

std::optional<int64_t> Claim::ToDestination(int64_t source_offset) const {
  return identical ? source_offset : Across(runs, source_offset, &Run::source, &Run::destination);
}

std::string Report(const std::vector<Anomaly>& anomalies, size_t limit) {
  std::string text;
  for (size_t i = 0; i < std::min(limit, anomalies.size()); ++i) {
    const Anomaly& a = anomalies[i];
    text += fmt::format("{}: source {}, destination {}: {}\n", a.code, a.source_offset, a.destination_offset, a.what);
  }
  if (anomalies.size() > limit) text += fmt::format("and {} more\n", anomalies.size() - limit);
  return text;
}

}  // namespace klink::oracle
