// The anomalies of logs that are no rows of whole batches: transactions, holes, cleaners, append times. Each is
// planted.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/oracle/judge.h"
#include "tests/oracle/records.h"

namespace klink::oracle {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Planted = std::vector<std::string>;

constexpr int64_t kTime = 1000;

struct Form {
  int64_t producer_id = -1;
  int attributes = 0;
  int64_t base = -1;  // else the first record's offset
  int64_t last = -1;
};
Form Transactional(int64_t producer_id) { return {.producer_id = producer_id, .attributes = kTransactionalBit}; }

Record At(int64_t offset, std::string key, std::optional<std::string> value, int64_t time = kTime) {
  return {offset, time, std::move(key), std::move(value)};
}

Batch Real(const std::vector<Record>& records, Form form = {}) {
  Batch batch;
  batch.base_offset = form.base >= 0 ? form.base : records.front().offset;
  batch.last_offset_delta =
      static_cast<int32_t>((form.last >= 0 ? form.last : records.back().offset) - batch.base_offset);
  batch.count = static_cast<int32_t>(records.size());
  batch.attributes = form.attributes;
  batch.producer_id = form.producer_id;
  batch.base_timestamp = batch.max_timestamp = kTime;
  for (const Record& record : records) batch.max_timestamp = std::max(batch.max_timestamp, record.time);
  batch.records = WriteRecords(records, batch.base_offset, kTime);
  return batch;
}

Batch MarkerAt(int64_t offset, int64_t producer_id, Verdict verdict) {
  Record record{offset, kTime, std::string{0, 0, 0, static_cast<char>(verdict == Verdict::kCommit ? 1 : 0)}, "x"};
  return Real({record}, {.producer_id = producer_id, .attributes = kTransactionalBit | kControlBit});
}

Log LogOf(const std::vector<Batch>& batches) {
  std::string bytes;
  for (const Batch& batch : batches) bytes += Encode(batch);
  Log log{.batches = ParseBatches(bytes)};
  log.end = log.batches.back().last_offset() + 1;
  return log;
}

struct RealHistory : testing::Test {
  Planted Codes() {
    findings = Examine(LogOf(source), LogOf(image), claim);
    Planted codes;
    for (const Anomaly& anomaly : findings.anomalies)
      if (std::find(codes.begin(), codes.end(), anomaly.code) == codes.end()) codes.push_back(anomaly.code);
    return codes;
  }
  std::vector<Batch> source, image;
  Claim claim;
  Findings findings;
};

struct Transactions : RealHistory {
  Transactions() {
    source = {Real({At(0, "a", "1")}, Transactional(5)), Real({At(1, "b", "2")}, Transactional(6)),
              MarkerAt(2, 5, Verdict::kCommit), MarkerAt(3, 6, Verdict::kAbort), Real({At(4, "c", "3")})};
    image = {Real({At(0, "a", "1")}, Transactional(70)), Real({At(1, "b", "2")}, Transactional(71)),
             MarkerAt(2, 70, Verdict::kCommit), MarkerAt(3, 71, Verdict::kAbort),
             Real({At(4, "c", "3")}, {.producer_id = 9})};
    claim.replicated_to = 5;
  }
};

TEST_F(Transactions, AFaultlessReplayIsSilent) {
  EXPECT_THAT(Codes(), IsEmpty());
  EXPECT_EQ(findings.markers, 2);
  EXPECT_THAT(findings.fillers, IsEmpty());
}

TEST_F(Transactions, OneStillOpenIsNoAnomalyWhileItsEndIsNotDue) {
  image.resize(2);
  claim.replicated_to = 2;
  EXPECT_THAT(Codes(), IsEmpty());
  claim.replicated_to = 3;
  image.push_back(MarkerAt(2, 70, Verdict::kCommit));
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(Transactions, FindsAnotherVerdict) {
  image[3] = MarkerAt(3, 71, Verdict::kCommit);
  EXPECT_EQ(Codes(), Planted{"L9 ABORTED"});
}

TEST_F(Transactions, FindsAMarkerOfTheWrongTransaction) {
  image[2].producer_id = 71;
  image[3].producer_id = 70;
  EXPECT_EQ(Codes(), Planted{"L9 ABORTED"});
}

TEST_F(Transactions, FindsALostMarker) {
  image.erase(image.begin() + 3);
  EXPECT_EQ(Codes(), Planted{"L9 ABORTED"});
}

TEST_F(Transactions, FindsAnEndThatTheSourceHasNot) {
  source.erase(source.begin() + 3);
  source.push_back(MarkerAt(5, 6, Verdict::kAbort));
  image.push_back(MarkerAt(5, 71, Verdict::kAbort));
  claim.replicated_to = 6;
  EXPECT_EQ(Codes(), Planted{"L9 ABORTED"});
}

TEST_F(Transactions, FindsRecordsOutsideOfTheirTransaction) {
  image[1].attributes = 0;
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
}

TEST_F(Transactions, AMarkerThatEndsNothingIsAFiller) {
  source.erase(source.begin() + 3);
  source[1].attributes = image[1].attributes = 0;
  image[3] = MarkerAt(3, 72, Verdict::kAbort);
  EXPECT_THAT(Codes(), IsEmpty());
  EXPECT_THAT(findings.fillers, ElementsAre(3));
}

struct Committed : Transactions {
  Committed() {
    image = {Real({At(0, "a", "1")}, {.producer_id = 9}), MarkerAt(1, 90, Verdict::kAbort),
             MarkerAt(2, 90, Verdict::kAbort), MarkerAt(3, 90, Verdict::kAbort),
             Real({At(4, "c", "3")}, {.producer_id = 9})};
    claim.committed = true;
  }
};

TEST_F(Committed, MarkersStandForWhatIsNotShown) {
  EXPECT_THAT(Codes(), IsEmpty());
  EXPECT_THAT(findings.fillers, ElementsAre(1, 2, 3));
}

TEST_F(Committed, ACommittedRecordLeftOutIsLost) {
  image[0] = MarkerAt(0, 90, Verdict::kAbort);
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
}

TEST_F(Committed, AnAbortedRecordThatIsShownIsAPhantom) {
  image[1] = Real({At(1, "b", "2")}, {.producer_id = 9});
  EXPECT_EQ(Codes(), Planted{"L6 PHANTOM"});
}

TEST_F(Committed, ARecordWithinATransactionIsNoPlainOne) {
  image[0] = Real({At(0, "a", "1")}, Transactional(70));
  EXPECT_THAT(Codes(), testing::Contains("L4 CORRUPT"));
}

struct Holes : RealHistory {
  Holes() {
    source = {Real({At(0, "a", "1"), At(3, "b", "2")}), Real({At(6, "c", "3")})};
    image = {Real({At(0, "a", "1"), At(1, "b", "2"), At(2, "b", "2"), At(3, "b", "2")}, {.producer_id = 9}),
             Real({At(4, "c", "3")}, {.producer_id = 9}), Real({At(5, "c", "3"), At(6, "c", "3")}, {.producer_id = 9})};
    claim.replicated_to = 7;
  }
};

TEST_F(Holes, CopiesOfTheNextRecordAreFillers) {
  EXPECT_THAT(Codes(), IsEmpty());
  EXPECT_THAT(findings.fillers, ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(findings.rebuilt, 2);
}

TEST_F(Holes, FindsALostRecordInARebuiltBatch) {
  image[0] = Real({At(0, "a", "1")}, {.last = 3});
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
}

TEST_F(Holes, FindsARecordThatStandsTwice) {
  claim.identical = false;
  claim.runs = {{0, 0, 7}, {6, 7, 1}};
  image.push_back(Real({At(7, "c", "3")}));
  EXPECT_EQ(Codes(), Planted{"L2 DUP"});
  image.back() = Real({At(7, "c", "3"), At(8, "x", "x")});
  claim.runs[1].length = 2;
  EXPECT_THAT(Codes(), ElementsAre("L2 DUP", "L6 PHANTOM"));
}

TEST_F(Holes, FindsAnAlteredRecordAndAnAlteredTime) {
  image[0] = Real({At(0, "a", "1"), At(1, "b", "2"), At(2, "b", "2"), At(3, "b", "9")});
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
  image[0] = Real({At(0, "a", "1"), At(1, "b", "2"), At(2, "b", "2"), At(3, "b", "2", kTime + 1)});
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
}

TEST_F(Holes, FindsWhatIsNoFiller) {
  image[0] = Real({At(0, "a", "1"), At(1, "b", "2"), At(2, "b", "7"), At(3, "b", "2")});
  EXPECT_EQ(Codes(), Planted{"L6 PHANTOM"});
}

TEST_F(Holes, FindsAVisibleFillerOfAnAbortedRecord) {
  source = {Real({At(0, "a", "1"), At(2, "b", "2")}, Transactional(5)), MarkerAt(3, 5, Verdict::kAbort)};
  image = {Real({At(0, "a", "1")}, Transactional(70)), Real({At(1, "b", "2")}),
           Real({At(2, "b", "2")}, Transactional(70)), MarkerAt(3, 70, Verdict::kAbort)};
  claim.replicated_to = 4;
  EXPECT_EQ(Codes(), Planted{"L6 PHANTOM"});
  image[1] = Real({At(1, "b", "2")}, Transactional(70));
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(Holes, ClosedUpOnesStandWhereTheRunsSay) {
  image = {Real({At(10, "a", "1")}), Real({At(11, "b", "2")}), Real({At(12, "c", "3")})};
  claim.identical = false;
  claim.runs = {{0, 10, 1}, {3, 11, 1}, {6, 12, 1}};
  EXPECT_THAT(Codes(), IsEmpty());
  EXPECT_THAT(findings.fillers, IsEmpty());
  claim.runs = {{0, 10, 1}, {3, 11, 1}, {6, 13, 1}};
  EXPECT_EQ(Codes(), Planted{"L5 DRIFT"});
}

TEST_F(RealHistory, AppendTimesAreKeptAsReadersSawThem) {
  source = {Real({At(0, "a", "1"), At(1, "b", "2")}, {.attributes = kLogAppendTimeBit})};
  source[0].max_timestamp = 9000;
  image = {Real({At(0, "a", "1", 9000), At(1, "b", "2", 9000)})};
  claim.replicated_to = 2;
  EXPECT_THAT(Codes(), IsEmpty());
  image = {source[0]};
  image[0].attributes = 0;
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
  claim.append_times = false;
  EXPECT_THAT(Codes(), IsEmpty());
}

struct Compacted : RealHistory {
  Compacted() {
    claim.compacted = true;
    source = {Real({At(0, "a", "1"), At(1, "b", "1"), At(2, "a", "2")}), Real({At(3, "b", "2"), At(4, "c", "1")})};
    image = source;
    claim.replicated_to = 5;
  }
};

TEST_F(Compacted, WhatOneCleanerTookIsNoAnomaly) {
  image[0] = Real({At(2, "a", "2")}, {.base = 0});
  EXPECT_THAT(Codes(), IsEmpty());
  std::swap(source, image);
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(Compacted, FindsTheLatestOfAKeyLost) {
  image[1] = Real({At(3, "b", "2")}, {.last = 4});
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
}

TEST_F(Compacted, FindsAKeyThatTheSourceHasNot) {
  source[1] = Real({At(4, "c", "1")}, {.base = 3});
  source[0] = Real({At(2, "a", "2")}, {.base = 0});
  EXPECT_EQ(Codes(), Planted{"L6 PHANTOM"});
}

TEST_F(Compacted, ATombstoneMayGoWhenNothingOfItsKeyIsLeft) {
  source[1] = Real({At(3, "b", std::nullopt), At(4, "c", "1")});
  image[1] = Real({At(4, "c", "1")}, {.base = 3});
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
  image[0] = Real({At(2, "a", "2")}, {.base = 0});
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(Compacted, AnAbortedRecordReplacesNothing) {
  source = {Real({At(0, "a", "1")}), Real({At(1, "a", "2")}, Transactional(5)), MarkerAt(2, 5, Verdict::kAbort)};
  image = {Real({At(1, "a", "2")}, Transactional(70)), MarkerAt(2, 70, Verdict::kAbort)};
  claim.replicated_to = 3;
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
}

struct Times : Holes {
  Planted Of(int64_t source_offset, int64_t destination_offset) {
    Planted codes;
    for (const Anomaly& anomaly :
         JudgeTimes(LogOf(source), LogOf(image), claim, {{kTime, source_offset, destination_offset}}))
      codes.push_back(anomaly.code);
    return codes;
  }
};

TEST_F(Times, TheSameRecordOrAFillerBeforeItIsFound) {
  EXPECT_THAT(Of(3, 3), IsEmpty());
  EXPECT_THAT(Of(3, 1), IsEmpty());
  EXPECT_THAT(Of(-1, -1), IsEmpty());
  claim.replicated_to = 3;
  EXPECT_THAT(Of(3, -1), IsEmpty());
}

TEST_F(Times, FindsALaterRecordNoneAndAnotherOne) {
  EXPECT_EQ(Of(3, 6), Planted{"L15 TIME"});
  EXPECT_EQ(Of(3, -1), Planted{"L15 TIME"});
  EXPECT_EQ(Of(3, 0), Planted{"L15 TIME"});
}

}  // namespace
}  // namespace klink::oracle
