#include "link/alignment.h"

#include <gmock/gmock.h>

#include "tests/link/sample.h"

namespace klink::link {
namespace {

using kafka::BatchView;
using state::Reason;
using ::testing::HasSubstr;
using testing::Make;
using testing::With;

Position At(int64_t source, int64_t dest) { return {SourceOffset(source), DestOffset(dest), 0, 0}; }

Plan PlanOf(const SharedBytes& batch, Position at, Progressed progressed = Progressed::kCopying) {
  return PlanBatch(BatchView(batch.view()), at, progressed, true);
}

TEST(Alignment, TheBatchAtThePositionIsAppended) {
  EXPECT_TRUE(std::holds_alternative<Append>(PlanOf(Make({.base = 100}), At(100, 100))));
  EXPECT_TRUE(std::holds_alternative<Append>(PlanOf(Make({.base = 100}), At(100, 7))));
  EXPECT_TRUE(std::holds_alternative<Append>(PlanOf(Make({.base = 100}), At(100, 100), Progressed::kFresh)));
}

TEST(Alignment, ABatchBelowThePositionIsSkippedWhateverItIs) {
  EXPECT_TRUE(std::holds_alternative<Skip>(PlanOf(Make({.base = 97, .records = 3}), At(100, 100))));
  const SharedBytes control = With<int16_t>(Make({.base = 97, .records = 3}), kafka::kAttributesAt, kafka::kControlBit);
  EXPECT_TRUE(std::holds_alternative<Skip>(PlanOf(control, At(100, 100))));
}

TEST(Alignment, TheFirstBatchIsTakenWholeWhenTheLogStartsInsideIt) {
  const Plan plan = PlanOf(Make({.base = 98, .records = 5}), At(100, 98), Progressed::kFresh);
  ASSERT_TRUE(std::holds_alternative<Prepend>(plan));
  EXPECT_EQ(std::get<Prepend>(plan).base, SourceOffset(98));
}

TEST(Alignment, ABatchCopiedInPartIsBuiltAgainFromThePositionOn) {
  EXPECT_TRUE(std::holds_alternative<Rebuild>(PlanOf(Make({.base = 98, .records = 5}), At(100, 98))));
}

TEST(Alignment, AnOldMessageFormatIsRefusedByNameAndOffset) {
  const SharedBytes old = SharedBytes::CopyOf(Make({.base = 100, .records = 3}).view());
  SharedBytes bytes = old;
  bytes.data()[kafka::kMagicAt] = std::byte{1};
  const Plan plan = PlanOf(bytes, At(100, 100));
  ASSERT_TRUE(std::holds_alternative<Stop>(plan));
  EXPECT_EQ(std::get<Stop>(plan).reason, Reason::kUnsupportedMessageFormat);
  EXPECT_THAT(std::get<Stop>(plan).text, HasSubstr("message format v1 at source offset 100"));
}

TEST(Alignment, WhatABrokerWouldRefuseOrChangeIsBuiltAgain) {
  using kafka::kAttributesAt;
  const SharedBytes plain = Make({.base = 100, .records = 3});
  const std::pair<const char*, SharedBytes> rows[] = {
      {"append time", With(plain, kAttributesAt, kafka::kLogAppendTimeBit)},
      {"holes inside", With<int32_t>(plain, kafka::kLastOffsetDeltaAt, 9)},
      {"a hole before it", Make({.base = 110})},
  };
  for (const auto& [what, batch] : rows)
    EXPECT_TRUE(std::holds_alternative<Rebuild>(PlanOf(batch, At(100, 100)))) << what;
  const SharedBytes stamped = With(plain, kAttributesAt, kafka::kLogAppendTimeBit);
  EXPECT_TRUE(std::holds_alternative<Append>(
      PlanBatch(BatchView(stamped.view()), At(100, 100), Progressed::kCopying, /*append_times=*/false)));
}

TEST(Alignment, ABatchThatCompactionEmptiedIsAHole) {
  const SharedBytes emptied = With<int32_t>(Make({.base = 100, .records = 3}), kafka::kCountAt, 0);
  EXPECT_TRUE(std::holds_alternative<Skip>(PlanOf(emptied, At(100, 100))));
}

TEST(Alignment, DataOfATransactionIsReplayedUnderItsProducer) {
  const SharedBytes batch =
      With(Make({.base = 100, .producer_id = 4711}), kafka::kAttributesAt, kafka::kTransactionalBit);
  const Plan plan = PlanOf(batch, At(100, 100));
  ASSERT_TRUE(std::holds_alternative<Replay>(plan));
  EXPECT_EQ(std::get<Replay>(plan).source_pid, 4711);
  const Plan holed = PlanOf(With<int32_t>(batch, kafka::kLastOffsetDeltaAt, 9), At(100, 100));
  ASSERT_TRUE(std::holds_alternative<Rebuild>(holed));
  EXPECT_EQ(std::get<Rebuild>(holed).source_pid, 4711);
}

SharedBytes EndOfTransaction(int64_t offset, int16_t type) {
  kafka::Record record;
  record.timestamp = 5;
  record.key = std::string({0, 0, static_cast<char>(type >> 8), static_cast<char>(type)});
  record.value = std::string(6, '\0');
  kafka::BatchIdentity identity;
  identity.base_offset = offset;
  identity.producer_id = 4711;
  identity.attributes = kafka::kControlBit | kafka::kTransactionalBit;
  return kafka::BuildBatch(identity, std::vector<kafka::Record>(1, record));
}

TEST(Alignment, TheEndOfATransactionKeepsItsVerdict) {
  const Plan commit = PlanOf(EndOfTransaction(100, 1), At(100, 100));
  ASSERT_TRUE(std::holds_alternative<Marker>(commit));
  EXPECT_TRUE(std::get<Marker>(commit).commit);
  EXPECT_EQ(std::get<Marker>(commit).source_pid, 4711);
  const Plan abort = PlanOf(EndOfTransaction(107, 0), At(100, 100));
  ASSERT_TRUE(std::holds_alternative<Marker>(abort));
  EXPECT_FALSE(std::get<Marker>(abort).commit);
  EXPECT_EQ(std::get<Marker>(abort).hole, 7);
}

TEST(Alignment, AControlBatchThatIsNoMarkerIsRefused) {
  const Plan plan = PlanOf(EndOfTransaction(100, 3), At(100, 100));
  ASSERT_TRUE(std::holds_alternative<Stop>(plan));
  EXPECT_EQ(std::get<Stop>(plan).reason, Reason::kNotYetSupported);
}

TEST(Alignment, ThePositionBehindABatchMovesBothLogsAndTheSequence) {
  const SharedBytes batch = Make({.base = 100, .records = 5});
  const Position after =
      After({SourceOffset(100), DestOffset(40), 2'147'483'645, 3}, BatchView(batch.view()), std::nullopt);
  EXPECT_EQ(after.source_next, SourceOffset(105));
  EXPECT_EQ(after.dest_next, DestOffset(45));
  EXPECT_EQ(after.sequence, 2);
  EXPECT_EQ(after.epoch, 3);
  EXPECT_EQ(after.shift(), -60);
}

}  // namespace
}  // namespace klink::link
