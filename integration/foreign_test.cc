// Somebody else writes to a mirror, and the link goes on (on_foreign_write: record): both logs stay exact, by a map
// that says where the others' records stand.
#include <fmt/format.h>

#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

constexpr int kPartitions = 2;
constexpr char kTopic[] = "t-shared";
constexpr seconds kIdleLook(10);
constexpr seconds kDoubtAfterDeath(15);

class Foreign : public testing::Test {
 protected:
  Foreign()
      : source_(ClusterOptions{.name = "source"}),
        destination_(ClusterOptions{.name = "destination"}),
        agent_(FileOf(source_, destination_)) {}
  void TearDown() override {
    if (HasFailure()) agent_.KeepFiles(), destination_.KeepFiles();
  }
  static LinkFile FileOf(const Cluster& source, const Cluster& destination) {
    LinkFile file;
    file.source = source.bootstrap();
    file.destination = destination.bootstrap();
    file.extra_link = "on_foreign_write: record";
    return file;
  }
  void WriteAsSomebodyElse(int records) {
    Produce(destination_, kTopic, SampleRecords(records, kPartitions, 50, 0, "somebody else's"));
    foreign_ += records;
  }
  int64_t SourceEnd() const { return LogEnds(source_).Sum(kTopic, kPartitions); }
  // Everything of the source and of the others is there, and the agent says so.
  void AwaitCopied() {
    Await("the copy", seconds(90), [&] {
      const auto mirror = Describe(agent_, kTopic);
      if (!mirror || LogEnds(destination_).Sum(kTopic, kPartitions) != SourceEnd() + foreign_) return false;
      for (const PartitionState& p : mirror->partitions)
        if (p.lag != 0 || p.reason_code != "FOREIGN_WRITE" || p.state != "ACTIVE") return false;
      return true;
    });
  }
  void ExpectExact() {
    AwaitCopied();
    EXPECT_EQ(OracleOnClaims(source_, destination_, agent_, kTopic), "");
    EXPECT_EQ(VerifyComplaint(agent_, kTopic), "");
  }

  Cluster source_;
  Cluster destination_;
  Agent agent_;
  int64_t foreign_ = 0;
};

TEST_F(Foreign, WhatOthersWriteIsListedAndTheMirrorGoesOnUnderLoadIdleAndAfterADeath) {
  CreateTopic(source_, kTopic, kPartitions);
  agent_.Start();
  Load load(source_, kTopic, {.partitions = kPartitions});
  Await("the first records", seconds(60), [&] { return LogEnds(destination_).Sum(kTopic, kPartitions) > 1000; });
  for (int round = 0; round < 5; ++round) {
    WriteAsSomebodyElse(20);
    const int64_t from = load.acked();
    Await("the load", seconds(30), [&] { return load.acked() >= from + 1000; });
  }
  WriteAsSomebodyElse(10);
  agent_.Kill();  // with appends under way, and perhaps before anybody knew
  WriteAsSomebodyElse(30);
  agent_.Start();
  const int64_t from = load.acked();
  Await("the load", seconds(30), [&] { return load.acked() >= from + 3000; });
  load.Stop();
  ExpectExact();

  WriteAsSomebodyElse(4);  // into an idle mirror
  Produce(source_, kTopic, SampleRecords(200, kPartitions));
  ExpectExact();
  const auto mirror = Describe(agent_, kTopic);
  EXPECT_EQ(mirror->state, "ACTIVE");
  EXPECT_EQ(mirror->partitions.at(0).offsets, "translated");
  EXPECT_THAT(mirror->partitions.at(0).reason, HasSubstr("another producer wrote to the mirror at offsets "));
  EXPECT_THAT(agent_.Cli({"offsets", "runs", kTopic, "0"}).out, HasSubstr("FOREIGN_WRITE"));
  EXPECT_THAT(agent_.Cli({"mirror", "errors"}).out, HasSubstr("FOREIGN_WRITE"));
  EXPECT_THAT(agent_.LogText(), HasSubstr("event=KL1218"));
  EXPECT_GE(CounterSum(agent_, "klink_foreign_writes_total"), 2);

  const int64_t end = LogEnds(destination_).Sum(kTopic, kPartitions);
  WriteAsSomebodyElse(6);
  // After a death what the dead process gave up may land for 15 s (docs/decisions/0001), and is not somebody else's.
  Await("the idle log to be looked at", kDoubtAfterDeath + kIdleLook, [&] {
    return CounterSum(agent_, "klink_foreign_writes_total") >= 4 &&
           agent_.Cli({"offsets", "runs", kTopic, "1", "-o", "json"})
                   .out.find(fmt::format("\"destination_start\": {}", RangeOf(destination_, kTopic, 1)->end)) !=
               std::string::npos;
  });
  EXPECT_EQ(LogEnds(destination_).Sum(kTopic, kPartitions), end + 6);
  ExpectExact();
}

TEST_F(Foreign, WhereItStopsTheMirrorItIsMadeAgainWithoutTheOthersRecords) {
  LinkFile file = FileOf(source_, destination_);
  file.extra_link = "on_foreign_write: stop";
  agent_.SetFile(file);
  CreateTopic(source_, kTopic, kPartitions);
  Produce(source_, kTopic, SampleRecords(500, kPartitions));
  agent_.Start();
  AwaitMirrored(source_, destination_, kTopic);
  WriteAsSomebodyElse(10);  // into an idle mirror
  AwaitState(agent_, kTopic, "FAILED", "FOREIGN_WRITE", kIdleLook);
  EXPECT_THAT(agent_.LogText(), HasSubstr("event=KL1218"));
  Await("them to be counted", seconds(30),
        [&] { return CounterSum(agent_, "klink_foreign_writes_total") == kPartitions; });
  Produce(source_, kTopic, SampleRecords(500, kPartitions));
  const Outcome plan = agent_.Cli({"mirror", "realign", kTopic, "--dry-run"});
  EXPECT_EQ(plan.exit_code, 0) << plan.out << plan.err;
  EXPECT_EQ(LogEnds(destination_).Sum(kTopic, kPartitions), 510) << "a dry run deletes nothing";
  EXPECT_EQ(agent_.Cli({"mirror", "realign", kTopic, "--yes"}).exit_code, 0);
  agent_.Kill();  // perhaps between the deletion and the new topic
  agent_.Start();
  AwaitState(agent_, kTopic, "ACTIVE", "", seconds(90));
  AwaitMirrored(source_, destination_, kTopic);
  EXPECT_EQ(OracleOnIdentical(source_, destination_, kTopic), "");
  EXPECT_EQ(VerifyComplaint(agent_, kTopic), "");
}

}  // namespace
}  // namespace klink::it
