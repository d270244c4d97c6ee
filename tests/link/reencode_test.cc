// Batches that are taken apart and built again.
#include "link/reencode.h"

#include <gtest/gtest.h>

#include "kafka/record_batch.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using kafka::Record;

constexpr size_t kAnySize = 64 << 20;

Record At(int32_t delta, std::string value = "v") {
  Record record;
  record.timestamp = 1000 + delta;
  record.offset_delta = delta;
  record.key = fmt::format("k{}", delta);
  record.value = std::move(value);
  return record;
}

SharedBytes Batch(int64_t base, std::vector<Record> records, int16_t attributes = 0,
                  kafka::Codec codec = kafka::Codec::kNone) {
  kafka::BatchIdentity identity;
  identity.base_offset = base;
  identity.producer_id = 7;
  identity.attributes = attributes;
  return *kafka::BuildBatch(identity, records, codec);
}

Position Here(int64_t source, int64_t dest) { return {SourceOffset(source), DestOffset(dest), 0, 0}; }

ReencodeRules Filling(int64_t fillers = 1000) {
  ReencodeRules rules;
  rules.fill_from = SourceOffset(0);
  rules.fillers_left = fillers;
  return rules;
}

std::vector<Record> RecordsOf(const Piece& piece) {
  return *kafka::ReadRecords(BatchView(piece.batch.view()), kAnySize);
}

TEST(Reencode, AHoleInsideIsFilledWithCopiesOfTheRecordBehindIt) {
  const SharedBytes batch = Batch(100, {At(0), At(3)});
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(100, 100), Filling());
  ASSERT_EQ(done.pieces.size(), 1u);
  EXPECT_EQ(done.fillers, 2);
  EXPECT_EQ(done.records, 2);
  EXPECT_EQ(done.pieces[0].offsets, 4);
  EXPECT_EQ(done.pieces[0].next, SourceOffset(104));
  EXPECT_FALSE(done.pieces[0].shifted);
  const auto records = RecordsOf(done.pieces[0]);
  ASSERT_EQ(records.size(), 4u);
  for (int i = 0; i < 4; i++) EXPECT_EQ(records[static_cast<size_t>(i)].offset_delta, i);
  EXPECT_EQ(*records[0].key, "k0");
  for (size_t i = 1; i < 4; i++) EXPECT_EQ(*records[i].key, "k3");
  EXPECT_FALSE(BatchView(done.pieces[0].batch.view()).has_holes());
}

TEST(Reencode, AHoleBeforeTheBatchIsFilledToo) {
  const SharedBytes batch = Batch(105, {At(0), At(1)});
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(100, 100), Filling());
  ASSERT_EQ(done.pieces.size(), 1u);
  EXPECT_EQ(done.pieces[0].first, SourceOffset(100));
  EXPECT_EQ(done.pieces[0].offsets, 7);
}

TEST(Reencode, AHoleThatCostsTooMuchIsClosedUpAndSaysSo) {
  const SharedBytes batch = Batch(100, {At(0), At(50)});
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(100, 100), Filling(10));
  ASSERT_EQ(done.pieces.size(), 2u);
  EXPECT_FALSE(done.pieces[0].shifted);
  EXPECT_EQ(done.pieces[0].next, SourceOffset(101));
  EXPECT_TRUE(done.pieces[1].shifted);
  EXPECT_EQ(done.pieces[1].first, SourceOffset(150));
  EXPECT_EQ(done.pieces[1].offsets, 1);
  EXPECT_EQ(done.fillers, 0);
}

TEST(Reencode, BelowTheAlignedPartHolesAreClosedAndFromThereFilled) {
  const SharedBytes batch = Batch(100, {At(0), At(10), At(23)});
  ReencodeRules rules = Filling();
  rules.fill_from = SourceOffset(120);
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(100, 118), rules);
  ASSERT_EQ(done.pieces.size(), 3u);
  EXPECT_EQ(done.pieces[1].first, SourceOffset(110));
  EXPECT_TRUE(done.pieces[2].shifted);
  EXPECT_EQ(done.pieces[2].first, SourceOffset(120));  // fillers stand at 120, 121, 122
  EXPECT_EQ(done.pieces[2].offsets, 4);
  EXPECT_EQ(done.fillers, 3);
}

TEST(Reencode, WhatWasCopiedAlreadyIsLeftOut) {
  const SharedBytes batch = Batch(100, {At(0), At(1), At(2)});
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(102, 102), Filling());
  ASSERT_EQ(done.pieces.size(), 1u);
  EXPECT_EQ(done.records, 1);
  EXPECT_EQ(done.pieces[0].first, SourceOffset(102));
}

TEST(Reencode, AppendTimesBecomeTheRecordsTimes) {
  SharedBytes batch = Batch(0, {At(0), At(1)}, kafka::kLogAppendTimeBit);
  StoreBe<int64_t>(batch.data() + kafka::kMaxTimestampAt, 99'000);
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(0, 0), Filling());
  for (const Record& record : RecordsOf(done.pieces.at(0))) EXPECT_EQ(record.timestamp, 99'000);
  EXPECT_FALSE(BatchView(done.pieces[0].batch.view()).log_append_time());
  ReencodeRules bytes = Filling();
  bytes.append_times = false;
  const Reencoded kept = *Reencode(BatchView(batch.view()), Here(0, 0), bytes);
  EXPECT_EQ(RecordsOf(kept.pieces.at(0))[1].timestamp, 1001);
}

TEST(Reencode, ABatchThatGrowsTooLargeIsSplitWithoutABreakInTheMap) {
  const SharedBytes batch = Batch(0, {At(0, std::string(1000, 'a')), At(9, std::string(1000, 'b'))});
  ReencodeRules rules = Filling();
  rules.batch_bytes = 3000;
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(0, 0), rules);
  ASSERT_GT(done.pieces.size(), 2u);
  int64_t next = 0;
  for (const Piece& piece : done.pieces) {
    EXPECT_EQ(piece.first, SourceOffset(next));
    EXPECT_EQ(piece.next, SourceOffset(next + piece.offsets));
    EXPECT_FALSE(piece.shifted);
    EXPECT_LE(piece.batch.size(), 3200u);
    next = piece.next.value;
  }
  EXPECT_EQ(next, 10);
}

TEST(Reencode, CodecAndTransactionStay) {
  const SharedBytes batch = Batch(0, {At(0), At(5)}, kafka::kTransactionalBit, kafka::Codec::kLz4);
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(0, 0), Filling());
  const BatchView built(done.pieces.at(0).batch.view());
  EXPECT_EQ(built.codec(), kafka::Codec::kLz4);
  EXPECT_TRUE(built.transactional());
}

TEST(Reencode, TheLastRecordTellsWhetherABatchIsOurs) {
  const SharedBytes batch = Batch(100, {At(0), At(3)});
  const Reencoded done = *Reencode(BatchView(batch.view()), Here(100, 100), Filling());
  const ByteView ours = done.pieces[0].batch.view();
  EXPECT_EQ(SameLastRecord(ours, batch.view(), SourceOffset(103), true), true);
  const SharedBytes other = Batch(100, {At(0), At(3, "another")});
  EXPECT_EQ(SameLastRecord(ours, other.view(), SourceOffset(103), true), false);
}

}  // namespace
}  // namespace klink::link
