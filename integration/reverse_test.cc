// The old source becomes the mirror, and back, and again: `klink mirror reverse` after each promotion, with the file of
// both directions from the first day on. And the old source that has a tail of its own: `--keep-and-map`.
#include <fmt/format.h>

#include "base/json.h"
#include "integration/cut_back.h"
#include "integration/group_tools.h"
#include "integration/mirror_fixture.h"
#include "integration/transactional.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

constexpr int kPartitions = 2;
constexpr char kThere[] = "paris-to-lyon", kBack[] = "lyon-to-paris";

class ReverseTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>();
    LinkFile file;
    file.source = pair_->source.bootstrap();
    file.destination = pair_->destination.bootstrap();
    file.include = "{prefix: t-}, {prefix: one-way-}";  // of which no link goes back
    const std::string groups = "groups: {include: [{prefix: app-}], interval: 1s}";
    file.extra_link = fmt::format(
        "{0}\n"
        "  - name: lyon-to-paris\n"
        "    source: lyon\n"
        "    destination: paris\n"
        "    topics: {{include: [{{prefix: t-}}], refresh: 1s}}\n"
        "    {0}",
        groups);
    agent_ = std::make_unique<Agent>(file);
    agent_->Start();
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) agent_->KeepFiles();
    agent_.reset();
    pair_.reset();
  }
  static Cluster& paris() { return pair_->source; }
  static Cluster& lyon() { return pair_->destination; }
  static Agent& agent() { return *agent_; }

  static void ExpectDone(const std::vector<std::string>& arguments, const std::string& says = "") {
    const Outcome outcome = agent().Cli(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << testing::PrintToString(arguments) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(says));
  }
  static void ExpectRefused(const std::vector<std::string>& arguments, const std::string& says) {
    const Outcome outcome = agent().Cli(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << testing::PrintToString(arguments) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out + outcome.err, HasSubstr(says));
  }
  static void AwaitShown(const std::string& topic, const std::string& link, const std::string& text) {
    Await(text + " of " + topic, seconds(60), [&] {
      return agent().Cli({"mirror", "describe", topic, "--link", link}).out.find(text) != std::string::npos;
    });
  }
  static Range At(const Cluster& cluster, const std::string& topic, int partition) {
    return RangeOf(cluster, topic, partition).value_or(Range{});
  }
  static std::string Place(const Cluster& cluster) { return &cluster == &paris() ? "paris" : "lyon"; }

  // New records at their source, of transactions too, are in the copy, at their offsets.
  static void ExpectMirrored(Cluster& from, Cluster& to, const std::string& topic, const std::string& link) {
    Produce(from, topic, SampleRecords(20, kPartitions, 100, 0, "more"));
    ProduceTransactions(from, topic, kPartitions, 3, "app-" + link);
    AwaitMirrored(from, to, topic);
    for (int p = 0; p < kPartitions; p++) {
      EXPECT_EQ(At(from, topic, p).end, At(to, topic, p).end);
      EXPECT_EQ(ReadPartition(from, topic, p, "read_committed"), ReadPartition(to, topic, p, "read_committed"));
    }
    ExpectVerified(topic, link);
  }
  static void ExpectVerified(const std::string& topic, const std::string& link) {
    const Outcome verify = agent().Cli({"verify", topic, "--full", "--link", link});
    EXPECT_EQ(verify.exit_code, 0) << link << verify.out << verify.err;
  }
  // L12: a new producer's first records follow the cut at once.
  static void ExpectWritable(Cluster& cluster, const std::string& topic) {
    std::vector<int64_t> ends;
    for (int p = 0; p < kPartitions; p++) ends.push_back(At(cluster, topic, p).end);
    Produce(cluster, topic, SampleRecords(10, kPartitions, 100, 0, "own"), {{"enable.idempotence", "true"}});
    for (int p = 0; p < kPartitions; p++) {
      const auto records = ReadPartition(cluster, topic, p, "read_committed");
      ASSERT_GE(records.size(), 5u);
      EXPECT_EQ(records[records.size() - 5].offset, ends[static_cast<size_t>(p)]) << Place(cluster);
    }
  }
  static void FailOverWithATail(const std::string& topic) {
    CreateTopic(paris(), topic, 1);
    Produce(paris(), topic, SampleRecords(100, 1));
    AwaitMirrored(paris(), lyon(), topic);
    AwaitShown(topic, kThere, "ACTIVE");
    ExpectDone({"failover", topic, "--link", kThere, "--yes"}, "COMPLETED");
    Produce(paris(), topic, SampleRecords(25, 1, 100, 0, "stray"));
    Produce(lyon(), topic, SampleRecords(15, 1, 100, 0, "new"));
  }

  static inline std::unique_ptr<ClusterPair> pair_;
  static inline std::unique_ptr<Agent> agent_;
};

