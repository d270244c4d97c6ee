// Logs as they are in the wild: transactions, compaction, append times. The copy has the same records at the same
// offsets, or says exactly where it has not.
#include <algorithm>
#include <functional>
#include <map>
#include <thread>

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
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "t-tx"), "");
  EXPECT_THAT(agent().Cli({"mirror", "describe", "t-tx", "-o", "json"}).out,
              testing::HasSubstr("\"time_lookup\": \"early\""));
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
  EXPECT_THAT(agent().Cli({"mirror", "describe", "t-append-time", "-o", "json"}).out,
              testing::HasSubstr("\"time_lookup\": \"exact\""));
}

TEST_F(LogsTest, TheSourcesLogStartIsFollowedAlsoInsideABatchAndToItsEnd) {
  LinkFile file = LinkOfPair();
  file.extra_topics = "log_start_hold: 0s";
  agent().Terminate();
  agent().SetFile(file);
  agent().Start();
  CreateTopic(source(), "t-follow", 1);
  Produce(source(), "t-follow", SampleRecords(3000, 1), {{"batch.num.messages", "100"}});
  AwaitMirrored(source(), destination(), "t-follow");
  const auto await_start = [](int64_t start) {
    Await(fmt::format("the copy to start at {}", start), seconds(60), [start] {
      const auto range = RangeOf(destination(), "t-follow", 0);
      return range && range->start == start;
    });
  };
  for (const int64_t start : {1000, 1001, 1234, 3000}) {
    DeleteRecords(source(), "t-follow", 0, start);
    await_start(start);
  }
  Produce(source(), "t-follow", SampleRecords(50, 1));
  ExpectProvenEqual("t-follow");
}

TEST_F(LogsTest, AMirrorThatStartsAtTheEndHasTheSameOffsetsFromThere) {
  CreateTopic(source(), "s-latest", 1);
  Produce(source(), "s-latest", SampleRecords(500, 1));
  LinkFile file = LinkOfPair();
  file.include = "{prefix: t-}, {prefix: s-}";
  file.extra_topics = "start: latest";
  agent().Terminate();
  agent().SetFile(file);
  agent().Start();
  Await("the copy to begin", seconds(60), [] { return RangeOf(destination(), "s-latest", 0) == Range{500, 500}; });
  Produce(source(), "s-latest", SampleRecords(100, 1));
  AwaitMirrored(source(), destination(), "s-latest");
  const auto copy = ReadPartition(destination(), "s-latest", 0);
  const auto original = ReadPartition(source(), "s-latest", 0);
  EXPECT_EQ(copy, std::vector<Record>(original.end() - 100, original.end()));
}

// A topic that its brokers really compact: small segments, an eager cleaner.
const Settings kCompacted = {{"cleanup.policy", "compact"},
                             {"segment.ms", "1000"},
                             {"min.cleanable.dirty.ratio", "0.01"},
                             {"max.compaction.lag.ms", "2000"},
                             {"delete.retention.ms", "86400000"}};

// Writes hot and cold keys, tombstones among them, until the cleaner has been there.
void ProduceAndCompact(const Cluster& cluster, const std::string& topic, int count,
                       const std::function<int(int)>& key_of) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i)
    records.push_back({.key = fmt::format("k{}", key_of(i)), .value = fmt::format("value {} of {}", i, topic)});
  for (size_t i = 0; i < records.size(); i += 23) records[i].value.reset();
  const size_t segment = std::max<size_t>(5000, records.size() / 20);
  for (size_t at = 0; at < records.size(); at += segment) {
    const size_t end = std::min(records.size(), at + segment);
    Produce(cluster, topic, {records.begin() + static_cast<long>(at), records.begin() + static_cast<long>(end)},
            {{"compression.type", "lz4"}, {"batch.num.messages", "100"}});
    std::this_thread::sleep_for(milliseconds(1100));  // the segment is rolled by the next write
  }
  Produce(cluster, topic, {{.key = "last", .value = "one"}});
  size_t before = 0;
  Await("the cleaner", seconds(90), [&] {
    const size_t left = ReadPartition(cluster, topic, 0).size();
    const bool settled = left < records.size() && left == before;
    before = left;
    std::this_thread::sleep_for(seconds(4));
    return settled;
  });
}

