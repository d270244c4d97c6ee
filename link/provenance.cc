#include "link/provenance.h"

#include <algorithm>
#include <tuple>

#include "link/halt.h"

namespace klink::link {
namespace {

using state::Phase;
using state::Reason;

bool Contains(const std::vector<std::string>& ids, const std::string& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Ours was there first.
bool Stands(const ProvenanceFacts& facts, const Claim& other) {
  return facts.created_ms && std::tie(*facts.created_ms, facts.link) < std::tie(other.created_ms, other.link);
}

}  // namespace

std::optional<Claim> ClaimOn(const std::string& link, const state::StateView& state, std::string_view topic) {
  const state::MirrorRecord* record = state.mirror(topic);
  if (record == nullptr || !state.link() || record->phase == Phase::kStopped) return std::nullopt;
  if (record->phase == Phase::kPaused && record->reason == Reason::kFilteredOut) return std::nullopt;
  return Claim{link, state.link()->source_cluster_id, record->source_topic, record->created_ms, record->origins};
}

std::optional<Former> FormerOn(const std::string& link, const state::StateView& state, std::string_view topic) {
  const state::MirrorRecord* record = state.mirror(topic);
  if (record == nullptr || !state.link() || record->phase != Phase::kStopped) return std::nullopt;
  return Former{link, state.link()->source_cluster_id, record->source_topic, record->source_topic_id};
}

Status CheckOldSource(const OldSourceFacts& facts, const std::vector<Former>& at_source) {
  for (const Former& former : at_source) {
    if (former.source_cluster_id != facts.destination_id || former.source_topic != facts.destination_topic) continue;
    const bool known = !former.source_topic_id.empty() && !facts.destination_topic_id.empty();
    if (known && former.source_topic_id != facts.destination_topic_id) continue;  // made again since
    return Halt(Reason::kOldSource,
                "topic {} of {} is what link {} copied to {} before {} was promoted there: klink mirror reverse --link "
                "{} takes it over, klink mirror failback --link {} shows what it alone has",
                facts.destination_topic, facts.destination, former.link, facts.source, facts.source_topic, former.link,
                former.link);
  }
  return absl::OkStatus();
}

Status CheckProvenance(const ProvenanceFacts& facts) {
  for (const Claim& claim : facts.at_source) {
    const bool direct = claim.source_cluster_id == facts.destination_id;
    if ((!direct && !Contains(claim.origins, facts.destination_id)) || Stands(facts, claim)) continue;
    const std::string from = direct ? fmt::format("{} of {}", claim.source_topic, facts.destination)
                                    : fmt::format("another cluster, and came there from {}", facts.destination);
    return Halt(Reason::kMirrorLoop,
                "topic {} of {} is itself a copy: link {} makes it from {}; it is not copied back there",
                facts.source_topic, facts.source, claim.link, from);
  }
  for (const Claim& claim : facts.at_destination) {
    if (Stands(facts, claim)) continue;
    return Halt(Reason::kMirroredByAnotherLink, "topic {} of {} is written by link {} already, as a copy of {}",
                facts.destination_topic, facts.destination, claim.link, claim.source_topic);
  }
  return absl::OkStatus();
}

std::vector<std::string> OriginsOf(const std::vector<Claim>& at_source) {
  std::vector<std::string> origins;
  const auto add = [&origins](const std::string& id) {
    if (!Contains(origins, id)) origins.push_back(id);
  };
  for (const Claim& claim : at_source) {
    add(claim.source_cluster_id);
    for (const std::string& id : claim.origins) add(id);
  }
  return origins;
}

}  // namespace klink::link
