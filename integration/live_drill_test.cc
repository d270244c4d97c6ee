// Live drills: the failover itself, with a report of what it took and lost, and with the commands that bring everything
// back, which are carried out here as they stand in the report.
#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/drilled.h"
#include "integration/group_tools.h"
#include "integration/mirror_check.h"
#include "integration/transactional.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

constexpr int kPartitions = 2;
constexpr char kThere[] = "paris-to-lyon", kBack[] = "lyon-to-paris";

class LiveDrillTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source", .proxied = true},
                                          ClusterOptions{.name = "destination"});
    agent_ = std::make_unique<Agent>(File());
    agent_->Start();
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) {
      agent_->KeepFiles();
      reports_->Keep();
    }
    agent_.reset();
    reports_.reset();
    pair_.reset();
  }
  void SetUp() override {
    if (!agent().Running()) agent().Start();
  }
  void TearDown() override { source().proxy(0).Release(); }

  static Cluster& source() { return pair_->source; }
  static Cluster& destination() { return pair_->destination; }
  static Agent& agent() { return *agent_; }
  static std::string dir() { return reports_->path().string(); }

  // Both directions from the first day on; each test has a topic and a drill of its own.
  static LinkFile File() {
    reports_ = std::make_unique<TempDir>("live-drills");
    LinkFile file;
    file.link = kThere;
    file.source = source().bootstrap();
    file.destination = destination().bootstrap();
    const std::string groups = "groups: {include: [{prefix: app-}], interval: 1s}";
    file.extra_link = fmt::format(
        "{}\n"
        "  - name: {}\n"
        "    source: lyon\n"
        "    destination: paris\n"
        "    topics: {{include: [{{prefix: t-}}], refresh: 1s}}\n"
        "    {}\n"
        "drills:\n",
        groups, kBack, groups);
    const auto drill = [&file](const std::string& name, const std::string& more) {
      file.extra_link += fmt::format("  - {{name: {}, link: {}, kind: live, topics: [t-{}], report_dir: {}{}}}\n", name,
                                     kThere, name, dir(), more);
    };
    drill("payments", ", groups: [app-payments], rpo: 60s, rto: 60s");
    drill("up", ", groups: [app-up], rpo: 60s, rto: 60s");
    drill("gone", ", groups: [app-gone], rpo: 10m, rto: 60s");
    drill("late", ", rto: 1ms");
    drill("direct", ", rpo: 60s, rto: 60s");
    drill("kept", "");
    drill("broken", "");
    file.extra_link.pop_back();
    return file;
  }

  // A topic that is mirrored to its end, with transactions in it and a group that stands in the middle.
  static std::string NewTopic(const std::string& drill) {
    const std::string topic = "t-" + drill;
    CreateTopic(source(), topic, kPartitions);
    Produce(source(), topic, SampleRecords(400, kPartitions));
    ProduceTransactions(source(), topic, kPartitions, 3, "app-" + drill);
    AwaitMirrored(source(), destination(), topic);
    CommitPlaces(source(), "app-" + drill, {{{topic, 0}, 40}, {{topic, 1}, 50}});
    Await("the group", seconds(30), [&] { return GroupAt(destination(), drill) == GroupAt(source(), drill); });
    AwaitShown(topic, kThere, "ACTIVE");
    return topic;
  }
  static Places GroupAt(const Cluster& cluster, const std::string& drill) {
    return CommittedPlaces(cluster, "app-" + drill, {{"t-" + drill, 0}, {"t-" + drill, 1}});
  }
  static void AwaitShown(const std::string& topic, const std::string& link, const std::string& text) {
    Await(text + " of " + topic, seconds(60), [&] { return Shown(topic, link).find(text) != std::string::npos; });
  }
  static std::string Shown(const std::string& topic, const std::string& link) {
    return agent().Cli({"mirror", "describe", topic, "--link", link}).out;
  }
  static Drilled Run(const std::string& name, std::vector<std::string> more = {"--yes"}) {
    std::vector<std::string> arguments = {"drill", "run", name, "-o", "json", "--reason", "a test"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = agent().Cli(arguments);
    return Parsed(outcome.exit_code, outcome.out, outcome.err);
  }
  static Drilled Parsed(int exit_code, const std::string& json, const std::string& rest) {
    Drilled drilled{.exit_code = exit_code, .text = json + rest};
    if (auto parsed = ParseJson(json, {.bytes = 16 << 20}); parsed.ok()) drilled.json = *std::move(parsed);
    return drilled;
  }
  // A new producer's records are acknowledged behind the end, and committed readers get them.
  static void ExpectWritable(Cluster& cluster, const std::string& topic) {
    std::vector<int64_t> ends;
    for (int p = 0; p < kPartitions; p++) ends.push_back(RangeOf(cluster, topic, p).value_or(Range{}).end);
    Produce(cluster, topic, SampleRecords(10, kPartitions, 100, 0, "own"), {{"enable.idempotence", "true"}});
    for (int p = 0; p < kPartitions; p++) {
      const auto records = ReadPartition(cluster, topic, p);
      ASSERT_GE(records.size(), 5u);
      EXPECT_EQ(records[records.size() - 5].offset, ends[static_cast<size_t>(p)]);
    }
  }
  // As an operator types them.
  static void CarryOut(const std::vector<std::string>& commands) {
    for (const std::string& command : commands) {
      std::istringstream words(command);
      std::vector<std::string> arguments;
      for (std::string word; words >> word;) arguments.push_back(word);
      ASSERT_EQ(arguments.at(0), "klink") << command;
      arguments.erase(arguments.begin());
      const Outcome outcome = agent().Cli(arguments);
      ASSERT_EQ(outcome.exit_code, 0) << command << "\n" << outcome.out << outcome.err;
    }
  }
  // The first cluster is written to, the second one has the mirror, at the same offsets.
  static void ExpectAsBefore(const std::string& topic) {
    AwaitShown(topic, kThere, "ACTIVE");
    ExpectWritable(source(), topic);
    AwaitMirrored(source(), destination(), topic);
    const Outcome verify = agent().Cli({"verify", topic, "--full", "--link", kThere});
    EXPECT_EQ(verify.exit_code, 0) << verify.out << verify.err;
  }

  static inline std::unique_ptr<ClusterPair> pair_;
  static inline std::unique_ptr<Agent> agent_;
  static inline std::unique_ptr<TempDir> reports_;
};

