// The oracle is tested as a smoke alarm is: each anomaly is planted once and must be found, and nothing else may be.
#include "tests/oracle/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::oracle {
namespace {

using testing::IsEmpty;

constexpr int kBatches = 10;
constexpr int kRecords = 5;

Batch OfSource(int index) {
  Batch batch;
  batch.base_offset = index * kRecords;
  batch.last_offset_delta = kRecords - 1;
  batch.count = kRecords;
  batch.base_timestamp = 1000 + index;
  batch.max_timestamp = 1004 + index;
  batch.attributes = kDeleteHorizonBit;
  batch.producer_id = 7;
  batch.base_sequence = index * kRecords;
  batch.records = "records of batch " + std::to_string(index);
  return batch;
}

// What a faultless agent writes: another identity, attribute bit 6 cleared.
Batch ImageOf(Batch batch) {
  batch.attributes &= ~kDeleteHorizonBit;
  batch.producer_id = 4242;
  batch.producer_epoch = 3;
  return batch;
}

struct History : testing::Test {
  History() {
    for (int i = 0; i < kBatches; ++i) {
      source_batches.push_back(OfSource(i));
      image_batches.push_back(ImageOf(OfSource(i)));
    }
    claim.replicated_to = kBatches * kRecords;
  }

  // The codes found, each once, after both logs went through their bytes.
  std::vector<std::string> Codes() {
    std::vector<std::string> codes;
    for (const Anomaly& anomaly : Judge(Stored(source_batches), Stored(image_batches), claim)) {
      if (std::find(codes.begin(), codes.end(), anomaly.code) == codes.end()) codes.push_back(anomaly.code);
    }
    return codes;
  }

  Log Stored(const std::vector<Batch>& batches) const {
    std::string bytes;
    for (const Batch& batch : batches) bytes += Encode(batch);
    if (&batches == &image_batches && flip_a_bit_at_the_end) bytes.back() = static_cast<char>(bytes.back() ^ 1);
    Log log{.start = 0, .end = 0, .batches = ParseBatches(bytes)};
    log.start = &batches == &image_batches ? destination_start : source_start;
    log.end = log.batches.back().last_offset() + 1;
    return log;
  }

  // Appended later, at the end of the destination log.
  void AppendImage(Batch batch) {
    batch.base_offset = image_batches.back().last_offset() + 1;
    image_batches.push_back(batch);
  }

