// Exactly once, through it all: applications that write in transactions and one that consumes, processes and produces
// with its positions in the same transaction, while the three brokers of the destination are restarted one by one and
// plain records need only their leader (acks: pipelined).
// Consumers of two independent clients then read the same committed records on both sides, at the offsets the map says.
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "integration/mirror_check.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

constexpr seconds kLive(90);
constexpr int kCallMs = 30000;

// Reads t-in and writes each record to t-out; every fifth transaction is aborted, and its input read again.
class Processor {
 public:
  explicit Processor(const Cluster& source) : thread_([this, bootstrap = source.bootstrap()] { Run(bootstrap); }) {}
  ~Processor() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  int64_t processed() const { return processed_; }

 private:
  static rd_kafka_t* Client(rd_kafka_type_t type, const Settings& settings) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    char error[512];
    for (const auto& [key, value] : settings) rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error);
    return rd_kafka_new(type, conf, error, sizeof error);
  }
  static bool Succeeds(rd_kafka_error_t* error) {
    if (error == nullptr) return true;
    rd_kafka_error_destroy(error);
    return false;
  }

  // One whose transaction fails begins again, where the last committed one ended.
  void Run(const std::string& bootstrap) {
    while (!stopping_) {
      rd_kafka_t* out = Client(
          RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap}, {"transactional.id", "processor"}, {"log_level", "0"}});
      rd_kafka_t* in = Client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap},
                                                  {"group.id", "processor"},
                                                  {"enable.auto.commit", "false"},
                                                  {"isolation.level", "read_committed"},
                                                  {"auto.offset.reset", "earliest"}});
      rd_kafka_poll_set_consumer(in);
      rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
      rd_kafka_topic_partition_list_add(topics, "t-in", RD_KAFKA_PARTITION_UA);
      rd_kafka_subscribe(in, topics);
      rd_kafka_topic_partition_list_destroy(topics);
      bool well = Succeeds(rd_kafka_init_transactions(out, kCallMs));
      for (int round = 1; well && !stopping_; ++round) well = OneTransaction(in, out, round % 5 == 0);
      rd_kafka_consumer_close(in);
      rd_kafka_destroy(in);
      rd_kafka_destroy(out);
    }
  }

  bool OneTransaction(rd_kafka_t* in, rd_kafka_t* out, bool abort) {
    std::map<int32_t, std::pair<int64_t, int64_t>> read;  // partition: first and next offset
    std::vector<std::pair<int32_t, std::string>> results;
    while (results.size() < 20) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(in, 100);
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        read.try_emplace(message->partition, message->offset, 0).first->second.second = message->offset + 1;
        results.emplace_back(message->partition, fmt::format("{}-{}", message->partition, message->offset));
      }
      rd_kafka_message_destroy(message);
    }
    if (results.empty()) return true;
    bool well = Succeeds(rd_kafka_begin_transaction(out));
    for (auto& [partition, value] : results)
      rd_kafka_producev(out, RD_KAFKA_V_TOPIC("t-out"), RD_KAFKA_V_PARTITION(partition),
                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE(value.data(), value.size()),
                        RD_KAFKA_V_END);
    well = well && rd_kafka_flush(out, kCallMs) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_t* offsets = rd_kafka_topic_partition_list_new(2);
    for (const auto& [partition, range] : read)
      rd_kafka_topic_partition_list_add(offsets, "t-in", partition)->offset = abort ? range.first : range.second;
    if (abort) {
      well = well && Succeeds(rd_kafka_abort_transaction(out, kCallMs)) &&
             Succeeds(rd_kafka_seek_partitions(in, offsets, kCallMs));
    } else {
      rd_kafka_consumer_group_metadata_t* group = rd_kafka_consumer_group_metadata(in);
      well = well && Succeeds(rd_kafka_send_offsets_to_transaction(out, offsets, group, kCallMs)) &&
             Succeeds(rd_kafka_commit_transaction(out, kCallMs));
      rd_kafka_consumer_group_metadata_destroy(group);
      if (well) processed_ += static_cast<int64_t>(results.size());
    }
    rd_kafka_topic_partition_list_destroy(offsets);
    return well;
  }

  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> processed_ = 0;
  std::thread thread_;
};

