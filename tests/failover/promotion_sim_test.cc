// The controller that is shipped, in a world where processes die between any two waits, where two of them believe that
// they control the link, and where what an agent sent arrives long after it stopped. A failing seed prints its replay
// line. guarantees: L10 to L13.
#include <gtest/gtest.h>

#include "tests/failover/world.h"

namespace klink::failover::sim {
namespace {

using state::PromotionKind;
using state::PromotionOutcome;
using state::PromotionRecord;
using state::PromotionStep;

constexpr Duration kLongEnough = 10min;
#if defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
constexpr uint64_t kUsual = 60;
#else
constexpr uint64_t kUsual = 500;
#endif

uint64_t Seeds() {
  const char* asked = std::getenv("KLINK_SEEDS");
  return asked == nullptr ? kUsual : std::strtoull(asked, nullptr, 10);
}

class PromotionSim : public testing::Test {
 protected:
  // A journal that was just begun, and requests of agents that do not know it yet. Of a planned promotion the mirrors
  // are still copied, until the source is quiet or time is up.
  static std::unique_ptr<PromotionWorld> Begun(uint64_t seed) {
    auto w = std::make_unique<PromotionWorld>(seed);
    klink::sim::Random& random = w->world.random();
    w->source_answers = random.Chance(0.5);
    w->markers_allowed = random.Chance(0.7);
    w->weather.ask_fails = random.Chance(0.5) ? 0.1 : 0;
    w->weather.trim_unclear = random.Chance(0.5) ? 0.2 : 0;
    w->weather.store_refused = random.Chance(0.5) ? 0.1 : 0;
    w->weather.store_unclear = random.Chance(0.5) ? 0.1 : 0;
    PromotionRecord promotion;
    promotion.id = "20260101T000000Z-0001";
    const bool planned = random.Chance(0.3);
    promotion.kind = planned ? PromotionKind::kPromote : PromotionKind::kFailover;
    promotion.step = planned ? PromotionStep::kSynchronize : PromotionStep::kStopCopying;
    promotion.until_ms = w->world.wall_ms() + ToMillis(20s);
    for (const std::string topic : {"a", "b"}) {
      promotion.topics.push_back({topic, PromotionOutcome::kRunning, {}, "", {}});
      if (planned) continue;
      state::MirrorRecord mirror = w->Mirror(topic);
      mirror.phase = state::Phase::kPendingStopped;
      w->Append(mirror);
      state::CutRecord cut;
      cut.topic = topic;
      cut.promotion = promotion.id;
      cut.partitions.resize(mirror.partitions.size());
      w->Append(cut);
    }
    if (!planned && random.Chance(0.5)) {  // two sets, the first of higher priority
      PromotionRecord later = promotion;
      later.id = promotion.id + ".002";
      later.operation = promotion.id;
      later.topics.erase(later.topics.begin());
      promotion.topics.pop_back();
      state::CutRecord cut = *w->view.cut("b");
      cut.promotion = later.id;
      w->Append(cut);
      w->Append(later);
    }
    w->Append(promotion);
    for (const auto& p : w->partitions) {
      if (random.Chance(0.5)) w->CopyOne(*p, random.Within(0s, 20ms));
      if (random.Chance(0.5)) w->CopyOne(*p, random.Within(0s, 5s));
      if (p->slot.producer_id >= 0 && random.Chance(0.5)) w->CopyWithin(*p, random.Within(0s, 5s));
      if (random.Chance(0.5)) w->WriteFiller(*p, random.Within(0s, 5s));
      if (random.Chance(0.5)) w->Commit(*p, random.Within(1ms, 5s));
    }
    return w;
  }

  // Everything that can happen now, then the next thing in time; false when time is up.
  static bool Turn(PromotionWorld& w, const std::vector<Process*>& processes, Instant until) {
    bool any = false;
    for (Process* process : processes) any |= process->Step();
    return any || w.world.Step(until);
  }

