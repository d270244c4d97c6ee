// Sets of topics, a failover that nobody has to ask for, agents that do not all see the source, and the planned move.
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "integration/failover_fixture.h"
#include "integration/group_tools.h"
#include "integration/rights_tools.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

constexpr char kDirect[] = "DIRECT";  // a way to the source beside the proxy

// An application that writes all the time, until the source refuses it.
class Writer {
 public:
  Writer(const Cluster& cluster, std::string topic)
      : thread_([this, &cluster, topic = std::move(topic)] {
          try {
            while (!stopping_) {
              Produce(cluster, topic, SampleRecords(20, 1));
              acked_ += 20;
            }
          } catch (const std::exception& e) {
            refused_ = std::string(e.what()).find("authorization") != std::string::npos;
          }
        }) {}
  ~Writer() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int64_t acked() const { return acked_; }
  bool refused() const { return refused_; }

 private:
  std::atomic<bool> stopping_ = false, refused_ = false;
  std::atomic<int64_t> acked_ = 0;
  std::thread thread_;
};

class Sets : public Failover {
 protected:
  static void SetUpTestSuite() {
    ClusterOptions source{.name = "source", .proxied = true};
    source.properties = {{"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
                         {"allow.everyone.if.no.acl.found", "true"}};
    source.listeners = {{kDirect, "PLAINTEXT"}};
    pair_ = std::make_unique<ClusterPair>(std::move(source), ClusterOptions{.name = "destination"});
  }
  void Configure(const std::string& keys) { file_.extra_link += "\n    " + keys; }
  static bool Says(const Agent& agent, std::vector<std::string> arguments, const std::string& text) {
    const Outcome outcome = agent.Cli(std::move(arguments));
    return (outcome.out + outcome.err).find(text) != std::string::npos;
  }
  static void AwaitSaid(const Agent& agent, const std::vector<std::string>& arguments, const std::string& text) {
    Await(fmt::format("klink {} to say \"{}\"", arguments.front(), text), seconds(60),
          [&] { return Says(agent, arguments, text); });
  }
};

TEST_F(Sets, AreMeasuredAndFailedOverByTheirNames) {
  const std::string other = NewTopic("b"), rest = NewTopic("c");
  Configure(
      fmt::format("sets: {{tier1: {{topics: [{{literal: {}}}], rpo: 1h, priority: 10}}, tier2: {{topics: "
                  "[{{literal: {}}}], priority: 5}}}}",
                  other, topic_));
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string& topic : {topic_, other, rest}) {
    Produce(source(), topic, SampleRecords(300, kPartitions));
    AwaitProgress(topic, 300);
    AwaitState(agent, topic, "ACTIVE", "");
  }
  AwaitSaid(agent, {"status"}, "Set tier1");
  AwaitSaid(agent, {"status"}, "at most 1 h 0 min may be lost: met");
  const auto rpo = Sample(agent.Get("/metrics").value_or(""),
                          fmt::format("klink_rpo_seconds{{link=\"{}\",set=\"tier1\"}}", agent.link()));
  EXPECT_TRUE(rpo.has_value());
  const Outcome unknown = agent.Cli({"failover", "--set", "tire1", "--yes"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.err, testing::HasSubstr("has no set tire1; did you mean tier1?"));

  const Promotion tier2 = Run(agent, {"failover", "--set", "tier2"});
  EXPECT_EQ(tier2.mirrors.size(), 1u);
  ExpectWritable(tier2, topic_);
  EXPECT_EQ(Describe(agent, other)->state, "ACTIVE");
  const Promotion all = Run(agent, {"failover", "--all"});
  EXPECT_EQ(all.state, "COMPLETED");
  ASSERT_EQ(all.mirrors.size(), 3u);
  EXPECT_EQ(all.mirrors[0].topic, other) << "the highest priority first";
  EXPECT_EQ(all.mirrors[1].topic, rest) << "what is in no set behind it";
  ExpectWritable(all, other);
  ExpectWritable(all, rest);
  agent.Kill();
  EXPECT_EQ(Run(agent, {"failover", "--direct", "--set", "tier1"}).mirrors.at(0).outcome, "already_stopped");
}

TEST_F(Sets, KlinkFailsOverByItselfOnceAndOnlyWhenItMay) {
  const std::string other = NewTopic("b");
  Configure(fmt::format("sets: {{tier1: {{topics: [{{literal: {}}}]}}}}", topic_));
  Configure("auto_failover: {enabled: true, after: 5s, agents: 2, sets: [tier1]}");
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string& topic : {topic_, other}) {
    Produce(source(), topic, SampleRecords(300, kPartitions));
    AwaitProgress(topic, 300);
  }
  NewAgent("agent-2").Start();
  AwaitSaid(agent, {"status"}, "the source answers");
  EXPECT_EQ(agent.Cli({"failover", "--inhibit", "--yes", "--reason", "works"}).exit_code, 0);
  source().Kill(0);
  AwaitSaid(agent, {"status"}, "works, so nothing is failed over although the source has answered none of 2 agents");
  EXPECT_NE(Describe(agent, topic_)->state, "STOPPED");
  const Outcome lifted = agent.Cli({"failover", "--inhibit", "off", "--yes"});
  EXPECT_EQ(lifted.exit_code, 0) << lifted.err;
  AwaitState(agent, topic_, "STOPPED", "", seconds(30));
  EXPECT_NE(Describe(agent, other)->state, "STOPPED") << "it is in no set that was named";
  AwaitSaid(agent, {"status"}, "it was done once");
  EXPECT_TRUE(Says(agent, {"audit", "tail", "-n", "20"}, "klink.failover.automatic.begun"));
  EXPECT_TRUE(Says(agent, {"audit", "tail", "-n", "20"}, "link.inhibit"));
  source().Restart(0);
}

