// The source is gone, or leaves as planned: one command makes the copies topics of their own. Nothing of klink's
// reaches them afterwards, nobody's first record is lost, no transaction holds readers back, and groups start where
// they stood.
#include <thread>

#include <fmt/format.h>

#include "integration/failover_fixture.h"
#include "integration/group_tools.h"
#include "integration/transactional.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

TEST_F(Failover, TheSourceIsKilledUnderLoadAndOneCommandMakesTheCopiesWritable) {
  const std::string other = NewTopic("b");
  Agent& agent = NewAgent();
  agent.Start();
  const std::string group = prefix_ + "app";
  const fs::path report = agent.dir() / "report.json";
  auto load = std::make_unique<Load>(source(), topic_, Load::Options{.partitions = kPartitions});
  auto more = std::make_unique<Load>(source(), other, Load::Options{.partitions = kPartitions});
  AwaitProgress(topic_);
  AwaitProgress(other);
  CommitPlaces(source(), group, {{{topic_, 0}, 50}, {{topic_, 1}, 60}, {{topic_, 2}, 70}});
  Await("the group to follow", seconds(30),
        [&] { return CommittedPlaces(destination(), group, {{topic_, 2}}) == Places{{{topic_, 2}, 70}}; });
  source().Kill(0);
  const Promotion promotion = Run(agent, {"failover", "--all", "--report", report.string()});
  EXPECT_EQ(promotion.state, "COMPLETED");
  EXPECT_LT(promotion.seconds.value_or(99), 10);
  ExpectWritable(promotion, topic_);
  ExpectWritable(promotion, other);
  Promotion written;
  const auto json = ParseJson(ReadFile(report));
  ASSERT_TRUE(json.ok() && FromJson(*json, written).ok());
  EXPECT_EQ(written.operation, promotion.operation);
  EXPECT_EQ(CommittedPlaces(destination(), group, {{topic_, 0}, {topic_, 1}, {topic_, 2}}),
            (Places{{{topic_, 0}, 50}, {{topic_, 1}, 60}, {{topic_, 2}, 70}}));

  // The source comes back with what never crossed: it stays there.
  const int64_t end = End(topic_);
  source().Restart(0);
  load->Stop();  // once all it holds was acknowledged
  more->Stop();
  agent.Restart();
  Await("the agent to know of the pause; that it leads is its own affair", seconds(40),
        [&] { return agent.Cli({"link", "list"}).out.find("PAUSED") != std::string::npos; });
  Produce(source(), topic_, SampleRecords(30, kPartitions));
  EXPECT_EQ(Run(agent, {"failover", topic_}).mirrors.at(0).outcome, "already_stopped");
  EXPECT_EQ(agent.Cli({"link", "resume", "--yes"}).exit_code, 0);
  const std::string fresh = NewTopic("fresh");
  AwaitState(agent, fresh, "ACTIVE", "");  // the filter is at work
  EXPECT_EQ(Describe(agent, topic_)->state, "STOPPED");
  EXPECT_EQ(End(topic_), end) << "STOPPED is never matched again";
  ExpectCopyOf(ReadAll(source(), topic_), promotion, topic_);
  ExpectCopyOf(ReadAll(source(), other), promotion, other);
  EXPECT_EQ(agent.Cli({"mirror", "resume", topic_, "--yes"}).exit_code, 1);
}

TEST_F(Failover, ABlackHoleDoesNotHoldItUp) {
  Agent& agent = NewAgent();
  agent.Start();
  Produce(source(), topic_, SampleRecords(3000, kPartitions));
  AwaitProgress(topic_, 3000);
  source().proxy(0).Hold();
  const auto began = std::chrono::steady_clock::now();
  const Promotion promotion = Run(agent, {"failover", topic_});
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(15));
  EXPECT_EQ(promotion.lost, 0);
  source().proxy(0).Release();
  ExpectWritable(promotion, topic_);
}

