// A link that was made over Kafka REST as the configuration it stands for: the names that clients of Confluent's
// cluster linking set, and what each of them is for a link of klink. Pure. What klink cannot do is refused by name;
// what only says how a cluster is reached is kept as it was given and followed by nobody, because `clusters` says that.
#pragma once

#include <string>
#include <string_view>

#include "config/schema.h"
#include "state/definition.h"

namespace klink::link {

// InvalidArgument names the setting, and says what of it klink does not do.
StatusOr<config::LinkConfig> ConfigOf(const std::string& link, const state::LinkDefinition& definition);

// The same, and everything that klink validate would say against such a link of these clusters.
StatusOr<config::LinkConfig> CheckedConfig(const std::string& link, const state::LinkDefinition& definition,
                                           const config::Config& with);

// Its value is never written down.
bool IsSecretSetting(std::string_view name);

// Null: it is not set.
const std::string* FindSetting(const state::LinkDefinition& definition, std::string_view name);
// Sets it, or with nothing takes it out. Of a secret one the name is noted alone.
void PutSetting(state::LinkDefinition& definition, const std::string& name, const std::string* value);

// A mirror of that source topic is wanted, or is not any more.
void AddMirror(state::LinkDefinition& definition, const std::string& source_topic);
void DropMirror(state::LinkDefinition& definition, const std::string& source_topic);

}  // namespace klink::link
