// Failovers that are rehearsed: an isolated drill passes beside live copying and leaves nothing, whoever kills it, and
// it fails when a broker said that it had what it has not.
#include <algorithm>

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

class DrillTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source", .proxied = true},
                                          ClusterOptions{.name = "destination", .proxied = true});
  }
  static void TearDownTestSuite() { pair_.reset(); }
  void SetUp() override {
    static int count = 0;
    number_ = ++count;
    prefix_ = fmt::format("t-drill-{}-", number_);
    topic_ = prefix_ + "pay";
    group_ = prefix_ + "app";
    CreateTopic(source(), topic_, kPartitions);
  }
  void TearDown() override {
    source().proxy(0).Release();
    destination().proxy(0).SwallowProduce({}, 0);
    if (HasFailure() && agent_) agent_->KeepFiles();
    if (HasFailure()) reports_.Keep();
    agent_.reset();
  }

  static Cluster& source() { return pair_->source; }
  static Cluster& destination() { return pair_->destination; }
  Agent& Start(const std::string& link = "", const std::string& more = "max_bytes: 2MiB") {
    LinkFile file;
    file.link = link.empty() ? fmt::format("link-{}", number_) : link;
    file.source = source().bootstrap();
    file.destination = destination().bootstrap();
    file.include = fmt::format("{{prefix: {}}}", prefix_);
    file.extra_link = fmt::format(
        "groups: {{include: [{{prefix: {}}}], interval: 1s}}\n"
        "drills:\n"
        "  - {{name: all, link: {}, topics: [{}], groups: [{}], rpo: 60s, rto: 60s, report_dir: {}, {}}}\n"
        "  - {{name: plain, link: {}, topics: [{}], rpo: 60s, report_dir: {}, {}}}\n"
        "  - {{name: other, link: {}, topics: [nobody], report_dir: {}}}\n"
        "  - {{name: small, link: {}, topics: [{}], max_bytes: 10, report_dir: {}}}\n"
        "  - {{name: homeless, link: {}, topics: [{}], report_dir: {}/nowhere}}",
        prefix_, file.link, topic_, group_, dir(), more, file.link, topic_, dir(), more, file.link, dir(), file.link,
        topic_, dir(), file.link, topic_, dir());
    agent_ = std::make_unique<Agent>(file);
    agent_->Start();
    return *agent_;
  }
  std::string dir() const { return reports_.path().string(); }
  Drilled Run(const std::string& name, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"drill", "run", name, "-o", "json", "--reason", "a test"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = agent_->Cli(arguments);
    Drilled drilled{.exit_code = outcome.exit_code, .text = outcome.out + outcome.err};
    if (auto json = ParseJson(outcome.out, {.bytes = 16 << 20}); json.ok()) drilled.json = *std::move(json);
    return drilled;
  }
  static std::vector<std::string> DrillTopics() {
    std::vector<std::string> topics = TopicNames(destination());
    std::erase_if(topics, [](const std::string& topic) { return !topic.starts_with("_klink.drill."); });
    return topics;
  }
  void ExpectNothingLeft() const {
    EXPECT_THAT(DrillTopics(), testing::IsEmpty());
    EXPECT_EQ(agent_->Cli({"drill", "clean", "--dry-run"}).out, "No drill left anything.\n");
  }
  // A drill that is killed as soon as it has made something.
  void KillOneHalfWay() const {
    const fs::path log = reports_.path() / "killed.log";
    Process drill(Command{{KlinkBinary(), "drill", "run", "all", "-c", agent_->config().string()}}, log);
    Await("the drill to make its topics", seconds(60), [] { return !DrillTopics().empty(); });
    drill.Signal(SIGKILL);
    drill.Wait(seconds(10));
    EXPECT_THAT(DrillTopics(), testing::Not(testing::IsEmpty()));
  }
  void Commit() const { CommitPlaces(source(), group_, {{{topic_, 0}, 40}, {{topic_, 1}, 50}}); }

  int number_ = 0;
  std::string prefix_, topic_, group_;
  TempDir reports_{"drills"};
  std::unique_ptr<Agent> agent_;
  static inline std::unique_ptr<ClusterPair> pair_;
};