TEST_F(Failover, AnAgentStartedDuringTheOutagePromotesAllTheSameAndMirrorsTheRestOnceItIsOver) {
  Agent& agent = NewAgent();
  agent.Start();
  Produce(source(), topic_, SampleRecords(300, kPartitions));
  AwaitProgress(topic_, 300);
  source().proxy(0).Hold();
  agent.Restart();
  const Promotion promotion = Run(agent, {"failover", topic_});
  EXPECT_EQ(agent.GetStatus("/readyz"), 503) << "the source has not been heard of";
  source().proxy(0).Release();
  ExpectWritable(promotion, topic_);
  const std::string fresh = NewTopic("fresh");
  AwaitState(agent, fresh, "ACTIVE", "");
}

TEST_F(Failover, AFrozenSourceDoesNotHoldItUp) {
  Agent& agent = NewAgent();
  agent.Start();
  Produce(source(), topic_, SampleRecords(3000, kPartitions));
  AwaitProgress(topic_, 3000);
  source().Freeze(0);
  const Promotion promotion = Run(agent, {"failover", "--all"});
  source().Thaw(0);
  EXPECT_EQ(promotion.lost, 0);
  ExpectWritable(promotion, topic_);
}

// L13: the end of the log is not the end of the copy there.
TEST_F(Failover, WhatSomebodyElseWroteBehindTheCopyIsNotTakenForCopied) {
  Agent& agent = NewAgent();
  agent.Start();
  Produce(source(), topic_, SampleRecords(300, kPartitions));
  AwaitProgress(topic_, 300);
  AwaitState(agent, topic_, "ACTIVE", "");
  Produce(destination(), topic_, SampleRecords(kPartitions, kPartitions, 100, 0, "stray"));
  AwaitState(agent, topic_, "FAILED", "FOREIGN_WRITE");
  Produce(source(), topic_, SampleRecords(kPartitions, kPartitions, 100, 0, "never crossed"));
  const Promotion promotion = Run(agent, {"failover", topic_});
  ExpectWritable(promotion, topic_);
  for (const CutPartition& partition : Find(promotion, topic_)->partitions) {
    EXPECT_EQ(partition.replicated_to, 100);
    EXPECT_EQ(partition.source_end, 101);
    EXPECT_EQ(partition.lost, 1);
  }
}

TEST_F(Failover, TransactionsThatWereBeingCopiedHoldNobodyBack) {
  Agent& agent = NewAgent();
  agent.Start();
  Promotion promotion;
  {
    TransactionalLoad load(source(), topic_, kPartitions, milliseconds(20));
    Await("transactions", seconds(60), [&] { return load.transactions() > 40 && End(topic_) > 100; });
    agent.Kill();  // in the middle of some
    Await("more transactions", seconds(60), [&] { return load.transactions() > 80; });
    agent.Start();
    Await("the agent to go on", seconds(60), [&] {
      const auto mirror = Describe(agent, topic_);
      return mirror && mirror->state == "ACTIVE" && mirror->partitions.at(0).lag.has_value();
    });
    promotion = Run(agent, {"failover", topic_});
    load.Stop();
  }
  ExpectWritable(promotion, topic_);
  ExpectCopyOf(ReadAll(source(), topic_), promotion, topic_);
}

TEST_F(Failover, WhoeverDiesInTheMiddleTheNextLeaderFinishes) {
  Agent& agent = NewAgent();
  std::vector<std::string> topics = {topic_};
  for (const std::string name : {"b", "c", "d"}) topics.push_back(NewTopic(name));
  agent.Start();
  for (const std::string& topic : topics) Produce(source(), topic, SampleRecords(300, kPartitions));
  for (const std::string& topic : topics) AwaitProgress(topic, 300);
  int unfinished = 0;
  for (size_t i = 0; i < topics.size(); i++) {
    std::thread operator_([&] { (void)agent.Cli({"failover", topics[i], "--yes"}); });
    Await("the promotion to begin", seconds(30), [&] {
      const auto mirror = Describe(agent, topics[i]);
      return mirror && mirror->state != "ACTIVE";
    });
    unfinished += Describe(agent, topics[i])->state == "PENDING_STOPPED";
    agent.Kill();
    operator_.join();
    agent.Start();
    AwaitState(agent, topics[i], "STOPPED", "", seconds(60));
    const Promotion seen = Run(agent, {"failover", topics[i]});
    ASSERT_EQ(seen.mirrors.at(0).outcome, "already_stopped");
    Promotion as_done = seen;
    as_done.mirrors[0].outcome = "stopped";
    ExpectWritable(as_done, topics[i]);
  }
  RecordProperty("killed_in_the_middle", unfinished);
}

