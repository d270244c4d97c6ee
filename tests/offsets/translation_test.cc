// The exact map: what it answers inside runs, in gaps, below, at the end and beyond; and that it never skips a record,
// against a model that looks at every record of random logs.
#include "offsets/translation.h"

#include <map>
#include <ostream>
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::offsets {

static void PrintTo(const Answer& answer, std::ostream* out) {
  *out << Name(answer.kind) << ' ' << answer.value << " (" << answer.why << ')';
}

namespace {

using testing::AllOf;
using testing::Field;
using testing::HasSubstr;
using Kind = Answer::Kind;

auto Exactly(int64_t value) { return AllOf(Field(&Answer::kind, Kind::kExact), Field(&Answer::value, value)); }
auto ClampedTo(int64_t value) { return AllOf(Field(&Answer::kind, Kind::kClamped), Field(&Answer::value, value)); }
auto IsUnknown() { return Field(&Answer::kind, Kind::kUnknown); }

Run MakeRun(int64_t source, int64_t dest, int64_t length) { return {SourceOffset(source), DestOffset(dest), length}; }
ShiftChange Change(int64_t source, int64_t dest, std::string reason = "RETENTION_GAP") {
  ShiftChange change;
  change.since = SourceOffset(source);
  change.dest = DestOffset(dest);
  change.reason = std::move(reason);
  return change;
}
SourceOffset S(int64_t offset) { return SourceOffset(offset); }
DestOffset D(int64_t offset) { return DestOffset(offset); }

TEST(Translation, AnIdentityMirrorIsOneRunHoweverManyBatches) {
  Translation map;
  for (int64_t at = 5; at < 5000; at += 5) ASSERT_TRUE(map.Record(MakeRun(at, at, 5)).ok());
  EXPECT_EQ(map.runs().size(), 1u);
  EXPECT_TRUE(map.is_identical());
  EXPECT_EQ(map.identical_from(), S(5));
  EXPECT_THAT(map.ToDest(S(777)), Exactly(777));
  EXPECT_THAT(map.ToSource(D(777)), Exactly(777));
}

TEST(Translation, TheEndIsAPositionAndBeyondItNothingIsKnown) {
  Translation map;
  EXPECT_THAT(map.ToDest(S(0)), IsUnknown());
  ASSERT_TRUE(map.Record(MakeRun(0, 10, 100)).ok());
  EXPECT_THAT(map.ToDest(S(100)), Exactly(110));
  EXPECT_THAT(map.ToDest(S(101)), IsUnknown());
  EXPECT_THAT(map.ToDest(S(101)).why, HasSubstr("copied up to source offset 100"));
  EXPECT_THAT(map.ToSource(D(110)), Exactly(100));
  EXPECT_THAT(map.ToSource(D(111)), IsUnknown());
}

TEST(Translation, BelowTheStartTheAnswerIsTheFirstCopiedRecordUnlessTheHeadWasLost) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(50, 60, 10)).ok());
  EXPECT_THAT(map.ToDest(S(3)), ClampedTo(60));
  EXPECT_THAT(map.ToSource(D(3)), ClampedTo(50));
  map.set_head(Head::kUnknown);
  EXPECT_THAT(map.ToDest(S(49)), IsUnknown());
  EXPECT_THAT(map.ToSource(D(59)), IsUnknown());
  EXPECT_THAT(map.ToDest(S(50)), Exactly(60));
}

TEST(Translation, InAGapOfTheSourceTheAnswerIsTheNextCopiedRecordWithTheReason) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  ASSERT_TRUE(map.Begin(Change(150, 100)).ok());
  ASSERT_TRUE(map.Record(MakeRun(150, 100, 10)).ok());
  EXPECT_THAT(map.ToDest(S(99)), Exactly(99));
  for (int64_t offset = 100; offset < 150; offset++) EXPECT_THAT(map.ToDest(S(offset)), ClampedTo(100)) << offset;
  EXPECT_THAT(map.ToDest(S(120)).why, HasSubstr("100 to 149 were not copied: RETENTION_GAP"));
  EXPECT_THAT(map.ToDest(S(150)), Exactly(100));
  EXPECT_THAT(map.ToSource(D(100)), Exactly(150));
  EXPECT_FALSE(map.is_identical());
  EXPECT_EQ(map.identical_from(), std::nullopt);
  EXPECT_EQ(map.shift(), -50);
}

