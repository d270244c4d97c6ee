// Where a topic's records come from, so that no copy goes back to where it came from, under whatever name, and no two
// links write one topic. Told by the state topics of all links at both clusters (_klink.<link>.state), never by names.
// Pure.
//
// Invariants:
//  - A mirror that was promoted, or that left its link's filter, claims nothing: it may be copied back.
//  - Of two claims that exclude each other the older one stands, so that of two links that begin at once one goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "state/view.h"

namespace klink::link {

// A topic of one cluster that another link says it makes there.
struct Claim {
  std::string link;
  std::string source_cluster_id;
  std::string source_topic;
  int64_t created_ms = 0;
  std::vector<std::string> origins;  // cluster ids that its records came through before, nearest first
};

// What that link's state says of the topic; nothing when it makes no copy of it now.
std::optional<Claim> ClaimOn(const std::string& link, const state::StateView& state, std::string_view topic);

// A copy that was promoted, and what it was a copy of.
struct Former {
  std::string link;
  std::string source_cluster_id;
  std::string source_topic;
  std::string source_topic_id;
};
// Nothing when that link made no such copy, or makes it now.
std::optional<Former> FormerOn(const std::string& link, const state::StateView& state, std::string_view topic);

// The topic that we would write, as it stands at the destination now.
struct OldSourceFacts {
  std::string source;  // clusters as the file names them
  std::string destination;
  std::string destination_id;
  std::string source_topic;
  std::string destination_topic;
  std::string destination_topic_id;
};
// Halts with OLD_SOURCE when it is what one of these copies was made of: two logs with the same beginning are never put
// one behind the other without an operator's word.
Status CheckOldSource(const OldSourceFacts& facts, const std::vector<Former>& at_source);

// What is asked about one topic of ours, and what others claim.
struct ProvenanceFacts {
  std::string link;
  std::string source;  // clusters as the file names them, and their ids
  std::string destination;
  std::string destination_id;
  std::string source_topic;
  std::string destination_topic;
  std::optional<int64_t> created_ms;  // of our own mirror, when there is one
  std::vector<Claim> at_source;       // on the topic we copy
  std::vector<Claim> at_destination;  // on the topic we would write, by other links
};

// Halts with MIRROR_LOOP or MIRRORED_BY_ANOTHER_LINK.
Status CheckProvenance(const ProvenanceFacts& facts);
// Which clusters the records of our copy came through before they were at our source.
std::vector<std::string> OriginsOf(const std::vector<Claim>& at_source);

}  // namespace klink::link