TEST_F(Failover, APlannedPromotionWaitsForQuietAndLosesNothing) {
  Agent& agent = NewAgent();
  agent.Start();
  {
    Load load(source(), topic_, {.partitions = kPartitions, .per_second = 500});
    AwaitProgress(topic_, 500);
    const Outcome early = agent.Cli({"promote", topic_, "--timeout", "3s", "--yes"});
    EXPECT_EQ(early.exit_code, 1) << early.out << early.err;
    EXPECT_THAT(early.out, testing::HasSubstr("NOT_QUIET"));
    EXPECT_EQ(Describe(agent, topic_)->state, "ACTIVE") << "it is copied as before";
    AwaitProgress(topic_, End(topic_) + 500);
  }
  const std::string group = prefix_ + "app";
  CommitPlaces(source(), group, {{{topic_, 0}, 11}, {{topic_, 1}, 12}});
  const Promotion promotion = Run(agent, {"promote", topic_});
  EXPECT_EQ(promotion.lost, 0);
  EXPECT_EQ(CommittedPlaces(destination(), group, {{topic_, 0}, {topic_, 1}}),
            (Places{{{topic_, 0}, 11}, {{topic_, 1}, 12}}));
  for (const CutPartition& partition : promotion.mirrors.at(0).partitions)
    EXPECT_EQ(partition.replicated_to, RangeOf(source(), topic_, partition.partition)->end);
  ExpectCopyOf(ReadAll(source(), topic_), promotion, topic_);
  ExpectWritable(promotion, topic_);
}

TEST_F(Failover, WhatCannotBePromotedIsNamed) {
  Agent& agent = NewAgent();
  agent.Start();
  Load load(source(), topic_, {.partitions = kPartitions, .per_second = 500});
  AwaitProgress(topic_, 500);
  const Outcome unknown = agent.Cli({"failover", prefix_ + "nope", "--yes"});
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_THAT(unknown.out, testing::HasSubstr("has no mirror topic"));
  const Outcome dry = agent.Cli({"failover", "--all", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, testing::HasSubstr("would stop"));
  EXPECT_EQ(Describe(agent, topic_)->state, "ACTIVE");
  EXPECT_EQ(agent.Cli({"failover", "--all"}).exit_code, 64) << "nobody was asked";

  Outcome waiting;
  std::thread first([&] { waiting = agent.Cli({"promote", topic_, "--timeout", "20s", "--yes"}); });
  Await("the first to have begun", seconds(15), [&] {
    const Outcome look = agent.Cli({"failover", topic_, "--dry-run"});
    return look.err.find("is under way") != std::string::npos;
  });
  AwaitState(agent, topic_, "PENDING_SYNCHRONIZE", "NOT_QUIET");
  const Outcome second = agent.Cli({"failover", topic_, "--yes"});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_THAT(second.err, testing::HasSubstr("is under way"));
  load.Stop();
  first.join();
  EXPECT_EQ(waiting.exit_code, 0) << waiting.out << waiting.err;
  const Outcome again = agent.Cli({"promote", topic_, "--yes"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.out, testing::HasSubstr("already stopped"));
}

TEST_F(Failover, WithoutAnAgentThatAnswersItIsDoneOnTheDestination) {
  std::vector<std::string> topics = {topic_};
  for (const std::string name : {"b", "c", "d", "e"}) topics.push_back(NewTopic(name));
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string& topic : topics) {
    Load load(source(), topic, {.partitions = kPartitions, .per_second = 5000});
    AwaitProgress(topic);
    agent.Freeze();  // with batches in hand
    const Promotion promotion = Run(agent, {"failover", "--direct", topic});
    EXPECT_EQ(promotion.state, "COMPLETED");
    agent.Thaw();  // its lease still runs
    const int64_t acked = load.acked();
    Await("the source to grow", seconds(30), [&] { return load.acked() > acked + 2000; });
    ExpectWritable(promotion, topic);
    AwaitState(agent, topic, "STOPPED", "");
    for (const CutPartition& partition : Find(promotion, topic)->partitions)
      EXPECT_EQ(RangeOf(destination(), topic, partition.partition)->end, *partition.cut + 2) << "L11";
    if (HasFailure()) return;
  }
  EXPECT_GT(CounterSum(agent, "klink_fenced_total"), 0) << "it was never refused: nothing was in its hands";
  agent.Kill();
  EXPECT_EQ(Run(agent, {"failover", "--direct", topic_}).mirrors.at(0).outcome, "already_stopped");
}

// The pages under docs/runbooks, as they happen.
TEST_F(Failover, TheRunbookOfAFailoverIsTrue) {
  file_.link = "paris-to-lyon-1";
  file_.include = "{literal: orders}, {literal: payments}";
  for (const std::string topic : {"orders", "payments"}) CreateTopic(source(), topic, 1);
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string topic : {"orders", "payments"}) {
    Produce(source(), topic, SampleRecords(500, 1));
    AwaitMirrored(source(), destination(), topic);
    AwaitState(agent, topic, "ACTIVE", "");
  }
  Transcript story(fs::path(KLINK_RUNBOOKS) / "failover.md", "The source is gone");
  source().Kill(0);
  AwaitState(agent, "orders", "SOURCE_UNAVAILABLE", "SOURCE_UNAVAILABLE");
  story.Source("The cluster does not answer any more, and will not for hours.");
  story.Klink("What a failover would do, and what it would cost, changes nothing yet:");
  story.Run(agent, {"failover", "--all", "--dry-run"}, "would stop");
  story.Operator("decides, and says so:");
  const Outcome done = story.Run(agent, {"failover", "--all", "--yes", "--reason", "paris burns"}, "COMPLETED");
  EXPECT_EQ(done.exit_code, 0);
  Produce(destination(), "orders", SampleRecords(3, 1, 100, 0, "after"), {{"enable.idempotence", "true"}});
  story.Destination(
      "The topics can be written to: applications are started there with the same group ids. A run that was "
      "interrupted is "
      "said again; what is done stays done:");
  EXPECT_EQ(story.Run(agent, {"failover", "orders", "--yes"}, "already stopped").exit_code, 0);
  EXPECT_EQ(story.Drift(), "");
  source().Restart(0);
}

