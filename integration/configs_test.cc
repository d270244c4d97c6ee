// Topics are shaped like their source and stay so; what an operator changes in the file is taken over while everything
// else runs on; and hundreds of topics at once are made in a few requests.
#include <csignal>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "integration/group_tools.h"
#include "integration/mirror_fixture.h"
#include "integration/topic_settings.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

constexpr seconds kSoon(20);
constexpr char kReloaded[] = "klink_config_last_reload_successful";

class Configs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("KLINK_TEST_DELETE_HOLD", "2s", 1);
    pair_ = std::make_unique<ClusterPair>();
    file_.source = pair_->source.bootstrap();
    file_.destination = pair_->destination.bootstrap();
    file_.extra_topics = "configs: {interval: 1s}";
    agent_ = std::make_unique<Agent>(file_);
    agent_->Start();
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) agent_->KeepFiles();
    agent_.reset();
    pair_.reset();
  }

  static Cluster& source() { return pair_->source; }
  static Cluster& destination() { return pair_->destination; }
  static Agent& agent() { return *agent_; }

  static std::string Mirrored(const std::string& topic, const std::string& key) {
    const auto settings = SettingsOf(destination(), topic);
    const auto found = settings.find(key);
    return found != settings.end() && found->second.own ? found->second.value : "(none)";
  }
  static void AwaitSetting(const std::string& topic, const std::string& key, const std::string& value) {
    Await(fmt::format("{} of {} to be {}", key, topic, value), kSoon, [&] { return Mirrored(topic, key) == value; });
  }
  static void AwaitMetric(const std::string& name, double value) {
    Await(fmt::format("{} to be {}", name, value), kSoon,
          [&] { return Sample(agent().Get("/metrics").value_or(""), name) == value; });
  }
  // The same text as long as the partition's runner is the same one.
  static std::string RunnerOf(const std::string& topic) {
    const std::string runs = agent().Cli({"offsets", "runs", topic, "0", "-o", "json"}).out;
    const size_t at = runs.find("\"since\"");
    return at == std::string::npos ? "" : runs.substr(at, 40);
  }
  static void Mirror(const std::string& topic, const Settings& settings = {}, int partitions = 1) {
    CreateTopic(source(), topic, partitions, settings);
    Produce(source(), topic, SampleRecords(100, partitions));
    AwaitMirrored(source(), destination(), topic);
    AwaitState(agent(), topic, "ACTIVE", "");
  }
  // As a deployment does it: another file under the same name.
  static void ReplaceFile(const std::string& text) {
    const fs::path fresh = agent().dir() / "klink.yaml.new";
    std::ofstream(fresh) << text;
    fs::rename(fresh, agent().config());
  }
  static std::string Text() { return ReadFile(agent().config()); }

  static inline LinkFile file_;
  static inline std::unique_ptr<ClusterPair> pair_;
  static inline std::unique_ptr<Agent> agent_;
};

TEST_F(Configs, FollowTheSourceAndAreSetBackWhenSomebodyChangesTheMirror) {
  const std::string topic = "t-shape";
  Mirror(topic, {{"retention.ms", "7200000"},
                 {"flush.ms", "5000"},
                 {"min.insync.replicas", "1"},
                 {"unclean.leader.election.enable", "true"}});
  AwaitSetting(topic, "retention.ms", "7200000");
  AwaitSetting(topic, "flush.ms", "5000");
  EXPECT_EQ(Mirrored(topic, "compression.type"), "producer");
  EXPECT_EQ(Mirrored(topic, "min.insync.replicas"), "(none)");
  EXPECT_EQ(Mirrored(topic, "unclean.leader.election.enable"), "(none)");

  ChangeTopic(destination(), topic, {{"retention.ms", "1000"}, {"flush.messages", "3"}, {"min.insync.replicas", "1"}},
              {"flush.ms"});
  AwaitSetting(topic, "retention.ms", "7200000");
  AwaitSetting(topic, "flush.ms", "5000");
  AwaitSetting(topic, "flush.messages", "(none)");
  EXPECT_EQ(Mirrored(topic, "min.insync.replicas"), "1");  // the destination's own
  AwaitMetric(R"(klink_topic_config_changes_total{cause="drift",link="paris-to-lyon"})", 3);
  EXPECT_THAT(agent().LogText(), HasSubstr("somebody changed settings of mirror topics"));

  ChangeTopic(source(), topic, {{"retention.ms", "3600000"}, {"preallocate", "true"}}, {"flush.ms"});
  AwaitSetting(topic, "retention.ms", "3600000");
  AwaitSetting(topic, "preallocate", "true");
  AwaitSetting(topic, "flush.ms", "(none)");
  EXPECT_EQ(VerifyComplaint(agent(), topic), "");
}

