#include "config/schema.h"

#include <charconv>

namespace klink::config {
namespace {

// `digits` digits at `at`, or -1.
int Digits(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool InRange(int value, int low, int high) { return value >= low && value <= high; }

// "Z" or "+02:00"; false for anything else.
bool ParseZone(std::string_view zone, std::chrono::minutes& out) {
  if (zone == "Z" || zone == "z") return true;
  const int hours = Digits(zone, 1, 2), minutes = Digits(zone, 4, 2);
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return false;
  if (!InRange(hours, 0, 23) || !InRange(minutes, 0, 59)) return false;
  out = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  if (zone[0] == '-') out = -out;
  return true;
}

// 2024-05-01T10:00:00Z, with an optional fraction and any zone.
bool ParseTime(std::string_view text, WallTime& out) {
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return false;
  if (text[10] != 'T' && text[10] != 't') return false;
  const int hour = Digits(text, 11, 2), minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  const std::chrono::year_month_day day(std::chrono::year(Digits(text, 0, 4)),
                                        std::chrono::month(static_cast<unsigned>(Digits(text, 5, 2))),
                                        std::chrono::day(static_cast<unsigned>(Digits(text, 8, 2))));
  if (!day.ok() || Digits(text, 0, 4) < 0) return false;
  if (!InRange(hour, 0, 23) || !InRange(minute, 0, 59) || !InRange(second, 0, 60)) return false;
  std::string_view rest = text.substr(19);
  int millis = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    int weight = 100;
    const size_t before = rest.size();
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1), weight /= 10) {
      millis += (rest[0] - '0') * weight;
    }
    if (rest.size() == before) return false;
  }
  std::chrono::minutes zone{0};
  if (!ParseZone(rest, zone)) return false;
  out = std::chrono::sys_days(day) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
        std::chrono::seconds(second) + std::chrono::milliseconds(millis) - zone;
  return true;
}

std::string TimeText(WallTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day day(days);
  const std::chrono::hh_mm_ss clock(time - days);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace

StatusOr<TopicStart> TopicStart::Parse(std::string_view text) {
  TopicStart start;
  if (text == "earliest") return start;
  start.kind = Kind::kLatest;
  if (text == "latest") return start;
  start.kind = Kind::kTime;
  if (ParseTime(text, start.time)) return start;
  return InvalidArgument("'{}' is not a start; write earliest, latest or a time such as 2024-05-01T10:00:00Z", text);
}

std::string TopicStart::ToText() const {
  if (kind == Kind::kTime) return TimeText(time);
  return kind == Kind::kEarliest ? "earliest" : "latest";
}

StatusOr<ReplicationFactor> ReplicationFactor::Parse(std::string_view text) {
  if (text == "source") return ReplicationFactor{};
  if (text == "destination") return ReplicationFactor{Kind::kDestination, 0};
  const auto count = ParseInteger(text);
  if (count.ok() && *count >= 1 && *count <= INT16_MAX) {
    return ReplicationFactor{Kind::kFixed, static_cast<int16_t>(*count)};
  }
  return InvalidArgument("'{}' is not a replication factor; write {}", text, kForm);
}

std::string ReplicationFactor::ToText() const {
  if (kind == Kind::kFixed) return fmt::format("{}", count);
  return kind == Kind::kSource ? "source" : "destination";
}

}  // namespace klink::config
