// Planned moves by the controller that is shipped, in the world of promotion_sim_test.cc: applications that go on
// writing, processes that die between any two waits, a source that lets nobody change its ACLs.
#include <gmock/gmock.h>

#include "failover/cutover.h"
#include "tests/failover/world.h"

namespace klink::failover::sim {
namespace {

using state::Phase;
using testing::HasSubstr;

class CutoverSim : public testing::Test {
 protected:
  explicit CutoverSim(uint64_t seed = 1) { Begin(seed); }
  void Begin(uint64_t seed) {
    w = std::make_unique<PromotionWorld>(seed);
    w->source_acls = {EverybodyMayAll()};
  }
  static link::CutoverRequest Move() {
    link::CutoverRequest request;
    request.link = "l";
    request.topics = {"*"};
    request.block = true;
    request.settle = 5s;
    request.timeout = 30s;
    request.by = "ann";
    return request;
  }
  static link::CutoverRequest Undo() {
    link::CutoverRequest request;
    request.order = link::CutoverOrder::kUndo;
    return request;
  }
  // An application that writes twice a second while it is let in, copied at once.
  void WriteFor(Duration d) {
    for (Duration at = 0s; at < d; at += 500ms)
      w->world.After(at, [this] {
        if (w->source_acls.contains(link::DenyOf("a"))) return;
        written++;
        w->CopyOne(*w->partitions.front(), 10ms);
      });
  }
  void Run(Process& process, Duration d) {
    const Instant until = w->world.now() + d;
    while (process.Step() || w->world.Step(until)) {
    }
  }
  link::CutoverSnapshot Shown() const {
    const auto shown = ShowCutover("l", w->view);
    return shown.ok() ? *shown : link::CutoverSnapshot();
  }
  Phase PhaseOf(const std::string& topic) const { return w->view.mirror(topic)->phase; }
  std::set<admin::Acl> Blocked() const { return {EverybodyMayAll(), link::DenyOf("a"), link::DenyOf("b")}; }

