#include "link/definition_settings.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/topic_keys.h"
#include "config/validate.h"

namespace klink::link {
namespace {

using config::LinkConfig;
using state::DefinedSetting;
using state::LinkDefinition;

constexpr std::string_view kSecret[] = {"sasl.jaas.config", "ssl.truststore.certificates",
                                        "ssl.keystore.certificate.chain", "ssl.keystore.key", "ssl.key.password"};

// What the settings ask for; some count only where others switch them on.
struct Wish {
  LinkConfig link;
  bool creates = false;  // auto.create.mirror.topics.enable
  std::vector<config::Pattern> topics, topics_excluded;
  bool carries_groups = false;  // consumer.offset.sync.enable
  std::vector<config::GroupPattern> groups, groups_excluded;
};

bool Same(std::string_view a, std::string_view b) {
  const auto lower = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

Status ReadFlag(std::string_view text, bool& flag) {
  flag = Same(text, "true");
  if (flag || Same(text, "false")) return absl::OkStatus();
  return InvalidArgument("must be true or false; it is \"{}\"", text);
}

// The bounds are those of the key in the configuration.
template <class Part>
Status ReadInterval(std::string_view text, Part& part) {
  const auto ms = config::ParseInteger(text);
  if (!ms.ok()) return InvalidArgument("must be a number of milliseconds; it is \"{}\"", text);
  config::Spec spec;
  auto note = [&spec](std::string_view key, auto&, const config::Spec& of) {
    if (key == "interval") spec = of;
  };
  Part::Describe(part, note);
  constexpr int64_t kNanosInMs = config::Nanos(1ms);
  if (*ms < spec.min / kNanosInMs || *ms > spec.max / kNanosInMs)
    return InvalidArgument("must be from {} to {} milliseconds; it is {}", spec.min / kNanosInMs, spec.max / kNanosInMs,
                           *ms);
  part.interval = std::chrono::milliseconds(*ms);
  return absl::OkStatus();
}

Status Only(const Json& object, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return InvalidArgument("an entry is no object");
  for (const auto& [key, value] : object.get_object())
    if (std::find(known.begin(), known.end(), std::string_view(key.data(), key.size())) == known.end())
      return InvalidArgument("\"{}\" is not known", std::string_view(key.data(), key.size()));
  return absl::OkStatus();
}

StatusOr<const JsonArray*> EntriesOf(const StatusOr<Json>& json, std::string_view key) {
  if (!json.ok()) return json.status();
  RETURN_IF_ERROR(Only(*json, {key}));
  const Json* list = FindJson(*json, key);
  if (list == nullptr || !list->is_array()) return InvalidArgument("must be {{\"{}\":[…]}}", key);
  return &list->get_array();
}

template <class P>
Status SetPattern(std::string_view type, std::string name, P& pattern) {
  if (Same(type, "LITERAL"))
    pattern.literal = std::move(name);
  else if (Same(type, "PREFIXED"))
    pattern.prefix = std::move(name);
  else if (Same(type, "REGEX"))
    pattern.regex = std::move(name);
  else
    return InvalidArgument("\"patternType\" must be LITERAL, PREFIXED or REGEX; it is \"{}\"", type);
  return absl::OkStatus();
}

// {"topicFilters":[{"name":"orders.","patternType":"PREFIXED","filterType":"INCLUDE"}]}
template <class P>
Status ReadFilters(std::string_view text, std::string_view key, std::vector<P>& include, std::vector<P>& exclude) {
  if (text.empty()) return absl::OkStatus();
  const StatusOr<Json> json = ParseJson(text);
  TRY(const JsonArray* entries, EntriesOf(json, key));
  for (const Json& entry : *entries) {
    RETURN_IF_ERROR(Only(entry, {"name", "patternType", "filterType"}));
    TRY(std::string name, JsonText(entry, "name"));
    TRY(const std::string type, JsonText(entry, "patternType"));
    TRY(const std::string filter, JsonText(entry, "filterType"));
    if (name.empty()) return InvalidArgument("\"name\" is empty");
    P pattern;
    RETURN_IF_ERROR(SetPattern(type, std::move(name), pattern));
    if (!Same(filter, "INCLUDE") && !Same(filter, "EXCLUDE"))
      return InvalidArgument("\"filterType\" must be INCLUDE or EXCLUDE; it is \"{}\"", filter);
    (Same(filter, "INCLUDE") ? include : exclude).push_back(std::move(pattern));
  }
  return absl::OkStatus();
}

// Absent, or the word that leaves nothing out.
Status TakesAll(const Json& filter, std::string_view key, std::string_view all) {
  if (FindJson(filter, key) == nullptr) return absl::OkStatus();
  TRY(const std::string word, JsonText(filter, key));
  if (Same(word, all)) return absl::OkStatus();
  return InvalidArgument("\"{}\" must be \"{}\": klink carries over all ACLs of a principal; it is \"{}\"", key, all,
                         word);
}

// {"aclFilters":[{"resourceFilter":{…},"accessFilter":{"principal":"User:app",…}}]}: whose, and nothing narrower.
Status ReadAclFilters(std::string_view text, config::Acls& acls) {
  if (text.empty()) return absl::OkStatus();
  const StatusOr<Json> json = ParseJson(text);
  TRY(const JsonArray* entries, EntriesOf(json, "aclFilters"));
  for (const Json& entry : *entries) {
    RETURN_IF_ERROR(Only(entry, {"resourceFilter", "accessFilter"}));
    static const Json kAny = JsonObject();
    const Json* found = FindJson(entry, "resourceFilter");
    const Json& resource = found == nullptr ? kAny : *found;
    RETURN_IF_ERROR(Only(resource, {"resourceType", "patternType"}));
    RETURN_IF_ERROR(TakesAll(resource, "resourceType", "any"));
    RETURN_IF_ERROR(TakesAll(resource, "patternType", "any"));
    found = FindJson(entry, "accessFilter");
    const Json& access = found == nullptr ? kAny : *found;
    RETURN_IF_ERROR(Only(access, {"principal", "host", "operation", "permissionType"}));
    for (const auto& [key, all] :
         {std::pair("host", "*"), std::pair("operation", "any"), std::pair("permissionType", "any")})
      RETURN_IF_ERROR(TakesAll(access, key, all));
    std::string principal = "*";
    if (FindJson(access, "principal") != nullptr) {
      TRY(principal, JsonText(access, "principal"));
    }
    RETURN_IF_ERROR(config::CheckPrincipal(principal));
    acls.include.push_back(std::move(principal));
  }
  return absl::OkStatus();
}

// The whole list, as the difference to what travels by default.
Status ReadFollowed(std::string_view text, config::TopicConfigs& configs) {
  std::vector<std::string> wanted;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    std::string key(text.substr(at, comma - at));
    std::erase(key, ' ');
    if (!key.empty()) wanted.push_back(std::move(key));
    at = comma + 1;
  }
  const auto& usual = config::DefaultKeys();
  const auto in = [](const std::vector<std::string>& list, const std::string& key) {
    return std::find(list.begin(), list.end(), key) != list.end();
  };
  const auto& data = config::DataKeys();  // these travel always
  for (std::string& key : wanted) {
    if (in(usual, key) || in(data, key)) continue;
    RETURN_IF_ERROR(config::CheckIncludedKey(key));
    if (!in(configs.include, key)) configs.include.push_back(key);
  }
  for (const std::string& key : usual)
    if (!in(wanted, key)) configs.exclude.push_back(key);
  return absl::OkStatus();
}

Status Must(std::string_view text, std::string_view value, std::string_view why) {
  if (text == value) return absl::OkStatus();
  return InvalidArgument("must be {}: {}", value, why);
}

struct Row {
  std::string_view name;
  Status (*read)(std::string_view text, Wish& wish);
};
using T = std::string_view;

// The others are about how clusters are reached.
// clang-format off
constexpr Row kRows[] = {
    {"link.mode", [](T t, Wish&) { return Must(t, "DESTINATION", "klink writes to the cluster whose path this is"); }},
    {"connection.mode", [](T t, Wish&) { return Must(t, "OUTBOUND", "klink connects to both clusters"); }},
    {"consumer.group.prefix.enable", [](T t, Wish&) { return Must(t, "false", "groups keep their names"); }},
    {"acl.sync.enable", [](T t, Wish& w) { return ReadFlag(t, w.link.acls.enabled); }},
    {"acl.sync.ms", [](T t, Wish& w) { return ReadInterval(t, w.link.acls); }},
    {"acl.filters", [](T t, Wish& w) { return ReadAclFilters(t, w.link.acls); }},
    {"auto.create.mirror.topics.enable", [](T t, Wish& w) { return ReadFlag(t, w.creates); }},
    {"auto.create.mirror.topics.filters", [](T t, Wish& w) { return ReadFilters(t, "topicFilters", w.topics, w.topics_excluded); }},
    {"cluster.link.prefix", [](T t, Wish& w) { w.link.topics.rename.prefix = std::string(t); return t.empty() ? Status() : config::CheckTopicPart(t); }},
    {"consumer.offset.sync.enable", [](T t, Wish& w) { return ReadFlag(t, w.carries_groups); }},
    {"consumer.offset.sync.ms", [](T t, Wish& w) { return ReadInterval(t, w.link.groups); }},
    {"consumer.offset.group.filters", [](T t, Wish& w) { return ReadFilters(t, "groupFilters", w.groups, w.groups_excluded); }},
    {"mirror.start.offset.spec", [](T t, Wish& w) -> Status { TRY(w.link.topics.start, config::TopicStart::Parse(t)); return absl::OkStatus(); }},
    {"topic.config.sync.ms", [](T t, Wish& w) { return ReadInterval(t, w.link.topics.configs); }},
    {"topic.config.sync.include", [](T t, Wish& w) { return ReadFollowed(t, w.link.topics.configs); }},
};
// clang-format on

const Row* FindRow(std::string_view name) {
  const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.name == name; });
  return row == std::end(kRows) ? nullptr : row;
}

