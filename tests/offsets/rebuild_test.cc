// What of a stored map stands after a restart: the logs decide.
#include "offsets/rebuild.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::offsets {
namespace {

using testing::HasSubstr;
using Kind = Answer::Kind;
using Covers = LogFacts::Covers;

Position At(int64_t source, int64_t dest) { return {SourceOffset(source), DestOffset(dest)}; }
offsets::Run MakeRun(int64_t source, int64_t dest, int64_t length) {
  return {SourceOffset(source), DestOffset(dest), length};
}
ShiftChange Change(int64_t source, int64_t dest) {
  ShiftChange change;
  change.since = SourceOffset(source);
  change.dest = DestOffset(dest);
  change.reason = "RETENTION_GAP";
  return change;
}
LogFacts Facts(std::vector<Position> matched, Covers covers = Covers::kFromTheMiddle, int64_t dest_log_start = 0) {
  return {DestOffset(dest_log_start), std::move(matched), covers};
}
// [0,100) identical, source 100..149 never copied, [150, 150+length) at 100.
Translation WithGap(int64_t length) {
  Translation map;
  EXPECT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  EXPECT_TRUE(map.Begin(Change(150, 100)).ok());
  EXPECT_TRUE(map.Record(MakeRun(150, 100, length)).ok());
  return map;
}

TEST(Reconcile, WhatWasForgottenOfTheLastRunIsTakenFromTheLogs) {
  const StatusOr<Translation> map = Reconcile(WithGap(10), Facts({At(250, 200)}));
  ASSERT_TRUE(map.ok()) << map.status();
  EXPECT_EQ(map->runs().size(), 2u);
  EXPECT_EQ(map->end(), At(250, 200));
  EXPECT_EQ(map->ToDest(SourceOffset(120)).value, 100);
  EXPECT_EQ(map->runs().back().reason, "RETENTION_GAP");
}

TEST(Reconcile, AMapLongerThanTheLogEndsWithTheLog) {
  EXPECT_EQ(Reconcile(WithGap(100), Facts({At(170, 120)}))->end(), At(170, 120));
  EXPECT_EQ(Reconcile(WithGap(100), Facts({At(60, 60)}))->end(), At(60, 60));
}

TEST(Reconcile, AnAnnouncedShiftIsKeptWhileTheLogEndsWhereItBegins) {
  const StatusOr<Translation> map = Reconcile(WithGap(0), Facts({At(150, 100)}));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->runs().size(), 2u);
  EXPECT_EQ(map->runs().back().reason, "RETENTION_GAP");
}

TEST(Reconcile, AnAnnouncedShiftThatNeverTookEffectIsDropped) {
  const StatusOr<Translation> map = Reconcile(WithGap(0), Facts({At(130, 130)}));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->runs().size(), 1u);
  EXPECT_EQ(map->end(), At(130, 130));
  EXPECT_EQ(map->ToDest(SourceOffset(120)).kind, Kind::kExact);
}

TEST(Reconcile, AStoredMapTheLogsContradictIsUnknownNotAGuess) {
  const StatusOr<Translation> map = Reconcile(WithGap(100), Facts({At(400, 500)}));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->ToDest(SourceOffset(120)).kind, Kind::kUnknown);
  EXPECT_EQ(map->ToDest(SourceOffset(399)).kind, Kind::kUnknown);
  EXPECT_EQ(map->ToDest(SourceOffset(400)).value, 500);
  EXPECT_EQ(map->runs().back().reason, "REBUILT");
}

TEST(Reconcile, AMatchedPositionOffTheStoredLineRefutesTheStoredMap) {
  const StatusOr<Translation> map = Reconcile(WithGap(100), Facts({At(50, 60), At(250, 200)}));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->ToDest(SourceOffset(50)).kind, Kind::kUnknown);
}

TEST(Reconcile, NothingStoredAndOneShiftFromTheStartIsOneRun) {
  const StatusOr<Translation> map = Reconcile({}, Facts({At(7, 7), At(500, 500)}, Covers::kFromTheStart, 7));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->runs().size(), 1u);
  EXPECT_EQ(map->identical_from(), SourceOffset(7));
  EXPECT_EQ(map->ToDest(SourceOffset(3)).kind, Kind::kClamped);
}

TEST(Reconcile, NothingStoredAndAGapBetweenMatchesIsExactWhereItIsCertain) {
  const auto covers = Covers::kFromTheStart;
  const StatusOr<Translation> map = Reconcile({}, Facts({At(0, 0), At(100, 100), At(150, 100), At(160, 110)}, covers));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->ToDest(SourceOffset(99)).value, 99);
  EXPECT_EQ(map->ToDest(SourceOffset(120)).value, 100);
  EXPECT_EQ(map->ToDest(SourceOffset(155)).value, 105);
  EXPECT_EQ(map->head(), Head::kStart);
}

TEST(Reconcile, WhereBothLogsMovedOnUnequallyTheePastIsUnknown) {
  const auto covers = Covers::kFromTheStart;
  const StatusOr<Translation> map = Reconcile({}, Facts({At(0, 0), At(100, 90), At(160, 150)}, covers));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->ToDest(SourceOffset(50)).kind, Kind::kUnknown);
  EXPECT_EQ(map->ToDest(SourceOffset(100)).value, 90);
}

TEST(Reconcile, AnUnknownHeadIsKnownOnceTheDestinationDeletedIt) {
  const StatusOr<Translation> map = Reconcile({}, Facts({At(100, 90), At(160, 150)}, Covers::kFromTheMiddle, 95));
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->ToDest(SourceOffset(50)).kind, Kind::kClamped);
}

