// Consumer groups are carried over exactly: wherever a group stood at the source, its first record at the destination
// is the one it would have got there.
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/group_tools.h"
#include "integration/mirror_fixture.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

constexpr size_t kGroups = 20;
constexpr int kPartitions = 120;
constexpr int kRecords = 6000;  // in all partitions together
constexpr size_t kThreads = 5;
constexpr char kTopic[] = "t-groups";

std::string GroupName(size_t i) { return fmt::format("app-{:02}", i); }

// For every group; an error of one is the test's.
template <class F>
void InParallel(F one) {
  std::vector<std::thread> threads;
  std::vector<std::exception_ptr> errors(kThreads);
  for (size_t t = 0; t < kThreads; t++)
    threads.emplace_back([&, t] {
      try {
        for (size_t g = t; g < kGroups; g += kThreads) one(g);
      } catch (...) {
        errors[t] = std::current_exception();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors)
    if (error) std::rethrow_exception(error);
}

std::vector<Place> PlacesOf(const std::string& topic, int partitions) {
  std::vector<Place> places;
  for (int p = 0; p < partitions; p++) places.emplace_back(topic, p);
  return places;
}

class Groups : public MirrorFixture {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>();
    CreateTopic(pair_->source, kTopic, kPartitions);
    CreateTopic(pair_->source, "t-orders", 1);
    CreateTopic(pair_->source, "t-lone", 1);
    LinkFile file = LinkOfPair();
    file.extra_link = "groups: {include: [{prefix: app-}], interval: 1s, delete: mirror}";
    agent_ = std::make_unique<Agent>(file);
    agent_->Start();
  }
  // Until the destination has these positions, and nothing else.
  static void AwaitCarried(const std::string& group, const Places& wanted) {
    std::vector<Place> places;
    for (const auto& [place, offset] : wanted) places.push_back(place);
    Await("the offsets of " + group, seconds(60),
          [&] { return CommittedPlaces(destination(), group, places) == wanted; });
  }
};

// L7 and L8: random commits, rebalances and rewinds while mirroring, the agent killed on the way; then every group is
// started at the destination.
TEST_F(Groups, TheFirstRecordAtTheDestinationIsTheOneTheSourceGroupWouldGet) {
  std::mt19937 random(20260101);
  std::map<int, std::vector<Record>> logs;
  const auto produce = [&](int count, const std::string& prefix) {
    const std::vector<Record> records = SampleRecords(count, kPartitions, 100, 0, prefix);
    Produce(source(), kTopic, records);
    for (const Record& record : records) logs[record.partition].push_back(record);
  };
  produce(kRecords, "first-");
  std::vector<Places> stands(kGroups);
  for (int round = 0; round < 4; round++) {
    if (round < 3) produce(kRecords / 2, fmt::format("round-{}-", round));
    std::vector<Places> moves(kGroups);
    for (size_t g = 0; g < kGroups; g++)
      for (int p = 0; p < kPartitions; p++)  // forward or back, or not at all
        if (random() % 3 != 0) moves[g][{kTopic, p}] = static_cast<int64_t>(random() % logs[p].size());
    InParallel([&](size_t g) { CommitPlaces(source(), GroupName(g), moves[g]); });
    for (size_t g = 0; g < kGroups; g++)
      for (const auto& [place, offset] : moves[g]) stands[g][place] = offset;
    if (round == 1) {  // members come and go
      Application first(source(), kTopic, GroupName(0));
      Application second(source(), kTopic, GroupName(0));
      EXPECT_EQ(first.Read(1, seconds(20), true).size(), 1U);
      (void)second.Read(1, seconds(5), true);
    }
    if (round == 2) agent_->Restart();
  }
  stands[0] = CommittedPlaces(source(), GroupName(0), PlacesOf(kTopic, kPartitions));
  InParallel([&](size_t g) { AwaitCarried(GroupName(g), stands[g]); });

  std::vector<std::map<int, Record>> firsts(kGroups);
  InParallel([&](size_t g) {
    Application moved(destination(), kTopic, GroupName(g));
    firsts[g] = moved.FirstOfEach(kPartitions, seconds(60));
  });
  int compared = 0, wrong = 0;
  for (size_t g = 0; g < kGroups; g++) {
    for (const auto& [partition, record] : firsts[g]) {
      const auto at = stands[g].find({kTopic, partition});
      const int64_t wanted = at == stands[g].end() ? 0 : at->second;
      const Record& source_record = logs[partition].at(static_cast<size_t>(wanted));
      compared++;
      wrong += record.value != source_record.value || record.key != source_record.key || record.offset != wanted;
    }
  }
  EXPECT_EQ(wrong, 0) << "of " << compared;
  EXPECT_EQ(compared, static_cast<int>(kGroups) * kPartitions);
}

TEST_F(Groups, AGroupAtWorkAtTheDestinationIsLeftAlone) {
  Produce(source(), "t-lone", SampleRecords(100, 1));
  AwaitMirrored(source(), destination(), "t-lone");
  CommitPlaces(source(), "app-lone", {{{"t-lone", 0}, 10}});
  AwaitCarried("app-lone", {{{"t-lone", 0}, 10}});
  const Outcome carried = agent_->Cli({"explain", "group", "app-lone"});
  EXPECT_EQ(carried.exit_code, 0) << carried.out;
  EXPECT_THAT(carried.out, HasSubstr("1 position: 1 exact"));
  const Outcome nobody = agent_->Cli({"explain", "group", "app-nobody"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_THAT(nobody.out, HasSubstr("paris lists no group app-nobody"));
  {
    Application moved(destination(), "t-lone", "app-lone");
    ASSERT_EQ(moved.Read(5, seconds(30), true).size(), 5U);
    const auto groups = [] { return agent_->Get("/v1/links/paris-to-lyon/groups").value_or(""); };
    Await("GROUP_IN_USE", seconds(30), [&] {
      return groups().find(R"("group":"app-lone","state":"PAUSED","reason_code":"GROUP_IN_USE")") != std::string::npos;
    });
    const Outcome told = agent_->Cli({"explain", "group", "app-lone"});
    EXPECT_EQ(told.exit_code, 1);
    EXPECT_THAT(told.out, HasSubstr("decided by  GROUP_IN_USE"));
    const Outcome diff = agent_->Cli({"diff"});
    EXPECT_EQ(diff.exit_code, 1);
    EXPECT_THAT(diff.out, testing::ContainsRegex("groups +app-lone .*GROUP_IN_USE"));
    CommitPlaces(source(), "app-lone", {{{"t-lone", 0}, 12}});  // a stray commit at the source
  }
  const auto read_at = [] { return agent_->Get("/v1/links/paris-to-lyon/groups").value_or("").substr(0, 80); };
  for (int rounds = 0; rounds < 3; rounds++) {
    const std::string before = read_at();
    Await("another round", seconds(30), [&] { return read_at() != before; });
  }
  // The member's own commit stands, or the newer one of the source, which moved after it had left: never an old one.
  const int64_t now = CommittedPlaces(destination(), "app-lone", {{"t-lone", 0}})[{"t-lone", 0}];
  EXPECT_TRUE(now == 15 || now == 12) << now;
}

TEST_F(Groups, AGroupOfTheConsumerProtocolIsCarriedOver) {
  if (source().version().starts_with("3.")) GTEST_SKIP() << "Kafka 4 brings the consumer protocol";
  CommitPlaces(source(), "app-new", {{{kTopic, 0}, 3}});
  const Outcome consumed =
      source().Tool("org.apache.kafka.tools.consumer.ConsoleConsumer",
                    {"--bootstrap-server", source().bootstrap(), "--topic", kTopic, "--group", "app-new",
                     "--max-messages", "40", "--timeout-ms", "20000", "--command-property", "group.protocol=consumer",
                     "--command-property", "auto.offset.reset=earliest"});
  ASSERT_EQ(consumed.exit_code, 0) << consumed.out << consumed.err;
  const Places stands = CommittedPlaces(source(), "app-new", PlacesOf(kTopic, kPartitions));
  ASSERT_FALSE(stands.empty());
  AwaitCarried("app-new", stands);
}

TEST_F(Groups, AGroupDeletedAtTheSourceIsDeletedAtTheDestination) {
  CommitPlaces(source(), "app-gone", {{{kTopic, 1}, 4}});
  AwaitCarried("app-gone", {{{kTopic, 1}, 4}});
  DeleteGroup(source(), "app-gone");
  Await("the group to go", seconds(60),
        [&] { return CommittedPlaces(destination(), "app-gone", {{kTopic, 1}}).empty(); });
}

// docs/moving-an-application.md
TEST_F(Groups, AnApplicationMovesAndContinuesWithTheNextRecord) {
  Produce(source(), "t-orders", SampleRecords(100, 1));
  AwaitMirrored(source(), destination(), "t-orders");
  Transcript story(KLINK_MOVING_PAGE, "An application moves to the copy");
  std::vector<Record> read;
  {
    Application at_home(source(), "t-orders", "app-orders");
    read = at_home.Read(50, seconds(30), true);
  }
  ASSERT_EQ(read.size(), 50U);
  story.Source(
      "Topic `t-orders` holds 100 records. The application `app-orders` has read and committed half of them, and is "
      "stopped.");
  AwaitCarried("app-orders", {{{"t-orders", 0}, 50}});
  story.Klink("Within `groups.interval` the copy has the same position; nobody reads there yet.");
  story.Run(*agent_, {"offsets", "group", "app-orders"}, "exact");
  {
    Application moved(destination(), "t-orders", "app-orders");
    const std::vector<Record> next = moved.Read(50, seconds(30), true);
    ASSERT_EQ(next.size(), 50U);
    EXPECT_EQ(next.front().offset, 50);
    const std::vector<Record> log = ReadPartition(source(), "t-orders", 0);
    for (size_t i = 0; i < next.size(); i++) EXPECT_EQ(next[i].value, log[50 + i].value) << i;
    story.Destination(fmt::format(
        "The application is started with the same group id and the other cluster's bootstrap.servers. Its first record "
        "is that of offset {}; it reads the {} it had not read, each once.",
        next.front().offset, next.size()));
    story.Klink("A group with members at the destination is left alone from then on.");
    story.Run(*agent_, {"offsets", "group", "app-orders"}, "1 member");
  }
  EXPECT_EQ(story.Drift(), "");
}

}  // namespace
}  // namespace klink::it
