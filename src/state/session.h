// What tells one holder of a state topic's writer from the one before, in the records that it stamps.
#pragma once

#include <random>
#include <string>

#include <fmt/format.h>

namespace klink::state {

inline std::string NewSession() {
  std::random_device entropy;
  return fmt::format("{:08x}{:08x}", entropy(), entropy());
}

}  // namespace klink::state
