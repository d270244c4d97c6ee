#include "config/reload_plan.h"

#include <functional>

#include <gmock/gmock.h>

#include "config/settings.h"

namespace klink::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Config TwoLinks() {
  Config config;
  config.clusters["paris"].bootstrap_servers = "p1:9092";
  config.clusters["lyon"].bootstrap_servers = "l1:9092";
  config.clusters["nice"].bootstrap_servers = "n1:9092";
  LinkConfig one;
  one.name = "one", one.source = "paris", one.destination = "lyon";
  one.topics.include.push_back({.literal = "", .prefix = "orders.", .regex = ""});
  LinkConfig two = one;
  two.name = "two", two.destination = "nice";
  config.links = {one, two};
  return config;
}

ReloadPlan PlanOf(const std::function<void(Config&)>& edit) {
  Config next = TwoLinks();
  edit(next);
  const auto plan = PlanReload(TwoLinks(), next);
  EXPECT_TRUE(plan.ok()) << Text(plan.status());
  return plan.value_or(ReloadPlan());
}

TEST(ReloadPlan, TheSameConfigurationChangesNothing) {
  EXPECT_TRUE(PlanOf([](Config&) {}).empty());
  EXPECT_EQ(SummaryOf(PlanOf([](Config&) {})), "nothing");
}

TEST(ReloadPlan, AChangeReachesNoFurtherThanItMust) {
  struct Row {
    const char* key;
    LinkReload reload;
    std::function<void(LinkConfig&)> edit;
  };
  const std::vector<Row> rows = {
      {"topics.include[1].literal", LinkReload::kLive, [](auto& l) { l.topics.include.push_back({.literal = "a"}); }},
      {"topics.exclude[0].prefix", LinkReload::kLive, [](auto& l) { l.topics.exclude.push_back({.prefix = "a"}); }},
      {"topics.rename.prefix", LinkReload::kLive, [](auto& l) { l.topics.rename.prefix = "copy."; }},
      {"topics.refresh", LinkReload::kLive, [](auto& l) { l.topics.refresh = 1s; }},
      {"topics.start", LinkReload::kLive, [](auto& l) { l.topics.start.kind = TopicStart::Kind::kLatest; }},
      {"topics.configs.interval", LinkReload::kLive, [](auto& l) { l.topics.configs.interval = 1s; }},
      {"topics.configs.exclude[0]", LinkReload::kLive, [](auto& l) { l.topics.configs.exclude = {"flush.ms"}; }},
      {"topics.delete", LinkReload::kLive, [](auto& l) { l.topics.delete_policy = DeletePolicy::kMirror; }},
      {"groups.interval", LinkReload::kLive, [](auto& l) { l.groups.interval = 1s; }},
      {"groups.include[0].prefix", LinkReload::kLive, [](auto& l) { l.groups.include.push_back({.prefix = "a"}); }},
      {"groups.exclude[0].prefix", LinkReload::kLive, [](auto& l) { l.groups.exclude.push_back({.prefix = "a"}); }},
      {"acls.interval", LinkReload::kLive, [](auto& l) { l.acls.interval = 1s; }},
      {"acls.exclude[0]", LinkReload::kRestart, [](auto& l) { l.acls.exclude = {"User:a"}; }},
      {"acls.enabled", LinkReload::kRestart, [](auto& l) { l.acls.enabled = true; }},
      {"quotas.interval", LinkReload::kLive, [](auto& l) { l.quotas.interval = 1s; }},
      {"limits.bytes_per_second", LinkReload::kLive, [](auto& l) { l.limits.bytes_per_second = 1; }},
      {"topics.log_start", LinkReload::kMirrors, [](auto& l) { l.topics.log_start = LogStart::kKeep; }},
      {"topics.log_start_hold", LinkReload::kMirrors, [](auto& l) { l.topics.log_start_hold = 1s; }},
      {"offsets", LinkReload::kMirrors, [](auto& l) { l.offsets = Offsets::kTranslate; }},
      {"holes", LinkReload::kMirrors, [](auto& l) { l.holes = Holes::kMarkers; }},
      {"fill_limit.records", LinkReload::kMirrors, [](auto& l) { l.fill_limit.records = 1; }},
      {"acks", LinkReload::kMirrors, [](auto& l) { l.acks = Acks::kPipelined; }},
      {"on_gap", LinkReload::kMirrors, [](auto& l) { l.on_gap = OnGap::kStop; }},
      {"destination", LinkReload::kRestart, [](auto& l) { l.destination = "nice"; }},
  };
  for (const Row& row : rows) {
    const ReloadPlan plan = PlanOf([&](Config& config) { row.edit(config.links[0]); });
    ASSERT_EQ(plan.links.size(), 1u) << row.key;  // the other link is not concerned
    EXPECT_EQ(plan.links[0].link, "one");
    EXPECT_EQ(static_cast<int>(plan.links[0].reload), static_cast<int>(row.reload)) << row.key;
    EXPECT_THAT(plan.links[0].keys, testing::Contains(row.key));
  }
}

