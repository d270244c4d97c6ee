// The main job: what an application wrote to the source stands at the destination, the same bytes at the same offsets.
#include <fmt/format.h>

#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

class MirrorTest : public MirrorFixture {};

constexpr int64_t kTenYearsAgo = 1479859200000;  // 2016

TEST_F(MirrorTest, EveryCodecWithHeadersNullsAndOldTimesIsTheSameByteForByte) {
  for (const std::string codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    const std::string topic = "t-codec-" + codec;
    CreateTopic(source(), topic, 3);
    Produce(source(), topic, SampleRecords(600, 3), {{"compression.type", codec}, {"batch.num.messages", "50"}});
    Produce(source(), topic, SampleRecords(300, 3, 2000, kTenYearsAgo), {{"compression.type", codec}});
    Produce(source(), topic, SampleRecords(30, 3), {{"compression.type", codec}, {"linger.ms", "0"}});
  }
  for (const std::string codec : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    const std::string topic = "t-codec-" + codec;
    ExpectProvenEqual(topic);
    EXPECT_EQ(ReadPartition(source(), topic, 1), ReadPartition(destination(), topic, 1)) << codec;
  }
}

TEST_F(MirrorTest, KafkasOwnToolsSeeTheSameRecordsAtTheSameOffsets) {
  CreateTopic(source(), "t-tools", 2);
  Produce(source(), "t-tools", SampleRecords(400, 2), {{"compression.type", "zstd"}});
  ExpectProvenEqual("t-tools");

  const std::string seen = ConsoleConsumer(source(), "t-tools", 1, 200);
  EXPECT_THAT(seen, HasSubstr("Offset:199"));
  EXPECT_EQ(ConsoleConsumer(destination(), "t-tools", 1, 200), seen);

  // Of a batch's line all must be equal but who wrote it: producer, sequence, leader epoch, checksum.
  const auto batches = [](const std::string& dump) {
    std::vector<std::string> lines;
    for (size_t at = 0; (at = dump.find("baseOffset: ", at)) != std::string::npos; ++at) {
      const std::string line = dump.substr(at, dump.find('\n', at) - at);
      const auto field = [&](const std::string& name) {
        const size_t from = line.find(name + ": ");
        return from == std::string::npos ? "" : line.substr(from, line.find(' ', from + name.size() + 2) - from);
      };
      std::string kept;
      for (const char* name : {"baseOffset", "lastOffset", "count", "position", "CreateTime", "size", "magic",
                               "compresscodec", "isvalid"}) {
        kept += field(name) + " ";
      }
      lines.push_back(kept);
    }
    return lines;
  };
  const std::vector<std::string> dumped = batches(DumpLogSegments(source(), "t-tools", 1));
  EXPECT_THAT(dumped, testing::Not(testing::IsEmpty()));
  EXPECT_THAT(dumped.front(), HasSubstr("compresscodec: zstd"));
  EXPECT_EQ(batches(DumpLogSegments(destination(), "t-tools", 1)), dumped);
}

TEST_F(MirrorTest, ATopicMadeLaterAndPartitionsAddedLaterFollow) {
  CreateTopic(source(), "t-later", 1);
  Produce(source(), "t-later", SampleRecords(100, 1));
  ExpectProvenEqual("t-later");
  AddPartitions(source(), "t-later", 4);
  Produce(source(), "t-later", SampleRecords(400, 4));
  Await("the new partitions", seconds(30), [] { return PartitionCount(destination(), "t-later") == 4; });
  ExpectProvenEqual("t-later");
}

TEST_F(MirrorTest, ASourceThatNoLongerStartsAtZeroKeepsItsOffsets) {
  EXPECT_EQ(agent().Terminate(), 0);  // so that the agent first sees the topic as it is then
  CreateTopic(source(), "t-trimmed", 2);
  Produce(source(), "t-trimmed", SampleRecords(3000, 2), {{"batch.num.messages", "100"}});
  DeleteRecords(source(), "t-trimmed", 0, 1234);  // inside a batch
  DeleteRecords(source(), "t-trimmed", 1, 1500);  // everything
  agent().Start();
  Produce(source(), "t-trimmed", SampleRecords(200, 2));
  ExpectProvenEqual("t-trimmed");
  EXPECT_EQ(RangeOf(destination(), "t-trimmed", 0), (Range{1234, 1600}));
  EXPECT_EQ(RangeOf(destination(), "t-trimmed", 1), (Range{1500, 1600}));
}

