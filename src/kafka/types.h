// Kafka's small wire types that C++ has no word for.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace klink::kafka {

// A topic's identity: it changes when a topic is deleted and created again under the same name. All zeros: none.
struct Uuid {
  std::array<std::byte, 16> bytes{};

  bool is_zero() const { return *this == Uuid{}; }
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

// Kafka's own text form: 22 characters of URL-safe base64 without padding.
std::string ToString(const Uuid& id);
StatusOr<Uuid> ParseUuid(std::string_view text);

}  // namespace klink::kafka

template <>
struct std::hash<klink::kafka::Uuid> {
  size_t operator()(const klink::kafka::Uuid& id) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
