// What a promotion decides without waiting: who is shut out and how, when a planned one has its moment, which mirrors
// are meant, and what is told afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "failover/fence_plan.h"
#include "failover/quiet.h"
#include "failover/report.h"
#include "failover/targets.h"

namespace klink::failover {
namespace {

using state::MirrorRecord;
using state::Phase;
using state::PromotionKind;
using state::PromotionOutcome;
using state::PromotionRecord;
using state::PromotionStep;
using testing::HasSubstr;

constexpr int64_t kData = 4000, kFiller = 4001, kSlot = 4002, kOld = 3000;
const TopicPartition kTp{"orders", 0};
const std::vector<OwnProducer> kOwn = {{kData, 0, "klink.l"}, {kFiller, 0, "klink.l.filler"}, {kSlot, 7, "klink.l.0"}};

link::ProducerState Known(int64_t pid, int32_t epoch, int32_t last_sequence = 5, int32_t coordinator_epoch = -1) {
  return {pid, epoch, last_sequence, 0, std::nullopt, coordinator_epoch};
}
std::vector<FenceMarker> MarkersOf(std::vector<link::ProducerState> producers) {
  std::vector<FenceMarker> markers;
  const Remembered remembered{{kTp, std::move(producers)}};
  for (const auto& [marker, partitions] : PlanFence(kOwn, {kData, kFiller, kSlot, kOld}, remembered, 1, {}))
    markers.push_back(marker);
  return markers;
}

TEST(FencePlan, ShutsEveryProducerOutUnderTheNextEpochAlsoWhereItIsNotRemembered) {
  EXPECT_THAT(MarkersOf({}),
              testing::ElementsAre(FenceMarker{kData, 1, 0}, FenceMarker{kFiller, 1, 0}, FenceMarker{kSlot, 8, 0}));
}

TEST(FencePlan, NeverWritesACoordinatorEpochAboveTheKnownOne) {
  const auto markers = MarkersOf({Known(kSlot, 7, 3, 12), Known(kFiller, 0, -1, 40)});
  EXPECT_THAT(markers,
              testing::ElementsAre(FenceMarker{kData, 1, 0}, FenceMarker{kFiller, 1, 40}, FenceMarker{kSlot, 8, 12}));
}

TEST(FencePlan, IsEmptyOnceTheLeaderKnowsHigherEpochs) {
  EXPECT_TRUE(MarkersOf({Known(kData, 1, -1, 0), Known(kFiller, 1, -1, 0), Known(kSlot, 8, -1, 0)}).empty());
}

TEST(FencePlan, EachAttemptAndEachControllerWritesAboveTheOnesBefore) {
  const std::vector<OwnProducer> one = {{kData, 0, "klink.l"}};
  Attempted attempted;
  const Remembered nothing{{kTp, {}}};
  Note(PlanFence(one, {}, nothing, 1, attempted), attempted);
  FencePlan second = PlanFence(one, {}, nothing, 1, attempted);
  EXPECT_EQ(second.begin()->first.epoch, 2) << "the first is on its way, and will be refused";
  Note(second, attempted);
  const Remembered first_landed{{kTp, {Known(kData, 1, -1)}}};
  EXPECT_EQ(PlanFence(one, {}, first_landed, 1, attempted).begin()->first.epoch, 3);
  const Remembered second_landed{{kTp, {Known(kData, 2, -1)}}};
  EXPECT_TRUE(PlanFence(one, {}, second_landed, 1, attempted).empty());
  EXPECT_EQ(PlanFence(one, {}, second_landed, 1 + kAttemptsMost, {}).begin()->first.epoch, 1 + kAttemptsMost)
      << "what an earlier controller wrote is not enough";
}

TEST(FencePlan, EndsAnOpenTransactionWhateverItsEpoch) {
  link::ProducerState open = Known(kSlot, 9);
  open.open_since = DestOffset(3);
  EXPECT_THAT(MarkersOf({Known(kData, 1, -1), Known(kFiller, 1, -1), open}),
              testing::ElementsAre(FenceMarker{kSlot, 10, 0}));
}

TEST(FencePlan, ShutsAnEarlierIdentityOutWhereItIsRemembered) {
  const std::vector<link::ProducerState> fenced = {Known(kData, 1, -1), Known(kFiller, 1, -1), Known(kSlot, 8, -1)};
  std::vector<link::ProducerState> producers = fenced;
  producers.push_back(Known(kOld, 2));
  EXPECT_THAT(MarkersOf(producers), testing::ElementsAre(FenceMarker{kOld, 3, 0}));
  producers = fenced;
  producers.push_back(Known(kOld, 3, -1));  // as the marker left it
  EXPECT_TRUE(MarkersOf(producers).empty());
  producers.push_back(Known(9999, 0));  // somebody else's
  EXPECT_TRUE(MarkersOf(producers).empty());
}

TEST(Quiet, HasItsMomentOnceTheEndStoodStillAndIsCopied) {
  Quiet quiet;
  const Instant begin{};
  const auto missing = [&](int64_t replicated, Duration now) {
    return quiet.Missing(kTp, SourceOffset(replicated), begin + now).value_or("");
  };
  EXPECT_THAT(missing(10, 0s), HasSubstr("did not tell"));
  quiet.Ends({{kTp, SourceOffset(10)}}, begin);
  EXPECT_THAT(missing(9, 0s), HasSubstr("1 offsets are not copied"));
  EXPECT_THAT(missing(10, 0s), HasSubstr("written to within"));
  quiet.Ends({{kTp, SourceOffset(11)}}, begin + 1s);
  quiet.Ends({{kTp, SourceOffset(11)}}, begin + 2900ms);
  EXPECT_THAT(missing(11, 2900ms), HasSubstr("written to within")) << "it grew after 1 s";
  quiet.Ends({{kTp, SourceOffset(11)}}, begin + 3s);
  EXPECT_EQ(missing(11, 3s), "");
  EXPECT_EQ(missing(12, 3s), "") << "markers of the copy may stand behind";
  EXPECT_THAT(missing(11, 6s), HasSubstr("did not tell for")) << "what was true is not known to be so still";
  EXPECT_THAT(quiet.Missing(kTp, std::nullopt, begin + 3s).value_or(""), HasSubstr("not known how far"));
}

state::StateView ViewOf(const std::vector<state::Record>& records) {
  state::StateView view;
  for (const state::Record& record : records) {
    const admin::KeyValue entry = Encode(record);
    view.Apply(entry.key, entry.value);
  }
  return view;
}
MirrorRecord Mirror(const std::string& topic, Phase phase) {
  MirrorRecord mirror;
  mirror.source_topic = mirror.destination_topic = topic;
  mirror.phase = phase;
  mirror.partitions.resize(2);
  return mirror;
}
std::string OutcomesOf(const std::vector<state::PromotionTopic>& targets) {
  std::string all;
  for (const state::PromotionTopic& target : targets)
    all += fmt::format("{}{} {}", all.empty() ? "" : ", ", target.topic, Name(target.outcome));
  return all;
}

TEST(Targets, EachMirrorOnceInTheOrderAskedFor) {
  const auto view = ViewOf({Mirror("a", Phase::kActive), Mirror("b", Phase::kPaused), Mirror("c", Phase::kStopped),
                            Mirror("d", Phase::kPrefill), Mirror("e", Phase::kPendingStopped)});
  link::PromoteRequest request;
  request.all = true;
  EXPECT_EQ(OutcomesOf(PlanTargets(request, view)), "a RUNNING, b RUNNING, c STOPPED, d RUNNING, e RUNNING");
  request.kind = PromotionKind::kPromote;
  EXPECT_EQ(OutcomesOf(PlanTargets(request, view)), "a RUNNING, b REFUSED, c STOPPED, d REFUSED, e RUNNING");
  request.all = false;
  request.kind = PromotionKind::kFailover;
  request.topics = {"b", "nope", "?", "x*", "b"};
  const auto targets = PlanTargets(request, view);
  EXPECT_EQ(OutcomesOf(targets), "b RUNNING, nope REFUSED, a RUNNING, c STOPPED, d RUNNING, e RUNNING, x* REFUSED");
  EXPECT_THAT(targets[1].text, HasSubstr("has no mirror topic nope"));
  EXPECT_THAT(targets[6].text, HasSubstr("matches x*"));
  EXPECT_EQ(targets[3].text, kAlreadyStopped);
}

TEST(Targets, APlannedPromotionNeedsWhatIsCopied) {
  state::PauseRecord pause;
  pause.paused = true;
  const auto view = ViewOf({Mirror("a", Phase::kActive), pause});
  link::PromoteRequest request;
  request.kind = PromotionKind::kPromote;
  request.topics = {"a"};
  const auto targets = PlanTargets(request, view);
  EXPECT_EQ(OutcomesOf(targets), "a REFUSED");
  EXPECT_THAT(targets[0].text, HasSubstr("its link is PAUSED"));
  request.kind = PromotionKind::kFailover;
  EXPECT_EQ(OutcomesOf(PlanTargets(request, view)), "a RUNNING");
}

PromotionRecord Done() {
  PromotionRecord promotion;
  promotion.id = "20260101T000000Z-0001";
  promotion.step = PromotionStep::kDone;
  promotion.started_ms = 10'000;
  promotion.finished_ms = 12'500;
  promotion.groups_read_ms = 4'000;
  promotion.times = {
      {PromotionStep::kStopCopying, 10'000}, {PromotionStep::kFence, 11'000}, {PromotionStep::kDone, 12'500}};
  promotion.topics.push_back({"a", PromotionOutcome::kStopped, {}, "", {}});
  return promotion;
}
state::CutRecord Cut() {
  state::CutRecord cut;
  cut.topic = "a";
  cut.promotion = Done().id;
  cut.partitions.resize(2);
  cut.partitions[0].replicated_to = 100;
  cut.partitions[0].source_end = 107;
  cut.partitions[0].source_end_ms = 7'000;
  cut.partitions[0].cut = 103;
  cut.partitions[0].tail_crc = 0x0badcafe;
  cut.partitions[1].replicated_to = 50;
  cut.partitions[1].source_end = 50;
  cut.partitions[1].source_end_ms = 9'000;
  cut.partitions[1].cut = 53;
  return cut;
}

TEST(Report, TellsWhatIsLostAndHowOldThatIs) {
  state::GroupRecord group;
  group.group = "app";
  group.clamped.push_back({"a", 0, 104});
  group.clamped.push_back({"other", 0, 104});
  const auto view = ViewOf({Mirror("a", Phase::kStopped), Done(), Cut(), group});
  const auto report = Show("l", view, Done().id);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->state, "COMPLETED");
  EXPECT_EQ(report->lost, 7);
  EXPECT_EQ(report->seconds, 2.5);
  EXPECT_EQ(report->source_end_age, 3.0) << "the oldest of all ends";
  EXPECT_EQ(report->groups_age, 6.0);
  ASSERT_EQ(report->steps.size(), 2u);
  EXPECT_EQ(report->steps[1].seconds, 1.5);
  ASSERT_EQ(report->groups.size(), 1u) << "only groups that read what was promoted";
  EXPECT_EQ(report->groups[0].behind, 4);
  EXPECT_EQ(report->mirrors.at(0).outcome, "stopped");
  EXPECT_EQ(report->mirrors.at(0).partitions.at(0).tail_crc, "0badcafe");
  EXPECT_EQ(report->mirrors.at(0).partitions.at(0).lost, 7);
}

TEST(Report, WhatIsNotKnownIsNotMadeUp) {
  state::CutRecord cut = Cut();
  cut.partitions[1].source_end.reset();
  PromotionRecord promotion = Done();
  promotion.groups_read_ms.reset();
  const auto report = Show("l", ViewOf({Mirror("a", Phase::kStopped), promotion, cut}), promotion.id);
  EXPECT_EQ(report->lost, std::nullopt);
  EXPECT_EQ(report->mirrors.at(0).lost, std::nullopt);
  EXPECT_EQ(report->groups_age, std::nullopt);
  EXPECT_EQ(Show("l", state::StateView(), "x").status().code(), Code::kNotFound);
}

TEST(Report, IsPartialWhileAnythingRemainsToBeDone) {
  PromotionRecord promotion = Done();
  promotion.topics[0].remaining = {"kafka-configs.sh …"};
  EXPECT_EQ(Show("l", ViewOf({promotion}), promotion.id)->state, "PARTIAL");
  promotion = Done();
  promotion.remaining = {"kafka-acls.sh …"};
  EXPECT_EQ(Show("l", ViewOf({promotion}), promotion.id)->remaining.size(), 1u);
  promotion = Done();
  promotion.topics.push_back(
      {"b", PromotionOutcome::kUnfinished, state::Reason::kDestinationUnavailable, "no leader", {}});
  const auto report = Show("l", ViewOf({promotion}), promotion.id);
  EXPECT_EQ(report->state, "PARTIAL");
  EXPECT_EQ(report->mirrors.at(1).outcome, "unfinished");
  EXPECT_EQ(report->mirrors.at(1).reason_code, "DESTINATION_UNAVAILABLE");
}

}  // namespace
}  // namespace klink::failover