TEST_F(MirrorTest, ATopicWithOtherRecordsIsTranslatedExactly) {
  CreateTopic(destination(), "t-foreign", 1);
  Produce(destination(), "t-foreign", SampleRecords(77, 1, 50, 0, "older"));
  CreateTopic(source(), "t-foreign", 1);
  Produce(source(), "t-foreign", SampleRecords(500, 1));
  Await("all 500 behind the 77", seconds(60), [] {
    const auto range = RangeOf(destination(), "t-foreign", 0);
    return range && range->end == 577;
  });
  Await("the agent to say so", seconds(20), [] {
    const auto mirror = Describe(agent(), "t-foreign");
    return mirror && mirror->partitions.at(0).offsets == "translated" && mirror->partitions.at(0).replicated_to == 500;
  });
  EXPECT_EQ(OracleOnClaims(source(), destination(), agent(), "t-foreign"), "");
  EXPECT_EQ(VerifyComplaint(agent(), "t-foreign"), "");
  EXPECT_THAT(agent().Cli({"offsets", "translate", "t-foreign", "0", "123"}).out, HasSubstr("200"));
  EXPECT_THAT(agent().Cli({"offsets", "translate", "t-foreign", "0", "200", "--reverse"}).out, HasSubstr("123"));
}

TEST_F(MirrorTest, TopicsOutsideTheFilterAndInternalOnesStayAway) {
  CreateTopic(source(), "u-other", 1);
  CreateTopic(source(), "t-inside", 1);
  Produce(source(), "u-other", SampleRecords(10, 1));
  Produce(source(), "t-inside", SampleRecords(10, 1));
  ExpectProvenEqual("t-inside");
  EXPECT_EQ(PartitionCount(destination(), "u-other"), 0);
}

TEST_F(MirrorTest, TheOperatorsQuestionsAreAnswered) {
  CreateTopic(source(), "t-asked", 2);
  Produce(source(), "t-asked", SampleRecords(1000, 2));
  ExpectProvenEqual("t-asked");

  const Outcome status = agent().Cli({"status"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_THAT(status.out, HasSubstr("paris-to-lyon"));
  EXPECT_EQ(agent().Cli({"validate"}).exit_code, 0);
  EXPECT_THAT(agent().Cli({"mirror", "list"}).out, HasSubstr("t-asked"));
  const Outcome translated = agent().Cli({"offsets", "translate", "t-asked", "0", "123"});
  EXPECT_EQ(translated.exit_code, 0) << translated.err;
  EXPECT_THAT(translated.out, HasSubstr("exact"));

  Await("no lag", seconds(20), [] {
    const auto mirror = Describe(agent(), "t-asked");
    return mirror && mirror->state == "ACTIVE" && mirror->partitions.size() == 2 && mirror->partitions[1].lag == 0;
  });
  const auto mirror = Describe(agent(), "t-asked");
  EXPECT_EQ(mirror->partitions[1].replicated_to, 500);
  EXPECT_EQ(mirror->partitions[1].offsets, "identical");
  EXPECT_NE(agent().Cli({"mirror", "describe", "t-nowhere"}).exit_code, 0);
  EXPECT_EQ(agent().GetStatus("/readyz"), 200);
  EXPECT_GT(CounterSum(agent(), "klink_written_records_total"), 0);
}

TEST_F(MirrorTest, TheFileInTheReadmeRuns) {
  const TempDir dir("readme");
  const std::string readme = ReadFile(KLINK_README);
  const size_t from = readme.find("```yaml\n") + 8;
  std::string text = readme.substr(from, readme.find("```", from) - from);
  const auto replace = [&](const std::string& old, const std::string& with) {
    const size_t at = text.find(old);
    ASSERT_NE(at, std::string::npos) << old;
    text.replace(at, old.size(), with);
  };
  replace("127.0.0.1:19092", source().bootstrap());
  replace("127.0.0.1:29092", destination().bootstrap());
  replace("127.0.0.1:8470", fmt::format("127.0.0.1:{}", FreePort()));
  replace("/var/lib/klink", (dir.path() / "data").string());
  replace("paris-to-lyon", "readme");  // the link of the other cases is another
  const fs::path file = dir.path() / "klink.yaml";
  WriteFile(file, text);

  CreateTopic(source(), "payments", 2);
  Produce(source(), "payments", SampleRecords(200, 2));
  Process klink({{KlinkBinary(), "run", "-c", file.string()}}, dir.path() / "klink.log");
  AwaitMirrored(source(), destination(), "payments");
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "payments"), "");
  EXPECT_EQ(klink.End(seconds(15)), 0) << LastLines(dir.path() / "klink.log", 20);
}

TEST_F(MirrorTest, VerifyFindsAForeignWriteAndThePartitionStops) {
  CreateTopic(source(), "t-invaded", 1);
  Produce(source(), "t-invaded", SampleRecords(100, 1));
  ExpectProvenEqual("t-invaded");
  Produce(destination(), "t-invaded", SampleRecords(5, 1, 10, 0, "intruder"));
  Produce(source(), "t-invaded", SampleRecords(100, 1, 100, 0, "next"));
  AwaitState(agent(), "t-invaded", "FAILED", "FOREIGN_WRITE");
  const Outcome verify = agent().Cli({"verify", "t-invaded"});
  EXPECT_EQ(verify.exit_code, 1) << verify.out << verify.err;
  EXPECT_THAT(OracleOnIdentical(source(), destination(), "t-invaded"),
              HasSubstr("L4 CORRUPT: source 100, destination 100"));
}

}  // namespace
}  // namespace klink::it
