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
  return PlanBatch(BatchView(batch.view()), at, progressed);
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

TEST(Alignment, ALaterBatchAroundThePositionMeansThatSomethingWasMisplaced) {
  const Plan plan = PlanOf(Make({.base = 98, .records = 5}), At(100, 98));
  ASSERT_TRUE(std::holds_alternative<Stop>(plan));
  EXPECT_EQ(std::get<Stop>(plan).reason, Reason::kMisplacedBatch);
  EXPECT_EQ(std::get<Stop>(plan).text, "source offset 100 lies inside the source batch 98–102");
}

struct RefusalRow {
  const char* what;
  SharedBytes batch;
  Reason reason;
  const char* text;
};

TEST(Alignment, RefusesByNameAndOffsetWhatItCannotCopyExactly) {
  using kafka::kAttributesAt;
  const SharedBytes plain = Make({.base = 100, .records = 3});
  SharedBytes old = SharedBytes::CopyOf(plain.view());
  old.data()[kafka::kMagicAt] = std::byte{1};
  const int16_t end_of_transaction = kafka::kControlBit | kafka::kTransactionalBit;
  const RefusalRow rows[] = {
      {"magic 1", old, Reason::kUnsupportedMessageFormat, "message format v1 at source offset 100"},
      {"control", With(plain, kAttributesAt, end_of_transaction), Reason::kNotYetSupported,
       "a control batch (end of a transaction) at source offset 100"},
      {"transactional", With(plain, kAttributesAt, kafka::kTransactionalBit), Reason::kNotYetSupported,
       "a transactional batch at source offset 100"},
      {"append time", With(plain, kAttributesAt, kafka::kLogAppendTimeBit), Reason::kNotYetSupported,
       "a LogAppendTime batch at source offset 100"},
      {"emptied", With<int32_t>(plain, kafka::kCountAt, 0), Reason::kNotYetSupported,
       "a batch emptied by compaction at source offset 100"},
      {"holes", With<int32_t>(plain, kafka::kLastOffsetDeltaAt, 9), Reason::kNotYetSupported,
       "a batch with compaction holes at source offset 100"},
  };
  for (const RefusalRow& row : rows) {
    for (const Progressed progressed : {Progressed::kFresh, Progressed::kCopying}) {
      const Plan plan = PlanOf(row.batch, At(100, 100), progressed);
      ASSERT_TRUE(std::holds_alternative<Stop>(plan)) << row.what;
      EXPECT_EQ(std::get<Stop>(plan).reason, row.reason) << row.what;
      EXPECT_THAT(std::get<Stop>(plan).text, HasSubstr(row.text)) << row.what;
    }
  }
}

TEST(Alignment, AHoleBetweenBatchesIsRefusedWithTheMissingOffsets) {
  for (const Progressed progressed : {Progressed::kFresh, Progressed::kCopying}) {
    const Plan plan = PlanOf(Make({.base = 110}), At(100, 100), progressed);
    ASSERT_TRUE(std::holds_alternative<Stop>(plan));
    EXPECT_EQ(std::get<Stop>(plan).reason, Reason::kNotYetSupported);
    EXPECT_EQ(std::get<Stop>(plan).text, "the source log has a hole: offsets 100–109 are missing");
  }
}

TEST(Alignment, ThePositionBehindABatchMovesBothLogsAndTheSequence) {
  const SharedBytes batch = Make({.base = 100, .records = 5});
  const Position after = After({SourceOffset(100), DestOffset(40), 2'147'483'645, 3}, BatchView(batch.view()));
  EXPECT_EQ(after.source_next, SourceOffset(105));
  EXPECT_EQ(after.dest_next, DestOffset(45));
  EXPECT_EQ(after.sequence, 2);
  EXPECT_EQ(after.epoch, 3);
  EXPECT_EQ(after.shift(), -60);
}

}  // namespace
}  // namespace klink::link
