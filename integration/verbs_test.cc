// What an operator stops stands still, what they resume goes on to the same bytes, and both outlive any agent.
#include <sstream>

#include <fmt/format.h>

#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

constexpr int kPartitions = 3;
constexpr int64_t kGrowth = 3000;
constexpr seconds kTakeOver(25);

class Verbs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source"}, ClusterOptions{.name = "destination"});
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) pair_->destination.KeepFiles();
    pair_.reset();
  }
  void SetUp() override {
    static int count = 0;
    prefix_ = fmt::format("t-verbs-{}-", ++count);
    topic_ = NewTopic("a");
    file_.source = pair_->source.bootstrap();
    file_.destination = pair_->destination.bootstrap();
    file_.include = fmt::format("{{prefix: {}}}", prefix_);
  }
  void TearDown() override {
    for (Agent* agent : agents_)
      if (HasFailure()) agent->KeepFiles();
  }

  std::string NewTopic(const std::string& name) {
    CreateTopic(pair_->source, prefix_ + name, kPartitions);
    return prefix_ + name;
  }
  std::unique_ptr<Agent> NewAgent(const std::string& id = "agent-1") {
    file_.agent_id = id;
    auto agent = std::make_unique<Agent>(file_, id);
    agents_.push_back(agent.get());
    return agent;
  }
  static void Expect(const Agent& agent, std::vector<std::string> arguments) {
    arguments.push_back("--yes");
    const Outcome outcome = agent.Cli(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << testing::PrintToString(arguments) << outcome.out << outcome.err;
  }
  static int64_t End(const std::string& topic) { return LogEnds(pair_->destination).Sum(topic, kPartitions); }
  static void AwaitProgress(const std::string& topic, int64_t records = kGrowth) {
    LogEnds ends(pair_->destination);
    const int64_t from = ends.Sum(topic, kPartitions);
    Await("progress of the copy", seconds(60), [&] { return ends.Sum(topic, kPartitions) >= from + records; });
  }
  static void AwaitLoad(const Load& load) {
    const int64_t from = load.acked();
    Await("the source to grow", seconds(30), [&] { return load.acked() >= from + kGrowth; });
  }
  // The source grows and the copy does not: not by one record.
  static void ExpectStands(const std::string& topic, const Load& load) {
    const int64_t end = End(topic);
    AwaitLoad(load);
    EXPECT_EQ(End(topic), end);
  }
  static void ExpectProvenEqual(const Agent& agent, const std::string& topic) {
    AwaitMirrored(pair_->source, pair_->destination, topic, seconds(90));
    EXPECT_EQ(OracleOnIdentical(pair_->source, pair_->destination, topic), "");
    EXPECT_EQ(VerifyComplaint(agent, topic), "");
  }

  std::string prefix_;
  std::string topic_;
  LinkFile file_;
  std::vector<Agent*> agents_;
  static inline std::unique_ptr<ClusterPair> pair_;
};

TEST_F(Verbs, APausedMirrorStandsStillUnderLoadAndTheOthersRunOn) {
  const std::string other = NewTopic("b");
  const auto agent = NewAgent();
  Load load(pair_->source, topic_, {.partitions = kPartitions});
  Load more(pair_->source, other, {.partitions = kPartitions});
  agent->Start();
  AwaitProgress(topic_);
  for (int round = 0; round < 3; ++round) {
    Expect(*agent, {"mirror", "pause", topic_, "--reason", "a test"});
    ExpectStands(topic_, load);
    const auto mirror = Describe(*agent, topic_);
    ASSERT_TRUE(mirror);
    EXPECT_EQ(mirror->state, "PAUSED");
    EXPECT_EQ(mirror->reason_code, "PAUSED_BY_OPERATOR");
    EXPECT_THAT(mirror->partitions.at(0).reason, testing::HasSubstr("a test"));
    EXPECT_EQ(mirror->partitions.at(0).offsets, "identical") << "what is known of the copy stays known";
    AwaitProgress(other);
    Expect(*agent, {"mirror", "resume", topic_});
    AwaitProgress(topic_);
  }
  AwaitState(*agent, topic_, "ACTIVE", "");
  EXPECT_EQ(agent->Cli({"mirror", "resume", topic_, "--accept-gap", "--yes"}).exit_code, 1) << "there is no gap";
  EXPECT_EQ(agent->Cli({"mirror", "pause", topic_, prefix_ + "nope", "--yes"}).exit_code, 1);
  EXPECT_EQ(Describe(*agent, topic_)->state, "PAUSED") << "the one that exists";
  Expect(*agent, {"mirror", "resume", "--all"});
  load.Stop();
  more.Stop();
  ExpectProvenEqual(*agent, topic_);
  ExpectProvenEqual(*agent, other);
}

