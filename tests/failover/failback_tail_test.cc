// What lies beyond an offset, counted from batches.
#include "failover/failback_tail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/link/verify_logs.h"

namespace klink::failover {
namespace {

using kafka::ControlType;
using link::testing::Batches;
using link::testing::InTransaction;
using link::testing::Marker;
using link::testing::Records;

LogTail Count(TailTally& tally, const Batches& log) {
  for (const SharedBytes& batch : log) EXPECT_TRUE(tally.Take(kafka::BatchView(batch.view())).ok());
  return tally.Finish();
}
LogTail Count(int64_t from, const Batches& log) {
  TailTally tally(from);
  return Count(tally, log);
}
std::string Transactions(const LogTail& tail) {
  return fmt::format("{} committed, {} aborted, {} open, {} torn", tail.committed, tail.aborted, tail.open, tail.torn);
}

TEST(FailbackTail, CountsRecordsBytesAndTimesFromTheOffsetOn) {
  const Batches log = {Records({{0, "a", "1", 100}, {1, "b", "2", 200}}),
                       Records({{2, "c", "3", 300}, {3, "d", "4", 90}}), Records({{4, "e", "5", 400}})};
  const LogTail tail = Count(2, log);
  EXPECT_EQ(tail.from, 2);
  EXPECT_EQ(tail.to, 5);
  EXPECT_EQ(tail.batches, 2);
  EXPECT_EQ(tail.records, 3);
  EXPECT_EQ(tail.bytes, static_cast<int64_t>(log[1].size() + log[2].size()));
  EXPECT_EQ(tail.first_time_ms, 300);
  EXPECT_EQ(tail.last_time_ms, 400);
}

TEST(FailbackTail, OfABatchAcrossTheOffsetOnlyTheRecordsBehindItCount) {
  const LogTail tail = Count(2, {Records({{0, "a", "1"}, {1, "b", "2"}, {2, "c", "3"}})});
  EXPECT_EQ(tail.records, 1);
  EXPECT_EQ(tail.batches, 1);
}

TEST(FailbackTail, NothingBeyondIsEmpty) {
  const LogTail tail = Count(5, {Records({{3, "a", "1"}, {4, "b", "2"}})});
  EXPECT_TRUE(tail.empty());
  EXPECT_EQ(tail.to, 5);
  EXPECT_EQ(tail.first_time_ms, std::nullopt);
}

TEST(FailbackTail, TellsHowTransactionsEnded) {
  const LogTail tail = Count(0, {Records({{0, "a", "1"}}, InTransaction(1)), Records({{1, "b", "1"}}, InTransaction(2)),
                                 Records({{2, "a", "2"}}, InTransaction(1)), Marker(3, 2, ControlType::kAbort),
                                 Marker(4, 1, ControlType::kCommit), Records({{5, "c", "1"}}, InTransaction(2))});
  EXPECT_EQ(Transactions(tail), "1 committed, 1 aborted, 1 open, 0 torn");
  EXPECT_EQ(tail.markers, 2);
  EXPECT_EQ(tail.records, 4);
}

TEST(FailbackTail, ATransactionThatBeganBeforeIsTorn) {
  const Batches log = {Records({{8, "a", "1"}}, InTransaction(1)), Records({{9, "b", "1"}}, InTransaction(2)),
                       Records({{10, "a", "2"}}, InTransaction(1)), Marker(11, 1, ControlType::kCommit),
                       Marker(12, 2, ControlType::kAbort)};
  EXPECT_EQ(Transactions(Count(10, log)), "1 committed, 1 aborted, 0 open, 2 torn");
}

TEST(FailbackTail, AnEndAloneBelongsToATransactionFromBefore) {
  EXPECT_EQ(Transactions(Count(10, {Marker(10, 1, ControlType::kCommit)})), "1 committed, 0 aborted, 0 open, 1 torn");
}

TEST(FailbackTail, ATransactionThatEndedBeforeIsNoneOfIt) {
  const Batches log = {Records({{8, "a", "1"}}, InTransaction(1)), Marker(9, 1, ControlType::kCommit),
                       Records({{10, "a", "2"}}, InTransaction(1)), Marker(11, 1, ControlType::kAbort)};
  EXPECT_EQ(Transactions(Count(10, log)), "0 committed, 1 aborted, 0 open, 0 torn");
}

TEST(FailbackTail, EachRecordHasTheOutcomeOfItsOwnTransaction) {
  TailTally tally(0);
  Count(tally, {Records({{0, "a", "1"}}, InTransaction(1)), Marker(1, 1, ControlType::kAbort),
                Records({{2, "a", "2"}}, InTransaction(1)), Marker(3, 1, ControlType::kCommit),
                Records({{4, "a", "3"}}, InTransaction(1))});
  EXPECT_EQ(tally.OutcomeOf(1, 0), Outcome::kAborted);
  EXPECT_EQ(tally.OutcomeOf(1, 2), Outcome::kCommitted);
  EXPECT_EQ(tally.OutcomeOf(1, 4), Outcome::kOpen);
  EXPECT_EQ(tally.OutcomeOf(9, 0), Outcome::kOpen);
}

// "1/0@5 from 3 at 990" of each committed transaction: producer id, marker epoch, marker, first record and its time.
std::vector<std::string> Parts(int64_t from, const Batches& log) {
  TailTally tally(from);
  Count(tally, log);
  std::vector<std::string> lines;
  for (const TransactionPart& part : tally.TakeParts().parts) {
    std::string line = fmt::format("{}/{}@{}", part.producer_id, part.marker_epoch, part.marker);
    if (part.begin) line += fmt::format(" from {} at {}", part.begin->offset, part.begin->time_ms);
    lines.push_back(line + (part.crossed ? " crossed" : ""));
  }
  return lines;
}

TEST(FailbackTail, NotesWhatCommittedOnBothSidesOfTheOffset) {
  const Batches log = {Records({{4, "a", "1", 100}}, InTransaction(1)),
                       Marker(5, 1, ControlType::kCommit),
                       Records({{6, "a", "2", 5100}}, InTransaction(1)),
                       Records({{7, "b", "1"}}, InTransaction(2)),
                       Marker(8, 2, ControlType::kAbort),
                       Records({{9, "a", "3"}}, InTransaction(1)),
                       Marker(10, 1, ControlType::kCommit),
                       Records({{11, "c", "1"}}, InTransaction(3))};
  EXPECT_THAT(Parts(10, log), testing::ElementsAre("1/0@5 from 4 at 100 crossed", "1/0@10 from 6 at 5100"));
}

TEST(FailbackTail, ARecordBehindAMarkerIsNotOlderThanIt) {
  EXPECT_THAT(Parts(0, {Marker(1, 9, ControlType::kAbort), Records({{2, "a", "1", 100}}, InTransaction(1)),
                        Marker(3, 1, ControlType::kCommit)}),
              testing::ElementsAre("1/0@3 from 2 at 5000"));
}

TEST(FailbackTail, ACommitWithoutRecordsIsNotedOnlyWhereTheyMayLieBefore) {
  EXPECT_THAT(Parts(10, {Marker(5, 1, ControlType::kCommit), Marker(6, 1, ControlType::kCommit),
                         Marker(10, 1, ControlType::kCommit), Marker(11, 2, ControlType::kCommit)}),
              testing::ElementsAre("1/0@5 crossed", "2/0@11"));
}

TEST(FailbackTail, NotMoreCommitsAreKeptThanTheBound) {
  Batches log;
  for (int64_t i = 0; i < static_cast<int64_t>(TailTally::kPartsMost) + 3; i++)
    log.push_back(Marker(i, i, ControlType::kCommit));
  TailTally tally(0);
  EXPECT_EQ(Count(tally, log).committed, static_cast<int64_t>(log.size()));
  const TransactionParts parts = tally.TakeParts();
  EXPECT_EQ(parts.parts.size(), TailTally::kPartsMost);
  EXPECT_EQ(parts.left_out, 3);
}

TEST(FailbackTail, ABatchThatDoesNotMatchItsChecksumIsRefused) {
  const SharedBytes batch = Records({{0, "a", "1"}});
  batch.data()[kafka::kHeaderSize] ^= std::byte{1};
  TailTally tally(0);
  EXPECT_EQ(tally.Take(kafka::BatchView(batch.view())).code(), Code::kDataLoss);
}

}  // namespace
}  // namespace klink::failover