TEST(Translation, FillersOfTheDestinationLeadToTheNextSourceRecord) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  ASSERT_TRUE(map.Begin(Change(100, 105, "FOREIGN_WRITE")).ok());
  ASSERT_TRUE(map.Record(MakeRun(100, 105, 10)).ok());
  EXPECT_THAT(map.ToDest(S(100)), Exactly(105));
  for (int64_t offset = 100; offset < 105; offset++) EXPECT_THAT(map.ToSource(D(offset)), ClampedTo(100));
  EXPECT_THAT(map.ToSource(D(105)), Exactly(100));
}

TEST(Translation, AGapFilledAtTheDestinationKeepsTheOffsetsIdenticalAndIsStillNamed) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  ASSERT_TRUE(map.Begin(Change(150, 150)).ok());
  ASSERT_TRUE(map.Record(MakeRun(150, 150, 10)).ok());
  EXPECT_EQ(map.runs().size(), 2u);
  EXPECT_EQ(map.identical_from(), S(0));
  EXPECT_THAT(map.ToDest(S(120)), ClampedTo(150));
}

TEST(Translation, AnAnnouncedShiftIsAPositionAndTheNextAnnouncementReplacesIt) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  ASSERT_TRUE(map.Begin(Change(150, 100)).ok());
  EXPECT_THAT(map.ToDest(S(150)), Exactly(100));
  ASSERT_TRUE(map.Begin(Change(200, 100)).ok());
  EXPECT_EQ(map.runs().size(), 2u);
  EXPECT_THAT(map.ToDest(S(150)), ClampedTo(100));
  EXPECT_THAT(map.ToDest(S(200)), Exactly(100));
  EXPECT_TRUE(absl::IsDataLoss(map.Begin(Change(99, 100)))) << "into what was copied";
}

TEST(Translation, AnnouncingTheShiftInForceChangesNothing) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  const Translation before = map;
  ASSERT_TRUE(map.Begin(Change(100, 100)).ok());
  EXPECT_EQ(map, before);
}

TEST(Translation, OverlapsAndRegressionsAreRefusedAndLeaveNoTrace) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(10, 20, 10)).ok());
  const Translation before = map;
  const std::vector<offsets::Run> bad = {MakeRun(19, 30, 1),  MakeRun(20, 29, 1),        MakeRun(0, 0, 5),
                                         MakeRun(-1, 40, 1),  MakeRun(30, 40, -1),       MakeRun(10, 20, 10),
                                         MakeRun(30, -40, 1), MakeRun(30, 40, INT64_MAX)};
  for (const offsets::Run& run : bad) {
    EXPECT_TRUE(absl::IsDataLoss(map.Record(run))) << run.source.value;
    EXPECT_EQ(map, before);
  }
}

TEST(Translation, ATruncatedSourceIsMappedAnewFromWhereItWasCut) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  EXPECT_TRUE(absl::IsDataLoss(map.Begin(Change(80, 100, "SOURCE_TRUNCATED"))));
  ShiftChange change = Change(80, 100, "SOURCE_TRUNCATED");
  change.kind = ShiftChange::Kind::kSourceTruncated;
  ASSERT_TRUE(map.Begin(change).ok());
  ASSERT_TRUE(map.Record(MakeRun(80, 100, 30)).ok());
  EXPECT_THAT(map.ToDest(S(79)), Exactly(79));
  EXPECT_THAT(map.ToDest(S(80)), Exactly(100));
  EXPECT_THAT(map.ToDest(S(95)), Exactly(115));
  EXPECT_THAT(map.ToSource(D(90)), ClampedTo(80)) << "a record of the lost history";
}

TEST(Translation, TrimmingForgetsWhatLiesWhollyBelowTheDestinationsStart) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  ASSERT_TRUE(map.Record(MakeRun(150, 100, 100)).ok());
  ASSERT_TRUE(map.Record(MakeRun(300, 200, 100)).ok());
  map.set_head(Head::kUnknown);
  map.TrimBelow(D(99));
  EXPECT_EQ(map.runs().size(), 3u);
  map.TrimBelow(D(150));
  EXPECT_EQ(map.runs().size(), 2u);
  EXPECT_EQ(map.first_index(), 1);
  EXPECT_THAT(map.ToDest(S(10)), ClampedTo(100)) << "nothing below it is left, so the head is known";
  map.TrimBelow(D(1000));
  EXPECT_EQ(map.runs().size(), 1u) << "the run in force stays";
}