// The section of the page, as it happens.
TEST_F(LiveDrillTest, TheRunbookIsTrue) {
  const std::string topic = NewTopic("payments");
  const fs::path before = fs::current_path();
  fs::current_path(dir());
  Transcript story(KLINK_DRILL_PAGE, "A live drill");
  story.Operator("Looks what would be done and lost. Nothing is changed.");
  EXPECT_EQ(story.Run(agent(), {"drill", "run", "payments", "--dry-run", "--report-dir", "."}).exit_code, 0);
  EXPECT_THAT(Shown(topic, kThere), HasSubstr("ACTIVE"));
  story.Operator(
      "With the applications stopped at the source, and with the name of whoever approved it. On a terminal it "
      "asks; a script says `--yes`, through the agent with a token of the role `admin`, without one with "
      "`--direct`.");
  EXPECT_EQ(story
                .Run(agent(), {"drill", "run", "payments", "--approver", "ada", "--reason", "the yearly test", "--yes",
                               "--report-dir", "."})
                .exit_code,
            0);
  fs::current_path(before);
  story.Klink(
      "The failover stands: applications are started at the destination. No record was written to the topics, so that "
      "new producers land at the cut is not checked, and is called so. It ends with 0 when every objective and "
      "invariant "
      "is met, 1 when one is missed, 2 when it could not begin and nothing was touched, 3 when it was aborted before "
      "anything was failed over, 4 when it was aborted and something stands: then what stands is printed, with the "
      "commands that finish it.");
  story.Operator(
      "Brings everything back with these commands, one after the other, when the applications may move again.");
  EXPECT_EQ(story.Drift(), "");
  ExpectWritable(destination(), topic);
}

