// Failovers at the edges: of nothing, of many and of some, from a source that comes and goes, in the midst of
// transactions, by two operators at once, with a clock that is wrong, with a report that cannot be written.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "integration/failover_fixture.h"
#include "integration/topic_settings.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

using testing::HasSubstr;
using testing::Not;

// As promised of every failover, whatever the source does.
constexpr double kSecondsMost = 10;
constexpr seconds kCommandMost(15);

// A network that is there for a moment and away for a moment, until Stop().
class Flapping {
 public:
  explicit Flapping(Proxy& proxy) : proxy_(proxy), thread_([this] { Run(); }) {}
  ~Flapping() { Stop(); }
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    stopped_.notify_all();
    if (thread_.joinable()) thread_.join();
    proxy_.Release();
  }
  int times() const { return times_; }
  int resets() const { return resets_; }

 private:
  static constexpr milliseconds kAway{400}, kThere{300};

  void Run() {
    std::unique_lock lock(mutex_);
    for (bool away = false; !stopped_.wait_for(lock, away ? kAway : kThere, [this] { return stopping_; });) {
      away = !away;
      if (away) {
        proxy_.Hold();
        continue;
      }
      resets_ += proxy_.ResetAll();
      proxy_.Release();
      ++times_;
    }
  }

  Proxy& proxy_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::atomic<int> times_ = 0, resets_ = 0;
  std::thread thread_;
};

// What programs that are started meanwhile take for the time.
class WrongClock {
 public:
  explicit WrongClock(seconds off) {
    setenv("KLINK_CLOCK_OFF", std::to_string(off.count()).c_str(), 1);
    setenv("LD_PRELOAD", KLINK_WRONG_CLOCK, 1);
  }
  ~WrongClock() { unsetenv("LD_PRELOAD"); }
};

class FailoverEdges : public Failover {
 protected:
  static bool IsPaused(const Agent& agent) {
    return agent.Cli({"link", "list"}).out.find("PAUSED") != std::string::npos;
  }
  static std::set<std::string> TopicsWith(const Promotion& promotion, const std::string& outcome) {
    std::set<std::string> topics;
    for (const PromotedMirror& mirror : promotion.mirrors)
      if (mirror.outcome == outcome) topics.insert(mirror.topic);
    return topics;
  }
  // As ExpectWritable does, where looking at every record would take long.
  static void Write(const std::string& topic) {
    Produce(destination(), topic, SampleRecords(2 * kPartitions, kPartitions), {{"enable.idempotence", "true"}});
  }
  // L11: nothing stands there but the copy and two records of ours in each partition.
  static void ExpectOursAlone(const Promotion& promotion, const std::set<std::string>& topics) {
    LogEnds ends(destination());
    for (const std::string& topic : topics)
      for (const CutPartition& partition : Find(promotion, topic)->partitions)
        EXPECT_EQ(ends.Of(topic, partition.partition), partition.cut.value_or(-2) + 2) << topic;
  }
};

TEST_F(FailoverEdges, AllOfNothingPausesTheLinkAndSaysSo) {
  file_.include = fmt::format("{{prefix: {}later}}", prefix_);
  Agent& agent = NewAgent();
  agent.Start();
  const Outcome plan = agent.Cli({"failover", "--all", "--dry-run"});
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("has no mirrors: it would be paused"));
  EXPECT_FALSE(IsPaused(agent));

  const auto began = std::chrono::steady_clock::now();
  const Outcome done = agent.Cli({"failover", "--all", "--yes"});
  EXPECT_LT(std::chrono::steady_clock::now() - began, kCommandMost);
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("has no mirrors: it is paused"));
  EXPECT_TRUE(IsPaused(agent));
  const Promotion again = Run(agent, {"failover", "--all"});
  EXPECT_EQ(again.state, "COMPLETED");
  EXPECT_EQ(again.mirrors.size(), 0u);

  const std::string later = NewTopic("later");
  Produce(source(), later, SampleRecords(30, kPartitions));
  file_.link += "-beside";  // a link that shows how long a copy takes
  file_.extra_topics = "rename: {suffix: .beside}";
  Agent& other = NewAgent("agent-2");
  other.Start();
  AwaitProgress(later + ".beside", 30);
  EXPECT_EQ(PartitionCount(destination(), later), 0);
  EXPECT_EQ(agent.Cli({"link", "resume", "--yes"}).exit_code, 0);
  AwaitProgress(later, 30);  // the pause alone had kept it back
}