  std::unique_ptr<PromotionWorld> w;
  int written = 0;
  Process::Answered answer;
};

TEST_F(CutoverSim, BlocksDrainsWaitsAndPromotes) {
  Process agent(*w);
  agent.Serve();
  WriteFor(1min);
  agent.AskMove(Move(), answer);
  Run(agent, 3s);
  ASSERT_TRUE(answer && answer->ok()) << answer->status();
  EXPECT_EQ((*answer)->state, "RUNNING");
  EXPECT_EQ(Shown().step, "DRAIN") << "nobody has written for less than the settle window";
  EXPECT_EQ(w->source_acls, Blocked());
  const int before = written;
  Run(agent, 20s);
  EXPECT_EQ(Shown().state, "COMPLETED");
  EXPECT_EQ(written, before) << "the block holds";
  EXPECT_EQ(w->source_acls, Blocked()) << "and stays";
  EXPECT_EQ(w->Complaint(), "");
}

TEST_F(CutoverSim, ADryRunTellsThePlanAndTouchesNothing) {
  Process agent(*w);
  agent.Serve();
  link::CutoverRequest request = Move();
  request.dry_run = true;
  agent.AskMove(request, answer);
  Run(agent, 30s);
  ASSERT_TRUE(answer && answer->ok());
  EXPECT_EQ((*answer)->state, "PLANNED");
  EXPECT_THAT((*answer)->denied, testing::ElementsAre("a", "b"));
  EXPECT_EQ(w->source_acls, std::set<admin::Acl>{EverybodyMayAll()});
  EXPECT_FALSE(w->view.cutover());
  request.dry_run = false;
  request.topics = {"a", "nope"};
  agent.AskMove(request, answer);
  Run(agent, 30s);
  EXPECT_EQ((*answer)->state, "REFUSED") << "a planned move that cannot be made is not made";
  EXPECT_FALSE(w->view.cutover());
}

TEST_F(CutoverSim, WhileSomebodyWritesItWaitsForAWordAndThenGoesOn) {
  Process agent(*w);
  agent.Serve();
  WriteFor(45s);
  link::CutoverRequest request = Move();
  request.block = false;
  agent.AskMove(request, answer);
  Run(agent, 40s);
  EXPECT_EQ(Shown().state, "HALTED");
  EXPECT_THAT(Shown().halted.value_or(""),
              HasSubstr("1 of 2 mirrors are not ready: a: a-0: the source was written to"));
  EXPECT_EQ(PhaseOf("a"), Phase::kActive);
  EXPECT_EQ(PhaseOf("b"), Phase::kActive) << "one that is ready waits for the other";
  Run(agent, 10min);
  EXPECT_EQ(Shown().state, "HALTED") << "it does not go on by itself";
  agent.AskMove(request, answer);
  Run(agent, 20s);
  EXPECT_EQ(Shown().state, "COMPLETED");
  EXPECT_EQ(w->Complaint(), "");
}

TEST_F(CutoverSim, IsUndoneUntilTheFirstPromotion) {
  w->source_acls.insert(link::DenyOf("b"));  // somebody else's
  Process agent(*w);
  agent.Serve();
  agent.AskMove(Move(), answer);
  Run(agent, 2s);
  EXPECT_EQ(w->source_acls.size(), 3u);
  agent.AskMove(Undo(), answer);
  Run(agent, 20s);
  ASSERT_TRUE(answer && answer->ok()) << answer->status();
  EXPECT_EQ(Shown().state, "UNDONE");
  EXPECT_EQ(w->source_acls, (std::set<admin::Acl>{EverybodyMayAll(), link::DenyOf("b")}))
      << "what it did not make stays";
  EXPECT_EQ(PhaseOf("a"), Phase::kActive);
  agent.AskMove(Undo(), answer);
  Run(agent, 1s);
  EXPECT_THAT(Text(answer->status()), HasSubstr("no planned move is under way"));
  agent.AskMove(Move(), answer);
  Run(agent, 20s);
  EXPECT_EQ(Shown().state, "COMPLETED");
  agent.AskMove(Undo(), answer);
  Run(agent, 1s);
  EXPECT_EQ(answer->status().code(), Code::kFailedPrecondition);
}

// Where everybody is let in while no ACL names a topic, the DENY would shut out readers as well.
TEST_F(CutoverSim, ATopicIsNotGivenItsFirstAcl) {
  w->source_acls.clear();
  Process agent(*w);
  agent.Serve();
  agent.AskMove(Move(), answer);
  Run(agent, 1min);
  EXPECT_THAT(Text(answer->status()), HasSubstr("no ACL at the source names a, b: a DENY would be the first"));
  EXPECT_TRUE(w->source_acls.empty());
  EXPECT_FALSE(w->view.cutover());
}

TEST_F(CutoverSim, ASecondMoveSeesTheFirst) {
  Process agent(*w);
  agent.Serve();
  link::CutoverRequest request = Move();
  request.topics = {"a"};
  agent.AskMove(request, answer);
  Run(agent, 1s);
  request.topics = {"b"};
  agent.AskMove(request, answer);
  Run(agent, 1s);
  EXPECT_THAT(Text(answer->status()), HasSubstr("by ann, is under way at step DRAIN and does not have b"));
}

TEST_F(CutoverSim, WhereNobodyCanBeDeniedItSaysSoAndNothingIsPromoted) {
  w->door_shut = true;
  Process agent(*w);
  agent.Serve();
  agent.AskMove(Move(), answer);
  Run(agent, 2min);
  EXPECT_EQ(Shown().state, "HALTED");
  EXPECT_EQ(Shown().step, "BLOCK");
  EXPECT_THAT(Shown().halted.value_or(""), HasSubstr("CLUSTER_AUTHORIZATION_FAILED"));
  EXPECT_EQ(PhaseOf("a"), Phase::kActive);
}

TEST_F(CutoverSim, AFailoverThatIsAskedForMeanwhileComesFirst) {
  Process agent(*w);
  agent.Serve();
  WriteFor(10min);
  link::CutoverRequest request = Move();
  request.block = false;
  request.timeout = 5min;
  agent.AskMove(request, answer);
  Run(agent, 3s);
  w->source_answers = false;
  agent.AskFailover({"*"});
  Run(agent, 1min);
  EXPECT_EQ(PhaseOf("a"), Phase::kStopped);
  EXPECT_EQ(PhaseOf("b"), Phase::kStopped);
  EXPECT_EQ(Shown().state, "COMPLETED") << "nothing is left to move";
}

// At every wait of the first process, before and behind the first promotion.
TEST_F(CutoverSim, WhoeverDiesTheNextOneGoesOn) {
  int64_t crashes = 0;
  for (uint64_t seed = 1; seed <= 12; seed++) {
    for (int64_t at = 1;; at += 1 + static_cast<int64_t>(seed % 7)) {
      Begin(seed);
      w->weather.store_refused = w->world.random().Chance(0.3) ? 0.1 : 0;
      w->weather.store_unclear = w->world.random().Chance(0.3) ? 0.1 : 0;
      auto first = std::make_unique<Process>(*w);
      first->Serve();
      first->AskMove(Move(), answer);
      const Instant until = w->world.now() + 60s;
      for (int64_t steps = 0; steps < at;) {
        if (first->Step())
          steps++;
        else if (!w->world.Step(until))
          break;
      }
      const bool begun = w->view.cutover().has_value();
      const bool over = Shown().state == "COMPLETED";
      first.reset();
      crashes += begun && !over;
      Process second(*w);
      second.Serve();
      if (!begun) second.AskMove(Move(), answer);
      Run(second, 90s);
      if (Shown().state == "RUNNING" || !w->view.cutover()) {  // its first order was refused by the weather
        second.AskMove(Move(), answer);
        Run(second, 90s);
      }
      ASSERT_EQ(Shown().state, "COMPLETED")
          << "seed " << seed << ", the first died at step " << at << ": " << Shown().halted.value_or("");
      ASSERT_EQ(w->source_acls, Blocked());
      ASSERT_EQ(w->Complaint(), "") << "seed " << seed << ", the first died at step " << at;
      if (over) break;
    }
  }
  EXPECT_GT(crashes, 100);
}

}  // namespace
}  // namespace klink::failover::sim