  std::vector<Batch> source_batches;
  std::vector<Batch> image_batches;
  int64_t source_start = 0;
  int64_t destination_start = 0;
  bool flip_a_bit_at_the_end = false;
  Claim claim;
};

using Planted = std::vector<std::string>;

TEST_F(History, AFaultlessCopyIsSilent) { EXPECT_THAT(Codes(), IsEmpty()); }

TEST_F(History, ACopyStillUnderWayIsSilent) {
  image_batches.resize(6);
  claim.replicated_to = 6 * kRecords;
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(History, SameContentTwiceInTheSourceIsNoDuplicate) {
  source_batches[4].records = source_batches[3].records;
  source_batches[4].base_timestamp = source_batches[3].base_timestamp;
  source_batches[4].max_timestamp = source_batches[3].max_timestamp;
  image_batches[4] = ImageOf(source_batches[4]);
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(History, ATrimmedHeadIsNotLost) {
  source_start = destination_start = 12;  // inside the third batch
  image_batches.erase(image_batches.begin(), image_batches.begin() + 2);
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(History, FindsALostBatch) {
  image_batches.pop_back();
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
}

TEST_F(History, FindsALostBatchAmongOthers) {
  image_batches.erase(image_batches.begin() + 4);
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
}

TEST_F(History, FindsADuplicate) {
  AppendImage(image_batches[8]);
  EXPECT_EQ(Codes(), Planted{"L2 DUP"});
}

TEST_F(History, FindsAnExchangedOrder) {
  std::swap(image_batches[4].base_offset, image_batches[5].base_offset);
  std::swap(image_batches[4], image_batches[5]);
  claim.identical = false;
  claim.runs = {{0, 0, 20}, {25, 20, 5}, {20, 25, 5}, {30, 30, 20}};
  EXPECT_EQ(Codes(), Planted{"L3 REORDER"});
}

TEST_F(History, FindsAFlippedBit) {
  flip_a_bit_at_the_end = true;
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
}

TEST_F(History, FindsAnAlteredRecordUnderARightChecksum) {
  image_batches[3].records[0] = 'R';
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
}

TEST_F(History, FindsAnAlteredTimestampAndCodec) {
  image_batches[3].base_timestamp += 1;
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
  image_batches[3].base_timestamp -= 1;
  image_batches[3].attributes |= 2;
  EXPECT_EQ(Codes(), Planted{"L4 CORRUPT"});
}

TEST_F(History, FindsDrift) {
  image_batches.back().base_offset += 1;
  EXPECT_EQ(Codes(), Planted{"L5 DRIFT"});
}

TEST_F(History, AShiftThatTheRunsExplainIsNoDrift) {
  for (Batch& batch : image_batches) batch.base_offset += 100;
  EXPECT_EQ(Codes(), Planted{"L5 DRIFT"});
  claim.identical = false;
  claim.runs = {{0, 100, 50}};
  EXPECT_THAT(Codes(), IsEmpty());
  claim.runs = {{0, 100, 25}, {25, 126, 25}};
  EXPECT_EQ(Codes(), Planted{"L5 DRIFT"});
}

TEST_F(History, WhatStoodInTheDestinationBeforeIsNoPhantom) {
  for (Batch& batch : image_batches) batch.base_offset += 100;
  Batch earlier = ImageOf(OfSource(0));
  earlier.records = "older";
  image_batches.insert(image_batches.begin(), earlier);
  claim.identical = false;
  claim.runs = {{0, 100, 50}};
  EXPECT_THAT(Codes(), IsEmpty());
}

TEST_F(History, WhatTheClaimListsAsSomebodyElsesIsNoPhantomUnlessItIsTheSources) {
  Batch foreign = OfSource(3);
  foreign.records = "somebody else's";
  for (Batch& batch : image_batches)
    if (batch.base_offset >= 25) batch.base_offset += kRecords;
  foreign.base_offset = 25;
  image_batches.insert(image_batches.begin() + 5, foreign);
  claim.identical = false;
  claim.runs = {{0, 0, 25}, {25, 30, 25}};
  EXPECT_EQ(Codes(), Planted{"L6 PHANTOM"});
  claim.runs[1].behind_foreign = true;
  EXPECT_THAT(Codes(), IsEmpty());
  image_batches[5].records = OfSource(3).records;
  EXPECT_EQ(Codes(), Planted{"L2 DUP"});
}

TEST_F(History, FindsAForeignWrite) {
  Batch foreign = OfSource(3);
  foreign.records = "somebody else's";
  AppendImage(foreign);
  EXPECT_EQ(Codes(), Planted{"L6 PHANTOM"});
}

TEST_F(History, ReplicatedToBeyondTheDestinationIsALoss) {
  image_batches.resize(6);
  source_batches.resize(6);
  EXPECT_EQ(Codes(), Planted{"L1 LOST"});
}

TEST(ParseBatchesTest, LeavesOutACutBatchAndReadsBackWhatItWrote) {
  const std::string bytes = Encode(OfSource(1)) + Encode(OfSource(2));
  const std::vector<Batch> whole = ParseBatches(bytes);
  ASSERT_EQ(whole.size(), 2u);
  EXPECT_TRUE(whole[1].crc_right);
  EXPECT_EQ(whole[1].records, OfSource(2).records);
  EXPECT_EQ(whole[1].base_offset, 10);
  EXPECT_EQ(ParseBatches(std::string_view(bytes).substr(0, bytes.size() - 1)).size(), 1u);
  EXPECT_EQ(ReferenceCrc32c("123456789"), 0xE3069283U);
}

}  // namespace
}  // namespace klink::oracle