void Erase(std::vector<std::string>& list, const std::string& entry) { std::erase(list, entry); }
void Add(std::vector<std::string>& list, const std::string& entry) {
  if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(entry);
}

template <class P>
void AddLiteral(std::vector<P>& patterns, const std::string& name) {
  P pattern;
  pattern.literal = name;
  if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end()) patterns.push_back(std::move(pattern));
}

}  // namespace

StatusOr<LinkConfig> ConfigOf(const std::string& link, const LinkDefinition& definition) {
  Wish wish;
  wish.link.name = link;
  wish.link.source = definition.source;
  wish.link.destination = definition.destination;
  for (const DefinedSetting& setting : definition.settings)
    if (const Row* row = FindRow(setting.name)) RETURN_IF_ERROR(Annotate(row->read(setting.value, wish), setting.name));
  config::TopicsConfig& topics = wish.link.topics;
  for (const std::string& topic : definition.mirrors) AddLiteral(topics.include, topic);
  if (wish.creates) {
    topics.include.insert(topics.include.end(), wish.topics.begin(), wish.topics.end());
    topics.exclude = wish.topics_excluded;
  }
  for (const std::string& topic : definition.dropped) AddLiteral(topics.exclude, topic);
  if (wish.carries_groups) {
    wish.link.groups.include = wish.groups;
    wish.link.groups.exclude = wish.groups_excluded;
  }
  return std::move(wish.link);
}

