// JSON: the one door to Boost.JSON. What comes from outside is parsed within limits; what klink prints keeps the order
// in which its keys were put, writes numbers as people do, and has no trailing space, so outputs can be compared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/status.h"

namespace klink {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

struct JsonLimits {
  size_t bytes = 1 << 20;
  size_t depth = 32;
};

// InvalidArgument with the offset of what is wrong. A duplicate key keeps its last value.
StatusOr<Json> ParseJson(std::string_view text, JsonLimits limits = {});

std::string CompactJson(const Json& value);
// Two spaces per level, a newline at the end.
std::string PrettyJson(const Json& value);

// `value` under `key`, or null pointer: also when `json` is no object.
const Json* FindJson(const Json& json, std::string_view key);
// The field as this type, or InvalidArgument that names the key.
StatusOr<int64_t> JsonInt(const Json& json, std::string_view key);
StatusOr<std::string> JsonText(const Json& json, std::string_view key);

inline std::string_view TextOf(const boost::json::string& s) { return {s.data(), s.size()}; }

}  // namespace klink