TEST_F(Verbs, APausedLinkStandsStillAndMakesNothing) {
  const auto agent = NewAgent();
  Load load(pair_->source, topic_, {.partitions = kPartitions});
  agent->Start();
  AwaitProgress(topic_);
  Expect(*agent, {"link", "pause"});
  const std::string fresh = NewTopic("fresh");
  ExpectStands(topic_, load);
  EXPECT_EQ(Describe(*agent, topic_)->state, "LINK_PAUSED");
  EXPECT_THAT(agent->Cli({"link", "list"}).out, testing::HasSubstr("PAUSED"));
  agent->Restart();
  Await("the link to be read", seconds(60), [&] { return Describe(*agent, topic_).has_value(); });
  ExpectStands(topic_, load);
  EXPECT_EQ(Describe(*agent, topic_)->state, "LINK_PAUSED");
  EXPECT_EQ(PartitionCount(pair_->destination, fresh), 0);
  Await("the owner", kTakeOver, [&] { return agent->Cli({"link", "resume", "--yes"}).exit_code == 0; });
  AwaitProgress(topic_);
  load.Stop();
  ExpectProvenEqual(*agent, topic_);
  AwaitState(*agent, fresh, "ACTIVE", "");
}

TEST_F(Verbs, AStandbyRefusesAndKeepsThePauseWhenItTakesOver) {
  const auto owner = NewAgent("agent-1");
  const auto standby = NewAgent("agent-2");
  Load load(pair_->source, topic_, {.partitions = kPartitions});
  owner->Start();
  AwaitProgress(topic_);
  standby->Start();
  Await("the standby", seconds(60), [&] {
    const Outcome refused = standby->Cli({"mirror", "pause", topic_, "--yes"});
    return refused.exit_code == 75 && refused.err.find("is led by agent agent-1") != std::string::npos;
  });
  AwaitProgress(topic_, 100);
  Expect(*owner, {"mirror", "pause", topic_});
  const int64_t end = End(topic_);
  owner->Kill();
  standby->Restart();  // while it is paused, and nobody leads
  Await("the standby to lead", kTakeOver + seconds(10),
        [&] { return standby->LogText().find("this agent mirrors the link") != std::string::npos; });
  AwaitState(*standby, topic_, "PAUSED", "PAUSED_BY_OPERATOR");
  AwaitLoad(load);
  EXPECT_EQ(End(topic_), end);
  Expect(*standby, {"mirror", "resume", topic_});
  AwaitProgress(topic_);
  load.Stop();
  ExpectProvenEqual(*standby, topic_);
}

TEST_F(Verbs, ATopicThatLeavesTheFilterIsKeptAndComesBackWithIt) {
  const auto agent = NewAgent();
  Load load(pair_->source, topic_, {.partitions = kPartitions});
  agent->Start();
  AwaitProgress(topic_);
  LinkFile without = file_;
  without.extra_topics = fmt::format("exclude: [{{literal: {}}}]", topic_);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(agent->Terminate(), 0);
    agent->SetFile(without);
    agent->Start();
    AwaitState(*agent, topic_, "PAUSED", "FILTERED_OUT");
    ExpectStands(topic_, load);
  }
  const std::string log = agent->LogText();
  const auto lines = [&](const std::string& event) {
    int count = 0;
    std::istringstream in(log);
    for (std::string line; std::getline(in, line);)
      count += line.find(event) != std::string::npos && line.find(topic_) != std::string::npos;
    return count;
  };
  EXPECT_EQ(lines("event=KL1220"), 1) << "said once, not at each start";
  EXPECT_EQ(lines("event=KL1202"), 0) << "and is no refusal";
  EXPECT_EQ(agent->Cli({"mirror", "resume", topic_, "--yes"}).exit_code, 1) << "the filter does not let it";
  EXPECT_EQ(agent->Terminate(), 0);
  agent->SetFile(file_);
  agent->Start();
  AwaitProgress(topic_);
  load.Stop();
  ExpectProvenEqual(*agent, topic_);
}

