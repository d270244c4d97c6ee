#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klink::link {

// A set of the configuration, with what is mirrored of it.
struct SetSnapshot {
  std::string name;
  int64_t priority = 0;
  std::optional<double> rpo_seconds;  // objectives; empty: none
  std::optional<double> rto_seconds;
  std::vector<std::string> mirrors;  // by their names at the destination

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("priority", m.priority);
    field("rpo_seconds", m.rpo_seconds);
    field("rto_seconds", m.rto_seconds);
    field("mirrors", m.mirrors);
  }
};

}  // namespace klink::link
