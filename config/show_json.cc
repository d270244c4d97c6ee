// The configuration in force as JSON: the keys of the file, every default written out, a secret by its reference.
#include <map>
#include <type_traits>

#include "config/show.h"
#include "config/value_text.h"

namespace klink::config {
namespace {

template <Described T>
JsonObject Struct(const T& value);

template <class T>
Json Value(const T& value, const Spec& spec) {
  if constexpr (Described<T>) {
    return Struct(value);
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double>) {
    return Json(value);
  } else if constexpr (std::is_integral_v<T>) {
    return spec.unit == Unit::kBytes ? Json(ValueText(value, spec)) : Json(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return Json(std::string_view(value));
  } else {
    return Json(std::string_view(ValueText(value, spec)));
  }
}

template <class T>
Json Value(const std::vector<T>& values, const Spec& spec) {
  JsonArray array;
  for (const T& value : values) array.push_back(Value(value, spec));
  return array;
}
template <class T>
Json Value(const std::map<std::string, T>& values, const Spec& spec) {
  JsonObject object;
  for (const auto& [name, value] : values) object[name] = Value(value, spec);
  return object;
}

template <Described T>
JsonObject Struct(const T& value) {
  JsonObject object;
  auto field = [&object](const char* key, const auto& member, const Spec& spec) { object[key] = Value(member, spec); };
  T::Describe(value, field);
  return object;
}

}  // namespace

Json ToJson(const Config& config) { return Struct(config); }

}  // namespace klink::config