TEST_F(Sets, AnAgentThatDoesNotSeeTheSourceLeavesItsPlaceToOneThatDoes) {
  Agent& blind = NewAgent();
  blind.Start();
  Produce(source(), topic_, SampleRecords(300, kPartitions));
  AwaitProgress(topic_, 300);
  file_.source = source().bootstrap(kDirect);
  Agent& other = NewAgent("agent-2");
  other.Start();
  AwaitSaid(other, {"status"}, "this agent stands by");
  Await("it to have shards", seconds(60), [&] { return other.LogText().find("shards assigned") != std::string::npos; });
  source().proxy(0).Hold();
  Await("the other agent to mirror", seconds(90), [&] {
    const auto mirror = Describe(other, topic_);
    return mirror && mirror->state == "ACTIVE" && mirror->partitions.at(0).lag.has_value();
  });
  EXPECT_THAT(blind.LogText(), testing::HasSubstr("does not hear of the source, another one does"));
  source().proxy(0).Release();
  Produce(source(), topic_, SampleRecords(300, kPartitions));
  AwaitMirrored(source(), destination(), topic_);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), topic_), "");
  AwaitSaid(blind, {"status"}, "this agent stands by");
}

// The page docs/runbooks/cutover.md, as it happens.
TEST_F(Sets, TheRunbookOfACutoverIsTrue) {
  file_.link = "paris-to-lyon-4";
  file_.include = "{literal: bills}, {literal: dunning}";
  Configure("sets: {tier1: {topics: [{literal: bills}, {literal: dunning}], rpo: 5s, priority: 10}}");
  for (const std::string topic : {"bills", "dunning"}) CreateTopic(source(), topic, 1);
  const std::vector<std::string> blocking = {"cutover", "--set", "tier1", "--block", "--dry-run"};
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string topic : {"bills", "dunning"}) {
    Produce(source(), topic, SampleRecords(500, 1));
    AwaitMirrored(source(), destination(), topic);
    AwaitState(agent, topic, "ACTIVE", "");
  }
  const Outcome first = agent.Cli(blocking);
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_THAT(first.err, testing::HasSubstr("no ACL at the source names bills, dunning"));
  Administrator administrator(source());
  for (const std::string topic : {"bills", "dunning"})
    administrator.Add({.name = topic, .operation = RD_KAFKA_ACL_OPERATION_ALL, .principal = "User:*"});
  Transcript story(fs::path(KLINK_RUNBOOKS) / "cutover.md", "A set of topics moves as planned");
  story.Klink("What would be moved, and what would be denied, changes nothing yet:");
  Await("everything to be copied", seconds(30), [&] {
    const auto mirror = Describe(agent, "bills");
    return mirror && mirror->partitions.at(0).lag == 0 && Describe(agent, "dunning")->partitions.at(0).lag == 0;
  });
  EXPECT_EQ(story.Run(agent, blocking, "would move").exit_code, 0);
  Writer application(source(), "bills");
  Await("the application to write", seconds(30), [&] { return application.acked() > 100; });
  story.Source("An application still writes to `bills`.");
  const Outcome early = agent.Cli({"cutover", "--set", "tier1", "--timeout", "3s", "--yes"});
  EXPECT_EQ(early.exit_code, 1) << early.out << early.err;
  EXPECT_THAT(early.out, testing::HasSubstr("HALTED"));
  EXPECT_EQ(Describe(agent, "dunning")->state, "ACTIVE");
  story.Klink(
      "Without `--block`, `klink cutover --set tier1 --timeout 3s --yes` waits three seconds for the source to be "
      "quiet, "
      "moves nothing, not even the topic that is, and ends with 1 and `HALTED`. It has written down how far it is, and "
      "waits for a word:");
  story.Operator("takes it back, which is possible until the first mirror is promoted:");
  EXPECT_EQ(story.Run(agent, {"cutover", "--undo", "--yes"}, "UNDONE").exit_code, 0);
  story.Operator(
      "has the source refuse producers. The application is told `TOPIC_AUTHORIZATION_FAILED`; consumers go on "
      "reading:");
  const Outcome done = story.Run(
      agent, {"cutover", "--set", "tier1", "--block", "--settle", "3s", "--yes", "--reason", "lyon takes over"},
      "COMPLETED");
  EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_TRUE(application.refused());
  for (const std::string topic : {"bills", "dunning"}) {
    EXPECT_EQ(Describe(agent, topic)->state, "STOPPED");
    const Range at_source = *RangeOf(source(), topic, 0);
    EXPECT_EQ(ReadPartition(source(), topic, 0).size(), static_cast<size_t>(at_source.end - at_source.start));
    const auto copied = ReadPartition(destination(), topic, 0);
    EXPECT_EQ(copied, ReadPartition(source(), topic, 0)) << "L1: nothing is lost, and readers at the source go on";
    Produce(destination(), topic, SampleRecords(3, 1, 100, 0, "after"), {{"enable.idempotence", "true"}});
  }
  story.Destination(
      "The topics can be written to: applications are started there with the same group ids. Said again, it is done:");
  EXPECT_EQ(story.Run(agent, {"cutover", "--set", "tier1", "--yes"}, "already stopped").exit_code, 0);
  EXPECT_EQ(story.Drift(), "");
}

}  // namespace
}  // namespace klink::it
