// Links, their settings, mirrors and topics as Kafka REST clients make, change and delete them. A link of klink's
// configuration is the configuration's: what asks for what is so already is answered as done, the link is paused and
// resumed by its setting, a mirror that it includes is awaited; everything else is refused with what to do instead. A
// link that was made here is changed here too (link/definitions.h). Credentials in a body are neither used nor kept.
#pragma once

#include <map>
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

// Pure. What a new link's body asks for; the error says what is wrong with it, or that no entry under `clusters` is its
// source.
struct NewRestLink {
  std::string source;  // under `clusters`
  std::vector<RestSetting> settings;
};
struct NewLinkFacts {
  const config::Config& config;
  link::AgentSnapshot known;               // what this agent's links are
  std::map<std::string, std::string> ids;  // of clusters, by name
  std::string destination_id;              // whose path was asked
};
StatusOr<NewRestLink> ReadNewLink(const std::string& name, std::string_view body, const NewLinkFacts& facts);

// Pure. All the settings put into the definition of a link named so: the configuration then holds what it makes
// (link::CheckedConfig). InvalidArgument: one of them cannot be set, or klink does not do what it asks; nothing counts.
// cluster.link.paused is passed over: no definition holds it.
Status ApplySettings(state::LinkDefinition& definition, const std::string& name,
                     const std::vector<RestSetting>& settings, const config::Config& config);

// Pure. The settings a body of configs:alter, or of configs/{name}, asks for. InvalidArgument: a name that no link has,
// or one twice.
StatusOr<std::vector<RestSetting>> ReadAlteration(std::string_view body);
StatusOr<std::string> ReadValue(std::string_view body);

// Pure. What must be done so that all the settings are so: nothing, to pause or resume the link, or, of one that was
// made here, to write its definition anew. InvalidArgument: one of them is the configuration's.
struct RestAlteration {
  std::optional<link::ControlVerb> verb;
  bool settings = false;
  friend bool operator==(const RestAlteration&, const RestAlteration&) = default;
};
StatusOr<RestAlteration> PlanAlteration(const std::vector<RestSetting>& settings, const RestLinkFacts& facts);

// Pure. The mirror topic a body asks for: where the link would make it by itself, or, of a link that was made here,
// could.
struct NewRestMirror {
  std::string source;  // topic
  std::string mirror;
};
StatusOr<NewRestMirror> ReadNewMirror(std::string_view body, const RestLinkFacts& facts);

// A body as it may be written down: the values of sensitive settings, and of names that are not known, taken out.
Json WithoutSecrets(Json body, std::string_view path_name);

// The schemas of these bodies.
Json NewLinkBodySchema();
Json ValueBodySchema();
Json AlterBodySchema();
Json NewMirrorBodySchema();

void AddRestChanges(Router& router, link::AgentApi& agent, const RestParts& parts);

}  // namespace klink::http