TEST_F(Verbs, ATopicMadeAgainIsCopiedAnewOnlyWhenTheOperatorSaysSo) {
  const auto agent = NewAgent();
  Produce(pair_->source, topic_, SampleRecords(3000, kPartitions));
  agent->Start();
  ExpectProvenEqual(*agent, topic_);
  const int64_t end = End(topic_);
  DeleteTopic(pair_->source, topic_);
  AwaitState(*agent, topic_, "FAILED", "SOURCE_TOPIC_MAY_BE_DELETED");
  CreateTopic(pair_->source, topic_, kPartitions);
  Produce(pair_->source, topic_, SampleRecords(5000, kPartitions, 100, 0, "again"));
  AwaitState(*agent, topic_, "FAILED", "SOURCE_TOPIC_ID_CHANGED");
  EXPECT_EQ(agent->Cli({"mirror", "resume", topic_, "--accept-gap", "--yes"}).exit_code, 1);
  Expect(*agent, {"mirror", "resume", topic_});
  Await("the round after", seconds(20), [&] {
    const auto mirror = Describe(*agent, topic_);
    return mirror && mirror->reason_code == "SOURCE_TOPIC_ID_CHANGED";
  });
  EXPECT_EQ(End(topic_), end) << "the copy is untouched";
  EXPECT_THAT(agent->Cli({"mirror", "errors"}).out, testing::HasSubstr("--restart-as-new"));
  Expect(*agent, {"mirror", "resume", topic_, "--restart-as-new"});
  AwaitState(*agent, topic_, "ACTIVE", "");
  ExpectProvenEqual(*agent, topic_);
}

TEST_F(Verbs, OffsetsAtATimeAreThoseOfTheSource) {
  constexpr int64_t kFirst = 1'700'000'000'000;  // 2023-11-14T22:13:20Z
  std::vector<Record> records;
  for (int i = 0; i < 3 * kPartitions; ++i) {
    records.push_back({.value = std::to_string(i), .timestamp_ms = kFirst + i / kPartitions * 1000});
    records.back().partition = i % kPartitions;
  }
  CreateTopic(pair_->destination, topic_, kPartitions);
  Produce(pair_->destination, topic_, SampleRecords(5 * kPartitions, kPartitions));  // so the copy stands 5 further on
  Produce(pair_->source, topic_, records);
  const auto agent = NewAgent();
  agent->Start();
  AwaitState(*agent, topic_, "ACTIVE", "");
  Await("the copy", seconds(60), [&] { return End(topic_) == 8 * kPartitions; });
  const auto at = [&](const std::string& time) {
    return agent->Cli({"offsets", "at", topic_, time, "-o", "json"}).out;
  };
  const auto stands = [](int64_t source) {
    return testing::HasSubstr(
        fmt::format("\"source_offset\":{},\"destination_offset\":{},\"answer\":\"exact\"", source, source + 5));
  };
  const auto answer = [&](const std::string& time) {
    std::string text = at(time);
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
  };
  EXPECT_THAT(answer("2020-01-01T00:00:00Z"), stands(0));
  EXPECT_THAT(answer("2023-11-14T22:13:20.500Z"), stands(1));
  EXPECT_THAT(answer("2023-11-14T22:13:22Z"), stands(2));
  EXPECT_THAT(answer("2040-01-01T00:00:00Z"), stands(3)) << "after the last record: the end";
}

TEST_F(Verbs, ATranslatedMirrorIsMadeAgainAtTheSourcesOffsets) {
  CreateTopic(pair_->destination, topic_, kPartitions);
  Produce(pair_->destination, topic_, SampleRecords(5 * kPartitions, kPartitions));
  Produce(pair_->source, topic_, SampleRecords(3000, kPartitions));
  const auto agent = NewAgent();
  Load load(pair_->source, topic_, {.partitions = kPartitions});
  agent->Start();
  AwaitProgress(topic_);
  EXPECT_EQ(Describe(*agent, topic_)->partitions.at(0).offsets, "translated");
  const Outcome plan = agent->Cli({"mirror", "realign", topic_, "--dry-run"});
  EXPECT_EQ(plan.exit_code, 0) << plan.out << plan.err;
  EXPECT_THAT(plan.out, testing::HasSubstr("realigning"));
  {
    GroupReader reader(pair_->destination, topic_, "app-verbs");
    Await("the group to be seen", seconds(40), [&] {
      const Outcome refused = agent->Cli({"mirror", "realign", topic_, "--yes"});
      return refused.exit_code == 1 && refused.out.find("GROUP_IN_USE") != std::string::npos &&
             refused.out.find("app-verbs") != std::string::npos;
    });
  }
  Expect(*agent, {"mirror", "realign", topic_});
  Await("the new copy", seconds(60), [&] {
    const auto mirror = Describe(*agent, topic_);
    return mirror && mirror->state == "ACTIVE" && mirror->partitions.at(0).offsets == "identical";
  });
  load.Stop();
  ExpectProvenEqual(*agent, topic_);
  EXPECT_THAT(agent->Cli({"mirror", "realign", topic_, "--yes"}).out, testing::HasSubstr("unchanged"));
}

