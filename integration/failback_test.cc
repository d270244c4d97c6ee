// The old source is back after its mirrors were used: the plan names exactly what each side has, and the export holds
// exactly the records that never crossed.
#include <algorithm>

#include <fmt/format.h>

#include "integration/cut_back.h"
#include "integration/failback_view.h"
#include "integration/mirror_fixture.h"
#include "integration/transactional.h"
#include "integration/transcript.h"
#include "tests/oracle/fetcher.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

class FailbackTest : public MirrorFixture {
 protected:
  void SetUp() override {
    if (!agent().Running()) agent().Start();
  }
  // Copied to the end, then nobody copies any more.
  static void CopyAndStop(const std::string& topic) {
    AwaitMirrored(source(), destination(), topic);
    EXPECT_EQ(agent().Terminate(), 0);
  }
  // The source is lost, its copy is promoted, the source comes back.
  static void FailOver(const std::string& topic) {
    source().Kill(0);
    const Outcome outcome = agent().Cli({"failover", topic, "--link", "paris-to-lyon", "--yes"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
    source().Restart(0);
  }
  static LinkFile BothWays() {
    LinkFile file = LinkOfPair();
    file.extra_link =
        "acks: all\n"
        "  - name: lyon-to-paris\n"
        "    source: lyon\n"
        "    destination: paris\n"
        "    topics: {include: [{prefix: t-}], refresh: 1s}";
    return file;
  }
  static Plan Ask(const std::string& topic, std::vector<std::string> more = {"--plan"}) {
    return AskPlan(agent(), topic, std::move(more));
  }
  static std::vector<Record> Behind(const Cluster& cluster, const std::string& topic, int partition, int64_t from) {
    std::vector<Record> records = ReadPartition(cluster, topic, partition, "read_uncommitted");
    std::erase_if(records, [from](const Record& record) { return record.offset < from; });
    return records;
  }
};

class WorkingDirectory {
 public:
  explicit WorkingDirectory(const fs::path& there) : before_(fs::current_path()) { fs::current_path(there); }
  ~WorkingDirectory() { fs::current_path(before_); }
  WorkingDirectory(const WorkingDirectory&) = delete;

 private:
  fs::path before_;
};

// The values in TOPIC-PARTITION.jsonl, by offset.
std::map<int64_t, Json> LinesOf(const fs::path& file) {
  std::map<int64_t, Json> lines;
  std::istringstream in(ReadFile(file));
  for (std::string line; std::getline(in, line);) {
    StatusOr<Json> json = ParseJson(line, {.bytes = 64 << 20});
    if (!json.ok()) throw std::runtime_error("no JSON in " + file.string() + ": " + line);
    lines[NumberAt(*json, "offset")] = *json;
  }
  return lines;
}

void ExpectSame(const std::map<int64_t, Json>& lines, const std::vector<Record>& records) {
  ASSERT_EQ(lines.size(), records.size());
  for (const Record& record : records) {
    const auto line = lines.find(record.offset);
    ASSERT_NE(line, lines.end()) << record.offset;
    EXPECT_EQ(NumberAt(line->second, "timestamp_ms"), record.timestamp_ms);
    const Json* value = FindJson(line->second, "value");
    ASSERT_NE(value, nullptr) << record.offset;
    EXPECT_EQ(value->is_null(), !record.value.has_value());
    if (record.value) EXPECT_EQ(TextOf(value->get_string()), *record.value);
    const Json* key = FindJson(line->second, "key");
    ASSERT_NE(key, nullptr) << record.offset;
    if (record.key) EXPECT_EQ(TextOf(key->get_string()), *record.key);
  }
}

// First: a fence takes an offset for each producer id that the link ever had, and the page shows offsets.
TEST_F(FailbackTest, TheRunbookIsFollowedBackToTheOldSource) {
  const std::string topic = "t-payments", kept = "t-refunds", there = "paris-to-lyon", back = "lyon-to-paris";
  TempDir dir("runbook");
  const WorkingDirectory here(dir.path());
  EXPECT_EQ(agent().Terminate(), 0);
  agent().SetFile(BothWays());
  agent().Start();
  for (const std::string& each : {topic, kept}) {
    CreateTopic(source(), each, 2);
    Produce(source(), each, SampleRecords(200, 2));
    AwaitMirrored(source(), destination(), each);
    FailOver(each);
    Produce(source(), each, SampleRecords(50, 2, 100, 0, "stray"));
    Produce(destination(), each, SampleRecords(30, 2, 100, 0, "new"));
  }
  const std::vector<Record> stray = Behind(source(), topic, 0, 100);

  Transcript look(KLINK_FAILBACK_PAGE, "What each side has");
  look.Source(
      "Topic `t-payments` held 200 records when the source was lost, and `klink failover t-payments` was used. Then "
      "the source came back, and before anybody could stop it an application wrote 50 more there. The applications at "
      "the destination wrote 30. So it was with `t-refunds`.");
  look.Klink(
      "The file has a link of the other direction, `lyon-to-paris`, from the first day on. It does not touch the old "
      "topics, and says why:");
  look.Run(agent(), {"mirror", "describe", topic, "--link", back}, "OLD_SOURCE");
  look.Operator("Stops the application at the old source, and looks.");
  EXPECT_EQ(look.Run(agent(), {"mirror", "failback", topic, "--plan", "--link", there}).exit_code, 0);
  look.Klink(
      "Exit 0: every partition is known. 75 means that one could not be compared, and the text says which and why. "
      "Neither cluster was changed.");
  EXPECT_EQ(look.Drift(), "");

  Transcript again(KLINK_FAILBACK_PAGE, "Back by making the topic again");
  again.Operator(
      "The old source shall have what the new primary has, and nothing else. Looks first what would be done.");
  const std::vector<std::string> recreate = {"mirror", "failback", topic, "--recreate", "--link", there};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), recreate.begin(), recreate.end());
    return more;
  };
  const Outcome refused = agent().Cli(with({"--yes"}));
  EXPECT_EQ(refused.exit_code, 1) << "the stray records are not on disk";
  EXPECT_THAT(refused.out, HasSubstr("say --export DIR"));
  EXPECT_EQ(again.Run(agent(), with({"--export", "looked-at", "--dry-run"})).exit_code, 0);
  EXPECT_EQ(RangeOf(source(), topic, 0), (Range{0, 125})) << "deleted, or written to, without a word";
  again.Operator("Does it. The folder must be new or empty.");
  EXPECT_EQ(again.Run(agent(), with({"--export", "stray", "--yes"})).exit_code, 0);
  ExpectSame(LinesOf(dir.path() / "stray" / (topic + "-0.jsonl")), stray);
  EXPECT_EQ(RunToEnd({.argv = {"sha256sum", "-c", "SHA256SUMS"}, .directory = dir.path() / "stray"}).exit_code, 0);
  again.Klink(
      "The topic is gone at the old source. What never crossed is in the folder: the batches as they lay in the log, "
      "and the same records as JSON, one a line; `sha256sum -c SHA256SUMS` checks them. The link back makes the topic "
      "again within seconds, and copies it at the same offsets.");
  Await("the topic to be made again", seconds(60), [&] { return PartitionCount(source(), topic) == 2; });
  AwaitMirrored(destination(), source(), topic);
  EXPECT_EQ(again.RunForVerdict(agent(), {"verify", topic, "--full", "--link", back}).exit_code, 0);
  for (int p = 0; p < 2; p++) EXPECT_EQ(ReadPartition(source(), topic, p), ReadPartition(destination(), topic, p));
  EXPECT_EQ(again.Drift(), "");

  Transcript keep(KLINK_FAILBACK_PAGE, "Back with what the old source alone has");
  keep.Operator("Of `t-refunds` nothing may be deleted: what never crossed stays where it is.");
  EXPECT_EQ(keep.Run(agent(), {"mirror", "failback", kept, "--keep-and-map", "--link", there, "--yes"}).exit_code, 0);
  Await("the copy", seconds(60),
        [&] { return RangeOf(source(), kept, 0)->end == RangeOf(destination(), kept, 0)->end + 25; });
  keep.Klink(
      "The topic is a mirror of the new primary, with the 25 records of each partition in its midst. Offsets are "
      "translated from there on, exactly; groups are carried over so.");
  EXPECT_EQ(keep.RunForVerdict(agent(), {"verify", kept, "--full", "--link", back}).exit_code, 0);
  EXPECT_EQ(keep.Run(agent(), {"offsets", "translate", kept, "0", "110", "--link", back}).exit_code, 0);
  EXPECT_EQ(keep.Drift(), "");
  EXPECT_EQ(agent().Terminate(), 0);
  agent().SetFile(LinkOfPair());
}