// First: a fence takes an offset for each producer id that the link ever had, and the page shows offsets.
TEST_F(ReverseTest, TheRunbookIsTrue) {
  const std::string topic = "t-payments";
  CreateTopic(paris(), topic, 1);
  Produce(paris(), topic, SampleRecords(200, 1));
  AwaitMirrored(paris(), lyon(), topic);
  AwaitShown(topic, kThere, "ACTIVE");
  Transcript story(fs::path(KLINK_RUNBOOKS) / "reverse.md", "The application moved");
  ExpectDone({"promote", topic, "--link", kThere, "--yes"}, "COMPLETED");
  Produce(lyon(), topic, SampleRecords(30, 1, 100, 0, "new"));
  story.Source(
      "Topic `t-payments` held 200 records. Its application was stopped, `klink promote t-payments --link "
      "paris-to-lyon` made the copy writable, and the application went on at the destination, with 30 records by now. "
      "Nothing was written to the old topic since.");
  story.Klink("The link of the other direction is in the file. It waits for a word:");
  story.Run(agent(), {"mirror", "describe", topic, "--link", kBack}, "OLD_SOURCE");
  story.Operator("Looks what would be done. The link that is named is the one that was promoted.");
  EXPECT_EQ(story.Run(agent(), {"mirror", "reverse", topic, "--link", kThere, "--dry-run"}).exit_code, 0);
  story.Operator("Does it.");
  EXPECT_EQ(story.Run(agent(), {"mirror", "reverse", topic, "--link", kThere, "--yes"}).exit_code, 0);
  AwaitMirrored(lyon(), paris(), topic);
  story.Klink("The old source is the mirror, at the same offsets. Said again, nothing changes.");
  AwaitShown(topic, kBack, "ACTIVE");
  EXPECT_EQ(story.RunForVerdict(agent(), {"verify", topic, "--full", "--link", kBack}).exit_code, 0);
  EXPECT_EQ(story.Drift(), "");

  Transcript back(fs::path(KLINK_RUNBOOKS) / "reverse.md", "And back");
  back.Operator(
      "Stops the application, promotes the other way (`klink promote t-payments --link lyon-to-paris`), starts the "
      "application at the first cluster again, and reverses that.");
  ExpectDone({"promote", topic, "--link", kBack, "--yes"}, "COMPLETED");
  Produce(paris(), topic, SampleRecords(20, 1, 100, 0, "back"));
  EXPECT_EQ(back.Run(agent(), {"mirror", "reverse", topic, "--link", kBack, "--yes"}).exit_code, 0);
  AwaitMirrored(paris(), lyon(), topic);
  EXPECT_EQ(back.RunForVerdict(agent(), {"verify", topic, "--full", "--link", kThere}).exit_code, 0);
  EXPECT_EQ(back.Drift(), "");
}