TEST_F(FailoverEdges, SomeOfManyLeaveTheRestMirroredAndAllOfThemAreOneCommand) {
  std::vector<std::string> topics;
  for (int i = 0; i < 10; i++) topics.push_back(fmt::format("{}many-{}", prefix_, i));
  CreateTopics(source(), topics, kPartitions);
  file_.include = fmt::format("{{prefix: {}many-}}", prefix_);
  const std::set<std::string> all(topics.begin(), topics.end());
  const std::set<std::string> chosen(topics.begin(), topics.begin() + 2);
  const std::set<std::string> rest(topics.begin() + 2, topics.end());
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string& topic : topics) Produce(source(), topic, SampleRecords(30, kPartitions));
  for (const std::string& topic : topics) AwaitProgress(topic, 30);

  const Promotion some = Run(agent, {"failover", topics[0], topics[1]});
  EXPECT_EQ(TopicsWith(some, "stopped"), chosen);
  EXPECT_EQ(some.mirrors.size(), chosen.size());
  for (const std::string& topic : chosen) ExpectWritable(some, topic);
  for (const std::string& topic : topics) Produce(source(), topic, SampleRecords(30, kPartitions));
  for (const std::string& topic : rest) {
    AwaitMirrored(source(), destination(), topic);
    EXPECT_EQ(Describe(agent, topic)->state, "ACTIVE");
  }
  EXPECT_FALSE(IsPaused(agent));

  const Promotion every = Run(agent, {"failover", "--all"});
  EXPECT_EQ(every.state, "COMPLETED");
  EXPECT_LT(every.seconds.value_or(99), kSecondsMost);
  EXPECT_EQ(every.lost, 0);
  EXPECT_EQ(TopicsWith(every, "stopped"), rest);
  EXPECT_EQ(TopicsWith(every, "already_stopped"), chosen);
  ExpectWritable(every, topics.back());
  for (const std::string& topic : rest)
    if (topic != topics.back()) Write(topic);
  EXPECT_EQ(agent.Cli({"link", "resume", "--yes"}).exit_code, 0);
  const Promotion again = Run(agent, {"failover", "--all"});
  EXPECT_EQ(again.state, "COMPLETED");
  EXPECT_EQ(TopicsWith(again, "already_stopped"), all);
  EXPECT_TRUE(IsPaused(agent)) << "nothing new is mirrored, as the first time";
  ExpectOursAlone(some, chosen);
  ExpectOursAlone(every, rest);
}

TEST_F(FailoverEdges, ASourceThatComesAndGoesDoesNotHoldItUp) {
  const std::vector<std::string> topics = {topic_, NewTopic("b")};
  Agent& agent = NewAgent();
  agent.Start();
  std::vector<std::unique_ptr<Load>> loads;
  for (const std::string& topic : topics)
    loads.push_back(
        std::make_unique<Load>(source(), topic, Load::Options{.partitions = kPartitions, .per_second = 300}));
  for (const std::string& topic : topics) AwaitProgress(topic, 300);
  std::map<std::string, Promotion> promotions;
  int during = 0;
  {
    Flapping flapping(source().proxy(0));
    for (const std::string& topic : topics) {
      const int before = flapping.times();
      Await("the source to come and go", seconds(30), [&] { return flapping.times() >= before + 2; });
      const int begins = flapping.times();
      const auto began = std::chrono::steady_clock::now();
      promotions[topic] = Run(agent, {"failover", topic});
      EXPECT_LT(std::chrono::steady_clock::now() - began, kCommandMost);
      EXPECT_LT(promotions[topic].seconds.value_or(99), kSecondsMost);
      EXPECT_EQ(promotions[topic].state, "COMPLETED");
      during += flapping.times() - begins;
    }
    EXPECT_GT(flapping.resets(), 0) << "nobody was connected";
  }
  RecordProperty("came_and_went_during_failovers", during);
  for (const auto& load : loads) load->Stop();
  ExpectWritable(promotions[topics[0]], topics[0]);
  Write(topics[1]);
  ExpectOursAlone(promotions[topics[1]], {topics[1]});
  ExpectCopyOf(ReadAll(source(), topics[1]), promotions[topics[1]], topics[1]);
}

// One producer's transactions over all partitions, each of so many records in each: `number-index` and a filling. Every
// third is aborted.
constexpr int kTransactions = 6, kRecordsEach = 16, kRecordsInABatch = 4;
constexpr size_t kRecordBytes = 6000;  // in the first partition; more in the others, so that they do not keep pace