TEST_F(FailbackTest, BothSidesWroteAndTheExportHoldsExactlyWhatNeverCrossed) {
  const std::string topic = "t-orders";
  CreateTopic(source(), topic, 2);
  Produce(source(), topic, SampleRecords(400, 2), {{"batch.num.messages", "20"}});
  ProduceTransactions(source(), topic, 2, 4);
  CopyAndStop(topic);
  const int64_t cut = RangeOf(source(), topic, 0)->end;
  Produce(source(), topic, SampleRecords(100, 2, 100, 0, "stray"), {{"compression.type", "zstd"}});
  ProduceTransactions(source(), topic, 2, 3, "late");
  Produce(destination(), topic, SampleRecords(60, 2, 100, 0, "new"));

  TempDir dir("export");
  const fs::path folder = dir.path() / "orders";
  const Plan plan = Ask(topic, {"--plan", "--export", folder.string()});
  EXPECT_EQ(plan.exit_code, 0) << plan.text;
  for (int p = 0; p < 2; p++) {
    SCOPED_TRACE(p);
    const int64_t from = plan.parted_at(p);
    const std::vector<Record> stray = Behind(source(), topic, p, from);
    EXPECT_EQ(plan.relation(p), "both_ahead");
    EXPECT_EQ(plan.evidence(p), "batches");
    EXPECT_EQ(plan.count("never_crossed", "records", p), static_cast<int64_t>(stray.size()));
    EXPECT_EQ(plan.count("never_crossed", "to", p), RangeOf(source(), topic, p)->end);
    EXPECT_GT(plan.count("never_crossed", "transactions_committed", p), 0);
    EXPECT_GT(plan.count("never_crossed", "transactions_aborted", p), 0);
    EXPECT_EQ(plan.count("never_crossed", "transactions_torn", p), 0);
    EXPECT_EQ(plan.count("written_since", "records", p), 30);
    EXPECT_EQ(plan.count("copied_only", "records", p), 0);
    ExpectSame(LinesOf(folder / fmt::format("{}-{}.jsonl", topic, p)), stray);

    // The raw batches are those of the log, byte for byte but for the leader epoch, which oracle::Encode leaves out.
    const auto exported = oracle::ParseBatches(ReadFile(folder / fmt::format("{}-{}.batches", topic, p)));
    const auto log = oracle::FetchLog(source().bootstrap(), topic, p);
    std::vector<std::string> wanted, got;
    for (const auto& batch : log.batches)
      if (batch.last_offset() >= from) wanted.push_back(oracle::Encode(batch));
    for (const auto& batch : exported) got.push_back(oracle::Encode(batch));
    EXPECT_EQ(got, wanted);
  }
  EXPECT_EQ(plan.parted_at(0), cut);
  const Outcome sums = RunToEnd({.argv = {"sha256sum", "-c", "SHA256SUMS"}, .directory = folder});
  EXPECT_EQ(sums.exit_code, 0) << sums.out << sums.err;
  EXPECT_EQ(std::count(sums.out.begin(), sums.out.end(), '\n'), 4);

  const Outcome again = agent().Cli({"mirror", "failback", topic, "--export", folder.string()});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_THAT(again.err, HasSubstr("has files in it"));
}

