#include "http/rest_configs.h"

#include <algorithm>

#include "config/topic_keys.h"
#include "link/definition_settings.h"

namespace klink::http {
namespace {

using config::ClusterConfig;
using config::LinkConfig;
using Facts = RestLinkFacts;

std::string Flag(bool value) { return value ? "true" : "false"; }
std::string Millis(Duration d) { return std::to_string(ToMillis(d)); }

template <class P>
Json FilterOf(const P& pattern, std::string_view filter) {
  const config::Pattern p = pattern;
  JsonObject out;
  out["name"] = !p.literal.empty() ? p.literal : !p.prefix.empty() ? p.prefix : p.regex;
  out["patternType"] = !p.literal.empty() ? "LITERAL" : !p.prefix.empty() ? "PREFIXED" : "REGEX";
  out["filterType"] = filter;
  return out;
}

// {"topicFilters":[{"name":"orders.","patternType":"PREFIXED","filterType":"INCLUDE"}]}; nothing without a rule.
template <class P>
std::string Filters(std::string_view key, const std::vector<P>& include, const std::vector<P>& exclude) {
  if (include.empty()) return "";
  JsonArray filters;
  for (const P& pattern : include) filters.push_back(FilterOf(pattern, "INCLUDE"));
  for (const P& pattern : exclude) filters.push_back(FilterOf(pattern, "EXCLUDE"));
  JsonObject out;
  out[key] = std::move(filters);
  return CompactJson(out);
}

std::string AclFilters(const config::Acls& acls) {
  JsonArray filters;
  for (const std::string& principal : acls.include) {
    JsonObject resource, access, filter;
    resource["resourceType"] = "any";
    resource["patternType"] = "any";
    access["operation"] = "any";
    access["permissionType"] = "any";
    access["principal"] = principal;
    filter["resourceFilter"] = std::move(resource);
    filter["accessFilter"] = std::move(access);
    filters.push_back(std::move(filter));
  }
  if (filters.empty()) return "";
  JsonObject out;
  out["aclFilters"] = std::move(filters);
  return CompactJson(out);
}

std::string FollowedSettings(const config::TopicConfigs& configs) {
  std::string text;
  const auto add = [&](const std::string& key) {
    const auto& out = configs.exclude;
    if (std::find(out.begin(), out.end(), key) == out.end()) text += (text.empty() ? "" : ",") + key;
  };
  for (const std::string& key : config::DefaultKeys()) add(key);
  for (const std::string& key : configs.include) add(key);
  return text;
}

enum class Kind { kPlain, kSensitive };
struct Row {
  std::string_view name;
  Kind kind;
  std::string (*value)(const Facts& f);  // of what is sensitive: not empty when it is set
};
using K = Kind;

// clang-format off
constexpr Row kRows[] = {
    {"connection.mode", K::kPlain, [](const Facts&) { return std::string("OUTBOUND"); }},
    {"link.mode", K::kPlain, [](const Facts&) { return std::string("DESTINATION"); }},
    {"bootstrap.servers", K::kPlain, [](const Facts& f) { return f.source.bootstrap_servers; }},
    {"client.id", K::kPlain, [](const Facts& f) { return f.source.client_id; }},
    {"security.protocol", K::kPlain, [](const Facts& f) { return std::string(ToText(f.source.security_protocol)); }},
    {"sasl.mechanism", K::kPlain, [](const Facts& f) { return f.source.sasl_mechanism; }},
    {"sasl.jaas.config", K::kSensitive, [](const Facts& f) { return f.source.sasl_username + f.source.oauth_client_id; }},
    {"ssl.endpoint.identification.algorithm", K::kPlain, [](const Facts& f) { return std::string(ToText(f.source.ssl_endpoint_identification)); }},
    {"ssl.truststore.type", K::kPlain, [](const Facts&) { return std::string("PEM"); }},
    {"ssl.truststore.certificates", K::kSensitive, [](const Facts& f) { return f.source.ssl_ca_location; }},
    {"ssl.keystore.type", K::kPlain, [](const Facts& f) { return std::string(f.source.ssl_keystore_location.empty() ? "PEM" : "PKCS12"); }},
    {"ssl.keystore.certificate.chain", K::kSensitive, [](const Facts& f) { return f.source.ssl_certificate_location + f.source.ssl_keystore_location; }},
    {"ssl.keystore.key", K::kSensitive, [](const Facts& f) { return f.source.ssl_key_location + f.source.ssl_keystore_location; }},
    {"ssl.key.password", K::kSensitive, [](const Facts& f) { return f.source.ssl_key_password.reference(); }},
    {"acl.filters", K::kPlain, [](const Facts& f) { return AclFilters(f.link.acls); }},
    {"acl.sync.enable", K::kPlain, [](const Facts& f) { return Flag(f.link.acls.enabled); }},
    {"acl.sync.ms", K::kPlain, [](const Facts& f) { return Millis(f.link.acls.interval); }},
    {"auto.create.mirror.topics.enable", K::kPlain, [](const Facts& f) { return Flag(!f.link.topics.include.empty()); }},
    {"auto.create.mirror.topics.filters", K::kPlain, [](const Facts& f) { return Filters("topicFilters", f.link.topics.include, f.link.topics.exclude); }},
    {kPausedConfig, K::kPlain, [](const Facts& f) { return Flag(f.paused); }},
    {"cluster.link.prefix", K::kPlain, [](const Facts& f) { return f.link.topics.rename.prefix; }},
    {"consumer.group.prefix.enable", K::kPlain, [](const Facts&) { return Flag(false); }},
    {"consumer.offset.group.filters", K::kPlain, [](const Facts& f) { return Filters("groupFilters", f.link.groups.include, f.link.groups.exclude); }},
    {"consumer.offset.sync.enable", K::kPlain, [](const Facts& f) { return Flag(!f.link.groups.include.empty()); }},
    {"consumer.offset.sync.ms", K::kPlain, [](const Facts& f) { return Millis(f.link.groups.interval); }},
    {"mirror.start.offset.spec", K::kPlain, [](const Facts& f) { return f.link.topics.start.ToText(); }},
    {"topic.config.sync.include", K::kPlain, [](const Facts& f) { return FollowedSettings(f.link.topics.configs); }},
    {"topic.config.sync.ms", K::kPlain, [](const Facts& f) { return Millis(f.link.topics.configs.interval); }},
};
// clang-format on

const Row* FindConfig(std::string_view name) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.name == name; });
  return row == std::end(kRows) ? nullptr : row;
}