StatusOr<LinkConfig> CheckedConfig(const std::string& link, const LinkDefinition& definition,
                                   const config::Config& with) {
  TRY(LinkConfig config, ConfigOf(link, definition));
  config::Config alone;
  alone.clusters = with.clusters;
  alone.links.push_back(config);
  for (const config::Finding& finding : config::Validate(alone))
    if (finding.severity == config::Severity::kError && finding.path.starts_with("links"))
      return InvalidArgument("{}: {}", finding.path.substr(finding.path.find('.') + 1), finding.text);
  return config;
}

bool IsSecretSetting(std::string_view name) {
  return std::find(std::begin(kSecret), std::end(kSecret), name) != std::end(kSecret);
}

const std::string* FindSetting(const LinkDefinition& definition, std::string_view name) {
  for (const DefinedSetting& setting : definition.settings)
    if (setting.name == name) return &setting.value;
  return nullptr;
}

void PutSetting(LinkDefinition& definition, const std::string& name, const std::string* value) {
  if (IsSecretSetting(name)) {
    Erase(definition.withheld, name);
    if (value != nullptr) definition.withheld.push_back(name);
    return;
  }
  std::erase_if(definition.settings, [&](const DefinedSetting& s) { return s.name == name; });
  if (value != nullptr) definition.settings.push_back({name, *value});
}

void AddMirror(LinkDefinition& definition, const std::string& source_topic) {
  Add(definition.mirrors, source_topic);
  Erase(definition.dropped, source_topic);
}

void DropMirror(LinkDefinition& definition, const std::string& source_topic) {
  Erase(definition.mirrors, source_topic);
  Add(definition.dropped, source_topic);
}

}  // namespace klink::link
