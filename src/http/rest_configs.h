// A link's settings under the names that Kafka REST clients know them by: one table, each row a name and what it is for
// a link of klink. Pure. No secret is ever shown, and none counts that is set here: credentials stand under `clusters`
// in the configuration. Of a link that was made over Kafka REST a setting is shown in the very words it was set with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "config/schema.h"
#include "http/rest_views.h"
#include "state/definition.h"

namespace klink::http {

struct RestConfig {
  std::string kind = "KafkaLinkConfigData";
  RestMetadata metadata;
  std::string cluster_id;
  std::string link_name;
  std::string name;
  std::string value;
  bool is_default = true;
  bool is_read_only = true;
  bool is_sensitive = false;
  std::string source = "DEFAULT_CONFIG";
  std::vector<std::string> synonyms;

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("metadata", m.metadata);
    field("cluster_id", m.cluster_id);
    field("link_name", m.link_name);
    field("name", m.name);
    field("value", m.value);
    field("is_default", m.is_default);
    field("is_read_only", m.is_read_only);
    field("is_sensitive", m.is_sensitive);
    // Older clients know these two by other names.
    field("read_only", m.is_read_only);
    field("sensitive", m.is_sensitive);
    field("source", m.source);
    field("synonyms", m.synonyms);
  }
};

inline constexpr std::string_view kPausedConfig = "cluster.link.paused";  // the one that any link takes

struct RestLinkFacts {
  config::LinkConfig link;
  config::ClusterConfig source;
  bool paused = false;
  std::optional<state::LinkDefinition> made = std::nullopt;  // over Kafka REST; else the link stands in the file
};

// All of them, in the table's order. What differs from a link that sets nothing is a setting of this link.
std::vector<RestConfig> ShowLinkConfigs(const RestLinkFacts& facts, const RestPlace& place);
std::optional<RestConfig> ShowLinkConfig(const RestLinkFacts& facts, std::string_view name, const RestPlace& place);

bool IsLinkConfig(std::string_view name);
// Of a link that was made over Kafka REST: decided when it was.
bool IsFixedConfig(std::string_view name);
// Its value is not written down, nor shown. True of every name that is not in the table.
bool IsSensitiveConfig(std::string_view name);

}  // namespace klink::http
