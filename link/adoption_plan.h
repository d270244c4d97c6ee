// May a topic be taken over as a mirror, and what does its record say then? Pure.
#pragma once

#include <optional>
#include <string>

#include "link/adoption.h"
#include "link/topic_plan.h"
#include "state/records.h"

namespace klink::link {

// What is known of one topic that is asked for.
struct AdoptFacts {
  std::optional<std::string> mirrored_as;  // how the link names the copy of the source topic; none: it takes it not
  const state::MirrorRecord* record = nullptr;  // of the mirror, when there was one
  std::optional<TopicShape> source;             // with its settings
  std::optional<TopicShape> destination;
  int64_t now_ms = 0;
};

// The mirror's record in SETUP_FOR_RESTORE; nothing when it is what was asked for already. FailedPrecondition: why not.
StatusOr<std::optional<state::MirrorRecord>> PlanAdoption(const AdoptTopic& asked, const AdoptFacts& facts);

}  // namespace klink::link
