#include "failover/quiet.h"

namespace klink::failover {

void Quiet::Ends(const std::map<TopicPartition, SourceOffset>& ends, Instant at) {
  for (const auto& [tp, end] : ends) {
    const auto [told, fresh] = told_.try_emplace(tp, Told{end, at, at});
    if (!fresh && told->second.end != end) told->second = Told{end, at, at};
    told->second.last = at;
  }
}

std::optional<SourceOffset> Quiet::end(const TopicPartition& tp) const {
  const auto told = told_.find(tp);
  return told == told_.end() ? std::nullopt : std::optional(told->second.end);
}

std::optional<std::string> Quiet::Missing(const TopicPartition& tp, std::optional<SourceOffset> replicated_to,
                                          Instant now) const {
  const auto told = told_.find(tp);
  if (told == told_.end()) return fmt::format("{}: the source did not tell where it ends", tp);
  const Told& end = told->second;
  if (now - end.last > kQuietFor)
    return fmt::format("{}: the source did not tell for {} ms where it ends", tp, ToMillis(now - end.last));
  if (!replicated_to) return fmt::format("{}: it is not known how far it is copied", tp);
  if (*replicated_to < end.end) return fmt::format("{}: {} offsets are not copied yet", tp, end.end - *replicated_to);
  if (end.last - end.since < quiet_for_)
    return fmt::format("{}: the source was written to within the last {} ms", tp, ToMillis(quiet_for_));
  return std::nullopt;
}

}  // namespace klink::failover