struct Place {
  int transaction = -1, index = -1;
};
Place PlaceOf(const Record& record) {
  Place place;
  std::sscanf(record.value.value_or("").c_str(), "%d-%d-", &place.transaction, &place.index);
  return place;
}
bool IsAborted(int transaction) { return transaction % 3 == 1; }

void WriteTransactions(const Cluster& cluster, const std::string& topic) {
  TransactionalProducer producer(cluster, topic);
  for (int number = 0; number < kTransactions; number++) {
    producer.Begin();
    for (int index = 0; index < kRecordsEach;) {
      std::vector<Record> records;
      for (const int end = index + kRecordsInABatch; index < end; index++)
        for (int p = 0; p < kPartitions; p++)
          records.push_back({.value = fmt::format("{}-{}-{}", number, index,
                                                  std::string(kRecordBytes * static_cast<size_t>(p + 1), 'x')),
                             .partition = p});
      producer.Send(topic, records);  // a batch in each
    }
    IsAborted(number) ? producer.Abort() : producer.Commit();
  }
}

// Of one partition: the transactions that readers of committed records see below the cut, each whole or not at all.
std::set<int> ExpectWholeBelowTheCut(const Cluster& source, const Cluster& destination, const std::string& topic,
                                     const CutPartition& partition) {
  const int64_t copied = partition.replicated_to.value_or(-1);
  std::vector<Record> expected, shown;
  std::optional<Record> first_lost;
  for (const Record& record : ReadPartition(source, topic, partition.partition, "read_uncommitted")) {
    if (record.offset >= copied && !first_lost) first_lost = record;
    if (record.offset < copied && !IsAborted(PlaceOf(record).transaction)) expected.push_back(record);
  }
  if (first_lost) EXPECT_EQ(PlaceOf(*first_lost).index, 0) << "what is lost begins within a transaction";
  for (const Record& record : ReadPartition(destination, topic, partition.partition))
    if (record.offset < *partition.cut) shown.push_back(record);
  std::map<int, int> count;
  for (const Record& record : shown) count[PlaceOf(record).transaction]++;
  EXPECT_EQ(shown.size(), expected.size()) << topic << " " << partition.partition;
  EXPECT_TRUE(shown == expected) << topic << " " << partition.partition;
  std::set<int> whole;
  for (const auto& [transaction, records] : count) {
    EXPECT_EQ(records, kRecordsEach) << "a part of transaction " << transaction;
    EXPECT_FALSE(IsAborted(transaction)) << transaction;
    whole.insert(transaction);
  }
  return whole;
}

TEST_F(FailoverEdges, OfTransactionsThatAreCutReadersSeeNoPart) {
  WriteTransactions(source(), topic_);
  file_.extra_link += "\n    limits: {bytes_per_second: 400KiB}";  // some seconds for all of it
  Agent& agent = NewAgent();
  agent.Start();
  constexpr int64_t kAll = int64_t{kTransactions} * (kRecordsEach + 1) * kPartitions;  // with a marker each
  AwaitProgress(topic_, kAll / 3);
  const Promotion promotion = Run(agent, {"failover", topic_});
  ASSERT_EQ(promotion.mirrors.size(), 1u);
  ASSERT_EQ(promotion.mirrors[0].partitions.size(), size_t{kPartitions});
  int64_t lost = 0, cut = 0, in_the_midst = 0;
  std::map<int, int> seen_in;
  for (const CutPartition& partition : promotion.mirrors[0].partitions) {
    ASSERT_TRUE(partition.replicated_to && partition.cut && partition.lost);
    EXPECT_EQ(partition.source_end, RangeOf(source(), topic_, partition.partition)->end);
    EXPECT_EQ(*partition.lost, *partition.source_end - *partition.replicated_to);
    EXPECT_LE(partition.transactions_cut, 1) << "there was one producer";
    lost += *partition.lost;
    cut += partition.transactions_cut;
    in_the_midst += *partition.replicated_to > 0 && *partition.lost > 0;
    for (const int transaction : ExpectWholeBelowTheCut(source(), destination(), topic_, partition))
      seen_in[transaction]++;
  }
  EXPECT_EQ(promotion.lost, lost);
  EXPECT_GT(in_the_midst, 0) << "the cut lies behind everything, or before it";
  EXPECT_GT(cut, 0) << "none was under way";
  ExpectWritable(promotion, topic_);
  int torn = 0;
  for (const auto& [transaction, partitions] : seen_in) torn += partitions < kPartitions;
  EXPECT_GT(torn, 0) << "what crossed had crossed in all partitions";
}