TEST_F(FailbackTest, TheCutOfAFailoverIsBelievedAndItsFenceIsNobodysRecord) {
  const std::string topic = "t-cut";
  CreateTopic(source(), topic, 1);
  Produce(source(), topic, SampleRecords(100, 1));
  ProduceTransactions(source(), topic, 1, 3);
  AwaitMirrored(source(), destination(), topic);
  const int64_t end = RangeOf(source(), topic, 0)->end;
  FailOver(topic);
  const Plan quiet = Ask(topic);
  EXPECT_EQ(quiet.relation(), "equal") << quiet.text;
  EXPECT_EQ(NumberAt(quiet.partition(0), "replicated_to"), end);
  EXPECT_EQ(NumberAt(quiet.partition(0), "cut"), RangeOf(destination(), topic, 0)->end);
  // The same records on both sides behind the cut are not the same.
  Produce(source(), topic, {{.key = "k", .value = "v", .timestamp_ms = 1'700'000'000'000}});
  Produce(destination(), topic, {{.key = "k", .value = "v", .timestamp_ms = 1'700'000'000'000}});
  const Plan both = Ask(topic);
  EXPECT_EQ(both.relation(), "both_ahead") << both.text;
  EXPECT_EQ(both.parted_at(), end);
  EXPECT_EQ(both.count("never_crossed", "records"), 1);
  EXPECT_EQ(both.count("written_since", "records"), 1);
  EXPECT_EQ(both.count("copied_only", "records"), 0);
}

