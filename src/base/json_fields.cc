#include "base/json_fields.h"

#include <ctime>

namespace klink {

std::string Rfc3339(WallTime t) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  const std::time_t whole = seconds.time_since_epoch().count();
  std::tm tm{};
  gmtime_r(&whole, &tm);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min, tm.tm_sec, (t - seconds).count());
}

StatusOr<WallTime> ParseRfc3339(std::string_view text) {
  const std::string copy(text);
  std::tm tm{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (rest == nullptr) return InvalidArgument("\"{}\" is not a time like 2026-01-01T00:00:00Z", text);
  int64_t millis = 0;
  if (*rest == '.') {
    int64_t unit = 100;
    for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10) millis += unit * (*rest - '0');
  }
  if (std::string_view(rest) != "Z") return InvalidArgument("\"{}\" is not in UTC: it must end in Z", text);
  return WallTime(std::chrono::seconds(timegm(&tm)) + std::chrono::milliseconds(millis));
}

}  // namespace klink
