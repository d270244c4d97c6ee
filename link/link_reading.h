// What a command that asks no agent reads of a link at its destination: the map between the logs, and the state topic.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "admin/access.h"
#include "config/schema.h"
#include "link/verify_proof.h"
#include "offsets/codecs.h"
#include "state/view.h"

namespace klink::link {

// The announced shifts by mirror partition. What the link's topic does not name stands at the same offsets in both
// logs.
using AnnouncedMaps = std::map<TopicPartition, offsets::PartitionRuns>;
Async<StatusOr<AnnouncedMaps>> ReadAnnouncedMaps(admin::Access destination, std::string link);
// Of that partition of the topic with this id, reaching to the end of the log; nothing: the same offsets.
std::optional<offsets::Translation> MapOf(const AnnouncedMaps& maps, const TopicPartition& mirror,
                                          const std::string& topic_id);

// The link's state as it is now. FailedPrecondition: it holds what this program does not understand.
Async<StatusOr<state::StateView>> ReadState(admin::Access destination, std::string link);

// What counts as equal in this link's copies.
VerifyOptions ComparisonOf(const config::LinkConfig& link);

}  // namespace klink::link