bool IsWithheld(const state::LinkDefinition& made, std::string_view name) {
  return std::find(made.withheld.begin(), made.withheld.end(), name) != made.withheld.end();
}
// A link that sets nothing, and reaches its source all the same.
Facts Unset(const Facts& facts) {
  Facts unset;
  unset.source = facts.source;
  return unset;
}

RestConfig Show(const Row& row, const Facts& facts, const RestPlace& place) {
  RestConfig out;
  out.metadata.self = place.Url({"links", facts.link.name, "configs", row.name});
  out.cluster_id = place.cluster;
  out.link_name = facts.link.name;
  out.name = row.name;
  out.is_read_only = row.name != kPausedConfig;
  out.is_sensitive = row.kind == Kind::kSensitive;
  std::string value = row.value(facts);
  out.is_default = value == row.value(Facts());
  if (facts.made && row.name != kPausedConfig) {
    const std::string* set = link::FindSetting(*facts.made, row.name);
    out.is_default = set == nullptr && !IsWithheld(*facts.made, row.name);
    out.is_read_only = IsFixedConfig(row.name);
    value = set != nullptr ? *set : row.value(Unset(facts));
  }
  if (!out.is_default) out.source = "DYNAMIC_CLUSTER_LINK_CONFIG";
  if (!out.is_sensitive) out.value = std::move(value);
  return out;
}

}  // namespace

bool IsFixedConfig(std::string_view name) {
  constexpr std::string_view kFixed[] = {"link.mode", "connection.mode", "bootstrap.servers", "cluster.link.prefix"};
  return std::find(std::begin(kFixed), std::end(kFixed), name) != std::end(kFixed);
}

bool IsLinkConfig(std::string_view name) { return FindConfig(name) != nullptr; }

bool IsSensitiveConfig(std::string_view name) {
  const Row* row = FindConfig(name);
  return row == nullptr || row->kind == Kind::kSensitive;
}

std::vector<RestConfig> ShowLinkConfigs(const RestLinkFacts& facts, const RestPlace& place) {
  std::vector<RestConfig> out;
  for (const Row& row : kRows) out.push_back(Show(row, facts, place));
  return out;
}

std::optional<RestConfig> ShowLinkConfig(const RestLinkFacts& facts, std::string_view name, const RestPlace& place) {
  const Row* row = FindConfig(name);
  if (row == nullptr) return std::nullopt;
  return Show(*row, facts, place);
}

}  // namespace klink::http