TEST_F(DrillTest, AnIsolatedOnePassesUnderLoadThreeTimesInARowAndTouchesNoMirror) {
  Start();
  Produce(source(), topic_, SampleRecords(600, kPartitions));
  Commit();
  {
    Load load(source(), topic_, {.partitions = kPartitions, .per_second = 1000});
    TransactionalLoad transactions(source(), topic_, kPartitions, milliseconds(50));
    AwaitState(*agent_, topic_, "ACTIVE", "");
    Await("copying", seconds(60), [&] { return LogEnds(destination()).Sum(topic_, kPartitions) > 1500; });
    for (int i = 0; i < 3; i++) {
      SCOPED_TRACE(i);
      const int64_t acked = load.acked();
      const Drilled drilled = Run("all");
      EXPECT_EQ(drilled.exit_code, 0) << drilled.text;
      EXPECT_EQ(drilled.outcome(), "PASSED");
      for (const char* code : {"L1", "L4", "L6", "L7", "L8", "L9", "L10", "L11", "L12", "L13", "L14"})
        EXPECT_EQ(drilled.invariant(code), "PASSED") << code;
      EXPECT_EQ(drilled.objective("rpo"), "PASSED");
      EXPECT_EQ(drilled.objective("rto"), "PASSED");
      EXPECT_GT(NumberIn(drilled.text, "batches_equal"), 0);
      EXPECT_EQ(NumberIn(drilled.text, "differences"), 0);
      EXPECT_GT(load.acked(), acked);
      EXPECT_EQ(Describe(*agent_, topic_)->state, "ACTIVE");
      ExpectNothingLeft();
      if (HasFailure()) return;
    }
    load.Stop();
    transactions.Stop();
  }
  AwaitMirrored(source(), destination(), topic_);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), topic_), "");
  EXPECT_EQ(CommittedPlaces(destination(), group_, {{topic_, 0}, {topic_, 1}}),
            (Places{{{topic_, 0}, 40}, {{topic_, 1}, 50}}));

  // Three reports, which prove themselves, are the history.
  int sums = 0;
  for (const auto& entry : fs::directory_iterator(reports_.path())) {
    if (entry.path().extension() != ".sha256") continue;
    const Outcome checked =
        RunToEnd({.argv = {"sha256sum", "-c", entry.path().filename().string()}, .directory = reports_.path()});
    EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
    EXPECT_EQ(std::count(checked.out.begin(), checked.out.end(), '\n'), 3);
    sums++;
  }
  EXPECT_EQ(sums, 3);
  const Outcome list = agent_->Cli({"drill", "list"});
  EXPECT_EQ(std::count(list.out.begin(), list.out.end(), '\n'), 4) << list.out << list.err;

  // The link remembers them where the folder does not, and its agents tell of the last one.
  Await("the agent to tell of the drill", seconds(20),
        [&] { return Sample(agent_->Get("/metrics").value_or(""), R"(klink_last_drill_passed{drill="all"})") == 1; });
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(reports_.path())) files.push_back(entry.path());
  for (const fs::path& file : files) fs::remove(file);
  const Outcome remembered = agent_->Cli({"drill", "list"});
  EXPECT_EQ(remembered.out, list.out) << remembered.err;
  const std::string id = list.out.substr(list.out.rfind('\n', list.out.size() - 2) + 1, 21);
  EXPECT_THAT(agent_->Get("/v1/drills").value_or(""), HasSubstr(id));
  EXPECT_THAT(agent_->Cli({"drill", "show", id}).out, HasSubstr("this is what the link remembers"));
}

TEST_F(DrillTest, OneThatIsKilledHalfWayIsRemovedByCleanAndByTheNextOne) {
  Start();
  Produce(source(), topic_, SampleRecords(600, kPartitions));
  Commit();
  AwaitMirrored(source(), destination(), topic_);
  KillOneHalfWay();
  EXPECT_THAT(agent_->Cli({"drill", "clean", "--dry-run"}).out, HasSubstr("would be removed"));
  const Outcome cleaned = agent_->Cli({"drill", "clean", "--yes"});
  EXPECT_EQ(cleaned.exit_code, 0) << cleaned.out << cleaned.err;
  ExpectNothingLeft();
  KillOneHalfWay();
  const Drilled next = Run("all");
  EXPECT_EQ(next.exit_code, 0) << next.text;
  EXPECT_THAT(next.text, HasSubstr("had been killed"));
  ExpectNothingLeft();
}

