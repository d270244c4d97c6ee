#include "config/text.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>
#include <span>

#include "base/limits.h"

namespace klink::config {
namespace {

static_assert(kTopicNameMax == limits::kTopicNameBytes);

struct UnitRow {
  std::string_view name;
  int64_t factor;
};
constexpr UnitRow kDurations[] = {
    {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
constexpr UnitRow kSizes[] = {{"", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}, {"TiB", 1LL << 40}};

// A whole number of one of `units`; false for anything else, an overflow included.
bool ParseWithUnit(std::string_view text, std::span<const UnitRow> units, int64_t& out) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0) return false;
  const std::string_view name(end, text.data() + text.size() - end);
  for (const UnitRow& unit : units) {
    if (unit.name == name) return !__builtin_mul_overflow(count, unit.factor, &out);
  }
  return false;
}

std::string WithLargestUnit(int64_t value, std::span<const UnitRow> units) {
  const UnitRow* best = &units[0];
  for (const UnitRow& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return fmt::format("{}{}", value / best->factor, best->name);
}

bool IsAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }
bool IsTopicLetter(char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '-'; }

bool IsHostLetter(char c) { return IsTopicLetter(c); }
bool IsIpv6Letter(char c) { return IsAlnum(c) || c == ':' || c == '.' || c == '%'; }

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

}  // namespace

StatusOr<Duration> ParseDuration(std::string_view text) {
  int64_t nanos = 0;
  if (ParseWithUnit(text, kDurations, nanos)) return Duration(nanos);
  return InvalidArgument("'{}' is not a duration; write a whole number with ms, s, m or h, such as 30s", text);
}

std::string DurationText(Duration d) { return d == 0s ? "0s" : WithLargestUnit(d.count(), kDurations); }

StatusOr<int64_t> ParseSize(std::string_view text) {
  int64_t bytes = 0;
  if (ParseWithUnit(text, kSizes, bytes)) return bytes;
  return InvalidArgument(
      "'{}' is not a size; write a whole number of bytes or one with KiB, MiB, GiB or TiB, such as 64KiB", text);
}

std::string SizeText(int64_t bytes) { return WithLargestUnit(bytes, kSizes); }

StatusOr<int64_t> ParseInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  return InvalidArgument("'{}' is not a whole number", text);
}

StatusOr<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value - value == 0) return value;
  return InvalidArgument("'{}' is not a number", text);
}

StatusOr<Endpoint> Endpoint::Parse(std::string_view text) {
  const auto bad = [&] {
    return InvalidArgument("'{}' is not an address; write host:port, an IPv6 host in brackets", text);
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad();
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto letter = bracketed ? IsIpv6Letter : IsHostLetter;
  if (host.empty() || !std::all_of(host.begin(), host.end(), letter)) return bad();
  const auto port = ParseInteger(text.substr(colon + 1));
  if (!port.ok() || *port < 0 || *port > std::numeric_limits<uint16_t>::max()) return bad();
  return Endpoint{std::string(host), static_cast<uint16_t>(*port)};
}

std::string Endpoint::ToText() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

StatusOr<std::vector<Endpoint>> ParseEndpoints(std::string_view text) {
  std::vector<Endpoint> endpoints;
  for (size_t start = 0; start <= text.size();) {
    const size_t comma = std::min(text.find(',', start), text.size());
    std::string_view part = text.substr(start, comma - start);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    TRY(Endpoint endpoint, Endpoint::Parse(part));
    if (endpoint.port == 0) return InvalidArgument("'{}' has port 0; write the port the broker listens on", part);
    endpoints.push_back(std::move(endpoint));
    start = comma + 1;
  }
  return endpoints;
}

bool IsLoopback(const Endpoint& endpoint) {
  const std::string& host = endpoint.host;
  if (host == "localhost" || host == "::1") return true;
  // 127.x.y.z in numbers: a name such as 127.example.org is not an address.
  const auto dots = std::count(host.begin(), host.end(), '.');
  return host.starts_with("127.") && dots == 3 && host.find_first_not_of("0123456789.") == std::string::npos;
}

Status CheckEndpoints(std::string_view text) { return ParseEndpoints(text).status(); }

Status CheckLinkName(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!text.empty() && text.size() <= 48 && std::all_of(text.begin(), text.end(), letter)) return {};
  return InvalidArgument("'{}' is not a link name; use 1 to 48 of a-z, 0-9 and -", text);
}

Status CheckName(std::string_view text) {
  if (!text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), IsTopicLetter)) return {};
  return InvalidArgument("'{}' is not a name; use 1 to 64 letters, digits, dots, underscores and dashes", text);
}

Status CheckTopicPart(std::string_view text) {
  if (text.size() <= kTopicNameMax && std::all_of(text.begin(), text.end(), IsTopicLetter)) return {};
  return InvalidArgument(
      "'{}' cannot be part of a topic name; use letters, digits, dots, underscores and dashes, at most {}", text,
      kTopicNameMax);
}

Status CheckTopicName(std::string_view text) {
  const bool dots = text == "." || text == "..";
  if (!text.empty() && !dots && CheckTopicPart(text).ok()) return {};
  return InvalidArgument("'{}' is not a topic name; for several topics use prefix or regex", text);
}

Status CheckLiteral(std::string_view text) { return text == "*" ? Status() : CheckTopicName(text); }

// The type of a principal is a word; its name may hold anything, also a certificate's commas and blanks.
Status CheckPrincipal(std::string_view text) {
  const size_t colon = text.find(':');
  const bool typed = colon != std::string_view::npos && colon > 0 && colon + 1 < text.size() &&
                     std::all_of(text.begin(), text.begin() + colon, IsAlnum);
  const auto unprintable = [](char c) { return static_cast<unsigned char>(c) < ' '; };
  if (text == "*" || (typed && std::none_of(text.begin(), text.end(), unprintable))) return {};
  return InvalidArgument(
      "'{}' is not a principal; write User:app, User:app-* for all that begin so, or * for everybody", text);
}

Status CheckConfigName(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), letter)) return {};
  return InvalidArgument("'{}' is not a topic configuration; write a name such as retention.ms", text);
}

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace klink::config
