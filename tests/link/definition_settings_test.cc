// The settings of a link made over Kafka REST as the configuration they stand for.
#include "link/definition_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.h"

namespace klink::link {
namespace {

using state::LinkDefinition;
using testing::HasSubstr;

LinkDefinition With(std::vector<state::DefinedSetting> settings) {
  LinkDefinition definition;
  definition.source = "paris";
  definition.destination = "lyon";
  definition.settings = std::move(settings);
  return definition;
}

config::Config Clusters() {
  config::Config config;
  config.clusters["paris"].bootstrap_servers = "p1:9092";
  config.clusters["lyon"].bootstrap_servers = "l1:9092";
  return config;
}

// What the link says beyond a link that sets nothing, in lines.
std::string Said(const LinkDefinition& definition) {
  const auto link = CheckedConfig("made", definition, Clusters());
  if (!link.ok()) return Text(link.status());
  config::Settings settings = config::SettingsOf(*link);
  for (const char* always : {"name", "source", "destination"}) settings.erase(always);
  return config::ToText(settings);
}

TEST(DefinitionSettings, AreTheConfigurationTheyStandFor) {
  struct Row {
    std::vector<state::DefinedSetting> settings;
    std::string said;
  };
  const std::string all = R"({"topicFilters":[{"name":"*","patternType":"LITERAL","filterType":"INCLUDE"},)"
                          R"({"name":"tmp.","patternType":"prefixed","filterType":"EXCLUDE"}]})";
  const std::string groups = R"({"groupFilters":[{"name":"app-","patternType":"PREFIXED","filterType":"INCLUDE"}]})";
  const std::string acls = R"({"aclFilters":[{"resourceFilter":{"resourceType":"any","patternType":"any"},)"
                           R"("accessFilter":{"principal":"User:app","operation":"ANY","permissionType":"any"}}]})";
  const Row rows[] = {
      {{}, ""},
      {{{"bootstrap.servers", "p1:9092"}, {"security.protocol", "SASL_SSL"}, {"sasl.mechanism", "PLAIN"}}, ""},
      {{{"link.mode", "DESTINATION"}, {"connection.mode", "OUTBOUND"}}, ""},
      {{{"auto.create.mirror.topics.filters", all}}, ""},  // not switched on
      {{{"auto.create.mirror.topics.filters", all}, {"auto.create.mirror.topics.enable", "TRUE"}},
       "topics.exclude[0].prefix: tmp.\ntopics.include[0].literal: *\n"},
      {{{"consumer.offset.group.filters", groups}, {"consumer.offset.sync.ms", "7000"}}, "groups.interval: 7s\n"},
      {{{"consumer.offset.group.filters", groups}, {"consumer.offset.sync.enable", "true"}},
       "groups.include[0].prefix: app-\n"},
      {{{"acl.sync.enable", "true"}, {"acl.filters", acls}, {"acl.sync.ms", "60000"}},
       "acls.enabled: true\nacls.include[0]: User:app\nacls.interval: 1m\n"},
      {{{"cluster.link.prefix", "eu."}}, "topics.rename.prefix: eu.\n"},
      {{{"mirror.start.offset.spec", "latest"}}, "topics.start: latest\n"},
      {{{"topic.config.sync.ms", "1000"}}, "topics.configs.interval: 1s\n"},
      {{{"consumer.group.prefix.enable", "false"}}, ""},
  };
  for (const Row& row : rows)
    EXPECT_EQ(Said(With(row.settings)), row.said) << (row.settings.empty() ? "" : row.settings[0].name);
}

TEST(DefinitionSettings, ThatKlinkCannotFollowAreRefusedByName) {
  const std::pair<state::DefinedSetting, const char*> rows[] = {
      {{"link.mode", "SOURCE"}, "link.mode: must be DESTINATION"},
      {{"connection.mode", "INBOUND"}, "connection.mode: must be OUTBOUND"},
      {{"consumer.group.prefix.enable", "true"}, "consumer.group.prefix.enable: must be false"},
      {{"acl.sync.enable", "yes"}, "acl.sync.enable: must be true or false"},
      {{"acl.sync.enable", "true"}, "carries nothing over"},
      {{"acl.sync.ms", "10"}, "acl.sync.ms: must be from 1000 to 86400000 milliseconds; it is 10"},
      {{"consumer.offset.sync.ms", "soon"}, "must be a number of milliseconds"},
      {{"cluster.link.prefix", "a b"}, "cluster.link.prefix: "},
      {{"cluster.link.prefix", "__x"}, "is how internal topics begin"},
      {{"mirror.start.offset.spec", "middle"}, "mirror.start.offset.spec: 'middle' is not a start"},
      {{"topic.config.sync.include", "min.insync.replicas"}, "never copied"},
      {{"auto.create.mirror.topics.filters", "{"}, "auto.create.mirror.topics.filters: "},
      {{"auto.create.mirror.topics.filters", R"({"filters":[]})"}, "\"filters\" is not known"},
      {{"auto.create.mirror.topics.filters", R"({"topicFilters":[{"name":"a","patternType":"LITERAL"}]})"},
       "filterType"},
      {{"auto.create.mirror.topics.filters",
        R"({"topicFilters":[{"name":"a","patternType":"GLOB","filterType":"INCLUDE"}]})"},
       "must be LITERAL, PREFIXED or REGEX"},
      {{"acl.filters", R"({"aclFilters":[{"resourceFilter":{"resourceType":"TOPIC","patternType":"any"}}]})"},
       "klink carries over all ACLs of a principal"},
      {{"acl.filters", R"({"aclFilters":[{"accessFilter":{"host":"10.0.0.1"}}]})"}, "\"host\" must be \"*\""},
  };
  for (const auto& [setting, text] : rows) EXPECT_THAT(Said(With({setting})), HasSubstr(text)) << setting.name;
  LinkDefinition itself = With({});
  itself.source = "lyon";
  EXPECT_THAT(Said(itself), HasSubstr("a link needs two clusters"));
  EXPECT_EQ(CheckedConfig("made", itself, Clusters()).status().code(), Code::kInvalidArgument);
}

TEST(DefinitionSettings, OfTopicSettingsAreTheDifferenceToTheDefaultList) {
  const auto link = ConfigOf("made", With({{"topic.config.sync.include", "flush.ms, cleanup.policy, my.key"}}));
  ASSERT_TRUE(link.ok()) << link.status();
  EXPECT_THAT(link->topics.configs.include, testing::ElementsAre("my.key"));
  EXPECT_THAT(link->topics.configs.exclude, testing::Contains("preallocate"));
  EXPECT_THAT(link->topics.configs.exclude, testing::Not(testing::Contains("flush.ms")));
}

TEST(DefinitionSettings, MirrorsAreNamedAndDroppedOnesStayAway) {
  const std::string all = R"({"topicFilters":[{"name":"*","patternType":"LITERAL","filterType":"INCLUDE"}]})";
  LinkDefinition definition =
      With({{"auto.create.mirror.topics.enable", "true"}, {"auto.create.mirror.topics.filters", all}});
  AddMirror(definition, "orders");
  AddMirror(definition, "orders");
  DropMirror(definition, "stock");
  EXPECT_EQ(Said(definition),
            "topics.exclude[0].literal: stock\ntopics.include[0].literal: orders\ntopics.include[1].literal: *\n");
  DropMirror(definition, "orders");
  AddMirror(definition, "stock");
  EXPECT_THAT(definition.mirrors, testing::ElementsAre("stock"));
  EXPECT_THAT(definition.dropped, testing::ElementsAre("orders"));
}

TEST(DefinitionSettings, OfSecretsTheNameAloneIsKept) {
  LinkDefinition definition;
  const std::string secret = "s3cret", plain = "PLAIN", other = "SCRAM-SHA-512";
  PutSetting(definition, "sasl.jaas.config", &secret);
  PutSetting(definition, "sasl.jaas.config", &secret);
  PutSetting(definition, "sasl.mechanism", &plain);
  PutSetting(definition, "sasl.mechanism", &other);
  EXPECT_THAT(definition.withheld, testing::ElementsAre("sasl.jaas.config"));
  EXPECT_THAT(definition.settings, testing::ElementsAre(state::DefinedSetting{"sasl.mechanism", other}));
  EXPECT_THAT(*state::Encode(definition)->value, testing::Not(HasSubstr(secret)));
  PutSetting(definition, "sasl.jaas.config", nullptr);
  PutSetting(definition, "sasl.mechanism", nullptr);
  EXPECT_EQ(definition, LinkDefinition());
}

}  // namespace
}  // namespace klink::link