// The one batch of the copy is acknowledged by a broker that never got it.
TEST_F(DrillTest, AnAcknowledgementThatIsALieFailsTheDrill) {
  Start();
  Produce(source(), topic_, SampleRecords(1, 1));
  AwaitMirrored(source(), destination(), topic_);
  AwaitState(*agent_, topic_, "ACTIVE", "");
  const auto copies = [](const std::string& topic) {
    return topic.starts_with("_klink.drill.") && topic.ends_with(".0");
  };
  destination().proxy(0).SwallowProduce(copies, 1);
  const Drilled drilled = Run("plain");
  EXPECT_EQ(destination().proxy(0).swallowed(), 1);
  EXPECT_EQ(drilled.exit_code, 1) << drilled.text;
  EXPECT_EQ(drilled.outcome(), "MISSED");
  EXPECT_EQ(drilled.invariant("L13"), "FAILED") << drilled.text;
  EXPECT_EQ(drilled.invariant("L1"), "FAILED");
  EXPECT_THAT(drilled.summary(), HasSubstr("L13 FAILED"));
  ExpectNothingLeft();
  const Drilled honest = Run("plain");
  EXPECT_EQ(honest.exit_code, 0) << honest.text;
}

TEST_F(DrillTest, WhatCannotBeginTouchesNothing) {
  Start();
  Produce(source(), topic_, SampleRecords(100, kPartitions));
  AwaitMirrored(source(), destination(), topic_);
  AwaitState(*agent_, topic_, "ACTIVE", "");
  const std::vector<std::string> before = TopicNames(destination());
  for (const auto& [name, why] :
       std::vector<std::pair<std::string, std::string>>{{"nothing", "has no drill nothing"},
                                                        {"homeless", "nowhere is not there"},
                                                        {"other", "has no mirror nobody"},
                                                        {"small", "max_bytes 10 is too small"},
                                                        {"all", "has committed nothing"}}) {
    const Drilled drilled = Run(name);
    EXPECT_EQ(drilled.exit_code, 2) << name << drilled.text;
    EXPECT_THAT(drilled.text, HasSubstr(why)) << name;
  }
  EXPECT_EQ(agent_->Cli({"mirror", "pause", topic_, "--yes"}).exit_code, 0);
  EXPECT_EQ(Run("plain").exit_code, 2) << "it is PAUSED";
  EXPECT_EQ(Run("plain", {"--kind", "dry"}).exit_code, 1) << "a dry drill is run to find that";
  EXPECT_EQ(agent_->Cli({"mirror", "resume", topic_, "--yes"}).exit_code, 0);
  EXPECT_EQ(TopicNames(destination()), before);
}

TEST_F(DrillTest, WithoutTheSourceWhatWouldBeLostIsABound) {
  Start();
  Produce(source(), topic_, SampleRecords(200, kPartitions));
  AwaitMirrored(source(), destination(), topic_);
  AwaitState(*agent_, topic_, "ACTIVE", "");
  source().proxy(0).Hold();
  for (const char* kind : {"isolated", "dry"}) {
    const Drilled drilled = Run("plain", {"--kind", kind});
    EXPECT_EQ(drilled.exit_code, 0) << drilled.text;
    EXPECT_THAT(drilled.summary(), HasSubstr("RPO at most"));
    EXPECT_THAT(drilled.text, HasSubstr("the source did not answer"));
  }
  ExpectNothingLeft();
}

// The page under docs/runbooks, as it happens.
TEST_F(DrillTest, TheRunbookIsTrue) {
  Agent& agent = Start("paris-to-lyon");
  Produce(source(), topic_, SampleRecords(500, kPartitions));
  Commit();
  AwaitMirrored(source(), destination(), topic_);
  AwaitState(agent, topic_, "ACTIVE", "");
  Await("the group", seconds(30),
        [&] { return CommittedPlaces(destination(), group_, {{topic_, 0}, {topic_, 1}}).size() == 2; });
  const fs::path before = fs::current_path();
  fs::current_path(reports_.path());
  Transcript story(KLINK_DRILL_PAGE, "A drill on a working day");
  story.Operator("Every morning, by a timer: could this link be failed over now? Nothing is written.");
  EXPECT_EQ(story.Run(agent, {"drill", "run", "all", "--kind", "dry", "--report-dir", "."}).exit_code, 0);
  story.Operator("Once a quarter, with the name of whoever approved it:");
  EXPECT_EQ(story.Run(agent, {"drill", "run", "all", "--approver", "ada", "--report-dir", "."}).exit_code, 0);
  story.Klink(
      "It ends with 0 when every objective and invariant is met, 1 when one is missed, 2 when it could not begin and "
      "nothing was touched, 3 when it was aborted and rolled back, 4 when something of it is left. The page beside the "
      "JSON can be printed and signed.");
  story.Klink("What a drill left whose process was killed, the next one removes, or:");
  EXPECT_EQ(story.Run(agent, {"drill", "clean", "--yes"}).exit_code, 0);
  fs::current_path(before);
  EXPECT_EQ(story.Drift(), "");
}

}  // namespace
}  // namespace klink::it