class ExactlyOnceTest : public testing::Test {
 protected:
  ExactlyOnceTest()
      : pair_({.name = "source"}, {.name = "destination", .brokers = 3, .heap = "384m"}), agent_(File()) {}
  void TearDown() override {
    if (HasFailure()) agent_.KeepFiles();
  }
  LinkFile File() const {
    LinkFile file;
    file.source = pair_.source.bootstrap();
    file.destination = pair_.destination.bootstrap();
    file.extra_topics = "replication_factor: 3";
    file.extra_link = "acks: pipelined";
    return file;
  }
  // Everything written by now is at the destination, wherever it stands there.
  void AwaitCopied(const std::string& topic, int partitions) {
    std::vector<int64_t> ends;
    for (int p = 0; p < partitions; ++p) ends.push_back(RangeOf(pair_.source, topic, p)->end);
    const bool copied = Eventually(kLive, [&] {
      const auto mirror = Describe(agent_, topic);
      if (!mirror || mirror->partitions.size() != ends.size()) return false;
      for (const PartitionState& p : mirror->partitions)
        if (p.replicated_to.value_or(0) < ends.at(static_cast<size_t>(p.partition))) return false;
      return true;
    });
    if (!copied)
      throw std::runtime_error(
          fmt::format("not copied up to {}:\n{}", ends.front(), agent_.Cli({"mirror", "describe", topic}).out));
  }
  // librdkafka and the Java consumer see the same committed records on both sides.
  void ExpectSameCommitted(const std::string& topic, int partitions) {
    for (int p = 0; p < partitions; ++p) {
      SCOPED_TRACE(fmt::format("{}-{}", topic, p));
      const auto claim = ClaimOf(agent_, topic, p);
      ASSERT_TRUE(claim);
      const auto original = ReadPartition(pair_.source, topic, p);
      auto copy = ReadPartition(pair_.destination, topic, p);
      const auto count = static_cast<int64_t>(original.size());
      EXPECT_EQ(ConsoleConsumer(pair_.source, topic, p, count, "read_committed"), AsTheConsoleConsumerPrints(original));
      EXPECT_EQ(ConsoleConsumer(pair_.destination, topic, p, count, "read_committed"),
                AsTheConsoleConsumerPrints(copy));
      for (Record& record : copy) record.offset = claim->ToSource(record.offset).value_or(-1);
      EXPECT_EQ(copy, original);
    }
  }

  ClusterPair pair_;
  Agent agent_;
};

TEST_F(ExactlyOnceTest, SurvivesARollingRestartOfTheDestination) {
  CreateTopic(pair_.source, "t-tx", 2);
  CreateTopic(pair_.source, "t-in", 2);
  CreateTopic(pair_.source, "t-out", 2);
  TransactionalLoad load(pair_.source, "t-tx", 2, milliseconds(400));
  Load input(pair_.source, "t-in", {.partitions = 2, .per_second = 60});
  Processor processor(pair_.source);
  agent_.Start();
  const auto await_progress = [&] {
    const int64_t transactions = load.transactions(), processed = processor.processed();
    Await("more transactions", kLive,
          [&] { return load.transactions() >= transactions + 10 && processor.processed() >= processed + 100; });
    for (const char* topic : {"t-tx", "t-out"}) AwaitCopied(topic, 2);
  };
  await_progress();
  for (int broker = 0; broker < 3; ++broker) {
    pair_.destination.Shutdown(broker);
    pair_.destination.Restart(broker);
    await_progress();
    fmt::print("  broker {} restarted, {} transactions, {} records processed\n", broker, load.transactions(),
               processor.processed());
    std::fflush(stdout);
  }
  input.Stop();
  load.Stop();
  processor.Stop();
  for (const char* topic : {"t-tx", "t-in", "t-out"}) {
    AwaitCopied(topic, 2);
    ExpectSameCommitted(topic, 2);
    EXPECT_EQ(VerifyComplaint(agent_, topic), "") << topic;
    EXPECT_EQ(OracleOnClaims(pair_.source, pair_.destination, agent_, topic), "") << topic;
    const auto mirror = Describe(agent_, topic);
    EXPECT_EQ(mirror->state, "ACTIVE") << mirror->reason_code;
    for (const PartitionState& p : mirror->partitions) {
      if (p.offsets == "identical") continue;
      const Outcome runs = agent_.Cli({"offsets", "runs", topic, std::to_string(p.partition)});
      EXPECT_NE(runs.out.find("MARKER_REPEATED"), std::string::npos) << "drift has a reason:\n" << runs.out;
    }
  }
  std::set<std::optional<std::string>> once;
  size_t records = 0;
  for (int p = 0; p < 2; ++p)
    for (const Record& record : ReadPartition(pair_.destination, "t-out", p)) once.insert(record.value), ++records;
  EXPECT_EQ(once.size(), records) << "each input was processed once";
  EXPECT_GT(records, 300u);
}

}  // namespace
}  // namespace klink::it
