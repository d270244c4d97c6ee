// The source is lost while its transactions are on their way: those that are torn across topics or partitions are
// listed when it is back, and no others.
#include "integration/failback_view.h"
#include "integration/mirror_fixture.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

class Torn : public MirrorFixture {
 protected:
  // The source is lost, its copies are promoted, the source comes back.
  static void FailOver(const std::vector<std::string>& topics) {
    source().Kill(0);
    std::vector<std::string> arguments = {"failover", "--yes"};
    arguments.insert(arguments.end(), topics.begin(), topics.end());
    const Outcome outcome = agent().Cli(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    source().Restart(0);
  }
};

// The torn transactions of a plan, a line each: "certain: t-a-0 4-7 | t-b-0 4-7", what crossed and what did not, by
// first record and marker at the source.
std::string TornOf(const Plan& plan) {
  const Json& torn = *FindJson(plan.json, "torn_across_partitions");
  std::string text;
  for (const Json& one : FindJson(torn, "listed")->get_array()) {
    text += FindJson(one, "certain")->get_bool() ? "certain:" : "perhaps:";
    for (const char* side : {"crossed", "not_crossed"}) {
      for (const Json& part : FindJson(one, side)->get_array())
        text += fmt::format(" {}-{} {}-{}", *JsonText(part, "source_topic"), NumberAt(part, "partition"),
                            NumberAt(part, "first_offset"), NumberAt(part, "marker_offset"));
      text += side == std::string("crossed") ? " |" : "\n";
    }
  }
  EXPECT_EQ(NumberAt(torn, "total"), std::count(text.begin(), text.end(), '\n'));
  EXPECT_EQ(NumberAt(torn, "left_out"), 0);
  return text;
}

// The application's library leaves the epoch as it is: times must tell which parts are one transaction.
TEST_F(Torn, ATransactionThatCrossedInOneTopicAloneIsListed) {
  const std::string left = "t-torn-left", right = "t-torn-right";
  for (const std::string& topic : {left, right}) CreateTopic(source(), topic, 1);
  TransactionalProducer app(source(), "torn-app");
  const auto commit = [](TransactionalProducer& by, const std::vector<std::string>& topics) {
    by.Begin();
    for (const std::string& topic : topics) by.Send(topic, SampleRecords(3, 1));
    by.Commit();
  };
  const auto await_end = [](const std::string& topic, int64_t end) {  // markers follow the answer to a commit
    Await("the marker", seconds(30), [&] { return RangeOf(source(), topic, 0)->end == end; });
  };
  commit(app, {left, right});
  for (const std::string& topic : {left, right}) {
    await_end(topic, 4);
    AwaitMirrored(source(), destination(), topic);
  }
  const Outcome paused = agent().Cli({"mirror", "pause", right, "--yes"});
  ASSERT_EQ(paused.exit_code, 0) << paused.out << paused.err;
  commit(app, {left, right});
  for (const std::string& topic : {left, right}) await_end(topic, 8);
  AwaitMirrored(source(), destination(), left);
  commit(app, {right});
  await_end(right, 12);
  EXPECT_EQ(RangeOf(destination(), right, 0)->end, 4) << "the pause came too late";
  FailOver({left, right});
  TransactionalProducer late(source(), "torn-late");
  commit(late, {left, right});
  await_end(left, 12);
  await_end(right, 16);

  const Plan plan = AskPlan(agent(), left, {right, "--plan"});
  EXPECT_EQ(plan.exit_code, 0) << plan.text;
  EXPECT_EQ(TornOf(plan), "perhaps: t-torn-left-0 4-7 | t-torn-right-0 4-7\n") << plan.text;
  EXPECT_THAT(agent().Cli({"mirror", "failback", left, right, "--plan"}).out,
              HasSubstr("not certain: t-torn-left-0 (4 to 7) crossed; t-torn-right-0 (4 to 7) did not"));
  EXPECT_EQ(TornOf(AskPlan(agent(), right)), "") << "what the other topic has was not asked for";
}

// Kafka's own clients of 4.x have the coordinator raise the epoch (T5). A gap in its log stops one partition's copy.
TEST_F(Torn, ATransactionOfAnEpochOfItsOwnIsListedForCertain) {
  const std::string topic = "t-torn-epoch";
  EXPECT_EQ(agent().Terminate(), 0);
  LinkFile file = LinkOfPair();
  file.extra_link = "on_gap: stop";
  agent().SetFile(file);
  agent().Start();
  CreateTopic(source(), topic, 2);
  Produce(source(), topic, SampleRecords(20, 2));
  AwaitMirrored(source(), destination(), topic);
  ASSERT_EQ(agent().Cli({"mirror", "pause", topic, "--yes"}).exit_code, 0);
  Produce(source(), topic, SampleRecords(20, 2));
  DeleteRecords(source(), topic, 1, 20);
  ASSERT_EQ(agent().Cli({"mirror", "resume", topic, "--yes"}).exit_code, 0);
  AwaitState(agent(), topic, "FAILED", "RETENTION_GAP");
  const Outcome written =
      source().Tool("org.apache.kafka.tools.ProducerPerformance",
                    {"--topic", topic, "--num-records", "200", "--record-size", "100", "--throughput", "-1",
                     "--transactional-id", "torn-epoch", "--transaction-duration-ms", "600000", "--producer-props",
                     "bootstrap.servers=" + source().bootstrap(), "batch.size=200"});
  ASSERT_EQ(written.exit_code, 0) << written.out << written.err;
  const auto end = [&](int p) { return RangeOf(source(), topic, p)->end; };
  Await("the markers", seconds(30), [&] { return end(0) + end(1) == 40 + 200 + 2; });
  ASSERT_GT(std::min(end(0), end(1)), 21) << "the tool wrote to one partition alone";
  Await("the copy", seconds(60), [&] { return RangeOf(destination(), topic, 0)->end == end(0); });
  FailOver({topic});
  const Plan plan = AskPlan(agent(), topic);
  EXPECT_EQ(TornOf(plan), fmt::format("certain: {0}-0 20-{1} | {0}-1 20-{2}\n", topic, end(0) - 1, end(1) - 1))
      << plan.text;
}

}  // namespace
}  // namespace klink::it
