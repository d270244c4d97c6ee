// Links, their settings, mirrors and topics as Kafka REST clients would make, change and delete them. Links stand in
// klink's configuration, and that wins: what asks for what is so already is answered as done, a link is paused and
// resumed by its setting, a mirror that the link includes is awaited; everything else is refused with what to do
// instead. Credentials in a body are neither used nor kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_fields.h"
#include "http/rest_configs.h"
#include "http/rest_routes.h"

namespace klink::http {

// A client that made a mirror looks at it 10 s later and takes no other status than ACTIVE.
inline constexpr Duration kMirrorActiveMost = 8s;
inline constexpr Duration kMirrorActivePoll = 200ms;

struct RestSetting {
  std::string name;
  std::optional<std::string> value;  // empty: back to the default
};

// Pure. The source that a new link's body means, by its name under `clusters`; the error says what is wrong with the
// body, or that no entry fits. `known`: what this agent's links are, for the ids of clusters.
StatusOr<std::string> SourceOfNewLink(const std::string& name, std::string_view body, const config::Config& config,
                                      const link::AgentSnapshot& known);

// Pure. The settings a body of configs:alter, or of configs/{name}, asks for. InvalidArgument: a name that no link has,
// or one twice.
StatusOr<std::vector<RestSetting>> ReadAlteration(std::string_view body);
StatusOr<std::string> ReadValue(std::string_view body);

// Pure. What must be done so that all the settings are so: nothing, or to pause or resume the link. InvalidArgument:
// one of them is the configuration's.
enum class RestAlteration { kNothing, kPause, kResume };
StatusOr<RestAlteration> PlanAlteration(const std::vector<RestSetting>& settings, const RestLinkFacts& facts);

// Pure. The mirror topic a body asks for, where the link would make it by itself.
StatusOr<std::string> ReadNewMirror(std::string_view body, const config::LinkConfig& link);

// A body as it may be written down: the values of sensitive settings, and of names that are not known, taken out.
Json WithoutSecrets(Json body, std::string_view path_name);

// The schemas of these bodies.
Json NewLinkBodySchema();
Json ValueBodySchema();
Json AlterBodySchema();
Json NewMirrorBodySchema();

void AddRestChanges(Router& router, link::AgentApi& agent, const RestParts& parts);

}  // namespace klink::http
