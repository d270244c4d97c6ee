// Bodies that would make or change something: what is so already is done, everything else is refused by name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/rest_changes.h"
#include "http/rest_verbs.h"
#include "link/definition_settings.h"
#include "tests/fake/two_clusters.h"
#include "tests/http/fake_agent.h"

namespace klink::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

config::Config TwoClusters() {
  config::Config config = klink::fake::TwoClusters();
  config.clusters["paris"].bootstrap_servers = "p1:9092,p2:9092";
  config.links.front().topics.rename.prefix = "eu.";
  return config;
}

StatusOr<std::string> Source(const std::string& name, std::string_view body) {
  const config::Config config = TwoClusters();
  TRY(NewRestLink link, ReadNewLink(name, body, {config, FakeAgent().snapshot, {{"nice", "nice-id"}}, "lyon-id"}));
  return link.source;
}

TEST(NewLink, IsOfAClusterThatTheConfigurationKnows) {
  EXPECT_EQ(*Source("new", R"({"source_cluster_id":"5L6g3nShT-eMCtK--X86sw"})"), "paris");
  EXPECT_EQ(*Source("new", R"({"remote_cluster_id":"5L6g3nShT-eMCtK--X86sw","configs":[]})"), "paris");
  EXPECT_EQ(*Source("new", R"({"configs":[{"name":"bootstrap.servers","value":" p2:9092, p1:9092"}]})"), "paris");
  EXPECT_EQ(*Source("new", R"({"source_cluster_id":"nice-id","destination_cluster_id":"lyon-id"})"), "nice");
  EXPECT_EQ(Source("new", R"({"source_cluster_id":"nice-id","destination_cluster_id":"paris-id"})").status().code(),
            Code::kInvalidArgument);
  const Status unknown = Source("new", R"({"source_cluster_id":"x","configs":[)"
                                       R"({"name":"bootstrap.servers","value":"p1:9092"},)"
                                       R"({"name":"sasl.jaas.config","value":"password=\"s3cret\";"}]})")
                             .status();
  EXPECT_EQ(unknown.code(), Code::kInvalidArgument);
  EXPECT_THAT(Text(unknown), HasSubstr("entry under clusters, which brings its own credentials"));
  EXPECT_THAT(Text(unknown), Not(HasSubstr("s3cret")));
}

