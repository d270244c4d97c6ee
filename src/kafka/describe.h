// The words in which a message describes itself. Each message is a plain struct whose Describe names its fields once,
// in wire order; encoding, decoding, printing and size bounds all read that one description.
//
//   static void Describe(auto& m, auto& field) {
//     field(m.partition);                          // in every version
//     field(m.leader_epoch, Since(4));             // from version 4 on
//     field(m.topic, Until(12));                   // up to version 12
//     field(m.cluster_operations, In(8, 10));
//     field(m.current_leader, Tag(1, Since(12)));  // a tagged field, written only when it is not the default
//   }
//
// A field outside the version at hand keeps its default when decoded and is left out when encoded. std::optional
// stands for what may be null on the wire. SharedBytes (records, tokens) view the frame; null is data() == nullptr.
#pragma once

#include <cstdint>
#include <limits>

namespace klink::kafka {

struct Versions {
  int16_t min = 0;
  int16_t max = std::numeric_limits<int16_t>::max();
  constexpr bool Has(int16_t version) const { return min <= version && version <= max; }
};
constexpr Versions Since(int16_t min) { return {.min = min}; }
constexpr Versions Until(int16_t max) { return {.max = max}; }
constexpr Versions In(int16_t min, int16_t max) { return {.min = min, .max = max}; }

// A tagged field (KIP-482). Tags are described in ascending order. `absent` is its value when it is not sent, for
// plain numbers whose default is not zero.
struct Tag {
  uint32_t number;
  Versions versions;
  int64_t absent = 0;
  constexpr Tag(uint32_t tag, Versions in, int64_t if_absent = 0) : number(tag), versions(in), absent(if_absent) {}
};

}  // namespace klink::kafka