TEST(Reconcile, FactsThatContradictThemselvesAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(Reconcile({}, Facts({})).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Reconcile({}, Facts({At(10, 10), At(5, 20)})).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Reconcile({}, Facts({At(-1, 10)})).status()));
}

// Whatever was stored at whatever moment, after a restart no answer is wrong: it is that of the full map, or `unknown`.
TEST(ReconcileProperty, AfterLosingAnyTailOfTheMapNoAnswerIsWrong) {
  for (uint64_t seed = 1; seed <= 2000; seed++) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    Translation full;
    Translation stored;  // announced shifts at once, growth only now and then
    Position at = At(0, static_cast<int64_t>(random() % 3));
    ShiftChange start = Change(at.source.value, at.dest.value);
    ASSERT_TRUE(full.Begin(start).ok() && stored.Begin(start).ok());
    for (int i = 0; i < 12; i++) {
      if (random() % 3 == 0) {
        at.source = at.source + static_cast<int64_t>(random() % 5);
        at.dest = at.dest + static_cast<int64_t>(random() % 5);
        ASSERT_TRUE(full.Begin(Change(at.source.value, at.dest.value)).ok());
        stored = full;
      }
      const int64_t length = static_cast<int64_t>(random() % 6);
      ASSERT_TRUE(full.Record({at.source, at.dest, length}).ok());
      at.source = at.source + length;
      at.dest = at.dest + length;
      if (random() % 3 == 0) stored = full;
    }
    if (random() % 10 == 0) stored = Translation();  // the data directory and the topic are gone
    const StatusOr<Translation> back = Reconcile(stored, Facts({*full.end()}));
    ASSERT_TRUE(back.ok()) << back.status();
    ASSERT_EQ(back->end(), full.end());
    for (int64_t offset = 0; offset <= at.source.value; offset++) {
      const Answer answer = back->ToDest(SourceOffset(offset));
      if (answer.kind == Kind::kUnknown) {
        ASSERT_TRUE(stored.empty());
        continue;
      }
      ASSERT_EQ(answer.value, full.ToDest(SourceOffset(offset)).value) << offset;
    }
  }
}

PartitionRuns Stored(Translation map, std::string dest_id = "d") { return {{"s", std::move(dest_id)}, std::move(map)}; }

TEST(Choose, TheTopicWinsUnlessTheLocalMapSaysTheSameAndMore) {
  EXPECT_EQ(Choose({}, Stored(WithGap(5))), Stored(WithGap(5)));
  EXPECT_EQ(Choose(Stored(WithGap(5)), {}), Stored(WithGap(5)));
  EXPECT_EQ(Choose(Stored(WithGap(50)), Stored(WithGap(0))), Stored(WithGap(50)));
  EXPECT_EQ(Choose(Stored(WithGap(0)), Stored(WithGap(50))), Stored(WithGap(50)));
  Translation stale;  // another agent changed the shift since
  ASSERT_TRUE(stale.Record(MakeRun(0, 0, 90)).ok());
  EXPECT_EQ(Choose(Stored(stale), Stored(WithGap(0))), Stored(WithGap(0)));
  ASSERT_TRUE(stale.Record(MakeRun(95, 90, 900)).ok());  // … and this one had announced another that never counted
  EXPECT_EQ(Choose(Stored(stale), Stored(WithGap(0))), Stored(WithGap(0)));
  EXPECT_EQ(Choose(Stored(WithGap(50), "old id"), Stored(WithGap(0))), Stored(WithGap(0)));
  Translation with_hole = WithGap(5);
  ASSERT_TRUE(with_hole.Record(MakeRun(160, 110, 5)).ok());  // a gap inside one shift is only known here
  EXPECT_EQ(Choose(Stored(with_hole), Stored(WithGap(0))), Stored(with_hole));
}

RunRecord Record(const TopicPartition& tp, int64_t chunk, const PartitionRuns& runs) {
  return {KeyText({tp, chunk}), EncodeChunk(ToChunks(runs).at(chunk))};
}

TEST(RunLogReader, TheLastRecordOfAKeyCountsAndATombstoneDeletes) {
  RunLogReader reader;
  const TopicPartition a{"a", 0};
  const TopicPartition b{"b", 1};
  reader.Add(Record(a, 0, Stored(WithGap(1))));
  reader.Add(Record(b, 0, Stored(WithGap(1))));
  reader.Add(Record(a, 0, Stored(WithGap(9))));
  reader.Add({KeyText({b, 0}), std::nullopt});
  std::vector<Status> refused;
  const auto all = std::move(reader).Finish(refused);
  EXPECT_TRUE(refused.empty());
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.at(a), Stored(WithGap(9)));
}

TEST(RunLogReader, ADamagedRecordConcernsItsPartitionAloneAndOnlyUntilItIsWrittenAnew) {
  RunLogReader reader;
  const TopicPartition a{"a", 0};
  const TopicPartition b{"b", 1};
  const TopicPartition c{"c", 1};
  for (const TopicPartition& tp : {a, b, c}) reader.Add(Record(tp, 0, Stored(WithGap(1))));
  reader.Add({KeyText({a, 0}), "\1damaged"});
  reader.Add({KeyText({c, 0}), "\1damaged"});
  reader.Add({KeyText({c, 0}), EncodeChunk(ToChunks(Stored(WithGap(2))).at(0))});
  reader.Add({"no key of ours", "x"});
  std::vector<Status> refused;
  const auto all = std::move(reader).Finish(refused);
  EXPECT_EQ(all.size(), 2u);
  EXPECT_FALSE(all.contains(a));
  EXPECT_EQ(all.at(c), Stored(WithGap(2)));
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_THAT(Text(refused[0]) + Text(refused[1]), HasSubstr("runs of a-0, chunk 0: offset runs: "));
}

}  // namespace
}  // namespace klink::offsets
