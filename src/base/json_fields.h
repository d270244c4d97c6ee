// A struct that tells its fields once is written as JSON and read from it:
//
//   struct Cluster {
//     std::string name;
//     std::optional<int64_t> brokers;
//     static void Describe(auto& m, auto& field) { field("name", m.name); field("brokers", m.brokers); }
//   };
//   Json json = ToJson(cluster);  RETURN_IF_ERROR(FromJson(json, cluster));
//
// An empty optional is written as null. Reading ignores unknown keys (an older command talks to a newer agent) and
// leaves the default where a key is missing; a value of another type is refused with its path. Times are RFC 3339.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"

namespace klink {

// "2026-01-01T00:00:00.123Z": UTC, always with milliseconds.
std::string Rfc3339(WallTime t);
// Reads what Rfc3339 writes (the fraction may be missing or longer).
StatusOr<WallTime> ParseRfc3339(std::string_view text);

struct AnyField {
  template <class T>
  void operator()(std::string_view, T&) {}
};

template <class T>
concept Described = requires(T& m, AnyField& field) { T::Describe(m, field); };

inline Json ToJson(const std::string& v) { return Json(std::string_view(v)); }
inline Json ToJson(WallTime v) { return Json(std::string_view(Rfc3339(v))); }
inline Json ToJson(const Json& v) { return v; }
template <std::integral T>
Json ToJson(T v) {
  return Json(v);
}
template <std::floating_point T>
Json ToJson(T v) {
  return Json(v);
}
template <Described T>
Json ToJson(const T& m);
template <class T>
Json ToJson(const std::optional<T>& v);
template <class T>
Json ToJson(const std::map<std::string, T>& items);

template <class T>
Json ToJson(const std::vector<T>& items) {
  JsonArray array;
  array.reserve(items.size());
  for (const T& item : items) array.push_back(ToJson(item));
  return array;
}
template <class T>
Json ToJson(const std::map<std::string, T>& items) {
  JsonObject object;
  for (const auto& [key, item] : items) object[key] = ToJson(item);
  return object;
}
template <class T>
Json ToJson(const std::optional<T>& v) {
  return v ? ToJson(*v) : Json(nullptr);
}
template <Described T>
Json ToJson(const T& m) {
  JsonObject object;
  auto field = [&object](std::string_view name, const auto& value) { object[name] = ToJson(value); };
  T::Describe(m, field);
  return object;
}

inline Status FromJson(const Json& json, std::string& v) {
  if (!json.is_string()) return InvalidArgument("not text");
  v = std::string(TextOf(json.get_string()));
  return absl::OkStatus();
}
inline Status FromJson(const Json& json, WallTime& v) {
  if (!json.is_string()) return InvalidArgument("not a time");
  TRY(v, ParseRfc3339(TextOf(json.get_string())));
  return absl::OkStatus();
}
inline Status FromJson(const Json& json, Json& v) {
  v = json;
  return absl::OkStatus();
}
template <class T>
  requires std::is_arithmetic_v<T>
Status FromJson(const Json& json, T& v) {
  if constexpr (std::same_as<T, bool>) {
    if (!json.is_bool()) return InvalidArgument("not true or false");
    v = json.get_bool();
  } else {
    boost::json::error_code ec;
    v = json.to_number<T>(ec);
    if (ec) return InvalidArgument("not a number that fits");
  }
  return absl::OkStatus();
}
template <Described T>
Status FromJson(const Json& json, T& m);
template <class T>
Status FromJson(const Json& json, std::optional<T>& v);
template <class T>
Status FromJson(const Json& json, std::map<std::string, T>& items);

template <class T>
Status FromJson(const Json& json, std::vector<T>& items) {
  if (!json.is_array()) return InvalidArgument("not a list");
  items.clear();
  for (const Json& item : json.get_array()) {
    RETURN_IF_ERROR(Annotate(FromJson(item, items.emplace_back()), fmt::format("[{}]", items.size() - 1)));
  }
  return absl::OkStatus();
}
template <class T>
Status FromJson(const Json& json, std::map<std::string, T>& items) {
  if (!json.is_object()) return InvalidArgument("not an object");
  items.clear();
  for (const auto& [key, item] : json.get_object()) {
    const std::string name(key.data(), key.size());
    RETURN_IF_ERROR(Annotate(FromJson(item, items[name]), name));
  }
  return absl::OkStatus();
}
template <class T>
Status FromJson(const Json& json, std::optional<T>& v) {
  v.reset();
  return json.is_null() ? absl::OkStatus() : FromJson(json, v.emplace());
}
template <Described T>
Status FromJson(const Json& json, T& m) {
  if (!json.is_object()) return InvalidArgument("not an object");
  Status status;
  auto field = [&](std::string_view name, auto& value) {
    const Json* found = FindJson(json, name);
    if (status.ok() && found != nullptr) status = Annotate(FromJson(*found, value), name);
  };
  T::Describe(m, field);
  return status;
}

}  // namespace klink
