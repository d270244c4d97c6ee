// Which parts, seen in the logs of their partitions, are one transaction, and is it torn?
#include "failover/torn_transactions.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json_fields.h"

namespace klink::failover {
namespace {

// Of producer 1. Times are ms; the marker lies two offsets behind the first record unless that was not read.
struct Part {
  int partition = 0;
  int64_t began_ms = 0;
  int64_t marker_ms = 0;
  bool crossed = false;
  int16_t epoch = 0;
  int16_t marker_epoch = 0;
  bool begin_read = true;
  int64_t producer_id = 1;
};
constexpr bool kCrossed = true, kNotCrossed = false;

// With the producer's epoch raised at the marker.
Part Raised(int partition, int16_t epoch, bool crossed, int64_t marker_ms = 1000) {
  return {partition, marker_ms - 10, marker_ms, crossed, epoch, static_cast<int16_t>(epoch + 1)};
}
Part MarkerAlone(int partition, int16_t marker_epoch, bool crossed, int64_t marker_ms = 1000) {
  return {partition, 0, marker_ms, crossed, 0, marker_epoch, false};
}

// Offsets are the place in the list, times 10.
TornTransactions Find(const std::vector<Part>& parts, std::set<int> lost_end = {}) {
  std::map<int, TransactionParts> by_partition;
  int64_t offset = 0;
  for (const Part& p : parts) {
    TransactionPart part{.producer_id = p.producer_id, .marker_epoch = p.marker_epoch, .marker_ms = p.marker_ms};
    if (p.begin_read) part.begin = TransactionBegin{offset, p.epoch, p.began_ms};
    part.marker = offset + 2;
    part.crossed = p.crossed;
    by_partition[p.partition].parts.push_back(part);
    offset += 10;
  }
  TornSearch search;
  for (auto& [partition, of] : by_partition)
    search.Take({"t", "t", partition, lost_end.contains(partition)}, std::move(of));
  return search.Find();
}

// "1/0 certain: 0@2 | 1@10-12", a line for each.
std::string Say(const TornTransactions& found) {
  std::string text;
  const auto parts = [&text](const std::vector<TornPart>& list) {
    for (const TornPart& p : list)
      text += fmt::format(" {}@{}{}", p.partition, p.first_offset ? fmt::format("{}-", *p.first_offset) : "",
                          p.marker_offset);
  };
  for (const TornTransaction& t : found.listed) {
    text += fmt::format("{}/{} {}:", t.producer_id, t.producer_epoch, t.certain ? "certain" : "perhaps");
    parts(t.crossed);
    text += " |";
    parts(t.not_crossed);
    text += "\n";
  }
  return text;
}

struct Case {
  const char* name;
  std::vector<Part> parts;
  std::string torn;
  std::set<int> lost_end = {};
};

const Case kCases[] = {
    {"NothingWasWritten", {}, ""},
    {"AllPartsCrossed", {Raised(0, 3, kCrossed), Raised(1, 3, kCrossed)}, ""},
    {"NoPartCrossed", {Raised(0, 3, kNotCrossed), Raised(1, 3, kNotCrossed)}, ""},
    {"OnePartCrossed", {Raised(0, 3, kCrossed), Raised(1, 3, kNotCrossed)}, "1/3 certain: 0@0-2 | 1@10-12\n"},
    {"AnEpochIsOneTransactionHoweverFarApartItsMarkers",
     {Raised(0, 3, kCrossed, 1000), Raised(1, 3, kNotCrossed, 9'000'000)},
     "1/3 certain: 0@0-2 | 1@10-12\n"},
    {"AnotherEpochIsAnotherTransaction", {Raised(0, 3, kCrossed), Raised(1, 4, kNotCrossed)}, ""},
    {"AnotherProducerIsAnotherTransaction", {Raised(0, 3, kCrossed), {1, 990, 1000, kNotCrossed, 3, 4, true, 2}}, ""},
    {"EachEpochByItself",
     {Raised(0, 3, kCrossed, 1000), Raised(1, 3, kCrossed, 1000), Raised(0, 4, kCrossed, 1020),
      Raised(1, 4, kNotCrossed, 1020), Raised(0, 5, kNotCrossed, 1040), Raised(1, 5, kNotCrossed, 1040)},
     "1/4 certain: 0@20-22 | 1@30-32\n"},
    {"OverThreePartitions",
     {Raised(0, 3, kCrossed), Raised(1, 3, kNotCrossed), Raised(2, 3, kCrossed)},
     "1/3 certain: 0@0-2 2@20-22 | 1@10-12\n"},
    {"AMarkerWhoseRecordsWereNotReadIsNoProof",
     {MarkerAlone(0, 4, kCrossed), Raised(1, 3, kNotCrossed)},
     "1/3 perhaps: 0@2 | 1@10-12\n"},
    {"AMarkerAloneTakesNothingFromTheProofOfOthers",
     {Raised(0, 3, kCrossed), Raised(1, 3, kNotCrossed), MarkerAlone(2, 4, kNotCrossed)},
     "1/3 certain: 0@0-2 | 1@10-12 2@22\n"},
    {"WhatTheSourceLostMayHaveCrossedBefore",
     {Raised(0, 3, kCrossed), Raised(1, 3, kNotCrossed)},
     "1/3 perhaps: 0@0-2 | 1@10-12\n",
     {1}},
    {"WhatCrossedIsTheSameInBothLogsAlsoWhereTheSourceLostItsEnd",
     {Raised(0, 3, kCrossed), Raised(1, 3, kNotCrossed)},
     "1/3 certain: 0@0-2 | 1@10-12\n",
     {0}},

    // One epoch for all transactions: their times must tell.
    {"AtTheSameTime", {{0, 990, 1000, kCrossed}, {1, 992, 1002, kNotCrossed}}, "1/0 perhaps: 0@0-2 | 1@10-12\n"},
    {"BegunBehindTheMarkerOfTheOther", {{0, 990, 1000, kCrossed}, {1, 1200, 1210, kNotCrossed}}, ""},
    {"EndedBeforeTheOtherBegan", {{0, 1200, 1210, kCrossed}, {1, 990, 1000, kNotCrossed}}, ""},
    {"ClocksThatDifferALittle",
     {{0, 990, 1000, kCrossed}, {1, 1050, 1060, kNotCrossed}},
     "1/0 perhaps: 0@0-2 | 1@10-12\n"},
    {"AMarkerThatCameLate",
     {{0, 990, 1000, kCrossed}, {1, 991, 90'000, kNotCrossed}},
     "1/0 perhaps: 0@0-2 | 1@10-12\n"},
    {"TheNearestMarkersBelongTogether",
     {{0, 990, 1000, kCrossed}, {1, 990, 1002, kCrossed}, {0, 1010, 1040, kCrossed}, {1, 1010, 1043, kNotCrossed}},
     "1/0 perhaps: 0@20-22 | 1@30-32\n"},
    {"NeverTwoOfOnePartition", {{0, 990, 1000, kCrossed}, {1, 990, 1001, kCrossed}, {1, 1003, 1006, kNotCrossed}}, ""},
    {"OneThatEndedBeforeInTheOtherPartitionIsFartherAway",
     {{1, 940, 950, kCrossed}, {0, 940, 1000, kCrossed}, {1, 990, 1001, kNotCrossed}},
     "1/0 perhaps: 0@10-12 | 1@20-22\n"},
    {"RecordsWithTimesOfLongAgo",
     {{0, 5, 1000, kCrossed}, {1, 5, 1002, kCrossed}, {0, 6, 1100, kCrossed}, {1, 6, 1102, kNotCrossed}},
     "1/0 perhaps: 0@20-22 | 1@30-32\n"},
    {"MarkersAloneNearEachOther",
     {MarkerAlone(0, 0, kCrossed, 1000), {1, 500, 1050, kNotCrossed}},
     "1/0 perhaps: 0@2 | 1@10-12\n"},
    {"MarkersAloneFarFromEachOther", {MarkerAlone(0, 0, kCrossed, 1000), {1, 500, 1150, kNotCrossed}}, ""},

    // A producer whose epoch was raised once, and not any more.
    {"TheSameMarkerEpochBothWays", {Raised(0, 3, kCrossed), {1, 1010, 1020, kNotCrossed, 4, 4}}, ""},
    {"TheSameMarkerEpochTwiceInAPartitionIsNoProof",
     {Raised(0, 3, kCrossed, 1000), Raised(0, 3, kCrossed, 5000), Raised(1, 3, kNotCrossed, 5000)},
     "1/3 perhaps: 0@10-12 | 1@20-22\n"},
};

TEST(TornTransactions, AreToldByEpochWhereThatIsTheTransactionElseByTimes) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const TornTransactions found = Find(c.parts, c.lost_end);
    EXPECT_EQ(Say(found), c.torn);
    EXPECT_EQ(found.total, static_cast<int64_t>(found.listed.size()));
  }
}

TEST(TornTransactions, TheFirstOnesAreListedAndAllCounted) {
  constexpr int64_t kTransactions = 15'000;
  TransactionParts crossed, not_crossed;
  for (int64_t i = kTransactions; i-- > 0;) {
    TransactionPart part{.producer_id = i, .marker_epoch = 1, .begin = TransactionBegin{}, .marker_ms = i};
    part.begin->epoch = 0;
    not_crossed.parts.push_back(part);
    part.crossed = true;
    crossed.parts.push_back(part);
  }
  TornSearch search;
  search.Take({"a", "a", 0}, std::move(crossed));
  EXPECT_FALSE(search.not_crossed());
  search.Take({"b", "b", 0}, std::move(not_crossed));
  EXPECT_TRUE(search.not_crossed());
  const TornTransactions found = search.Find();
  EXPECT_EQ(found.total, kTransactions);
  EXPECT_EQ(found.left_out, 0);
  ASSERT_EQ(found.listed.size(), TornSearch::kPartsListed / 2);
  for (size_t i = 0; i < found.listed.size(); i++) EXPECT_EQ(found.listed[i].producer_id, static_cast<int64_t>(i));
}

TEST(TornTransactions, WhatIsMoreThanCanBeHeldIsSaid) {
  TornSearch search;
  for (int p = 0; p < 3; p++) {
    TransactionParts parts{.parts = std::vector<TransactionPart>(400'000), .left_out = 7};
    search.Take({"t", "t", p}, std::move(parts));
  }
  EXPECT_EQ(search.Find().left_out, 200'000 + 3 * 7);
}

TEST(TornTransactions, NameTheTopicOnBothSides) {
  TornSearch search;
  TransactionPart part{.producer_id = 5, .marker_epoch = 8, .begin = TransactionBegin{40, 7, 990}};
  part.marker = 44;
  part.marker_ms = 1000;
  search.Take({"copy.a", "a", 2}, {.parts = {part}});
  part.crossed = true;
  search.Take({"copy.b", "b", 0}, {.parts = {part}});
  const TornTransactions found = search.Find();
  ASSERT_EQ(found.listed.size(), 1u);
  const TornPart& lost = found.listed.front().not_crossed.front();
  EXPECT_EQ(lost.topic, "copy.a");
  EXPECT_EQ(lost.source_topic, "a");
  EXPECT_EQ(lost.partition, 2);
  EXPECT_EQ(lost.first_offset, 40);
  EXPECT_EQ(lost.marker_offset, 44);
  EXPECT_EQ(lost.marker_time, WallOf(1000));
}

}  // namespace
}  // namespace klink::failover
