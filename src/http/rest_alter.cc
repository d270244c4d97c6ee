// What the bodies mean that make or change links and mirrors: no request, no agent.
#include <algorithm>
#include <set>

#include "config/topic_filter.h"
#include "http/control_body.h"
#include "http/jaas.h"
#include "http/json_schema.h"
#include "http/rest_changes.h"
#include "link/definition_settings.h"

namespace klink::http {
namespace {

struct Pair {
  std::string name;
  std::optional<std::string> value;
  std::optional<std::string> operation;

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("value", m.value);
    field("operation", m.operation);
  }
};

struct NewLink {
  std::optional<std::string> source_cluster_id, destination_cluster_id, remote_cluster_id, cluster_link_id;
  std::optional<std::vector<Pair>> configs;

  static void Describe(auto& m, auto& field) {
    field("source_cluster_id", m.source_cluster_id);
    field("destination_cluster_id", m.destination_cluster_id);
    field("remote_cluster_id", m.remote_cluster_id);
    field("cluster_link_id", m.cluster_link_id);
    field("configs", m.configs);
  }
};

struct Alteration {
  std::vector<Pair> data;
  std::optional<bool> validate_only;

  static void Describe(auto& m, auto& field) {
    field("data", m.data);
    field("validate_only", m.validate_only);
  }
};

struct Value {
  std::optional<std::string> value;
  static void Describe(auto& m, auto& field) { field("value", m.value); }
};

struct NewMirror {
  std::string source_topic_name;
  std::optional<std::string> mirror_topic_name;
  std::optional<int64_t> replication_factor;
  std::optional<std::vector<Pair>> configs;

  static void Describe(auto& m, auto& field) {
    field("source_topic_name", m.source_topic_name);
    field("mirror_topic_name", m.mirror_topic_name);
    field("replication_factor", m.replication_factor);
    field("configs", m.configs);
  }
};

StatusOr<RestSetting> ReadSetting(const Pair& pair) {
  if (!IsLinkConfig(pair.name)) return InvalidArgument("a link has no setting \"{}\"", pair.name);
  const std::string operation = pair.operation.value_or("SET");
  if (operation == "DELETE") return RestSetting{pair.name, std::nullopt};
  if (operation != "SET") return InvalidArgument("\"operation\" must be SET or DELETE; it is \"{}\"", operation);
  if (!pair.value) return InvalidArgument("setting {} has no value", pair.name);
  return RestSetting{pair.name, pair.value};
}

StatusOr<std::vector<RestSetting>> ReadSettings(const std::vector<Pair>& pairs) {
  std::vector<RestSetting> settings;
  std::set<std::string> seen;
  for (const Pair& pair : pairs) {
    TRY(RestSetting setting, ReadSetting(pair));
    if (!seen.insert(setting.name).second) return InvalidArgument("setting {} stands twice", setting.name);
    settings.push_back(std::move(setting));
  }
  return settings;
}

const std::string* Find(const std::vector<RestSetting>& settings, std::string_view name) {
  for (const RestSetting& setting : settings)
    if (setting.name == name && setting.value) return &*setting.value;
  return nullptr;
}

// Written in any order, and with spaces.
std::set<std::string> Brokers(std::string_view text) {
  std::set<std::string> brokers;
  std::string one;
  for (const char c : std::string(text) + ",") {
    if (c == ' ') continue;
    if (c != ',') {
      one += c;
    } else if (!one.empty()) {
      brokers.insert(std::move(one));
      one.clear();
    }
  }
  return brokers;
}

Status CheckMode(const std::vector<RestSetting>& settings) {
  const std::string* mode = Find(settings, "link.mode");
  if (mode != nullptr && *mode != "DESTINATION")
    return InvalidArgument("link.mode must be DESTINATION: klink writes to the cluster whose path this is");
  const std::string* connection = Find(settings, "connection.mode");
  if (connection != nullptr && *connection != "OUTBOUND")
    return InvalidArgument("connection.mode must be OUTBOUND: klink connects to both clusters");
  return absl::OkStatus();
}

std::string NameWithId(const std::string& id, const NewLinkFacts& facts) {
  for (const link::LinkSnapshot& link : facts.known.links) {
    if (link.source.cluster_id == id) return link.source.name;
    if (link.destination.cluster_id == id) return link.destination.name;
  }
  for (const auto& [name, known] : facts.ids)
    if (known == id) return name;
  return "";
}

}  // namespace

