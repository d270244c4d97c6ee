// How one key of the configuration is described. A described struct says once, in Describe(m, field), which keys it
// has; the loader, the printer and the generated references are visitors of that one description.
//
//   static void Describe(auto& m, auto& field) {
//     field("refresh", m.refresh, {.help = "…", .min = Nanos(100ms), .max = Nanos(1h)});
//   }
//
// The default of a key is the default member initialiser of its field.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.h"
#include "base/status.h"

namespace klink::config {

enum class Unit { kNone, kBytes };

struct Spec {
  const char* help = "";
  Unit unit = Unit::kNone;                            // kBytes: an int64 that is written 64KiB, 20MiB …
  int64_t min = std::numeric_limits<int64_t>::min();  // numbers, bytes; nanoseconds for a Duration
  int64_t max = std::numeric_limits<int64_t>::max();
  const char* over = nullptr;                   // said in place of "the largest is …"
  bool required = false;                        // must be written; a list must not be empty, unless its min is 0
  bool filled = false;                          // may be left out, but not be empty
  const char* preset = nullptr;                 // the text to read when the key is absent (may hold references)
  Status (*check)(std::string_view) = nullptr;  // of a string, or of every string in a list
  const char* later = nullptr;                  // "X is not supported yet": only the default is accepted
};

constexpr int64_t Nanos(Duration d) { return d.count(); }

// A struct that has Describe().
struct NoFields {
  void operator()(const char*, auto&, const Spec&) {}
};
template <class T>
concept Described = std::is_class_v<T> && requires(T& m, NoFields& field) { T::Describe(m, field); };

// The words of an enum, found by argument: the first row of a value is how it is printed, further rows are accepted.
template <class E>
struct Choice {
  E value;
  const char* text;
};
template <class E>
concept Enumerated = std::is_enum_v<E> && requires { Choices(E{}); };

template <Enumerated E>
std::string_view ToText(E value) {
  for (const auto& choice : Choices(E{})) {
    if (choice.value == value) return choice.text;
  }
  return "?";
}

// A value with a text form of its own.
template <class T>
concept Textual = std::is_class_v<T> && requires(const T& value, std::string_view text) {
  { T::Parse(text) } -> std::same_as<StatusOr<T>>;
  { value.ToText() } -> std::same_as<std::string>;
  { T::kForm } -> std::convertible_to<const char*>;
};

}  // namespace klink::config