TEST(NewLink, ThatIsWrongIsRefused) {
  const char* good = R"({"source_cluster_id":"5L6g3nShT-eMCtK--X86sw"})";
  EXPECT_EQ(Source("", good).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Source("No Name", good).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(Source("paris-to-lyon", good).status().code(), Code::kAlreadyExists);
  for (const char* wrong :
       {"", "{", "[]", R"({"source":"x"})", R"({"configs":[{"name":"no.such","value":"1"}]})",
        R"({"configs":[{"name":"link.mode","value":"SOURCE"}]})",
        R"({"configs":[{"name":"connection.mode","value":"INBOUND"}]})", R"({"configs":[{"name":"link.mode"}]})",
        R"({"configs":[{"name":"acl.sync.ms","value":"1"},{"name":"acl.sync.ms","value":"2"}]})",
        R"({"configs":[{"name":"bootstrap.servers","value":7}]})"})
    EXPECT_EQ(Source("new", wrong).status().code(), Code::kInvalidArgument) << wrong;
}

RestLinkFacts FactsOfLink() {
  RestLinkFacts facts;
  facts.link = TwoClusters().links[0];
  facts.source = TwoClusters().clusters["paris"];
  facts.source.sasl_username = "klink";
  return facts;
}

TEST(Alteration, OfWhatIsSoAlreadyIsDoneAndNothingElse) {
  struct Row {
    std::vector<RestSetting> settings;
    std::optional<RestAlteration> plan;  // empty: refused
  };
  const Row rows[] = {
      {{{"cluster.link.prefix", "eu."}}, RestAlteration{}},
      {{{"acl.sync.ms", "30000"}, {"acl.sync.enable", std::nullopt}}, RestAlteration{}},
      {{{"cluster.link.paused", "true"}}, RestAlteration{link::ControlVerb::kPause}},
      {{{"cluster.link.paused", "false"}}, RestAlteration{}},
      {{{"cluster.link.paused", std::nullopt}}, RestAlteration{}},
      {{{"cluster.link.paused", "yes"}}, std::nullopt},
      {{{"cluster.link.prefix", std::nullopt}}, std::nullopt},
      {{{"acl.sync.ms", "1000"}}, std::nullopt},
      {{{"sasl.jaas.config", ""}}, std::nullopt},  // what it is shown as is not what it is
      {{{"cluster.link.paused", "true"}, {"acl.sync.ms", "1000"}}, std::nullopt},  // all or nothing
      {{{"no.such", "1"}}, std::nullopt},
  };
  for (const Row& row : rows) {
    const auto plan = PlanAlteration(row.settings, FactsOfLink());
    EXPECT_EQ(plan.ok(), row.plan.has_value()) << row.settings[0].name << " " << plan.status();
    if (plan.ok()) EXPECT_EQ(*plan, *row.plan) << row.settings[0].name;
  }
  RestLinkFacts paused = FactsOfLink();
  paused.paused = true;
  EXPECT_EQ(*PlanAlteration({{"cluster.link.paused", std::nullopt}}, paused),
            RestAlteration{link::ControlVerb::kResume});
  EXPECT_THAT(Text(PlanAlteration({{"acl.sync.ms", "1"}}, FactsOfLink()).status()),
              HasSubstr("acl.sync.ms of link paris-to-lyon is read-only here"));
}

TEST(Alteration, IsReadStrictly) {
  const auto read = ReadAlteration(R"({"data":[{"name":"acl.sync.ms","value":"1"},)"
                                   R"({"name":"cluster.link.prefix","operation":"DELETE"}],"validate_only":false})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->at(0).value, "1");
  EXPECT_EQ(read->at(1).value, std::nullopt);
  for (const char* wrong : {"", "{}", R"({"data":[]})", R"({"data":[{"name":"acl.sync.ms"}]})",
                            R"({"data":[{"name":"acl.sync.ms","value":"1","operation":"APPEND"}]})",
                            R"({"data":[{"name":"no.such","value":"1"}]})", R"({"date":[]})"})
    EXPECT_EQ(ReadAlteration(wrong).status().code(), Code::kInvalidArgument) << wrong;
  EXPECT_EQ(*ReadValue(R"({"value":""})"), "");
  EXPECT_FALSE(ReadValue("{}").ok());
}

TEST(NewMirror, IsOneThatTheLinkIncludesUnderItsOwnName) {
  RestLinkFacts facts;
  facts.link = TwoClusters().links[0];
  const auto code = [&](std::string_view body) { return ReadNewMirror(body, facts).status().code(); };
  EXPECT_EQ(ReadNewMirror(R"({"source_topic_name":"orders.de"})", facts)->mirror, "eu.orders.de");
  EXPECT_EQ(code(R"({"source_topic_name":"orders.de","mirror_topic_name":"eu.orders.de"})"), Code::kOk);
  EXPECT_EQ(code(R"({"source_topic_name":"orders.de","mirror_topic_name":"orders.de"})"), Code::kInvalidArgument);
  EXPECT_EQ(code(R"({"source_topic_name":"stock"})"), Code::kInvalidArgument);
  EXPECT_EQ(code(R"({"source_topic_name":"a b"})"), Code::kInvalidArgument);
  EXPECT_EQ(code(R"({"source_topic_name":"orders.de","replication_factor":3})"), Code::kInvalidArgument);
  EXPECT_EQ(code(R"({"source_topic_name":"orders.de","configs":[{"name":"a","value":"b"}]})"), Code::kInvalidArgument);
  EXPECT_EQ(code("{}"), Code::kInvalidArgument);
}

RestLinkFacts FactsOfMade() {
  RestLinkFacts facts = FactsOfLink();
  state::LinkDefinition& made = facts.made.emplace();
  made.source = "paris";
  made.destination = "lyon";
  made.settings = {{"cluster.link.prefix", "eu."}, {"acl.sync.ms", "30000"}, {"bootstrap.servers", "p2:9092,p1:9092"}};
  made.withheld = {"sasl.jaas.config"};
  made.mirrors = {"orders"};
  facts.link = *link::ConfigOf("made", made);
  return facts;
}

TEST(Made, SettingsAreShownAsTheyWereSet) {
  struct Row {
    const char* name;
    const char* value;
    const char* source;
  };
  constexpr const char* kSet = "DYNAMIC_CLUSTER_LINK_CONFIG";
  constexpr const char* kUnset = "DEFAULT_CONFIG";
  const Row rows[] = {
      {"acl.sync.ms", "30000", kSet},  // as it would be, too
      {"bootstrap.servers", "p2:9092,p1:9092", kSet},
      {"sasl.jaas.config", "", kSet},
      {"ssl.keystore.key", "", kUnset},
      {"consumer.offset.sync.ms", "5000", kUnset},
      {"auto.create.mirror.topics.enable", "false", kUnset},  // mirrors are no filter
      {"auto.create.mirror.topics.filters", "", kUnset},
      {"cluster.link.paused", "false", kUnset},
  };
  for (const Row& row : rows) {
    const auto shown = ShowLinkConfig(FactsOfMade(), row.name, {});
    ASSERT_TRUE(shown) << row.name;
    EXPECT_EQ(shown->value, row.value) << row.name;
    EXPECT_EQ(shown->source, row.source) << row.name;
    EXPECT_EQ(shown->is_default, shown->source == kUnset) << row.name;
  }
  EXPECT_FALSE(ShowLinkConfig(FactsOfMade(), "acl.sync.ms", {})->is_read_only);
  EXPECT_TRUE(ShowLinkConfig(FactsOfMade(), "cluster.link.prefix", {})->is_read_only);
  EXPECT_TRUE(ShowLinkConfig(FactsOfLink(), "acl.sync.ms", {})->is_read_only) << "the configuration's";
}

TEST(Made, SecretsAreThoseOfTheState) {
  for (const RestConfig& config : ShowLinkConfigs(FactsOfLink(), {}))
    EXPECT_EQ(config.is_sensitive, link::IsSecretSetting(config.name)) << config.name;
}

TEST(Made, SettingsAreChangedButForWhatWasDecided) {
  const RestAlteration settings{std::nullopt, true};
  const auto plan = [](std::vector<RestSetting> of) { return PlanAlteration(of, FactsOfMade()); };
  EXPECT_EQ(*plan({{"acl.sync.ms", "1000"}}), settings);
  EXPECT_EQ(*plan({{"acl.sync.ms", std::nullopt}}), settings);
  EXPECT_EQ(*plan({{"sasl.jaas.config", "x required;"}}), settings);
  EXPECT_EQ(*plan({{"acl.sync.ms", "30000"}, {"cluster.link.paused", "true"}}),
            RestAlteration{link::ControlVerb::kPause});
  EXPECT_EQ(*plan({{"cluster.link.prefix", "eu."}}), RestAlteration{});
  for (const RestSetting& fixed : {RestSetting{"cluster.link.prefix", "us."}, RestSetting{"link.mode", "SOURCE"},
                                   RestSetting{"cluster.link.prefix", std::nullopt}})
    EXPECT_THAT(Text(plan({fixed}).status()), HasSubstr("was decided when the link was made")) << fixed.name;
  EXPECT_THAT(Text(plan({{"acl.sync.ms", "1000"}, {"cluster.link.paused", "true"}}).status()),
              HasSubstr("in a call of its own"));
}

TEST(Made, SettingsAreAppliedAllOrNone) {
  const config::Config config = TwoClusters();
  const auto apply = [&](std::vector<RestSetting> settings) {
    state::LinkDefinition definition = *FactsOfMade().made;
    const Status applied = ApplySettings(definition, "made", settings, config);
    return applied.ok() ? CompactJson(ToJson(definition.settings)) : Text(applied);
  };
  EXPECT_THAT(
      apply({{"acl.sync.ms", std::nullopt}, {"sasl.jaas.config", R"(a.PlainLoginModule required x='s3cret';)"}}),
      testing::AllOf(Not(HasSubstr("acl.sync.ms")), Not(HasSubstr("s3cret")), HasSubstr("eu.")));
  EXPECT_THAT(apply({{"acl.sync.ms", "5"}}), HasSubstr("must be from 1000 to 86400000"));
  EXPECT_THAT(apply({{"bootstrap.servers", "elsewhere:9092"}}), HasSubstr("must be those of clusters.paris"));
  EXPECT_THAT(apply({{"sasl.jaas.config", "s3cret"}}),
              testing::AllOf(HasSubstr("sasl.jaas.config: expected"), Not(HasSubstr("s3cret"))));
}

TEST(Made, AMirrorIsMadeOfAnyTopic) {
  const auto code = [](std::string_view body) { return ReadNewMirror(body, FactsOfMade()).status().code(); };
  const auto stock = ReadNewMirror(R"({"source_topic_name":"stock"})", FactsOfMade());
  ASSERT_TRUE(stock.ok()) << stock.status();
  EXPECT_EQ(stock->source, "stock");
  EXPECT_EQ(stock->mirror, "eu.stock");
  EXPECT_EQ(code(R"({"source_topic_name":"stock","mirror_topic_name":"stock"})"), Code::kInvalidArgument);
  EXPECT_EQ(code(R"({"source_topic_name":"__consumer_offsets"})"), Code::kInvalidArgument);
}

TEST(Secrets, AreTakenOutOfWhatIsWrittenDown) {
  const auto written = [](std::string_view body, std::string_view name) {
    return CompactJson(WithoutSecrets(*ParseJson(body), name));
  };
  EXPECT_EQ(written(R"({"configs":[{"name":"sasl.jaas.config","value":"s3cret"},{"name":"acl.sync.ms","value":"1"}]})",
                    "links"),
            R"({"configs":[{"name":"sasl.jaas.config","value":"[hidden]"},{"name":"acl.sync.ms","value":"1"}]})");
  EXPECT_EQ(written(R"({"value":"s3cret"})", "sasl.jaas.config"), R"({"value":"[hidden]"})");
  EXPECT_EQ(written(R"({"value":"1"})", "acl.sync.ms"), R"({"value":"1"})");
  EXPECT_EQ(written(R"({"data":[{"name":"ssl.keystore.kye","value":"s3cret"}]})", "configs:alter"),
            R"({"data":[{"name":"ssl.keystore.kye","value":"[hidden]"}]})");
  EXPECT_EQ(written(R"({"value":{"deep":["s3cret"]}})", "links"), R"({"value":"[hidden]"})");
}

TEST(Targets, AreNamedOrMatchedButNotBoth) {
  const link::LinkSnapshot link = fake::Link();
  const auto named = ReadTargets(R"({"mirror_topic_names":["payments","nope","payments","*"]})", link);
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_THAT(named->topics, ElementsAre("payments", "nope", "*"));
  EXPECT_THAT(named->Mirrors(), ElementsAre("payments")) << "a star is a name here, and no topic has it";
  EXPECT_EQ(named->refused.at("nope").code, 404);
  const auto matched = ReadTargets(R"({"mirror_topic_name_pattern":"orders\\..*"})", link);
  ASSERT_TRUE(matched.ok()) << matched.status();
  EXPECT_THAT(matched->topics, ElementsAre("orders.eu", "orders.legacy", "orders.new"));
  EXPECT_THAT(ReadTargets(R"({"mirror_topic_name_pattern":"nope"})", link)->topics, IsEmpty());
  for (const char* wrong : {"", "{}", "[]", R"({"mirror_topic_names":[]})", R"({"mirror_topic_name_pattern":"("})",
                            R"({"mirror_topic_names":["a"],"mirror_topic_name_pattern":"a"})", R"({"topics":["a"]})",
                            R"({"mirror_topic_names":"a"})"})
    EXPECT_EQ(ReadTargets(wrong, link).status().code(), Code::kInvalidArgument) << wrong;
}

TEST(Refusals, AreOfTheirTopicAlone) {
  link::PromotionSnapshot promotion;
  promotion.link = "l";
  promotion.mirrors.resize(3);
  promotion.mirrors[0].topic = "a";
  promotion.mirrors[0].outcome = "running";
  promotion.mirrors[1].topic = "b";
  promotion.mirrors[1].outcome = "already_stopped";
  promotion.mirrors[2].topic = "c";
  promotion.mirrors[2].error = "no";
  const RestRefusals refused = RefusalsOf(promotion);
  EXPECT_FALSE(refused.contains("a"));
  EXPECT_EQ(refused.at("b").code, 400);
  EXPECT_EQ(refused.at("b").message, "Topic 'b' has already stopped its mirror from 'l'");
  EXPECT_EQ(refused.at("c").message, "no");
}

}  // namespace
}  // namespace klink::http
