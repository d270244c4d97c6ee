// What klink cannot do it refuses, with the reason, and goes on with the rest.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

class RefusalTest : public MirrorFixture {};

constexpr int kConfiguration = 78;  // exit code

// Starts klink on `file` and waits for its end.
Outcome RunOn(const fs::path& file) { return RunToEnd({{KlinkBinary(), "run", "-c", file.string()}}, seconds(60)); }

TEST_F(RefusalTest, ABatchTooLargeStopsItsPartitionUntilTheLimitIsRaised) {
  CreateTopic(source(), "t-large", 2, {{"max.message.bytes", "3000000"}});
  Produce(source(), "t-large", SampleRecords(10, 2));
  ExpectProvenEqual("t-large");
  // A broker that is still making the link's shards takes a new limit over late.
  Await("the shards", seconds(60), [] { return PartitionCount(destination(), "_klink.paris-to-lyon.work") == 256; });
  AlterTopic(destination(), "t-large", {{"max.message.bytes", "50000"}});
  Produce(source(), "t-large", {{.value = std::string(200000, 'x'), .partition = 0}},
          {{"message.max.bytes", "3000000"}});
  Produce(source(), "t-large", {{.value = "small", .partition = 1}});
  AwaitState(agent(), "t-large", "FAILED", "RECORD_TOO_LARGE");
  Await("the other partition goes on", seconds(20), [] {
    const auto range = RangeOf(destination(), "t-large", 1);
    return range && range->end == 6;
  });
  AlterTopic(destination(), "t-large", {{"max.message.bytes", "3000000"}});
  AwaitMirrored(source(), destination(), "t-large", seconds(120));
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "t-large"), "");
}

TEST_F(RefusalTest, TheMapIsRebuiltAfterTheDataDirIsWiped) {
  CreateTopic(destination(), "t-wiped", 1);
  Produce(destination(), "t-wiped", SampleRecords(33, 1, 50, 0, "older"));
  CreateTopic(source(), "t-wiped", 1);
  Produce(source(), "t-wiped", SampleRecords(100, 1));
  const auto translated = [](const std::string& from) {
    const Outcome outcome = agent().Cli({"offsets", "translate", "t-wiped", "0", from});
    return outcome.exit_code == 0 && outcome.out.find("exact") != std::string::npos ? outcome.out : "";
  };
  Await("an exact answer", seconds(60), [&] { return !translated("40").empty(); });
  const std::string before = translated("40");
  EXPECT_THAT(before, HasSubstr("73"));
  agent().Kill();
  fs::remove_all(agent().data_dir());
  agent().Start();
  Await("the same answer", seconds(60), [&] { return translated("40") == before; });
  Produce(source(), "t-wiped", SampleRecords(100, 1));
  Await("mirroring goes on", seconds(60), [] {
    const auto range = RangeOf(destination(), "t-wiped", 0);
    return range && range->end == 233;
  });
}

TEST_F(RefusalTest, AWrongAddressIsSaidAndTheProcessStaysUp) {
  LinkFile file = LinkOfPair();
  file.link = "nowhere";
  file.source = fmt::format("127.0.0.1:{}", FreePort());
  Agent lost(file, "lost");
  lost.Start();
  EXPECT_EQ(lost.GetStatus("/livez"), 200);
  EXPECT_EQ(lost.GetStatus("/readyz"), 503);
  Await("the address in the status", seconds(20),
        [&] { return lost.Cli({"status"}).out.find(file.source) != std::string::npos; });
  EXPECT_EQ(lost.Terminate(), 0);
}

TEST_F(RefusalTest, AnEmptyFileIsAMistakeInTheConfiguration) {
  TempDir dir("empty");
  WriteFile(dir.path() / "klink.yaml", "");
  const Outcome outcome = RunOn(dir.path() / "klink.yaml");
  EXPECT_EQ(outcome.exit_code, kConfiguration);
  EXPECT_THAT(outcome.err, HasSubstr("klink.yaml"));
  EXPECT_EQ(RunOn(dir.path() / "absent.yaml").exit_code, kConfiguration);
}

TEST_F(RefusalTest, ADataDirThatCannotBeUsedIsNamed) {
  TempDir dir("blocked");
  WriteFile(dir.path() / "a-file", "in the way");
  const LinkFile file = LinkOfPair();
  WriteFile(dir.path() / "klink.yaml", Yaml(file, dir.path() / "a-file" / "data", FreePort()));
  const Outcome outcome = RunOn(dir.path() / "klink.yaml");
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("a-file"));
}

TEST_F(RefusalTest, AMissingStateTopicIsNotStartedAfresh) {
  LinkFile file = LinkOfPair();
  file.link = "forgotten";
  file.include = "{literal: f-topic}";
  CreateTopic(source(), "f-topic", 1);
  Produce(source(), "f-topic", SampleRecords(50, 1));
  Agent own(file, "forgotten");
  own.Start();
  AwaitMirrored(source(), destination(), "f-topic");
  EXPECT_EQ(own.Terminate(), 0);
  DeleteTopic(destination(), "_klink.forgotten.state");
  Produce(source(), "f-topic", SampleRecords(50, 1));
  own.Start();
  Await("it says what is wrong", seconds(60), [&] {
    return own.LogText().find("_klink.forgotten.state") != std::string::npos &&
           own.Cli({"status"}).out.find("FAILED") != std::string::npos;
  });
  const auto range = RangeOf(destination(), "f-topic", 0);
  EXPECT_EQ(range, (Range{0, 50}));
}

}  // namespace
}  // namespace klink::it