TEST_F(ReverseTest, ThereAndBackTwice) {
  const std::string topic = "t-orders", group = "app-orders";
  CreateTopic(paris(), topic, kPartitions);
  ExpectMirrored(paris(), lyon(), topic, kThere);
  ExpectRefused({"mirror", "reverse", topic, "--link", kThere, "--yes"}, "ACTIVE, not STOPPED: promote it first");
  for (int round = 0; round < 4; round++) {
    SCOPED_TRACE(round);
    const bool there = round % 2 == 0;
    const std::string link = there ? kThere : kBack, back = there ? kBack : kThere;
    Cluster& old_source = there ? paris() : lyon();
    Cluster& primary = there ? lyon() : paris();
    CommitPlaces(old_source, group, {{{topic, 0}, 10 + round}});
    Await("the group", seconds(30),
          [&] { return CommittedPlaces(primary, group, {{topic, 0}}) == Places{{{topic, 0}, 10 + round}}; });
    ExpectDone({"promote", topic, "--link", link, "--yes"}, "COMPLETED");
    ExpectWritable(primary, topic);
    std::vector<Range> before;
    for (int p = 0; p < kPartitions; p++) before.push_back(At(old_source, topic, p));
    if (round == 0) AwaitShown(topic, back, "OLD_SOURCE");
    ExpectDone({"mirror", "reverse", topic, "--link", link, "--dry-run"}, "would_reverse");
    for (int p = 0; p < kPartitions; p++)
      EXPECT_EQ(At(old_source, topic, p), before[static_cast<size_t>(p)]) << "written to without a word";
    ExpectDone({"mirror", "reverse", topic, "--link", link, "--yes"}, "reversed");
    AwaitShown(topic, back, "ACTIVE");
    ExpectMirrored(primary, old_source, topic, back);
    EXPECT_THAT(agent().Cli({"mirror", "list", "--link", link}).out, HasSubstr("STOPPED"));
    if (HasFailure()) return;
  }
  agent().Restart();  // what was taken over is found again
  ExpectMirrored(paris(), lyon(), topic, kThere);
}

TEST_F(ReverseTest, AnOldSourceWithATailOfItsOwnIsKeptAndMappedAround) {
  const std::string topic = "t-tail";
  FailOverWithATail(topic);
  ExpectRefused({"mirror", "reverse", topic, "--link", kThere, "--yes"}, "25 records behind offset 100");
  EXPECT_EQ(At(paris(), topic, 0).end, 125);
  ExpectDone({"mirror", "failback", topic, "--keep-and-map", "--link", kThere, "--yes"},
             "offsets 100 to 124 stay at paris; offset 100 of lyon stands at 125");
  const int64_t end = At(lyon(), topic, 0).end;
  Await("the copy", seconds(60), [&] { return At(paris(), topic, 0).end == end + 25; });
  const auto primary = ReadPartition(lyon(), topic, 0), mirror = ReadPartition(paris(), topic, 0);
  ASSERT_EQ(mirror.size(), primary.size() + 25);
  for (size_t i = 0; i < 100; i++) EXPECT_EQ(mirror[i], primary[i]);
  for (size_t i = 100; i < primary.size(); i++) {
    EXPECT_EQ(mirror[i + 25].offset, primary[i].offset + 25);
    EXPECT_EQ(mirror[i + 25].value, primary[i].value);
  }
  AwaitShown(topic, kBack, "translated");
  const auto translate = [&](const std::string& offset) {
    return agent().Cli({"offsets", "translate", topic, "0", offset, "--link", kBack}).out;
  };
  EXPECT_THAT(translate("40"), HasSubstr("40"));
  EXPECT_THAT(translate(std::to_string(end - 1)), HasSubstr(std::to_string(end + 24)));
  EXPECT_THAT(translate(std::to_string(end - 1)), HasSubstr("exact"));
  CommitPlaces(lyon(), "app-tail", {{{topic, 0}, end - 1}});
  Await("the group", seconds(30),
        [&] { return CommittedPlaces(paris(), "app-tail", {{topic, 0}}) == Places{{{topic, 0}, end + 24}}; });
  ExpectVerified(topic, kBack);
  // With other offsets on either side nothing can be taken over at equal ones.
  ExpectDone({"promote", topic, "--link", kBack, "--yes"}, "COMPLETED");
  ExpectRefused({"mirror", "reverse", topic, "--link", kBack, "--yes"}, "use klink mirror failback --recreate");
}