StatusOr<NewRestLink> ReadNewLink(const std::string& name, std::string_view text, const NewLinkFacts& facts) {
  if (name.empty()) return InvalidArgument("?link_name= is missing");
  RETURN_IF_ERROR(Annotate(config::CheckLinkName(name), fmt::format("link name \"{}\"", name)));
  NewLink body;
  RETURN_IF_ERROR(ReadBody(text, body));
  NewRestLink link;
  TRY(link.settings, ReadSettings(body.configs.value_or(std::vector<Pair>())));
  RETURN_IF_ERROR(CheckMode(link.settings));
  if (body.destination_cluster_id && *body.destination_cluster_id != facts.destination_id)
    return InvalidArgument("\"destination_cluster_id\" must be {}, the cluster whose path this is",
                           facts.destination_id);
  for (const link::LinkSnapshot& known : facts.known.links)
    if (known.name == name) return AlreadyExists("there is a link {} already", name);
  for (const auto& id : {body.source_cluster_id, body.remote_cluster_id})
    if (std::string found = id ? NameWithId(*id, facts) : ""; !found.empty()) link.source = found;
  if (const std::string* bootstrap = Find(link.settings, "bootstrap.servers"); bootstrap && link.source.empty())
    for (const auto& [cluster, settings] : facts.config.clusters)
      if (Brokers(settings.bootstrap_servers) == Brokers(*bootstrap)) link.source = cluster;
  if (!link.source.empty()) return link;
  return InvalidArgument(
      "the source is no cluster of klink's configuration: source_cluster_id or bootstrap.servers must be those of an "
      "entry under clusters, which brings its own credentials; those of a call are not kept");
}

Status ApplySettings(state::LinkDefinition& definition, const std::string& name,
                     const std::vector<RestSetting>& settings, const config::Config& config) {
  for (const RestSetting& setting : settings) {
    if (setting.name == kPausedConfig) continue;
    if (setting.name == "sasl.jaas.config" && setting.value) RETURN_IF_ERROR(ParseJaas(*setting.value).status());
    link::PutSetting(definition, setting.name, setting.value ? &*setting.value : nullptr);
  }
  if (const std::string* bootstrap = link::FindSetting(definition, "bootstrap.servers")) {
    const auto source = config.clusters.find(definition.source);
    if (source != config.clusters.end() && Brokers(source->second.bootstrap_servers) != Brokers(*bootstrap))
      return InvalidArgument("bootstrap.servers must be those of clusters.{} in klink's configuration: {}",
                             definition.source, source->second.bootstrap_servers);
  }
  return link::CheckedConfig(name, definition, config).status();
}

StatusOr<std::vector<RestSetting>> ReadAlteration(std::string_view text) {
  Alteration body;
  RETURN_IF_ERROR(ReadBody(text, body));
  if (body.data.empty()) return InvalidArgument("\"data\" is missing or empty");
  return ReadSettings(body.data);
}

StatusOr<std::string> ReadValue(std::string_view text) {
  Value body;
  RETURN_IF_ERROR(ReadBody(text, body));
  if (!body.value) return InvalidArgument("\"value\" is missing");
  return *std::move(body.value);
}

