// Sets in a failover: which mirrors they mean, and in which order these are taken.
#include <gmock/gmock.h>

#include "failover/report.h"
#include "failover/targets.h"

namespace klink::failover {
namespace {

using state::Phase;
using state::PromotionKind;
using state::PromotionOutcome;
using state::PromotionRecord;
using state::PromotionStep;

state::StateView ViewOf(const std::vector<state::Record>& records) {
  state::StateView view;
  for (const state::Record& record : records) {
    const admin::KeyValue entry = Encode(record);
    view.Apply(entry.key, entry.value);
  }
  return view;
}
// A mirror of x is called eu.x at the destination.
state::MirrorRecord Mirror(const std::string& source, Phase phase = Phase::kActive) {
  state::MirrorRecord mirror;
  mirror.source_topic = source;
  mirror.destination_topic = "eu." + source;
  mirror.phase = phase;
  mirror.partitions.resize(1);
  return mirror;
}
config::TopicSets Sets() {
  std::map<std::string, config::TopicSet> sets;
  sets["bulk"] = {{{.prefix = "clicks."}}, 0s, 0s, 0};
  sets["tier1"] = {{{.literal = "payments"}}, 0s, 0s, 10};
  sets["tier1b"] = {{{.literal = "refunds"}}, 0s, 0s, 10};
  sets["unused"] = {{{.literal = "nope"}}, 0s, 0s, 1};
  return *config::TopicSets::Compile(sets);
}
const std::vector<state::Record> kAll = {Mirror("clicks.a"), Mirror("orders"), Mirror("payments"), Mirror("refunds"),
                                         Mirror("clicks.b", Phase::kStopped)};

std::vector<PromotionRecord> WavesOf(const link::PromoteRequest& request) {
  const state::StateView view = ViewOf(kAll);
  PromotionRecord promotion;
  promotion.id = "20260101T000000Z-0001";
  promotion.kind = request.kind;
  promotion.pause_link = request.all;
  promotion.topics = PlanTargets(request, view, Sets());
  return Waves(promotion, view, Sets());
}
std::string Shown(const std::vector<PromotionRecord>& waves) {
  std::string text;
  for (const PromotionRecord& wave : waves) {
    text += text.empty() ? "" : " | ";
    for (const auto& topic : wave.topics) text += fmt::format("{} {}, ", topic.topic, Name(topic.outcome));
    text.resize(text.size() - 2);
  }
  return text;
}

TEST(Sets, MeanTheMirrorsOfTheirTopicsAtTheSource) {
  link::PromoteRequest request;
  request.link = "l";
  request.sets = {"tier1", "bulk"};
  const auto targets = PlanTargets(request, ViewOf(kAll), Sets());
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0].topic, "eu.payments");
  EXPECT_EQ(targets[1].topic, "eu.clicks.a");
  EXPECT_EQ(targets[2].outcome, PromotionOutcome::kStopped);
  request.sets = {"unused"};
  EXPECT_EQ(PlanTargets(request, ViewOf(kAll), Sets()).at(0).text, "no mirror topic of link l is in set unused");
}

TEST(Sets, AFailoverOfAllTakesThemByPriorityAndTheRestLast) {
  link::PromoteRequest request;
  request.all = true;
  const auto waves = WavesOf(request);
  EXPECT_EQ(Shown(waves),
            "eu.payments RUNNING, eu.refunds RUNNING | eu.clicks.a RUNNING | eu.orders RUNNING, eu.clicks.b STOPPED");
  EXPECT_EQ(waves[1].id, "20260101T000000Z-0001.002");
  EXPECT_EQ(waves[1].operation, waves[0].id);
  EXPECT_LT(waves[1].id, waves[2].id);
  EXPECT_TRUE(waves[0].pause_link && !waves[1].pause_link);
}

TEST(Sets, APlannedPromotionIsMadeAsAWhole) {
  link::PromoteRequest request;
  request.all = true;
  request.kind = PromotionKind::kPromote;
  EXPECT_EQ(WavesOf(request).size(), 1u);
  request.kind = PromotionKind::kFailover;
  request.all = false;
  request.sets = {"tier1", "tier1b"};
  EXPECT_EQ(WavesOf(request).size(), 1u) << "of one priority";
}

TEST(Sets, TheWavesOfAFailoverAreToldAsOne) {
  link::PromoteRequest request;
  request.all = true;
  auto waves = WavesOf(request);
  std::vector<state::Record> records = kAll;
  for (PromotionRecord& wave : waves) {
    wave.step = PromotionStep::kDone;
    wave.started_ms = 1000;
    wave.finished_ms = 5000;
    wave.times = {{PromotionStep::kFence, 1000}, {PromotionStep::kDone, 2000}};
    for (auto& topic : wave.topics) topic.outcome = PromotionOutcome::kStopped;
  }
  waves[2].step = PromotionStep::kFence;
  for (const auto& wave : waves) records.emplace_back(wave);
  auto shown = Show("l", ViewOf(records), waves[0].id);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(shown->state, "RUNNING");
  EXPECT_EQ(shown->step, "FENCE");
  EXPECT_EQ(shown->mirrors.size(), 5u);
  EXPECT_EQ(ViewOf(records).promotion()->id, waves[2].id);
  waves[2].step = PromotionStep::kDone;
  records.back() = waves[2];
  shown = Show("l", ViewOf(records), waves[0].id);
  EXPECT_EQ(shown->state, "COMPLETED");
  EXPECT_EQ(shown->seconds, 4.0);
  ASSERT_EQ(shown->steps.size(), 1u);
  EXPECT_EQ(shown->steps[0].seconds, 3.0) << "summed over the waves";
}

}  // namespace
}  // namespace klink::failover
