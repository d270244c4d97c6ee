// A source batch becomes ours, in place: baseOffset 0 (protocol.md P2), our producer identity, attribute bits 3, 4 and
// 6 cleared (P10, P11; bit 4 stays in a replayed transaction), and the checksum corrected from the header's difference
// alone. The records are neither read nor copied, so the source's checksum still guards them, and the destination
// broker makes that check.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace klink::link {

struct Stamp {
  int64_t producer_id = -1;
  int16_t producer_epoch = 0;
  int32_t base_sequence = 0;
};

enum class Keep : bool { kPlain, kTransactional };
void PatchBatch(SharedBytes& batch, const Stamp& stamp, Keep keep = Keep::kPlain);

// Sequences count records and wrap from 2^31 − 1 to 0 (P20, P21).
constexpr int32_t AdvanceSequence(int32_t sequence, int64_t records) {
  return static_cast<int32_t>((static_cast<int64_t>(sequence) + records) & 0x7fffffff);
}
// The sequence of the batch that lands at a destination offset: every record of ours takes one offset and one number.
constexpr int32_t SequenceAt(int64_t dest_offset) { return static_cast<int32_t>(dest_offset & 0x7fffffff); }

}  // namespace klink::link