StatusOr<RestAlteration> PlanAlteration(const std::vector<RestSetting>& settings, const RestLinkFacts& facts) {
  RestAlteration plan;
  for (const RestSetting& setting : settings) {
    const std::optional<RestConfig> now = ShowLinkConfig(facts, setting.name, {});
    if (!now) return InvalidArgument("a link has no setting \"{}\"", setting.name);
    if (setting.name == kPausedConfig) {
      const std::string wanted = setting.value.value_or("false");
      if (wanted != "true" && wanted != "false")
        return InvalidArgument("{} must be true or false; it is \"{}\"", setting.name, wanted);
      if (wanted != now->value) plan.verb = wanted == "true" ? link::ControlVerb::kPause : link::ControlVerb::kResume;
      continue;
    }
    const bool same = setting.value ? !now->is_sensitive && *setting.value == now->value : now->is_default;
    if (facts.made && IsFixedConfig(setting.name) && !same)
      return InvalidArgument("{} of link {} was decided when the link was made; nothing was changed", setting.name,
                             facts.link.name);
    if (facts.made && !same) plan.settings = true;
    if (!facts.made && !same)
      return InvalidArgument("{} of link {} is read-only here: klink's configuration sets it; nothing was changed",
                             setting.name, facts.link.name);
  }
  if (plan.settings && plan.verb)
    return InvalidArgument("{} is changed in a call of its own; nothing was changed", kPausedConfig);
  return plan;
}

StatusOr<NewRestMirror> ReadNewMirror(std::string_view text, const RestLinkFacts& facts) {
  NewMirror body;
  RETURN_IF_ERROR(ReadBody(text, body));
  const std::string& source = body.source_topic_name;
  if (source.empty()) return InvalidArgument("\"source_topic_name\" is missing");
  RETURN_IF_ERROR(Annotate(config::CheckTopicName(source), "\"source_topic_name\""));
  if (body.replication_factor)
    return InvalidArgument("\"replication_factor\" cannot be set here: it is topics.replication_factor of link {}",
                           facts.link.name);
  if (body.configs && !body.configs->empty())
    return InvalidArgument("\"configs\" cannot be set here: a mirror's settings follow its source");
  config::LinkConfig link = facts.link;
  if (facts.made) {
    state::LinkDefinition wanted = *facts.made;
    link::AddMirror(wanted, source);
    TRY(link, link::ConfigOf(facts.link.name, wanted));
  }
  TRY(const config::TopicFilter filter, config::TopicFilter::Compile(link.topics));
  std::string name = filter.DestinationName(source);
  if (body.mirror_topic_name && *body.mirror_topic_name != name)
    return InvalidArgument("link {} mirrors {} as {}, not as {}", link.name, source, name, *body.mirror_topic_name);
  const config::Decision decision = filter.Decide(source);
  if (!decision.included)
    return InvalidArgument("link {} does not include {} ({}): klink mirrors what {} says", link.name, source,
                           decision.why,
                           facts.made ? "auto.create.mirror.topics.filters" : "topics.include in its configuration");
  return NewRestMirror{source, std::move(name)};
}

Json NewLinkBodySchema() {
  NewLink body;
  body.configs.emplace();
  return Schema(body, SchemaOf::kBody);
}
Json ValueBodySchema() { return Schema(Value(), SchemaOf::kBody); }
Json AlterBodySchema() { return Schema(Alteration(), SchemaOf::kBody); }
Json NewMirrorBodySchema() { return Schema(NewMirror(), SchemaOf::kBody); }

Json WithoutSecrets(Json body, std::string_view path_name) {
  constexpr std::string_view kHidden = "[hidden]";
  if (auto* array = body.if_array())
    for (Json& item : *array) item = WithoutSecrets(item, path_name);
  auto* object = body.if_object();
  if (object == nullptr) return body;
  const auto named = JsonText(body, "name");
  const bool hidden = IsSensitiveConfig(named.ok() ? std::string_view(*named) : path_name);
  for (auto& [key, value] : *object) {
    if (std::string_view(key.data(), key.size()) == "value" && hidden)
      value = kHidden;
    else
      value = WithoutSecrets(value, path_name);
  }
  return body;
}

}  // namespace klink::http
