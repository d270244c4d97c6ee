// No agent is left to ask: what klink knows stands in the destination cluster, any machine goes on from there, and
// where even that cannot be read a failover takes force.
#include <fmt/format.h>

#include "integration/failover_fixture.h"
#include "integration/group_tools.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

TEST_F(Failover, TheRunbookWithoutKlinkIsTrue) {
  file_.link = "paris-to-lyon-3";
  file_.include = "{literal: tickets}, {literal: receipts}";
  file_.extra_link = "groups: {include: [{literal: desk}], interval: 1s}";
  const std::vector<std::string> topics = {"receipts", "tickets"};
  for (const std::string& topic : topics) CreateTopic(source(), topic, 1);
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string& topic : topics) {
    Produce(source(), topic, SampleRecords(500, 1));
    AwaitMirrored(source(), destination(), topic);
    AwaitState(agent, topic, "ACTIVE", "");
  }
  CommitPlaces(source(), "desk", {{{"tickets", 0}, 400}});
  Await("the group", seconds(30),
        [&] { return CommittedPlaces(destination(), "desk", {{"tickets", 0}}) == Places{{{"tickets", 0}, 400}}; });
  const fs::path page = fs::path(KLINK_RUNBOOKS) / "klink-gone.md";

  Transcript alone(page, "Klink is gone, the source is there");
  agent.Kill();
  fs::remove_all(agent.data_dir());
  Produce(source(), "tickets", SampleRecords(100, 1, 100, 0, "meanwhile"));
  alone.Source(
      "Both clusters are well. The machine that klink ran on is lost, with its `data_dir`; 100 records were "
      "written since.");
  alone.Operator("starts klink on another machine, with the same file and an empty `data_dir`.");
  agent.Start();
  AwaitMirrored(source(), destination(), "tickets");
  AwaitState(agent, "tickets", "ACTIVE", "");
  alone.Klink(
      "goes on where the copies end: what it must know stands in the destination cluster. Nothing is copied twice:");
  EXPECT_EQ(alone.RunForVerdict(agent, {"verify", "tickets", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "tickets"), "");
  EXPECT_EQ(alone.Drift(), "");

  Transcript both(page, "Klink and the source are gone");
  source().Kill(0);
  agent.Kill();
  fs::remove_all(agent.data_dir());
  both.Source("Does not answer, and neither does any machine that klink ran on.");
  both.Operator("takes any machine that reaches the destination, with klink and the file, and looks.");
  EXPECT_EQ(both.Run(agent, {"failover", "--all", "--direct", "--dry-run"}, "no agent of the link is").exit_code, 0);
  both.Klink(
      "Agents that died are named as members of their group for 20 seconds more. One that is only cut off is shut "
      "out by what follows, whether it can be seen or not.");
  both.Operator("decides, and says so:");
  const Outcome done =
      both.Run(agent, {"failover", "--all", "--direct", "--yes", "--reason", "paris burns"}, "COMPLETED");
  EXPECT_EQ(done.exit_code, 0);
  EXPECT_EQ(CommittedPlaces(destination(), "desk", {{"tickets", 0}}), (Places{{{"tickets", 0}, 400}}));
  const int64_t cut = RangeOf(destination(), "tickets", 0)->end;
  Produce(destination(), "tickets", SampleRecords(3, 1, 100, 0, "after"), {{"enable.idempotence", "true"}});
  EXPECT_EQ(ReadPartition(destination(), "tickets", 0, "read_committed").back().offset, cut + 2);
  both.Destination(
      "The topics can be written to. Applications are started there with the same group ids: they go on where their "
      "groups stood. Said again, what is done stays done:");
  EXPECT_EQ(both.Run(agent, {"failover", "tickets", "--direct", "--yes"}, "already stopped").exit_code, 0);
  source().Restart(0);
  agent.Start();
  both.Klink("Whenever it runs again it knows that the topics are promoted, and leaves them alone.");
  AwaitState(agent, "tickets", "STOPPED", "");
  EXPECT_EQ(RangeOf(destination(), "tickets", 0)->end, cut + 3);
  EXPECT_EQ(both.Drift(), "");
}

TEST_F(Failover, WithoutTheStateItTakesForceAndAReason) {
  Agent& agent = NewAgent();
  Agent& desk = NewAgent("desk");  // a file and a disk; it never runs
  agent.Start();
  Load load(source(), topic_, {.partitions = kPartitions, .per_second = 5000});
  AwaitProgress(topic_);
  agent.Freeze();  // with batches in hand
  const std::vector<std::string> force = {"failover", topic_, "--force", "--reason", "the state is lost"};
  const auto with = [&force](std::vector<std::string> more) {
    more.insert(more.begin(), force.begin(), force.end());
    return more;
  };
  const Outcome readable = desk.Cli(with({"--yes"}));
  EXPECT_EQ(readable.exit_code, 1);
  EXPECT_THAT(readable.err, testing::HasSubstr("can be read: say it without --force"));
  const std::string state = fmt::format("_klink.{}.state", agent.link());
  DeleteTopic(destination(), state);
  Await("the state to be gone", seconds(30), [&] { return PartitionCount(destination(), state) == 0; });
  const Outcome refused = desk.Cli({"failover", topic_, "--direct", "--yes"});
  EXPECT_NE(refused.exit_code, 0) << refused.out;
  EXPECT_EQ(desk.Cli({"failover", topic_, "--force", "--yes"}).exit_code, 64) << "without a reason";
  EXPECT_EQ(desk.Cli({"failover", "--all", "--force", "--reason", "r", "--yes"}).exit_code, 64) << "which are they?";
  EXPECT_EQ(desk.Cli({"failover", "elsewhere", "--force", "--reason", "r", "--yes"}).exit_code, 1);
  const int64_t end = End(topic_);
  const Outcome plan = desk.Cli(with({"--dry-run"}));
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.err, testing::HasSubstr("how much is lost is not known"));
  EXPECT_EQ(End(topic_), end);
  const Outcome done = desk.Cli(with({"--yes", "-o", "json"}));
  EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_THAT(done.out, testing::HasSubstr("\"unproven\""));
  Promotion promotion;
  const auto json = ParseJson(done.out);
  ASSERT_TRUE(json.ok() && FromJson(*json, promotion).ok()) << done.out;
  EXPECT_EQ(promotion.state, "COMPLETED");
  EXPECT_EQ(promotion.lost, std::nullopt);
  agent.Thaw();
  const int64_t acked = load.acked();
  Await("the source to grow", seconds(30), [&] { return load.acked() > acked + 2000; });
  ExpectWritable(promotion, topic_);
  const std::string audit = ReadFile(desk.data_dir() / "audit.jsonl");
  EXPECT_THAT(audit, testing::HasSubstr("klink.mirrors.failover_forced.requested"));
  EXPECT_THAT(audit, testing::HasSubstr("klink.mirrors.failover_forced.completed"));
  EXPECT_THAT(audit, testing::HasSubstr("the state is lost"));
  agent.Kill();
  for (const CutPartition& partition : Find(promotion, topic_)->partitions)
    EXPECT_EQ(RangeOf(destination(), topic_, partition.partition)->end, *partition.cut + 2) << "L11";
}

}  // namespace
}  // namespace klink::it
