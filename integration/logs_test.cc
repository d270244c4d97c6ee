// Logs as they are in the wild: transactions, compaction, append times. The copy has the same records at the same
// offsets, or says exactly where it has not.
#include <fmt/format.h>

#include "integration/mirror_fixture.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

class LogsTest : public MirrorFixture {
 protected:
  static void ExpectSameViews(const std::string& topic, int partitions) {
    for (int p = 0; p < partitions; ++p)
      for (const char* isolation : {"read_committed", "read_uncommitted"}) {
        const auto original = ReadPartition(source(), topic, p, isolation);
        EXPECT_FALSE(original.empty());
        EXPECT_EQ(ReadPartition(destination(), topic, p, isolation), original) << topic << "-" << p << " " << isolation;
      }
  }
};

TEST_F(LogsTest, TransactionsAreReplayedAtTheirOffsets) {
  CreateTopic(source(), "t-tx", 2);
  Produce(source(), "t-tx", SampleRecords(50, 2));
  ProduceTransactions(source(), "t-tx", 2, 30);
  Produce(source(), "t-tx", SampleRecords(50, 2, 100, 0, "between"));
  ProduceTransactions(source(), "t-tx", 2, 10, "later");
  AwaitMirrored(source(), destination(), "t-tx");
  ExpectSameViews("t-tx", 2);
}

TEST_F(LogsTest, ATransactionThatIsOpenAtTheEndWaitsForItsEnd) {
  CreateTopic(source(), "t-open", 1);
  Produce(source(), "t-open", SampleRecords(10, 1));
  TransactionalProducer app(source(), "open-at-the-end");
  app.Begin();
  app.Send("t-open", SampleRecords(5, 1, 50, 0, "open"));
  Produce(source(), "t-open", SampleRecords(10, 1, 50, 0, "behind"));
  Await("what stands before it", seconds(30), [] {
    const auto range = RangeOf(destination(), "t-open", 0);
    return range && range->end == 10;
  });
  app.Commit();
  AwaitMirrored(source(), destination(), "t-open");
  ExpectSameViews("t-open", 1);
}

TEST_F(LogsTest, ALogAppendTimeTopicKeepsTheTimesItsReadersSaw) {
  CreateTopic(source(), "t-append-time", 1, {{"message.timestamp.type", "LogAppendTime"}});
  constexpr int64_t kTenYearsAgo = 1479859200000;
  Produce(source(), "t-append-time", SampleRecords(100, 1, 100, kTenYearsAgo), {{"compression.type", "lz4"}});
  Produce(source(), "t-append-time", SampleRecords(100, 1, 100, kTenYearsAgo));
  AwaitMirrored(source(), destination(), "t-append-time");
  ExpectSameViews("t-append-time", 1);
}

}  // namespace
}  // namespace klink::it