TEST_F(Failover, TheRunbookOfAPlannedPromotionIsTrue) {
  file_.link = "paris-to-lyon-2";
  file_.include = "{literal: invoices}";
  CreateTopic(source(), "invoices", 1);
  Agent& agent = NewAgent();
  agent.Start();
  Produce(source(), "invoices", SampleRecords(500, 1));
  AwaitMirrored(source(), destination(), "invoices");
  AwaitState(agent, "invoices", "ACTIVE", "");
  Transcript story(fs::path(KLINK_RUNBOOKS) / "promote.md", "An application moves as planned");
  {
    Load load(source(), "invoices", {.partitions = 1, .per_second = 200});
    story.Source("An application still writes to the topic.");
    const Outcome early = agent.Cli({"promote", "invoices", "--timeout", "3s", "--yes"});
    EXPECT_EQ(early.exit_code, 1);
    EXPECT_THAT(early.out, testing::HasSubstr("NOT_QUIET"));
    story.Klink(
        "`klink promote invoices --timeout 3s --yes` waits three seconds, touches nothing and ends with 1 and "
        "`NOT_QUIET`: stop the writers first.");
  }
  AwaitMirrored(source(), destination(), "invoices");
  story.Operator("stops the application at the source. Two quiet seconds later:");
  const Outcome done = agent.Cli({"promote", "invoices", "--yes"});
  EXPECT_EQ(done.exit_code, 0) << done.out << done.err;
  EXPECT_THAT(done.out, testing::HasSubstr("No record is lost."));
  story.Klink(
      "`klink promote invoices --yes` ends with 0 and says `No record is lost.` The mirror is a topic of its own:");
  story.Run(agent, {"failover", "invoices", "--yes"}, "already stopped");
  EXPECT_EQ(story.Drift(), "");
}

}  // namespace
}  // namespace klink::it