TEST(Translation, ACutEndsARunInBothLogs) {
  Translation map;
  ASSERT_TRUE(map.Record(MakeRun(0, 0, 100)).ok());
  ASSERT_TRUE(map.Record(MakeRun(150, 100, 100)).ok());
  map.Cut({S(200), D(140)});
  EXPECT_EQ(map.end(), (Position{S(190), D(140)}));
  map.Cut({S(120), D(140)});
  EXPECT_EQ(map.end(), (Position{S(100), D(100)}));
  map.Cut({S(0), D(0)});
  EXPECT_TRUE(map.empty());
}

// A random pair of logs: record by record which source offset stands at which destination offset.
struct Logs {
  Translation map;
  std::map<int64_t, int64_t> to_dest;
  std::map<int64_t, int64_t> to_source;
  int64_t source_start = 0;
  int64_t source_next = 0;
  int64_t dest_next = 0;
};

Logs RandomLogs(std::mt19937_64& random) {
  Logs logs;
  const auto up_to = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n + 1)); };
  int64_t source = logs.source_start = up_to(20);
  int64_t dest = up_to(20);
  const int64_t steps = 1 + up_to(30);
  for (int64_t i = 0; i < steps; i++) {
    if (random() % 4 == 0) {  // a gap, fillers, or both
      source += up_to(1) * up_to(9);
      dest += up_to(1) * up_to(9);
      EXPECT_TRUE(random() % 2 == 0 || logs.map.Begin(Change(source, dest)).ok());
    }
    const int64_t length = 1 + up_to(7);
    EXPECT_TRUE(logs.map.Record(MakeRun(source, dest, length)).ok());
    for (int64_t n = 0; n < length; n++) {
      logs.to_dest[source + n] = dest + n;
      logs.to_source[dest + n] = source + n;
    }
    source += length;
    dest += length;
  }
  logs.source_next = source;
  logs.dest_next = dest;
  return logs;
}

// One direction against the record-by-record truth: exact where a record is, never beyond the next copied one, exact
// values at records only, monotone.
template <class Ask>
void ExpectSound(const std::map<int64_t, int64_t>& truth, int64_t end, int64_t end_value, const Ask& ask) {
  int64_t previous = -1;
  for (int64_t offset = 0; offset <= end; offset++) {
    const Answer answer = ask(offset);
    ASSERT_NE(answer.kind, Kind::kUnknown) << offset;
    const auto next = truth.lower_bound(offset);
    const int64_t bound = next == truth.end() ? end_value : next->second;
    ASSERT_EQ(answer.value, bound) << offset << ": L7, and not behind either";
    const bool copied = truth.contains(offset) || offset == end;
    ASSERT_EQ(answer.kind == Kind::kExact, copied) << offset;
    ASSERT_GE(answer.value, previous) << offset << ": L3";
    previous = answer.value;
  }
  ASSERT_THAT(ask(end + 1), IsUnknown());
}

TEST(TranslationProperty, BothDirectionsAgreeWithEveryRecordOfRandomLogs) {
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Logs logs = RandomLogs(random);
    ExpectSound(logs.to_dest, logs.source_next, logs.dest_next, [&](int64_t o) { return logs.map.ToDest(S(o)); });
    ExpectSound(logs.to_source, logs.dest_next, logs.source_next, [&](int64_t o) { return logs.map.ToSource(D(o)); });
    for (const auto& [source, dest] : logs.to_dest) {
      ASSERT_EQ(logs.map.ToSource(D(logs.map.ToDest(S(source)).value)).value, source);
    }
    ASSERT_EQ(logs.map.identical_from().has_value(), logs.map.is_identical());
    if (HasFatalFailure()) return;
  }
}

TEST(TranslationProperty, NeighboursThatTouchInBothLogsAreOneRun) {
  for (uint64_t seed = 1; seed <= 500; seed++) {
    std::mt19937_64 random(seed);
    const Logs logs = RandomLogs(random);
    const auto& runs = logs.map.runs();
    for (size_t i = 1; i < runs.size(); i++) {
      ASSERT_FALSE(runs[i - 1].run.source_next() == runs[i].run.source &&
                   runs[i - 1].run.dest_next() == runs[i].run.dest)
          << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace klink::offsets
