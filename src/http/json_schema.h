// The JSON schema (2020-12) of a struct that tells its fields: what ToJson writes of it, what FromJson reads into it.
// Fields that a value leaves out are not in its schema; so that of a sample in which they are there is asked for.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fields.h"

namespace klink::http {

enum class SchemaOf { kAnswer, kBody };  // an answer always has all its fields; of a body none is required

template <Described T>
Json Schema(const T& sample, SchemaOf of);
template <class T>
Json Schema(const std::vector<T>& sample, SchemaOf of);
template <class T>
Json Schema(const std::map<std::string, T>& sample, SchemaOf of);

inline Json TypeSchema(std::string_view type) {
  JsonObject schema;
  schema["type"] = type;
  return schema;
}
inline Json Schema(const std::string&, SchemaOf) { return TypeSchema("string"); }
inline Json Schema(bool, SchemaOf) { return TypeSchema("boolean"); }
inline Json Schema(const Json&, SchemaOf) { return JsonObject(); }  // anything
inline Json Schema(WallTime, SchemaOf) {
  Json schema = TypeSchema("string");
  schema.as_object()["format"] = "date-time";
  return schema;
}
template <std::integral T>
Json Schema(T, SchemaOf) {
  Json schema = TypeSchema("integer");
  schema.as_object()["format"] = sizeof(T) > 4 ? "int64" : "int32";
  return schema;
}
template <std::floating_point T>
Json Schema(T, SchemaOf) {
  return TypeSchema("number");
}
// A value or null.
template <class T>
Json Schema(const std::optional<T>& sample, SchemaOf of) {
  JsonArray either;
  either.push_back(Schema(sample.value_or(T()), of));
  either.push_back(TypeSchema("null"));
  JsonObject schema;
  schema["anyOf"] = std::move(either);
  return schema;
}
template <class T>
Json Schema(const std::vector<T>& sample, SchemaOf of) {
  Json schema = TypeSchema("array");
  schema.as_object()["items"] = Schema(sample.empty() ? T() : sample.front(), of);
  return schema;
}
template <class T>
Json Schema(const std::map<std::string, T>&, SchemaOf of) {
  Json schema = TypeSchema("object");
  schema.as_object()["additionalProperties"] = Schema(T(), of);
  return schema;
}
template <Described T>
Json Schema(const T& sample, SchemaOf of) {
  JsonObject properties;
  JsonArray required;
  auto field = [&](std::string_view name, const auto& value) {
    properties[name] = Schema(value, of);
    required.push_back(Json(name));
  };
  T::Describe(sample, field);
  Json schema = TypeSchema("object");
  schema.as_object()["properties"] = std::move(properties);
  if (of == SchemaOf::kAnswer && !required.empty()) schema.as_object()["required"] = std::move(required);
  if (of == SchemaOf::kBody) schema.as_object()["additionalProperties"] = false;
  return schema;
}

}  // namespace klink::http