TEST_F(ReverseTest, LogsThatDifferBelowTheCutAreNotTakenForOne) {
  const std::string topic = "t-shorter";
  CreateTopic(paris(), topic, 1);
  Produce(paris(), topic, SampleRecords(500, 1), {{"batch.num.messages", "50"}});
  const uintmax_t kept = fs::file_size(FirstSegment(paris(), topic));
  Produce(paris(), topic, SampleRecords(500, 1, 100, 0, "lost"), {{"batch.num.messages", "50"}});
  AwaitMirrored(paris(), lyon(), topic);
  AwaitShown(topic, kThere, "ACTIVE");
  ExpectDone({"promote", topic, "--link", kThere, "--yes"}, "COMPLETED");
  CutBack(paris(), topic, kept);
  Produce(paris(), topic, SampleRecords(700, 1, 100, 0, "anew"));
  ExpectRefused({"mirror", "reverse", topic, "--link", kThere, "--yes"},
                "paris lost what was copied from offset 500 on, so its log is another one");
  EXPECT_EQ(At(paris(), topic, 0).end, 1200) << "written to without a word";
  Await("an agent to lead the link back again", seconds(60), [&] {
    return agent().Cli({"mirror", "failback", topic, "--keep-and-map", "--link", kThere, "--dry-run"}).exit_code == 0;
  });
  ExpectDone({"mirror", "failback", topic, "--keep-and-map", "--link", kThere, "--yes"},
             "offsets 500 to 1199 stay at paris; offset 500 of lyon stands at 1200");
  const int64_t end = At(lyon(), topic, 0).end;
  Await("the copy", seconds(60), [&] { return At(paris(), topic, 0).end == end + 700; });
  ExpectVerified(topic, kBack);
}

TEST_F(ReverseTest, WithoutALinkBackItSaysThatOneIsMissing) {
  const std::string topic = "one-way-orders";
  CreateTopic(paris(), topic, 1);
  Produce(paris(), topic, SampleRecords(10, 1));
  AwaitMirrored(paris(), lyon(), topic);
  AwaitShown(topic, kThere, "ACTIVE");
  ExpectDone({"promote", topic, "--link", kThere, "--yes"}, "COMPLETED");
  ExpectRefused({"mirror", "reverse", topic, "--link", kThere, "--yes"},
                "no link of the file mirrors one-way-orders from lyon to paris as one-way-orders: add one");
  ExpectRefused({"mirror", "reverse", "t-nowhere", "--link", kThere, "--yes"}, "has no mirror t-nowhere");
  EXPECT_EQ(At(paris(), topic, 0), (Range{0, 10}));
}

TEST_F(ReverseTest, AProducerThatStayedAtTheOldSourceIsAForeignWriter) {
  const std::string topic = "t-late";
  CreateTopic(paris(), topic, 1);
  Produce(paris(), topic, SampleRecords(50, 1));
  AwaitMirrored(paris(), lyon(), topic);
  AwaitShown(topic, kThere, "ACTIVE");
  ExpectDone({"promote", topic, "--link", kThere, "--yes"}, "COMPLETED");
  Produce(lyon(), topic, SampleRecords(5, 1, 100, 0, "new"));
  ExpectDone({"mirror", "reverse", topic, "--link", kThere, "--yes"}, "reversed");
  AwaitMirrored(lyon(), paris(), topic);
  const int64_t end = At(paris(), topic, 0).end;
  Produce(paris(), topic, SampleRecords(1, 1, 100, 0, "foreign"));
  AwaitShown(topic, kBack, "FOREIGN_WRITE");
  EXPECT_EQ(At(paris(), topic, 0).end, end + 1);
  ExpectDone({"mirror", "reverse", topic, "--link", kThere, "--yes"}, "unchanged");
}

}  // namespace
}  // namespace klink::it
