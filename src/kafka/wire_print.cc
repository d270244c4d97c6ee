// Every message as debug text, instantiated once.
#include <fmt/format.h>

#include "kafka/codec.h"
#include "kafka/messages/all.h"

namespace klink::kafka {
namespace {

struct Printer {
  std::string out;
  bool first = true;

  void operator()(const auto& value, Versions = {}) { Field(value); }
  void operator()(const auto& value, Tag) { Field(value); }

  void Field(const auto& value) {
    if (!first) out += ", ";
    first = false;
    Value(value);
  }

  template <class T>
  void Value(const T& value) {
    if constexpr (std::is_same_v<T, Error>) {
      out += Name(value);
    } else if constexpr (std::is_enum_v<T>) {
      out += std::to_string(static_cast<int64_t>(value));
    } else if constexpr (std::is_arithmetic_v<T>) {
      out += fmt::format("{}", value);
    } else if constexpr (std::is_same_v<T, Uuid>) {
      out += ToString(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
      out += fmt::format("\"{}\"", value);
    } else if constexpr (std::is_same_v<T, SharedBytes>) {
      out += value.data() == nullptr ? "null" : fmt::format("<{} bytes>", value.size());
    } else if constexpr (codec::kIsOptional<T>) {
      value ? Value(*value) : void(out += "null");
    } else if constexpr (codec::kIsVector<T>) {
      out += '[';
      for (const auto& element : value) {
        if (&element != &value.front()) out += ", ";
        Value(element);
      }
      out += ']';
    } else {
      out += '{';
      first = true;
      T::Describe(value, *this);
      first = false;
      out += '}';
    }
  }
};

}  // namespace

template <class M>
std::string Print(const M& message) {
  constexpr bool kIsRequest = requires { typename M::Response; };
  Printer printer;
  printer.Value(message);
  return fmt::format("{}{}{}", Name(M::kKey), kIsRequest ? "Request" : "Response", printer.out);
}

#define KLINK_ROW(NAME, KEY)                        \
  template std::string Print(const NAME##Request&); \
  template std::string Print(const NAME##Response&);
KLINK_KAFKA_MESSAGES(KLINK_ROW)
#undef KLINK_ROW

}  // namespace klink::kafka