TEST_F(LogsTest, ALightlyHoledCompactedTopicKeepsEveryOffset) {
  CreateTopic(source(), "c-light", 1, kCompacted);
  ProduceAndCompact(source(), "c-light", 20000, [](int i) { return i % 10 < 7 ? i : i % 3; });
  LinkFile file = LinkOfPair();
  file.include = "{prefix: t-}, {literal: c-light}";
  agent().Terminate();
  agent().SetFile(file);
  agent().Start();
  AwaitMirrored(source(), destination(), "c-light");
  const auto original = ReadPartition(source(), "c-light", 0);
  const auto copy = ReadPartition(destination(), "c-light", 0);
  std::map<int64_t, Record> at;
  for (const Record& record : copy) at[record.offset] = record;
  for (const Record& record : original) ASSERT_EQ(at[record.offset], record) << record.offset;
  EXPECT_LE(copy.size(), 2 * original.size());
  const std::string runs = agent().Cli({"offsets", "runs", "c-light", "0", "-o", "json"}).out;
  const auto missing =
      original.back().offset + 1 - static_cast<int64_t>(original.size());  // the copy may be clean again
  EXPECT_EQ(NumberIn(runs, "copies"), missing) << runs;
  EXPECT_EQ(NumberIn(runs, "markers"), 0) << runs;
  EXPECT_TRUE(std::any_of(copy.begin(), copy.end(), [](const Record& r) { return !r.value; }))
      << "no tombstone is left";
  EXPECT_EQ(OracleOnClaims(source(), destination(), agent(), "c-light", {.compacted = true}), "");
  EXPECT_EQ(VerifyComplaint(agent(), "c-light"), "");
}

// KLINK_SPARSE: how many records are written before the cleaner comes.
TEST_F(LogsTest, ASparseCompactedTopicIsAlignedAtItsEnd) {
  const int count = std::stoi(Env("KLINK_SPARSE", "100000"));
  CreateTopic(source(), "c-sparse", 1, kCompacted);
  ProduceAndCompact(source(), "c-sparse", count, [](int i) { return i % 50 == 0 ? i : 1 + i % 7; });
  std::vector<Record> tail;
  for (int i = 0; i < 500; ++i) tail.push_back({.key = fmt::format("tail {}", i), .value = "of the log"});
  Produce(source(), "c-sparse", tail);
  LinkFile file = LinkOfPair();
  file.include = "{prefix: t-}, {prefix: c-}";
  agent().Terminate();
  agent().SetFile(file);
  agent().Start();
  const auto began = std::chrono::steady_clock::now();
  AwaitMirrored(source(), destination(), "c-sparse", seconds(300));
  fmt::print("  {} records aligned in {} s\n", count,
             std::chrono::duration_cast<seconds>(std::chrono::steady_clock::now() - began).count());
  const auto original = ReadPartition(source(), "c-sparse", 0);
  const auto copy = ReadPartition(destination(), "c-sparse", 0);
  // Every record in its order; from where the two logs are aligned on, at its own offset; n records below.
  ASSERT_EQ(copy.size(), original.size());
  const Outcome described = agent().Cli({"mirror", "describe", "c-sparse", "-o", "json"});
  const int64_t aligned = NumberIn(described.out, "identical_from");
  int64_t below = 0;
  for (const Record& record : original) below += record.offset < aligned;
  int64_t next = aligned - below;
  for (size_t i = 0; i < copy.size(); ++i) {
    Record expected = original[i];
    if (expected.offset < aligned) expected.offset = next++;
    ASSERT_EQ(copy[i], expected);
  }
  EXPECT_GT(below, count / 100);
  EXPECT_GT(aligned, count / 10 * 9);
  // The map is exact below as well.
  const Outcome answer = agent().Cli({"offsets", "translate", "c-sparse", "0", std::to_string(original[10].offset)});
  EXPECT_THAT(answer.out, testing::HasSubstr(std::to_string(copy[10].offset)));
  EXPECT_THAT(answer.out, testing::HasSubstr("exact"));
  EXPECT_EQ(OracleOnClaims(source(), destination(), agent(), "c-sparse", {.compacted = true}), "");
  EXPECT_EQ(VerifyComplaint(agent(), "c-sparse"), "");
}

}  // namespace
}  // namespace klink::it