  static void ExpectWhole(PromotionWorld& w, uint64_t seed, const std::string& how) {
    w.Run(20s);  // what is still on its way arrives
    EXPECT_EQ(w.Complaint(), "") << how << "; replay with KLINK_SIM_SEED=" << seed << " --gtest_filter=PromotionSim.*";
  }
  static bool Asked(uint64_t seed) {
    const char* only = std::getenv("KLINK_SIM_SEED");
    return only == nullptr || std::strtoull(only, nullptr, 10) == seed;
  }
};

TEST_F(PromotionSim, OneControllerFinishes) {
  int64_t refused = 0;
  std::map<std::pair<PromotionKind, PromotionOutcome>, int> outcomes;
  for (uint64_t seed = 1; seed <= Seeds(); seed++) {
    if (!Asked(seed)) continue;
    auto w = Begun(seed);
    Process only(*w);
    only.Start();
    for (const Instant until = w->world.now() + kLongEnough; !only.ended() && Turn(*w, {&only}, until);) {
    }
    ExpectWhole(*w, seed, "alone");
    refused += w->refused;
    for (const auto& [id, promotion] : w->view.promotions())
      for (const state::PromotionTopic& topic : promotion.topics) outcomes[{promotion.kind, topic.outcome}]++;
    if (HasFailure()) return;
  }
  if (std::getenv("KLINK_SIM_SEED") != nullptr) return;
  EXPECT_GT((outcomes[{PromotionKind::kFailover, PromotionOutcome::kStopped}]), 0);
  EXPECT_GT((outcomes[{PromotionKind::kPromote, PromotionOutcome::kStopped}]), 0);
  EXPECT_GT((outcomes[{PromotionKind::kPromote, PromotionOutcome::kRefused}]), 0) << "no source was ever noisy or gone";
  EXPECT_EQ((outcomes[{PromotionKind::kFailover, PromotionOutcome::kRefused}]), 0);
  EXPECT_GT(refused, 0) << "no late request met a fence: the worlds are too kind";
}

TEST_F(PromotionSim, WhoeverDiesAtAnyStepTheNextOneFinishes) {
  int64_t crashes = 0;
  for (uint64_t seed = 1; seed <= Seeds(); seed++) {
    if (!Asked(seed)) continue;
    for (int64_t at = 0;; at += 1 + static_cast<int64_t>(seed % 11)) {
      auto w = Begun(seed);
      auto first = std::make_unique<Process>(*w);
      first->Start();
      int64_t steps = 0;
      const Instant until = w->world.now() + kLongEnough;
      while (!first->ended() && steps < at) {
        if (first->Step())
          steps++;
        else if (!w->world.Step(until))
          break;
      }
      const bool over = first->ended();
      first.reset();
      crashes += !over;
      w->Run(w->world.random().Within(0s, 3s));
      Process second(*w);
      second.Start();
      while (!second.ended() && Turn(*w, {&second}, until)) {
      }
      ExpectWhole(*w, seed, fmt::format("the first died at step {}", at));
      if (HasFailure()) return;
      if (over) break;
    }
  }
  EXPECT_GT(crashes, static_cast<int64_t>(Seeds()));
}

TEST_F(PromotionSim, OfTwoControllersTheNewerOneFinishes) {
  int64_t beaten = 0;
  for (uint64_t seed = 1; seed <= 2 * Seeds(); seed++) {
    if (!Asked(seed)) continue;
    auto w = Begun(seed);
    Process older(*w), newer(*w);
    older.Start();
    const int64_t at = w->world.random().Below(120);
    const Instant until = w->world.now() + kLongEnough;
    for (int64_t i = 0; i < at && !older.ended() && Turn(*w, {&older}, until); i++) {
    }
    older.frozen = w->world.random().Chance(0.5);  // then it sleeps while the other one works
    newer.Start();
    while (!newer.ended() && Turn(*w, {&older, &newer}, until)) {
    }
    older.frozen = false;
    const Instant soon = w->world.now() + 1min;
    while (!older.ended() && Turn(*w, {&older}, soon)) {
    }
    ASSERT_TRUE(older.ended());
    beaten += !older.end().ok();
    ExpectWhole(*w, seed, fmt::format("the second began at step {}", at));
    if (HasFailure()) return;
  }
  EXPECT_GT(beaten, 0) << "the older one was never refused";
}

// Neither has been written down when the second one is asked.
TEST_F(PromotionSim, TwoOperatorsAtOnceBeginOneFailover) {
  PromotionWorld w(1);
  Process agent(w);
  agent.Serve();
  link::PromoteRequest request;
  request.link = "l";
  request.topics = {"a", "b"};
  Process::Promised first, second;
  agent.AskPromotion(request, first);
  agent.AskPromotion(request, second);
  for (const Instant until = w.world.now() + 20s; Turn(w, {&agent}, until);) {
  }
  ASSERT_TRUE(first && first->ok());
  ASSERT_TRUE(second && second->ok());
  EXPECT_TRUE((*first)->operation.has_value());
  EXPECT_EQ((*first)->operation, (*second)->operation);
  EXPECT_EQ(w.view.promotions().size(), 1u);
  EXPECT_EQ(w.Complaint(), "");
}

}  // namespace
}  // namespace klink::failover::sim