TEST_F(LiveDrillTest, ItPassesWithTheSourceUpAndComesBackByItsCommands) {
  const std::string topic = NewTopic("up");
  const Drilled drilled = Run("up");
  EXPECT_EQ(drilled.exit_code, 0) << drilled.text;
  EXPECT_EQ(drilled.outcome(), "PASSED");
  for (const char* code : {"L1", "L4", "L6", "L7", "L8", "L9", "L10", "L11", "L13", "L14"})
    EXPECT_EQ(drilled.invariant(code), "PASSED") << code << drilled.text;
  EXPECT_EQ(drilled.invariant("L12"), "NOT_CHECKED");
  EXPECT_EQ(drilled.objective("rpo"), "PASSED");
  EXPECT_EQ(drilled.objective("rto"), "PASSED");
  EXPECT_GT(NumberIn(drilled.text, "batches_equal"), 0);
  EXPECT_THAT(drilled.text, HasSubstr("first_produce was skipped"));
  EXPECT_THAT(drilled.text, HasSubstr("The way back:"));
  EXPECT_NE(Drilled::Text(drilled.json, "operation"), "");
  EXPECT_THAT(Shown(topic, kThere), HasSubstr("STOPPED"));

  // Nothing but what applications write: the logs end where the fence does.
  const std::string id = Drilled::Text(drilled.json, "id");
  ExpectWritable(destination(), topic);
  EXPECT_THAT(agent().Cli({"drill", "list"}).out, HasSubstr(id));
  EXPECT_THAT(agent().Cli({"drill", "show", id}).out, HasSubstr("The way back:"));
  Await("the agent to tell of the drill", seconds(20),
        [&] { return Sample(agent().Get("/metrics").value_or(""), R"(klink_last_drill_passed{drill="up"})") == 1; });
  int sums = 0;
  for (const auto& entry : fs::directory_iterator(dir())) {
    if (entry.path().extension() != ".sha256") continue;
    const Outcome checked =
        RunToEnd({.argv = {"sha256sum", "-c", entry.path().filename().string()}, .directory = dir()});
    EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
    sums++;
  }
  EXPECT_GE(sums, 1);

  ASSERT_THAT(drilled.commands(), testing::SizeIs(4)) << drilled.text;
  CarryOut(drilled.commands());
  ExpectAsBefore(topic);
  const Drilled again = Run("up");
  EXPECT_EQ(again.exit_code, 0) << again.text;
}

TEST_F(LiveDrillTest, WithTheSourceKilledItPassesAndTheWayBackIsLookedAtFirst) {
  const std::string topic = NewTopic("gone");
  source().Kill(0);
  const Drilled drilled = Run("gone");
  EXPECT_EQ(drilled.exit_code, 0) << drilled.text;
  for (const char* code : {"L10", "L11", "L13", "L14"}) EXPECT_EQ(drilled.invariant(code), "PASSED") << code;
  for (const char* code : {"L1", "L4", "L6", "L7", "L8", "L9", "L12"})
    EXPECT_EQ(drilled.invariant(code), "NOT_CHECKED") << code << drilled.text;
  EXPECT_THAT(drilled.summary(), HasSubstr("RPO at most"));
  EXPECT_THAT(drilled.text, HasSubstr("the source did not answer"));
  ExpectWritable(destination(), topic);
  EXPECT_EQ(GroupAt(destination(), "gone"), (Places{{{topic, 0}, 40}, {{topic, 1}, 50}}));
  source().Restart(0);
  ASSERT_THAT(drilled.commands(), testing::SizeIs(5)) << drilled.text;
  Await("the link back to see the old source", seconds(60),
        [&] { return agent().Cli({"mirror", "reverse", topic, "--link", kThere, "--dry-run"}).exit_code == 0; });
  CarryOut(drilled.commands());
  ExpectAsBefore(topic);
}