TEST_F(Configs, ANewFileIsTakenOverAndABadOneIsNot) {
  Mirror("t-reload");
  const std::string runner = RunnerOf("t-reload");
  ASSERT_FALSE(runner.empty());
  const std::string good = Text();

  LinkFile wider = file_;
  wider.include = "{prefix: t-}, {prefix: u-}";
  wider.extra_topics = "configs: {interval: 1s, include: [unclean.leader.election.enable]}";
  agent().SetFile(wider);  // written in place
  CreateTopic(source(), "u-later", 1, {{"unclean.leader.election.enable", "true"}});
  Produce(source(), "u-later", SampleRecords(50, 1));
  AwaitMirrored(source(), destination(), "u-later");
  AwaitSetting("u-later", "unclean.leader.election.enable", "true");

  const std::string wide = Text();
  ReplaceFile(wide + "colour: blue\n");
  AwaitMetric(kReloaded, 0);
  EXPECT_THAT(agent().LogText(), HasSubstr("colour"));
  Produce(source(), "u-later", SampleRecords(50, 1));  // the old one is in force
  AwaitMirrored(source(), destination(), "u-later");

  std::string moved = wide;
  moved.replace(moved.find("memory: 64MiB"), 13, "memory: 32MiB");
  ReplaceFile(moved);
  Await("the refusal", kSoon, [] { return agent().LogText().find("takes a restart") != std::string::npos; });
  EXPECT_EQ(Sample(agent().Get("/metrics").value_or(""), kReloaded), 0);

  ReplaceFile(good);  // u- leaves the filter, its copy stays
  AwaitMetric(kReloaded, 1);
  AwaitState(agent(), "u-later", "PAUSED", "FILTERED_OUT");
  kill(agent().pid(), SIGHUP);              // nothing changed: nothing is touched
  EXPECT_EQ(RunnerOf("t-reload"), runner);  // nobody drained it

  LinkFile grouped = file_;
  grouped.extra_link = "groups: {include: [{prefix: reload-}], interval: 1s}";
  CommitPlaces(source(), "reload-app", {{{"t-reload", 0}, 7}});
  agent().SetFile(grouped);
  Await("the group's position", kSoon,
        [] { return CommittedPlaces(destination(), "reload-app", {{"t-reload", 0}}) == Places{{{"t-reload", 0}, 7}}; });
  EXPECT_EQ(RunnerOf("t-reload"), runner);  // nor for the groups' sake

  LinkFile held = file_;
  held.extra_link = "on_gap: stop";  // mirrors take it when they begin
  agent().SetFile(held);
  Await("the mirrors to be begun again", kSoon, [&] {
    const std::string now = RunnerOf("t-reload");
    return !now.empty() && now != runner;
  });
  agent().SetFile(file_);
  Produce(source(), "t-reload", SampleRecords(100, 1));
  AwaitMirrored(source(), destination(), "t-reload");
  EXPECT_EQ(VerifyComplaint(agent(), "t-reload"), "");
}

TEST_F(Configs, AStandbyWithAnotherFileSaysSo) {
  LinkFile other = file_;
  other.agent_id = "agent-2";
  other.extra_topics = "configs: {interval: 7s}";
  Agent standby(other, "standby");
  standby.Start();
  Await("CONFIG_DIFFERS", kSoon, [&] {
    const std::string status = standby.Get("/v1/status").value_or("");
    return status.find("CONFIG_DIFFERS") != std::string::npos &&
           status.find("differs in topics.configs.interval") != std::string::npos;
  });
  EXPECT_EQ(agent().Get("/v1/status").value_or("CONFIG_DIFFERS").find("CONFIG_DIFFERS"), std::string::npos);
  other.extra_topics = file_.extra_topics;
  standby.SetFile(other);
  Await("the same file", kSoon, [&] {
    return standby.Get("/v1/status").value_or("CONFIG_DIFFERS").find("CONFIG_DIFFERS") == std::string::npos;
  });
  EXPECT_EQ(standby.Terminate(), 0);
}

TEST_F(Configs, ACopyIsDeletedOnlyWhenAskedForAndOnlyAfterItsTime) {
  Mirror("t-gone");
  Mirror("t-stays");
  DeleteTopic(source(), "t-gone");
  AwaitState(agent(), "t-gone", "FAILED", "SOURCE_TOPIC_MAY_BE_DELETED");
  EXPECT_TRUE(RangeOf(destination(), "t-gone", 0));  // kept: that is the default
  LinkFile deletes = file_;
  deletes.extra_topics += "\n      delete: mirror";
  agent().SetFile(deletes);
  Await("the copy to be deleted", kSoon, [] { return PartitionCount(destination(), "t-gone") == 0; });
  Await("the mirror to be forgotten", kSoon, [] { return !Describe(agent(), "t-gone"); });
  const std::string audit = ReadFile(agent().data_dir() / "audit.jsonl");
  EXPECT_THAT(audit, HasSubstr("klink.mirrors.delete.requested"));
  EXPECT_THAT(audit, HasSubstr("klink.mirrors.delete.completed"));
  EXPECT_THAT(audit, HasSubstr("klink.config.reloaded"));
  EXPECT_TRUE(RangeOf(destination(), "t-stays", 0));
  agent().SetFile(file_);
}

TEST_F(Configs, HundredsOfTopicsAtOnceAreMadeInAFewRequests) {
  constexpr int kTopics = 400;
  std::vector<std::string> topics;
  for (int i = 0; i < kTopics; i++) topics.push_back(fmt::format("t-many-{:03}", i));
  CreateTopics(source(), topics, 1);
  std::vector<Record> record(1);
  record[0].value = "x";
  for (int i = 0; i < kTopics; i += 50) Produce(source(), topics[i], record);
  Await("all of them ACTIVE", seconds(60), [&] {
    const std::string mirrors = agent().Get("/v1/links/paris-to-lyon/mirrors").value_or("");
    size_t active = 0;
    for (size_t at = mirrors.find("t-many-"); at != std::string::npos; at = mirrors.find("t-many-", at + 1)) active++;
    return active >= 2 * kTopics && mirrors.find("PENDING_MIRROR") == std::string::npos;
  });
  for (int i = 0; i < kTopics; i += 50) AwaitMirrored(source(), destination(), topics[i]);
  // At most 200 in one request, and nothing is told topic by topic.
  std::ifstream log(agent().log());
  for (std::string line; std::getline(log, line);)
    if (line.find("event=KL1201") != std::string::npos) EXPECT_EQ(line.find("topic=t-many"), std::string::npos) << line;
  EXPECT_THAT(agent().LogText(), HasSubstr("mirror topics"));
  AwaitSetting(topics.back(), "retention.ms", "604800000");
}

}  // namespace
}  // namespace klink::it
