// Promotions as tests see them: what `klink failover -o json` says, and what must then hold of the topics.
#pragma once

#include <map>
#include <set>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "integration/mirror_fixture.h"

namespace klink::it {

inline constexpr int kPartitions = 3;

// `klink failover -o json` as far as tests read it.
struct CutPartition {
  int32_t partition = -1;
  std::optional<int64_t> replicated_to, source_end, lost, cut;
  std::optional<std::string> tail_crc;
  int64_t transactions_cut = 0;
  static void Describe(auto& m, auto& field) {
    field("partition", m.partition);
    field("replicated_to", m.replicated_to);
    field("source_end", m.source_end);
    field("lost", m.lost);
    field("cut", m.cut);
    field("tail_crc", m.tail_crc);
    field("transactions_cut", m.transactions_cut);
  }
};
struct PromotedMirror {
  std::string topic, outcome;
  std::optional<std::string> state, reason_code, error;
  std::vector<CutPartition> partitions;
  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("outcome", m.outcome);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("error", m.error);
    field("partitions", m.partitions);
  }
};
struct Promotion {
  std::string state;
  std::optional<std::string> operation;
  std::optional<int64_t> lost;
  std::optional<double> seconds;
  std::vector<PromotedMirror> mirrors;
  static void Describe(auto& m, auto& field) {
    field("state", m.state);
    field("operation", m.operation);
    field("lost", m.lost);
    field("seconds", m.seconds);
    field("mirrors", m.mirrors);
  }
};

class Failover : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source", .proxied = true},
                                          ClusterOptions{.name = "destination"});
  }
  static void TearDownTestSuite() { pair_.reset(); }
  void SetUp() override {
    static int count = 0;
    const int number = ++count;
    prefix_ = fmt::format("t-over-{}-", number);
    file_.link = fmt::format("link-{}", number);
    file_.source = source().bootstrap();
    file_.destination = destination().bootstrap();
    file_.include = fmt::format("{{prefix: {}}}", prefix_);
    file_.extra_link = fmt::format("groups: {{include: [{{prefix: {}}}], interval: 1s}}", prefix_);
    topic_ = NewTopic("a");
  }
  void TearDown() override {
    for (const auto& agent : agents_)
      if (HasFailure()) agent->KeepFiles();
    agents_.clear();
    source().proxy(0).Release();
  }

  static Cluster& source() { return pair_->source; }
  static Cluster& destination() { return pair_->destination; }
  std::string NewTopic(const std::string& name) const {
    CreateTopic(source(), prefix_ + name, kPartitions);
    return prefix_ + name;
  }
  Agent& NewAgent(const std::string& id = "agent-1") {
    file_.agent_id = id;
    agents_.push_back(std::make_unique<Agent>(file_, id));
    return *agents_.back();
  }
  static void AwaitProgress(const std::string& topic, int64_t records = 2000) {
    LogEnds ends(destination());
    Await("the copy to grow", seconds(60), [&] { return ends.Sum(topic, kPartitions) >= records; });
  }
  static Promotion Run(const Agent& agent, std::vector<std::string> arguments, int exit_code = 0) {
    arguments.insert(arguments.end(), {"-o", "json", "--yes"});
    const Outcome outcome = agent.Cli(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << testing::PrintToString(arguments) << outcome.out << outcome.err;
    Promotion promotion;
    const auto json = ParseJson(outcome.out);
    EXPECT_TRUE(json.ok() && FromJson(*json, promotion).ok()) << outcome.out << outcome.err;
    return promotion;
  }
  static const PromotedMirror* Find(const Promotion& promotion, const std::string& topic) {
    for (const PromotedMirror& mirror : promotion.mirrors)
      if (mirror.topic == topic) return &mirror;
    return nullptr;
  }

  // L10, L12: a new idempotent producer's first record is acknowledged at the cut, and committed readers get it.
  static void ExpectWritable(const Promotion& promotion, const std::string& topic) {
    const PromotedMirror* mirror = Find(promotion, topic);
    ASSERT_NE(mirror, nullptr);
    ASSERT_EQ(mirror->outcome, "stopped") << mirror->error.value_or("");
    EXPECT_EQ(mirror->state, "STOPPED");
    ASSERT_EQ(mirror->partitions.size(), size_t{kPartitions});
    Produce(destination(), topic, SampleRecords(2 * kPartitions, kPartitions, 100, 0, "after"),
            {{"enable.idempotence", "true"}});
    for (const CutPartition& partition : mirror->partitions) {
      ASSERT_TRUE(partition.cut);
      const auto records = ReadPartition(destination(), topic, partition.partition, "read_committed");
      ASSERT_GE(records.size(), 2u);
      EXPECT_EQ(records[records.size() - 2].offset, *partition.cut) << topic << " " << partition.partition;
      EXPECT_EQ(records.back().offset, *partition.cut + 1);
      EXPECT_EQ(RangeOf(destination(), topic, partition.partition)->end, *partition.cut + 2) << "L11: nothing else";
    }
  }
  // L1 below the cut: what was copied is what the source had there.
  static void ExpectCopyOf(const std::vector<std::vector<Record>>& source_records, const Promotion& promotion,
                           const std::string& topic) {
    const PromotedMirror* mirror = Find(promotion, topic);
    ASSERT_NE(mirror, nullptr);
    for (const CutPartition& partition : mirror->partitions) {
      const auto index = static_cast<size_t>(partition.partition);
      const auto copied = ReadPartition(destination(), topic, partition.partition, "read_committed");
      std::map<int64_t, const Record*> at_source;
      for (const Record& record : source_records[index]) at_source[record.offset] = &record;
      std::set<int64_t> there;
      for (const Record& record : copied) {
        if (record.offset >= *partition.cut) break;
        ASSERT_TRUE(at_source.contains(record.offset)) << "L6, L9: " << record.offset;
        ASSERT_EQ(record, *at_source[record.offset]);
        there.insert(record.offset);
      }
      for (const auto& [offset, record] : at_source) {
        if (offset < *partition.replicated_to) EXPECT_TRUE(there.contains(offset)) << "L1, L13: " << offset;
        // Behind the first record of a transaction that was cut others may have crossed.
        if (offset >= *partition.replicated_to && partition.transactions_cut == 0)
          EXPECT_FALSE(there.contains(offset)) << topic << " " << partition.partition << " " << offset;
      }
    }
  }
  static std::vector<std::vector<Record>> ReadAll(const Cluster& cluster, const std::string& topic) {
    std::vector<std::vector<Record>> all;
    for (int p = 0; p < kPartitions; p++) all.push_back(ReadPartition(cluster, topic, p));
    return all;
  }
  static int64_t End(const std::string& topic) { return LogEnds(destination()).Sum(topic, kPartitions); }

  std::string prefix_, topic_;
  LinkFile file_;
  std::vector<std::unique_ptr<Agent>> agents_;
  static inline std::unique_ptr<ClusterPair> pair_;
};

}  // namespace klink::it
