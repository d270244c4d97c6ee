// The numbers klink must not mix up. A SourceOffset and a DestOffset do not compare; only `offsets` maps one to the
// other.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace klink {

template <class Tag>
struct Offset {
  int64_t value = 0;
  constexpr Offset() = default;
  constexpr explicit Offset(int64_t v) : value(v) {}
  friend constexpr auto operator<=>(Offset, Offset) = default;
  friend constexpr Offset operator+(Offset a, int64_t n) { return Offset(a.value + n); }
  friend constexpr Offset operator-(Offset a, int64_t n) { return Offset(a.value - n); }
  friend constexpr int64_t operator-(Offset a, Offset b) { return a.value - b.value; }
};
using SourceOffset = Offset<struct SourceTag>;
using DestOffset = Offset<struct DestTag>;

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

}  // namespace klink

template <class Tag>
struct fmt::formatter<klink::Offset<Tag>> : fmt::formatter<int64_t> {
  auto format(klink::Offset<Tag> o, fmt::format_context& ctx) const {
    return fmt::formatter<int64_t>::format(o.value, ctx);
  }
};
template <>
struct fmt::formatter<klink::TopicPartition> {
  constexpr auto parse(fmt::format_parse_context& ctx) { return ctx.begin(); }
  auto format(const klink::TopicPartition& tp, fmt::format_context& ctx) const {
    return fmt::format_to(ctx.out(), "{}-{}", tp.topic, tp.partition);
  }
};
