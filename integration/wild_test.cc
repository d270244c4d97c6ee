// docs/logs-in-the-wild.md, lived through: what real logs do to a mirror, what klink says, what the operator does. Each
// case ends with both logs proven equal, or different exactly as the map says.
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "integration/mirror_fixture.h"
#include "integration/topic_settings.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

constexpr int64_t kMidnight = 1479859200000;  // 2016-11-23T00:00:00Z
const Settings kKept = {{"retention.ms", "-1"}};

class WildTest : public MirrorFixture {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>(ClusterOptions{.name = "source", .proxied = true},
                                          ClusterOptions{.name = "destination"});
    agent_ = std::make_unique<Agent>(LinkOfPair());
  }

  // A link that mirrors this topic alone, with those settings.
  static void Mirror(const std::string& topic, const std::string& of_topics = "", const std::string& of_link = "") {
    LinkFile file = LinkOfPair();
    file.include = fmt::format("{{literal: {}}}", topic);
    file.extra_topics = of_topics;
    file.extra_link = of_link;
    if (started_ && agent().Running()) agent().Terminate();
    agent().SetFile(file);
    agent().Start();
    started_ = true;
  }
  static void AwaitRange(const std::string& topic, Range wanted, milliseconds limit = seconds(60)) {
    std::optional<Range> last;
    const bool reached =
        Eventually(limit, [&] { return (last = RangeOf(destination(), topic, 0)) == std::optional(wanted); });
    if (!reached)
      throw std::runtime_error(fmt::format("{} is {}–{}, not {}–{}", topic, last ? last->start : -1,
                                           last ? last->end : -1, wanted.start, wanted.end));
  }
  static void AwaitStart(const std::string& topic, int64_t start) {
    Await(fmt::format("{} to start at {}", topic, start), seconds(60), [&] {
      const auto range = RangeOf(destination(), topic, 0);
      return range && range->start == start;
    });
  }
  static void Append(const std::string& topic, int count, const std::string& prefix = "r") {
    Produce(source(), topic, SampleRecords(count, 1, 100, 0, prefix));
  }

  static inline bool started_ = false;
};

