// Offsets that only markers can keep: committed records alone, as plain ones, and the holes of a compacted log with no
// record in them. Consumers of the copy see nothing of the markers.
#include <map>
#include <thread>

#include <fmt/format.h>

#include "integration/mirror_fixture.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

constexpr seconds kLive(90);

class FillersTest : public MirrorFixture {
 protected:
  static void Begin(const std::string& setting, const std::string& include) {
    LinkFile file = LinkOfPair();
    file.extra_link = setting;
    file.include = include;
    agent().Terminate();
    agent().SetFile(file);
    agent().Start();
  }
};

TEST_F(FillersTest, CommittedRecordsArriveAsPlainOnesAtTheirOffsetsAlsoWhenAgentsDie) {
  constexpr int kPartitions = 2;
  const std::string topic = "x-committed";
  CreateTopic(source(), topic, kPartitions);
  Produce(source(), topic, SampleRecords(50, kPartitions), {{"compression.type", "lz4"}});
  ProduceTransactions(source(), topic, kPartitions, 20);
  Begin("transactions: committed", "{prefix: x-}");
  TransactionalLoad load(source(), topic, kPartitions);
  for (int kill = 0; kill < 5; ++kill) {
    const int64_t before = load.transactions();
    Await("more transactions", kLive, [&] { return load.transactions() >= before + 10; });
    agent().Kill();
    agent().Wait(seconds(0));
    agent().Start();
  }
  const int64_t before = load.transactions();
  Await("more transactions", kLive, [&] { return load.transactions() >= before + 10; });
  load.Stop();
  AwaitMirrored(source(), destination(), topic, kLive);
  for (int p = 0; p < kPartitions; ++p) {
    const auto committed = ReadPartition(source(), topic, p, "read_committed");
    EXPECT_LT(committed.size(), ReadPartition(source(), topic, p, "read_uncommitted").size()) << "nothing was aborted";
    EXPECT_EQ(ReadPartition(destination(), topic, p, "read_uncommitted"), committed) << p;
    EXPECT_EQ(ReadPartition(destination(), topic, p, "read_committed"), committed) << p;
  }
  EXPECT_EQ(OracleOnIdentical(source(), destination(), topic, {.committed = true}), "");
  EXPECT_EQ(VerifyComplaint(agent(), topic), "");
}

TEST_F(FillersTest, HolesOfACompactedLogStayHolesToItsReaders) {
  const std::string topic = "c-markers";
  CreateTopic(source(), topic, 1,
              {{"cleanup.policy", "compact"},
               {"segment.ms", "1000"},
               {"min.cleanable.dirty.ratio", "0.01"},
               {"max.compaction.lag.ms", "2000"},
               {"delete.retention.ms", "60000"}});
  std::vector<Record> records;
  for (int i = 0; i < 8000; ++i)
    records.push_back({.key = fmt::format("k{}", i % 10 < 6 ? i : i % 7), .value = fmt::format("value {}", i)});
  for (size_t at = 0; at < records.size(); at += 2000) {
    Produce(source(), topic, {records.begin() + static_cast<long>(at), records.begin() + static_cast<long>(at) + 2000},
            {{"compression.type", "zstd"}, {"batch.num.messages", "50"}});
    std::this_thread::sleep_for(milliseconds(1100));  // the segment is rolled by the next write
  }
  Produce(source(), topic, {{.key = "last", .value = "one"}});
  size_t left = 0;
  Await("the cleaner", kLive, [&] {
    const size_t before = std::exchange(left, ReadPartition(source(), topic, 0).size());
    std::this_thread::sleep_for(seconds(4));
    return left < records.size() && left == before;
  });
  Begin("holes: markers", "{literal: c-markers}");
  AwaitMirrored(source(), destination(), topic, kLive);
  std::map<int64_t, Record> at;
  for (const Record& record : ReadPartition(source(), topic, 0)) at[record.offset] = record;
  size_t copied = 0;
  for (const Record& record : ReadPartition(destination(), topic, 0)) {
    ASSERT_EQ(at[record.offset], record) << record.offset;
    ++copied;
  }
  EXPECT_GT(copied, at.size() * 9 / 10);
  const std::string runs = agent().Cli({"offsets", "runs", topic, "0", "-o", "json"}).out;
  EXPECT_EQ(NumberIn(runs, "copies"), 0) << runs;
  EXPECT_GT(NumberIn(runs, "markers"), 1000) << runs;
  EXPECT_EQ(OracleOnIdentical(source(), destination(), topic, {.compacted = true}), "");
  EXPECT_EQ(VerifyComplaint(agent(), topic), "");
}

}  // namespace
}  // namespace klink::it