TEST_F(Verbs, ADeletedLinkLeavesItsCopiesAndNothingOfItsOwn) {
  file_.link = "to-be-deleted";
  Produce(pair_->source, topic_, SampleRecords(300, kPartitions));
  const auto agent = NewAgent();
  agent->Start();
  AwaitMirrored(pair_->source, pair_->destination, topic_, seconds(60));
  const Outcome refused = agent->Cli({"link", "delete", "to-be-deleted", "--yes"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, testing::HasSubstr("an agent of link to-be-deleted still runs"));
  EXPECT_EQ(agent->Terminate(), 0);
  const auto plan = [&] { return agent->Cli({"link", "delete", "to-be-deleted", "--dry-run", "-o", "json"}); };
  Await("the agent to leave the group", seconds(40),
        [&] { return plan().out.find("\"agents\": []") != std::string::npos; });
  EXPECT_THAT(plan().out, testing::AllOf(testing::HasSubstr("to_delete"), testing::HasSubstr(topic_)));
  Expect(*agent, {"link", "delete", "to-be-deleted"});
  EXPECT_EQ(End(topic_), 300);
  Await("the topics to be gone", seconds(30), [&] {
    const Outcome again = agent->Cli({"link", "delete", "to-be-deleted", "--yes"});
    return again.exit_code == 1 && again.err.find("has nothing of a link to-be-deleted") != std::string::npos;
  });
}

// Probes say whether the process works and has reached its clusters once; what is mirrored is the plugin's to say.
TEST_F(Verbs, ProbesDoNotChangeWithWhatIsMirroredAndThePluginDoes) {
  file_.link = "probed";  // mirrors that other cases left paused are not its own
  Produce(pair_->source, topic_, SampleRecords(300, kPartitions));
  const auto agent = NewAgent();
  const auto ends_with = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "check");
    return agent->Cli(std::move(arguments)).exit_code;
  };
  agent->Start();
  EXPECT_EQ(ends_with({"--live"}), 0);
  Await("readiness", seconds(30), [&] { return ends_with({"--ready"}) == 0; });
  AwaitMirrored(pair_->source, pair_->destination, topic_, seconds(60));
  Await("the plugin to be content", seconds(30), [&] { return ends_with({}) == 0; });
  EXPECT_THAT(agent->Cli({"lag"}).out, testing::HasSubstr(topic_));
  const Outcome same = agent->Cli({"config", "diff"});
  EXPECT_EQ(same.exit_code, 0) << same.out << same.err;
  Expect(*agent, {"mirror", "pause", topic_});
  Await("the plugin to warn", seconds(30), [&] { return ends_with({}) == 1; });
  EXPECT_EQ(ends_with({"--live"}), 0);
  EXPECT_EQ(ends_with({"--ready"}), 0);
  EXPECT_EQ(agent->Terminate(), 0);
  EXPECT_EQ(ends_with({}), 2);
  EXPECT_EQ(ends_with({"--live"}), 2);
}

// What a program that holds no klink can have proven: asked of the agent, told by it.
TEST_F(Verbs, AVerificationCanBeAskedOfTheAgent) {
  file_.link = "verified";
  Produce(pair_->source, topic_, SampleRecords(300, kPartitions));
  const auto agent = NewAgent();
  agent->Start();
  AwaitMirrored(pair_->source, pair_->destination, topic_, seconds(60));
  const std::string path = "/v1/links/verified/verify";
  EXPECT_EQ(agent->GetStatus(path), 404);
  const std::string post =
      "import sys, urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], sys.argv[2].encode(), "
      "{'content-type': 'application/json'})).read().decode())";
  const std::string order = fmt::format(R"({{"topics": ["{}"], "full": true}})", topic_);
  const Outcome begun = RunToEnd({{"python3", "-c", post, agent->url() + path, order}});
  EXPECT_EQ(begun.exit_code, 0) << begun.err;
  EXPECT_THAT(begun.out, testing::HasSubstr(R"("state":"RUNNING")"));
  std::string told;
  Await("the verification's end", seconds(60), [&] {
    told = agent->Get(path).value_or("");
    return told.find("RUNNING") == std::string::npos && !told.empty();
  });
  EXPECT_THAT(told, testing::HasSubstr(R"("state":"COMPLETED")"));
  EXPECT_THAT(told, testing::HasSubstr(R"("full":true,"sampled_percent":null,"verdict":"equal")"));
  EXPECT_EQ(agent->Terminate(), 0);
}

}  // namespace
}  // namespace klink::it