TEST_F(WildTest, TheSourcesLogStartMovesAlsoInsideABatchAndToItsEnd) {
  Transcript told("The source's log start moves");
  CreateTopic(source(), "orders", 1);
  Mirror("orders", "log_start_hold: 0s");
  Load load(source(), "orders", {.partitions = 1, .per_second = 1000, .settings = {{"batch.num.messages", "100"}}});
  Await("some records", seconds(60), [&] { return load.acked() > 3000; });
  for (const int64_t start : {1000, 1001, 1200, 1500, 2000, 2500}) {
    DeleteRecords(source(), "orders", 0, start);
    AwaitStart("orders", start);
  }
  load.Stop();
  AwaitMirrored(source(), destination(), "orders");
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "orders"), "");
  told.Source(
      "Records are deleted while others are written: `kafka-delete-records.sh` moves the log start to 1000, 1001, "
      "1200, "
      "1500, 2000 and 2500, most of them inside a batch.");
  told.Klink(
      "The copy's log start follows, record by record. By default it does so after a day (`log_start_hold: 24h`), so "
      "that a deletion by mistake, or by an attacker, does not reach the copy at once; here the file says "
      "`log_start_hold: 0s`.");
  told.Run(agent(), {"offsets", "translate", "orders", "0", "2500"}, "exact");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "orders", "--full"}).exit_code, 0);
  const int64_t end = RangeOf(source(), "orders", 0)->end;
  DeleteRecords(source(), "orders", 0, end);
  AwaitStart("orders", end);
  Append("orders", 50);
  AwaitRange("orders", {end, end + 50});
  told.Source("All records are deleted, and 50 new ones written.");
  told.Klink("The copy is empty, too, and the new records stand at their source offsets.");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "orders", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "orders"), "");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, AMirrorBeginsAtTheEndOrAtATime) {
  Transcript told("A mirror that begins at the end, or at a time");
  std::vector<Record> old;
  for (int i = 0; i < 600; ++i)
    old.push_back({.key = "k", .value = fmt::format("invoice {}", i), .timestamp_ms = kMidnight + 1000 * i});
  for (const char* topic : {"clicks", "invoices", "forecasts"}) {
    CreateTopic(source(), topic, 1, kKept);
    Produce(source(), topic, old);
  }
  told.Source("Three topics hold 600 records each, one a second from midnight on.");
  told.Operator("`start:` says where new mirrors begin; mirrors that exist are not touched by it.");
  const auto begin = [&](const std::string& topic, const std::string& start, int64_t first) {
    Mirror(topic, "start: " + start);
    AwaitRange(topic, {first, 600});
    Append(topic, 100, "later");
    AwaitMirrored(source(), destination(), topic);
    told.Klink(fmt::format("`start: {}` on `{}`: the copy begins at offset {}, and has the same offsets from there.",
                           start.starts_with("2") ? "\"" + start + "\"" : start, topic, first));
    told.Run(agent(), {"offsets", "runs", topic, "0"}, "700");
    EXPECT_EQ(VerifyComplaint(agent(), topic), "");
    auto original = ReadPartition(source(), topic, 0);
    original.erase(original.begin(), original.begin() + first);
    EXPECT_EQ(ReadPartition(destination(), topic, 0), original);
  };
  begin("clicks", "latest", 600);
  begin("invoices", "2016-11-23T00:05:00Z", 300);
  begin("forecasts", "2030-01-01T00:00:00Z", 600);
  told.Klink("A time after the last record means the end, never the beginning.");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, RetentionOvertakesAStoppedAgent) {
  Transcript told("Retention overtook a stopped agent, `on_gap: record`");
  CreateTopic(source(), "shipments", 1);
  Append("shipments", 100);
  Mirror("shipments");
  AwaitRange("shipments", {0, 100});
  agent().Terminate();
  Append("shipments", 50, "lost");
  Append("shipments", 150, "kept");
  DeleteRecords(source(), "shipments", 0, 150);
  agent().Start();
  AwaitRange("shipments", {0, 300});
  told.Source(
      "The agent was stopped at offset 100. Meanwhile 200 records were written, and retention removed the first 50.");
  told.Klink(
      "The gap is recorded and the mirror goes on; it stays `ACTIVE`, and says what is missing. Control markers, which "
      "no consumer sees, take the offsets that were lost, where klink may write them (CLUSTER ALTER, or "
      "CLUSTER_ACTION); else what follows is translated.");
  told.Run(agent(), {"mirror", "errors"}, "RETENTION_GAP");
  told.LogLine(agent(), "KL1215", "removed");
  told.Sample(agent(), "klink_partition_reasons{");
  told.Klink("The map is exact on both sides of the gap, and says `clamped` inside it.");
  told.Run(agent(), {"offsets", "runs", "shipments", "0"}, "RETENTION_GAP");
  told.Run(agent(), {"offsets", "translate", "shipments", "0", "120"}, "clamped");
  told.Run(agent(), {"offsets", "translate", "shipments", "0", "200"}, "exact");
  const auto original = ReadPartition(source(), "shipments", 0);
  const auto copy = ReadPartition(destination(), "shipments", 0);
  EXPECT_EQ(std::vector<Record>(copy.begin() + 100, copy.end()), original) << "the same records at the same offsets";
  told.Operator("Nothing has to be done; the source's retention, or klink's throughput, is what to look at.");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "shipments", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnClaims(source(), destination(), agent(), "shipments"), "");
  EXPECT_EQ(Describe(agent(), "shipments")->state, "ACTIVE");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, AnAcceptedGapIsCrossedAndTheNextOneStopsAgain) {
  Transcript told("Retention overtook a stopped agent, `on_gap: stop`");
  CreateTopic(source(), "ledger", 1);
  Append("ledger", 100);
  Mirror("ledger", "", "on_gap: stop");
  AwaitRange("ledger", {0, 100});
  int64_t copied = 100;
  for (const int64_t end : {100, 300}) {
    agent().Terminate();
    Append("ledger", 50, "lost");
    Append("ledger", 150, "kept");
    DeleteRecords(source(), "ledger", 0, end + 50);
    agent().Start();
    AwaitState(agent(), "ledger", "FAILED", "RETENTION_GAP");
    EXPECT_EQ(RangeOf(destination(), "ledger", 0)->end, copied);
    if (end == 100) {
      told.Source("As before: 200 records were written while no agent ran, and the first 50 of them removed.");
      told.Klink("With `on_gap: stop` nothing is appended behind the gap.");
      told.Run(agent(), {"mirror", "errors"}, "RETENTION_GAP");
      told.LogLine(agent(), "KL1212", "RETENTION_GAP");
      told.Operator("The 50 records are given up.");
      EXPECT_EQ(told.Run(agent(), {"mirror", "resume", "ledger", "--accept-gap", "--yes"}).exit_code, 0);
    } else {
      EXPECT_EQ(agent().Cli({"mirror", "resume", "ledger", "--accept-gap", "--yes"}).exit_code, 0);
    }
    copied += 200;
    AwaitRange("ledger", {0, copied});
  }
  told.Klink("It goes on behind the gap. What was accepted is that gap alone: the next one stops the mirror again.");
  told.Run(agent(), {"offsets", "runs", "ledger", "0"}, "350");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "ledger", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnClaims(source(), destination(), agent(), "ledger"), "");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, ATopicIsDeletedAndMadeAgain) {
  Transcript told("The topic is deleted at the source, and made again");
  CreateTopic(source(), "customers", 1);
  Append("customers", 300);
  Mirror("customers");
  AwaitRange("customers", {0, 300});
  DeleteTopic(source(), "customers");
  told.Source("Somebody deletes the topic.");
  told.Klink("Nothing is deleted at the destination: the copy stays as it is.");
  AwaitState(agent(), "customers", "FAILED", "SOURCE_TOPIC_MAY_BE_DELETED");
  told.Run(agent(), {"mirror", "errors"}, "SOURCE_TOPIC_MAY_BE_DELETED");
  CreateTopic(source(), "customers", 1);
  Append("customers", 500, "again");
  told.Source("A topic of that name is made again, and written to.");
  told.Klink(
      "It is another topic (its id says so), and not one of its records is appended to the copy of the old one.");
  AwaitState(agent(), "customers", "FAILED", "SOURCE_TOPIC_ID_CHANGED");
  told.Run(agent(), {"mirror", "errors"}, "SOURCE_TOPIC_ID_CHANGED");
  EXPECT_EQ(agent().Cli({"mirror", "resume", "customers", "--accept-gap", "--yes"}).exit_code, 1);
  EXPECT_EQ(RangeOf(destination(), "customers", 0), (Range{0, 300}));
  told.Operator("The old records are not needed any more: the copy is deleted and begun anew.");
  EXPECT_EQ(told.Run(agent(), {"mirror", "resume", "customers", "--restart-as-new", "--dry-run"}).exit_code, 0);
  EXPECT_EQ(told.Run(agent(), {"mirror", "resume", "customers", "--restart-as-new", "--yes"}).exit_code, 0);
  AwaitRange("customers", {0, 500});
  AwaitState(agent(), "customers", "ACTIVE", "");
  told.Klink("The copy is that of the new topic.");
  told.Run(agent(), {"offsets", "runs", "customers", "0"}, "500");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "customers", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "customers"), "");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, ALogAppendTimeTopicKeepsTheTimesItsReadersSaw) {
  Transcript told("Append times (`message.timestamp.type=LogAppendTime`)");
  CreateTopic(source(), "audit", 1, {{"message.timestamp.type", "LogAppendTime"}});
  Produce(source(), "audit", SampleRecords(100, 1, 100, kMidnight), {{"compression.type", "lz4"}});
  std::this_thread::sleep_for(milliseconds(20));  // the next batch has another time
  Produce(source(), "audit", SampleRecords(100, 1, 100, kMidnight));
  Mirror("audit");
  AwaitRange("audit", {0, 200});
  const auto original = ReadPartition(source(), "audit", 0);
  EXPECT_EQ(ReadPartition(destination(), "audit", 0), original);
  const int64_t second = original.at(100).timestamp_ms;
  EXPECT_GT(original.at(0).timestamp_ms, kMidnight + 1000000) << "the broker's time";
  told.Source(
      "The broker stamps records with the time of their arrival; 100 records came, and 100 more a moment later.");
  told.Klink(
      "Consumers of the copy see the same times: the batches are built again with them, and `klink verify` compares "
      "them record by record. A look-up by time answers the same record on both sides.");
  told.Run(
      agent(),
      {"offsets", "at", "audit", fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(second / 1000), second % 1000)},
      "exact");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "audit", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "audit"), "");
  EXPECT_EQ(OracleOnTimes(source(), destination(), agent(), "audit",
                          {kMidnight, original.at(0).timestamp_ms, second, second + 1}),
            "");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, ABatchTheDestinationRefusesIsNotSkipped) {
  Transcript told("A record is too large for the destination");
  CreateTopic(source(), "photos", 1, {{"max.message.bytes", "3000000"}, {"retention.ms", "86400000000"}});
  Append("photos", 10);
  Mirror("photos", "configs: {interval: 1h}");
  Await("the settings of an active mirror", seconds(60), [] {
    return RangeOf(destination(), "photos", 0) == Range{0, 10} &&
           SettingsOf(destination(), "photos")["retention.ms"].value == "86400000000";
  });
  Await("the shards", seconds(60), [] { return PartitionCount(destination(), "_klink.paris-to-lyon.work") == 256; });
  AlterTopic(destination(), "photos", {{"max.message.bytes", "1048588"}});
  const std::vector<Record> large = {{.value = std::string(2 << 20, 'x'), .timestamp_ms = kMidnight}};
  Produce(source(), "photos", large, {{"message.max.bytes", "3000000"}});
  Append("photos", 10, "behind");
  told.Source(
      "A record of 2 MiB is written. The topic allows it; its mirror was made with the same limit, but somebody "
      "lowered that one.");
  told.Klink(
      "The partition stops before the record; nothing is skipped, and the others go on. klink sets the limit back at "
      "its "
      "next look at the settings (`configs: {interval: 30s}`); here the file says `interval: 1h`.");
  told.Run(agent(), {"mirror", "errors"}, "RECORD_TOO_LARGE");
  told.LogLine(agent(), "KL1212", "RECORD_TOO_LARGE");
  EXPECT_EQ(RangeOf(destination(), "photos", 0), (Range{0, 10}));
  told.Operator(
      "The limit is raised: `kafka-configs.sh --alter --topic photos --add-config max.message.bytes=3000000`.");
  AlterTopic(destination(), "photos", {{"max.message.bytes", "3000000"}});
  AwaitRange("photos", {0, 21});
  AwaitState(agent(), "photos", "ACTIVE", "");
  told.Klink("It goes on by itself, within seconds.");
  told.Run(agent(), {"mirror", "errors"}, "No mirror");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "photos", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "photos"), "");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, ABitThatFlippedOnTheWayReachesNobody) {
  Transcript told("A bit flips between the source and klink");
  CreateTopic(source(), "sensors", 1);
  Append("sensors", 50);
  Mirror("sensors");
  AwaitRange("sensors", {0, 50});
  Proxy& cable = source().proxy(0);
  cable.Corrupt("flipped once", 1);
  Produce(source(), "sensors", {{.value = "flipped once"}});
  AwaitRange("sensors", {0, 51});
  EXPECT_EQ(cable.corrupted(), 1);
  EXPECT_EQ(agent().LogText().find("reason=CRC_MISMATCH"), std::string::npos);
  told.Source("A record is written, and one bit of it is changed on its way to klink, once.");
  told.Klink(
      "The checksum that the producer made goes with the records to the destination's broker, which refuses the batch. "
      "It is fetched again, and is right this time; nothing has to be done.");
  told.LogLine(agent(), "KL1213", "checksum");
  cable.Corrupt("flipped always", 1 << 30);
  Produce(source(), "sensors", {{.value = "flipped always"}});
  Append("sensors", 10, "behind");
  told.Source("Now it happens every time: a broken disk, or a network device that changes packets.");
  told.Klink("The partition stops in front of the batch, and tries again every few seconds.");
  AwaitState(agent(), "sensors", "FAILED", "CRC_MISMATCH");
  told.Run(agent(), {"mirror", "errors"}, "CRC_MISMATCH");
  EXPECT_EQ(RangeOf(destination(), "sensors", 0), (Range{0, 51}));
  EXPECT_GE(cable.corrupted(), 3);
  cable.Corrupt("", 0);
  told.Operator("The device is replaced.");
  AwaitRange("sensors", {0, 62});
  AwaitState(agent(), "sensors", "ACTIVE", "");
  told.Klink("It goes on by itself.");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "sensors", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "sensors"), "");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(WildTest, SomebodyElseWritesToTheMirror) {
  Transcript told("Somebody else writes to the mirror, `on_foreign_write: stop`");
  for (const char* topic : {"payments", "refunds"}) CreateTopic(source(), topic, 1);
  Append("payments", 100);
  Append("refunds", 100);
  Mirror("payments");
  AwaitRange("payments", {0, 100});
  Produce(destination(), "payments", SampleRecords(5, 1, 50, 0, "theirs"));
  AwaitState(agent(), "payments", "FAILED", "FOREIGN_WRITE", seconds(10));  // promised: 5
  told.Destination(
      "A producer was started with the wrong address, and wrote 5 records to the mirror while it was idle.");
  told.Klink("The end of an idle mirror is looked at every few seconds: within 5 seconds the partition stops.");
  told.Run(agent(), {"mirror", "errors"}, "FOREIGN_WRITE");
  Mirror("refunds");
  AwaitRange("refunds", {0, 100});
  Produce(destination(), "refunds", SampleRecords(3, 1, 50, 0, "theirs"));
  Append("refunds", 100, "next");
  AwaitState(agent(), "refunds", "FAILED", "FOREIGN_WRITE");
  told.Destination("The same happens to a mirror that is busy: 100 records come from the source at that moment.");
  told.Klink("The first answer of the broker with another offset than planned tells it.");
  told.Run(agent(), {"mirror", "errors"}, "FOREIGN_WRITE");
  EXPECT_EQ(agent().Cli({"verify", "refunds"}).exit_code, 1);
  told.Operator(
      "The writer is stopped, and its permission revoked. Records cannot be taken out of a log: the mirror topic is "
      "deleted (`kafka-topics.sh --delete`) and copied again; or `on_foreign_write: record` goes on behind them.");
  DeleteTopic(destination(), "refunds");
  AwaitState(agent(), "refunds", "FAILED", "DESTINATION_TOPIC_DELETED");
  EXPECT_EQ(told.Run(agent(), {"mirror", "resume", "refunds", "--restart-as-new", "--yes"}).exit_code, 0);
  AwaitRange("refunds", {0, 200});
  AwaitState(agent(), "refunds", "ACTIVE", "");
  EXPECT_EQ(told.RunForVerdict(agent(), {"verify", "refunds", "--full"}).exit_code, 0);
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "refunds"), "");
  EXPECT_EQ(told.Drift(), "");
}

}  // namespace
}  // namespace klink::it
