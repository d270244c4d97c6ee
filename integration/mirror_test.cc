// The main job: what an application wrote to the source stands at the destination, the same bytes at the same offsets.
#include <fmt/format.h>

#include "integration/mirror_core.h"
#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

class MirrorTest : public MirrorFixture {
 protected:
  static MirrorCore Core() { return {source(), destination(), agent(), "t-"}; }
};

TEST_F(MirrorTest, EveryCodecWithHeadersNullsAndOldTimesIsTheSameByteForByte) {
  Core().EveryCodecIsTheSameByteForByte();
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

TEST_F(MirrorTest, ATopicMadeLaterAndPartitionsAddedLaterFollow) { Core().PartitionsAddedLaterFollow(); }

TEST_F(MirrorTest, ASourceThatNoLongerStartsAtZeroKeepsItsOffsets) {
  Core().ASourceThatNoLongerStartsAtZeroKeepsItsOffsets();
}

TEST_F(MirrorTest, ATopicWithOtherRecordsIsTranslatedExactly) { Core().ATopicWithOtherRecordsIsTranslatedExactly(); }

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