TEST_F(FailbackTest, NothingIsDeletedThatWasNotPromoted) {
  const std::string topic = "t-running";
  CreateTopic(source(), topic, 1);
  Produce(source(), topic, SampleRecords(10, 1));
  AwaitMirrored(source(), destination(), topic);
  const Outcome refused = agent().Cli({"mirror", "failback", topic, "--recreate", "--yes"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, HasSubstr("the mirror is ACTIVE, not STOPPED"));
  EXPECT_EQ(RangeOf(source(), topic, 0), (Range{0, 10}));
}

TEST_F(FailbackTest, NothingIsBeyondWhenNobodyWrote) {
  const std::string topic = "t-quiet";
  CreateTopic(source(), topic, 1);
  Produce(source(), topic, SampleRecords(100, 1));
  CopyAndStop(topic);
  const Plan plan = Ask(topic);
  EXPECT_EQ(plan.exit_code, 0) << plan.text;
  EXPECT_EQ(plan.relation(), "equal");
  EXPECT_EQ(plan.parted_at(), 100);
}

TEST_F(FailbackTest, OffsetsThatWereTranslatedAreMapped) {
  const std::string topic = "t-translated";
  CreateTopic(destination(), topic, 1);
  Produce(destination(), topic, SampleRecords(40, 1, 100, 0, "before"));
  CreateTopic(source(), topic, 1);
  Produce(source(), topic, SampleRecords(100, 1));
  Await("the copy", seconds(60), [&] { return RangeOf(destination(), topic, 0)->end == 140; });
  EXPECT_EQ(agent().Terminate(), 0);
  Produce(source(), topic, SampleRecords(25, 1, 100, 0, "stray"));
  Produce(destination(), topic, SampleRecords(10, 1, 100, 0, "new"));
  const Plan plan = Ask(topic);
  EXPECT_EQ(plan.relation(), "both_ahead") << plan.text;
  EXPECT_EQ(plan.parted_at(), 100);
  EXPECT_EQ(NumberAt(plan.partition(0), "parted_at_destination"), 140);
  EXPECT_EQ(plan.count("never_crossed", "records"), 25);
  EXPECT_EQ(plan.count("written_since", "records"), 10);
}

TEST_F(FailbackTest, ASourceThatLostItsEndIsFoundByGoingBack) {
  const std::string topic = "t-shorter";
  CreateTopic(source(), topic, 1);
  Produce(source(), topic, SampleRecords(500, 1), {{"batch.num.messages", "50"}});
  const uintmax_t kept = fs::file_size(FirstSegment(source(), topic));
  Produce(source(), topic, SampleRecords(500, 1, 100, 0, "lost"), {{"batch.num.messages", "50"}});
  CopyAndStop(topic);
  CutBack(source(), topic, kept);
  Produce(source(), topic, SampleRecords(700, 1, 100, 0, "anew"));
  Produce(destination(), topic, SampleRecords(20, 1, 100, 0, "new"));
  const Plan plan = Ask(topic);
  EXPECT_EQ(plan.exit_code, 0) << plan.text;
  EXPECT_EQ(plan.relation(), "diverged");
  EXPECT_EQ(plan.parted_at(), 500);
  EXPECT_EQ(plan.count("never_crossed", "records"), 700);
  EXPECT_EQ(plan.count("copied_only", "records"), 500);
  EXPECT_EQ(plan.count("written_since", "records"), 20);
}

TEST_F(FailbackTest, ATopicThatWasMadeAgainIsAnotherLogAndSaidToBe) {
  const std::string topic = "t-again";
  CreateTopic(source(), topic, 1);
  Produce(source(), topic, SampleRecords(100, 1));
  CopyAndStop(topic);
  DeleteTopic(source(), topic);
  Await("the deletion", seconds(30), [&] { return PartitionCount(source(), topic) == 0; });
  CreateTopic(source(), topic, 1);
  const Plan plan = Ask(topic);
  EXPECT_EQ(plan.exit_code, 75) << plan.text;
  EXPECT_THAT(plan.text, HasSubstr("was deleted and made again"));
}

TEST_F(FailbackTest, WhatWasNeverMirroredIsNamed) {
  const Outcome outcome = agent().Cli({"mirror", "failback", "t-nowhere", "--plan"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("link paris-to-lyon has no mirror t-nowhere"));
}

}  // namespace
}  // namespace klink::it
