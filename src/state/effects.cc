#include "state/effects.h"

namespace klink::state {

std::string_view Name(Effect effect) {
  switch (effect) {
    case Effect::kCreateTopic:
      return "creating the topic";
    case Effect::kDeleteTopic:
      return "deleting the topic";
    case Effect::kAlterConfigs:
      return "changing topic settings";
    case Effect::kFill:
      return "filling the head";
    case Effect::kDeleteRecords:
      return "deleting records";
    case Effect::kAppend:
      return "appending";
    case Effect::kEndTransaction:
      return "ending a transaction";
    case Effect::kCommitGroupOffsets:
      return "committing group offsets";
    case Effect::kWriteAcls:
      return "writing ACLs";
    case Effect::kWriteQuotas:
      return "writing quotas";
    case Effect::kCleanUpDrill:
      return "removing a drill's topics";
    case Effect::kJournalStep:
      return "a step of the promotion";
  }
  return "an unknown effect";
}

namespace {

Status MayNow(Effect effect, Standing standing, std::string_view what) {
  if (standing.link_paused && effect != Effect::kJournalStep)
    return FailedPrecondition("{}: {} is not allowed while its link is PAUSED", what, Name(effect));
  if (!standing.state_is_fresh)
    return Unavailable("{}: {} waits: the link's state was not read within the last {} ms", what, Name(effect),
                       ToMillis(kStateAge));
  if (!standing.lease_runs)
    return Unavailable("{}: {} waits: {}", what, Name(effect),
                       effect == Effect::kJournalStep ? "this agent is not the controller" : "the lease does not run");
  return absl::OkStatus();
}

}  // namespace

Status MayDo(Effect effect, Phase phase, Standing standing, std::string_view mirror) {
  if (!Allowed(effect, phase))
    return FailedPrecondition("mirror {}: {} is not allowed while it is {}", mirror, Name(effect), Name(phase));
  return MayNow(effect, standing, fmt::format("mirror {}", mirror));
}

Status MayDo(Effect effect, Standing standing, std::string_view link) {
  return MayNow(effect, standing, fmt::format("link {}", link));
}

Status MayDeleteUpTo(DestOffset up_to, Phase phase, DestOffset fillers_end, DestOffset replicated_to,
                     const TopicPartition& partition) {
  const DestOffset bound = phase == Phase::kPrefill ? fillers_end : replicated_to;
  if (up_to <= bound) return absl::OkStatus();
  return FailedPrecondition("{}: deleting records up to offset {} would reach beyond {} {}", partition, up_to,
                            phase == Phase::kPrefill ? "the fillers' end" : "what is replicated,", bound);
}

}  // namespace klink::state