TEST_F(LiveDrillTest, OneThatMissesItsRtoEndsWithOneAndItsTopicsCanBeWrittenTo) {
  const std::string topic = NewTopic("late");
  const Drilled drilled = Run("late");
  EXPECT_EQ(drilled.exit_code, 1) << drilled.text;
  EXPECT_EQ(drilled.outcome(), "MISSED");
  EXPECT_EQ(drilled.objective("rto"), "FAILED");
  EXPECT_THAT(drilled.summary(), HasSubstr("rto FAILED"));
  ExpectWritable(destination(), topic);
}

TEST_F(LiveDrillTest, WithoutAnAgentItIsCarriedOutAtTheDestinationAlone) {
  const std::string topic = NewTopic("direct");
  agent().Kill();
  const Drilled through = Run("direct");
  EXPECT_EQ(through.exit_code, 2) << through.text;
  EXPECT_THAT(through.text, HasSubstr("no agent answers"));
  const Drilled drilled = Run("direct", {"--direct", "--yes"});
  EXPECT_EQ(drilled.exit_code, 0) << drilled.text;
  EXPECT_EQ(drilled.outcome(), "PASSED");
  ExpectWritable(destination(), topic);
}

TEST_F(LiveDrillTest, WhatIsNotAgreedToOrCannotBeginTouchesNothing) {
  EXPECT_EQ(Run("kept").exit_code, 2) << "there is no such mirror yet";
  const std::string topic = NewTopic("kept");
  EXPECT_EQ(Run("kept", {}).exit_code, 64) << "nobody can be asked";
  EXPECT_EQ(Run("kept", {"--yes", "--no-live"}).exit_code, 2);
  const Drilled looked = Run("kept", {"--dry-run"});
  EXPECT_EQ(looked.exit_code, 0) << looked.text;
  EXPECT_THAT(looked.text, HasSubstr("would_stop"));
  EXPECT_EQ(agent().Cli({"mirror", "pause", topic, "--link", kThere, "--yes"}).exit_code, 0);
  const Drilled paused = Run("kept");
  EXPECT_EQ(paused.exit_code, 2) << paused.text;
  EXPECT_EQ(paused.outcome(), "PRECONDITION_FAILED");
  EXPECT_THAT(paused.text, HasSubstr("t-kept is PAUSED"));
  EXPECT_EQ(agent().Cli({"mirror", "resume", topic, "--link", kThere, "--yes"}).exit_code, 0);
  AwaitShown(topic, kThere, "ACTIVE");
  Produce(source(), topic, SampleRecords(20, kPartitions));
  AwaitMirrored(source(), destination(), topic);
}

// The failover is done, the source is held so that the comparison waits for it, and the command is interrupted.
TEST_F(LiveDrillTest, OneThatIsInterruptedBehindTheFailoverSaysWhatStands) {
  const std::string topic = NewTopic("broken");
  const fs::path log = fs::path(dir()) / "broken.log";
  Process drill(Command{{KlinkBinary(), "drill", "run", "broken", "--yes", "-v", "-c", agent().config().string(),
                         "--url", agent().url()}},
                log);
  const auto said = [&log](const std::string& text) { return ReadFile(log).find(text) != std::string::npos; };
  Await("the failover to begin", seconds(60), [&] { return said("klink: failover\n"); });
  source().proxy(0).Hold();
  Await("the failover to end", seconds(60), [&] { return said("klink: compare\n"); });
  drill.Signal(SIGINT);
  EXPECT_EQ(drill.Wait(seconds(60)), 4) << ReadFile(log);
  EXPECT_TRUE(said("CLEANUP_INCOMPLETE")) << ReadFile(log);
  EXPECT_TRUE(said("t-broken is STOPPED: it can be written to")) << ReadFile(log);
  EXPECT_TRUE(said("klink mirror failback t-broken --plan --link paris-to-lyon")) << ReadFile(log);
  source().proxy(0).Release();
  ExpectWritable(destination(), topic);
}

}  // namespace
}  // namespace klink::it