TEST_F(FailoverEdges, TwoOperatorsAtOnceMakeOneCut) {
  const std::vector<std::string> topics = {topic_, NewTopic("b")};
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string& topic : topics) Produce(source(), topic, SampleRecords(30, kPartitions));
  for (const std::string& topic : topics) AwaitProgress(topic, 30);
  for (const std::string& topic : topics) {
    Promotion first, second;
    std::thread other([&] { second = Run(agent, {"failover", topic}); });
    first = Run(agent, {"failover", topic});
    other.join();
    EXPECT_TRUE(first.operation || second.operation);
    if (first.operation && second.operation) EXPECT_EQ(first.operation, second.operation);
    const Promotion& cutting = first.operation ? first : second;
    const Promotion& following = first.operation ? second : first;
    ASSERT_EQ(following.mirrors.size(), 1u);
    ASSERT_EQ(following.mirrors[0].partitions.size(), size_t{kPartitions});
    for (const CutPartition& partition : Find(cutting, topic)->partitions)
      EXPECT_EQ(following.mirrors[0].partitions[static_cast<size_t>(partition.partition)].cut, partition.cut);
    ExpectWritable(cutting, topic);
    if (HasFailure()) return;
  }
}

TEST_F(FailoverEdges, AClockThatIsWrongByAnHourHoldsNothingUp) {
  for (const auto& [name, off] : std::map<std::string, int>{{"ahead", 3900}, {"behind", -3900}}) {
    const std::string topic = NewTopic(name);
    file_.link = fmt::format("link-{}", prefix_ + name);
    file_.include = fmt::format("{{literal: {}}}", topic);
    Agent& agent = NewAgent(name);
    {
      const WrongClock wrong{seconds(off)};
      agent.Start();
    }
    Produce(source(), topic, SampleRecords(300, kPartitions));
    AwaitProgress(topic, 300);
    source().proxy(0).Hold();
    const auto began = std::chrono::steady_clock::now();
    const Promotion promotion = Run(agent, {"failover", topic});
    EXPECT_LT(std::chrono::steady_clock::now() - began, kCommandMost) << name;
    source().proxy(0).Release();
    EXPECT_EQ(promotion.lost, 0) << name;
    EXPECT_LT(promotion.seconds.value_or(99), kSecondsMost) << name;
    ExpectWritable(promotion, topic);
    EXPECT_THAT(agent.Cli({"audit", "tail", "-n", "5"}).out, HasSubstr("failover")) << name;
  }
}

TEST_F(FailoverEdges, AReportThatCannotBeWrittenIsSaidBeforeAnythingElseOrBesideTheOutcome) {
  Agent& agent = NewAgent();
  agent.Start();
  Produce(source(), topic_, SampleRecords(300, kPartitions));
  AwaitProgress(topic_, 300);
  const std::string nowhere = (agent.dir() / "missing" / "report.json").string();
  const Outcome early = agent.Cli({"failover", topic_, "--yes", "--report", nowhere});
  EXPECT_EQ(early.exit_code, 64) << early.out;
  EXPECT_THAT(early.err, HasSubstr("missing/report.json: the file cannot be written"));
  EXPECT_THAT(early.err, HasSubstr("Nothing was changed"));
  EXPECT_EQ(Describe(agent, topic_)->state, "ACTIVE");

  // A disk that is full when the report is written.
  const Outcome late = agent.Cli({"failover", topic_, "--yes", "-o", "json", "--report", "/dev/full"});
  EXPECT_EQ(late.exit_code, 1);
  EXPECT_THAT(late.err, HasSubstr("the failover is COMPLETED, but its report could not be written to /dev/full"));
  Promotion promotion;
  const auto json = ParseJson(late.out);
  ASSERT_TRUE(json.ok() && FromJson(*json, promotion).ok()) << late.out << late.err;
  ExpectWritable(promotion, topic_);
  EXPECT_EQ(agent.Cli({"failover", topic_, "--yes"}).exit_code, 0);

  const std::string own = prefix_ + "own";
  CreateTopic(destination(), own, 1);
  const Outcome foreign = agent.Cli({"failover", own, "--yes"});
  EXPECT_EQ(foreign.exit_code, 1);
  EXPECT_THAT(foreign.out, HasSubstr("has no mirror topic " + own)) << "it is a topic, but no mirror";
}

}  // namespace
}  // namespace klink::it
