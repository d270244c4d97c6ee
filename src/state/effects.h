// Which effects on the destination a mirror's phase allows. A broker fences our appends (the sequence is a
// compare-and-append); it does not fence these, so each is asked for here first, in a state read at most kStateAge ago.
// An effect whose outcome is in doubt is dropped, never repeated, except journal steps and the end of a transaction.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/types.h"
#include "state/states.h"

namespace klink::state {

enum class Effect : uint8_t {
  kCreateTopic,  // also more partitions
  kDeleteTopic,  // to begin the mirror anew, when an operator accepted that
  kAlterConfigs,
  kFill,           // filler batches before the source's log start
  kDeleteRecords,  // bounded by MayDeleteUpTo as well
  kAppend,         // data batches and markers
  kEndTransaction,
  kCommitGroupOffsets,
  kWriteAcls,
  kWriteQuotas,  // of the link as a whole
  kCleanUpDrill,
  kJournalStep,  // of a promotion
};
std::string_view Name(Effect effect);

inline constexpr Duration kStateAge = 2s;

constexpr bool Allowed(Effect effect, Phase phase) {
  switch (phase) {
    case Phase::kCreating:
      return effect == Effect::kCreateTopic || effect == Effect::kDeleteTopic || effect == Effect::kAlterConfigs;
    case Phase::kPrefill:  // the first batch is appended before the fillers are trimmed away
      return effect == Effect::kFill || effect == Effect::kDeleteRecords || effect == Effect::kAlterConfigs ||
             effect == Effect::kAppend || effect == Effect::kDeleteTopic;
    case Phase::kActive:
      return effect != Effect::kFill && effect != Effect::kJournalStep;
    case Phase::kSetupForRestore:
      return effect == Effect::kAlterConfigs;
    case Phase::kRestore:  // one partition after the other becomes ACTIVE
      return effect == Effect::kAlterConfigs || effect == Effect::kAppend || effect == Effect::kEndTransaction;
    case Phase::kPendingStopped:
      return effect == Effect::kJournalStep;
    case Phase::kPaused:
    case Phase::kStopped:
    case Phase::kFailed:
      return false;
  }
  return false;
}

// What else must hold, as the caller knows it at this moment.
struct Standing {
  bool state_is_fresh = false;  // read to its end at most kStateAge ago
  bool link_paused = false;
  bool lease_runs = false;  // of the shard; for journal steps: being the unfenced controller
};

// OK, or why not: Unavailable when it passes by itself, FailedPrecondition when the phase forbids it.
Status MayDo(Effect effect, Phase phase, Standing standing, std::string_view mirror);

// The same of what concerns the link as a whole: no mirror's phase speaks for it.
Status MayDo(Effect effect, Standing standing, std::string_view link);

// DeleteRecords never reaches beyond what klink wrote: while filling, the fillers' end; later, what is replicated.
Status MayDeleteUpTo(DestOffset up_to, Phase phase, DestOffset fillers_end, DestOffset replicated_to,
                     const TopicPartition& partition);

}  // namespace klink::state