TEST(ReloadPlan, TheFurthestChangeOfALinkDecides) {
  const ReloadPlan plan = PlanOf([](Config& config) {
    config.links[1].topics.refresh = 1s;
    config.links[1].on_gap = OnGap::kStop;
  });
  EXPECT_THAT(plan.links, ElementsAre(LinkChange{"two", LinkReload::kMirrors, {"on_gap", "topics.refresh"}}));
  EXPECT_EQ(SummaryOf(plan), "two: on_gap, topics.refresh");
}

TEST(ReloadPlan, AChangedClusterRestartsTheLinksThatUseIt) {
  const ReloadPlan nice = PlanOf([](Config& config) { config.clusters["nice"].client_rack = "eu-1a"; });
  EXPECT_THAT(nice.links, ElementsAre(LinkChange{"two", LinkReload::kRestart, {"clusters.nice.client.rack"}}));
  const ReloadPlan paris = PlanOf([](Config& config) { config.clusters["paris"].client_id = "other"; });
  EXPECT_EQ(paris.links.size(), 2u);
}

TEST(ReloadPlan, ARenewedSecretBehindTheSameReferenceIsNoChange) {
  Config running = TwoLinks(), next = TwoLinks();
  running.clusters["paris"].sasl_password = Secret("old", "${file:/p}");
  next.clusters["paris"].sasl_password = Secret("new", "${file:/p}");
  EXPECT_TRUE(PlanReload(running, next)->empty());
  next.clusters["paris"].sasl_password = Secret("old", "${file:/q}");
  EXPECT_EQ(PlanReload(running, next)->links.size(), 2u);
}

TEST(ReloadPlan, LinksComeAndGo) {
  const ReloadPlan plan = PlanOf([](Config& config) { config.links[0].name = "three"; });
  EXPECT_THAT(plan.links,
              ElementsAre(LinkChange{"three", LinkReload::kAdd, {}}, LinkChange{"one", LinkReload::kRemove, {}}));
  EXPECT_EQ(SummaryOf(plan), "three: added; one: removed");
}

TEST(ReloadPlan, TheOrderOfLinksIsNoChange) {
  EXPECT_TRUE(PlanOf([](Config& config) { std::swap(config.links[0], config.links[1]); }).empty());
}

TEST(ReloadPlan, TheLogIsReloadedAndTheRestOfTheAgentTakesARestart) {
  const ReloadPlan plan = PlanOf([](Config& config) { config.agent.log.level = LogLevel::kDebug; });
  EXPECT_TRUE(plan.log);
  EXPECT_THAT(plan.links, IsEmpty());
  const std::vector<std::pair<const char*, std::function<void(Agent&)>>> rows = {
      {"agent.id", [](Agent& a) { a.id = "other"; }},
      {"agent.data_dir", [](Agent& a) { a.data_dir = "/elsewhere"; }},
      {"agent.memory", [](Agent& a) { a.memory = 1 << 30; }},
      {"agent.http.listen", [](Agent& a) { a.http.listen.port = 1; }},
      {"agent.http.tls.cert", [](Agent& a) { a.http.tls.cert = "c.pem"; }},
      {"agent.http.auth.tokens_file", [](Agent& a) { a.http.auth.tokens_file = "t.yaml"; }},
      {"agent.audit.topic", [](Agent& a) { a.audit.topic = false; }}};
  for (const auto& [key, edit] : rows) {
    Config next = TwoLinks();
    edit(next.agent);
    const Status refused = PlanReload(TwoLinks(), next).status();
    EXPECT_EQ(refused.code(), Code::kFailedPrecondition) << key;
    EXPECT_THAT(Text(refused), HasSubstr(fmt::format("{} changed, which takes a restart of the agent", key)));
  }
}

TEST(ReloadPlan, ARefusedAgentKeyRefusesTheLinksToo) {
  Config next = TwoLinks();
  next.agent.data_dir = "/elsewhere";
  next.links[0].topics.refresh = 1s;
  EXPECT_FALSE(PlanReload(TwoLinks(), next).ok());
}

TEST(Settings, SayWhatIsBeyondTheDefaults) {
  LinkConfig link = TwoLinks().links[0];
  link.topics.refresh = 1s;
  link.limits.bytes_per_second = 1 << 20;
  EXPECT_EQ(ToText(SettingsOf(link)),
            "destination: lyon\nlimits.bytes_per_second: 1MiB\nname: one\nsource: paris\n"
            "topics.include[0].prefix: orders.\ntopics.refresh: 1s\n");
}

TEST(Settings, AreReadBack) {
  const Settings settings = SettingsOf(TwoLinks().links[0]);
  EXPECT_EQ(ParseSettings(ToText(settings)), settings);
  EXPECT_THAT(ParseSettings("no line\n\nodd"), IsEmpty());
}

TEST(Settings, NeverHoldASecret) {
  ClusterConfig cluster;
  cluster.sasl_password = Secret("hunter2", "${env:P}");
  EXPECT_EQ(SettingsOf(cluster).at("sasl.password"), "${env:P}");
}

TEST(Settings, DifferWhereOneLacksAKeyOrHasAnotherValue) {
  EXPECT_THAT(Differences({{"a", "1"}, {"b", "2"}, {"c", "3"}}, {{"b", "2"}, {"c", "4"}, {"d", "5"}}),
              ElementsAre("a", "c", "d"));
}

}  // namespace
}  // namespace klink::config
