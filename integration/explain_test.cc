// Why is it mirrored, or not? klink explain says which rule decided, on real clusters; copies do not go back to where
// they came from under whatever name; a schema registry's topic arrives as it is.
#include <fmt/format.h>

#include "base/json.h"
#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

constexpr int kNotMirrored = 1;

// What the first link answers.
struct Explained {
  int exit_code = -1;
  std::string mirrored = {}, decided_by = {}, reason_code = {}, steps = {}, raw = {};
};

Explained ExplainTopic(const Agent& agent, const std::string& topic) {
  const Outcome outcome = agent.Cli({"explain", "topic", topic, "-o", "json"});
  Explained told{.exit_code = outcome.exit_code, .raw = outcome.out + outcome.err};
  const StatusOr<Json> json = ParseJson(outcome.out);
  const Json* links = json.ok() ? FindJson(*json, "links") : nullptr;
  if (links == nullptr || links->as_array().empty()) return told;
  const Json& link = links->as_array()[0];
  told.mirrored = JsonText(link, "mirrored").value_or("");
  told.decided_by = JsonText(link, "decided_by").value_or("");
  told.reason_code = JsonText(link, "reason_code").value_or("");
  told.steps = CompactJson(*FindJson(link, "steps"));
  return told;
}

class ExplainTest : public MirrorFixture {
 protected:
  static void Fill(Cluster& cluster, const std::string& topic, int partitions = 2) {
    CreateTopic(cluster, topic, partitions);
    Produce(cluster, topic, SampleRecords(200, partitions));
  }
  // The other way round, with a filter of its own.
  static LinkFile Back(const std::string& link, const std::string& include, const std::string& rename = "") {
    LinkFile file = LinkOfPair();
    std::swap(file.source, file.destination);
    file.link = link;
    file.include = include;
    if (!rename.empty()) file.extra_topics = fmt::format("rename: {{prefix: {}}}", rename);
    return file;
  }
  static void AwaitReason(const Agent& agent, const std::string& topic, const std::string& reason_code) {
    Await(reason_code + " of " + topic, seconds(40),
          [&] { return ExplainTopic(agent, topic).reason_code == reason_code; });
  }
};

TEST_F(ExplainTest, ATopicThatIsMirroredAndOnesThatAreNot) {
  LinkFile file = LinkOfPair();
  file.link = "rules";
  file.include = "{prefix: e-}, {literal: e-never}";
  file.extra_topics = "exclude: [{prefix: e-tmp-}]";
  Fill(source(), "e-a");
  Fill(source(), "e-tmp-1", 1);
  Fill(source(), "other", 1);
  Agent rules(file, "rules");
  rules.Start();
  AwaitMirrored(source(), destination(), "e-a");
  Await("e-a to be mirrored", seconds(30), [&] { return ExplainTopic(rules, "e-a").exit_code == 0; });
  const Explained mirrored = ExplainTopic(rules, "e-a");
  EXPECT_EQ(mirrored.mirrored, "yes") << mirrored.raw;
  EXPECT_EQ(mirrored.decided_by, "topics.include[0] {prefix: e-}");
  EXPECT_THAT(mirrored.steps, HasSubstr("agent-1, this agent, carries the link"));

  const Explained excluded = ExplainTopic(rules, "e-tmp-1");
  EXPECT_EQ(excluded.exit_code, kNotMirrored);
  EXPECT_EQ(excluded.decided_by, "topics.exclude[0] {prefix: e-tmp-}") << excluded.raw;
  EXPECT_EQ(ExplainTopic(rules, "other").decided_by, "no include entry matches");
  EXPECT_EQ(ExplainTopic(rules, "__consumer_offsets").decided_by, "an internal topic is never mirrored");
  const Explained absent = ExplainTopic(rules, "e-never");
  EXPECT_EQ(absent.decided_by, "source") << absent.raw;
  EXPECT_EQ(absent.exit_code, kNotMirrored);
  EXPECT_THAT(rules.LogText(), HasSubstr("topics.include[1] {literal: e-never} takes no topic of paris"));

  ASSERT_EQ(rules.Cli({"mirror", "pause", "e-a", "--yes", "--reason", "a test"}).exit_code, 0);
  const Explained paused = ExplainTopic(rules, "e-a");
  EXPECT_EQ(paused.reason_code, "PAUSED_BY_OPERATOR") << paused.raw;
  EXPECT_THAT(paused.steps, HasSubstr("a test"));
  ASSERT_EQ(rules.Cli({"link", "pause", "--yes", "--reason", "rack 3"}).exit_code, 0);
  Fill(source(), "e-b", 1);
  EXPECT_EQ(ExplainTopic(rules, "e-b").decided_by, "link rules");
  EXPECT_THAT(ExplainTopic(rules, "e-b").steps, HasSubstr("rack 3"));
  ASSERT_EQ(rules.Cli({"link", "resume", "--yes"}).exit_code, 0);
  Await("e-b to be mirrored", seconds(30), [&] { return ExplainTopic(rules, "e-b").exit_code == 0; });
}

TEST_F(ExplainTest, ACopyIsNotCopiedBackUnderAnyName) {
  Fill(source(), "t-loop");
  Fill(destination(), "t-own", 1);  // lyon's own
  AwaitMirrored(source(), destination(), "t-loop");
  const auto before = RangeOf(source(), "t-loop", 0);
  Agent plain(Back("lyon-to-paris", "{prefix: t-}"), "plain");
  Agent renamed(Back("lyon-renamed", "{literal: t-loop}", "back."), "renamed");
  plain.Start();
  renamed.Start();
  AwaitReason(plain, "t-loop", "MIRROR_LOOP");
  AwaitReason(renamed, "t-loop", "MIRROR_LOOP");
  EXPECT_THAT(ExplainTopic(plain, "t-loop").steps, HasSubstr("link paris-to-lyon makes it from t-loop of lyon"));
  AwaitMirrored(destination(), source(), "t-own");
  // Now paris holds t-own as a copy, and the first link takes it in by its filter.
  AwaitReason(agent(), "t-own", "MIRROR_LOOP");
  EXPECT_EQ(RangeOf(source(), "t-loop", 0), before) << "not a record came back";
  EXPECT_EQ(PartitionCount(source(), "back.t-loop"), 0);
  EXPECT_EQ(RangeOf(destination(), "t-own", 0), RangeOf(source(), "t-own", 0));
  Produce(source(), "t-loop", SampleRecords(50, 2));
  ExpectProvenEqual("t-loop");
}

TEST_F(ExplainTest, ASecondLinkDoesNotWriteTheSameTopic) {
  Fill(source(), "t-twice");
  AwaitMirrored(source(), destination(), "t-twice");
  LinkFile file = LinkOfPair();
  file.link = "second";
  file.include = "{literal: t-twice}";
  Agent second(file, "second");
  second.Start();
  AwaitReason(second, "t-twice", "MIRRORED_BY_ANOTHER_LINK");
  EXPECT_THAT(ExplainTopic(second, "t-twice").steps, HasSubstr("written by link paris-to-lyon already"));
  ExpectProvenEqual("t-twice");
}

TEST_F(ExplainTest, AMirrorWithAnotherNameIsKnownByBoth) {
  LinkFile file = LinkOfPair();
  file.link = "renaming";
  file.include = "{prefix: r-}";
  file.extra_topics = "rename: {prefix: paris., suffix: .copy}";
  Fill(source(), "r-a");
  Agent renaming(file, "renaming");
  renaming.Start();
  const std::string copy = "paris.r-a.copy";
  AwaitState(renaming, copy, "ACTIVE", "");
  Await("the whole copy", seconds(30), [&] { return RangeOf(destination(), copy, 1) == RangeOf(source(), "r-a", 1); });
  for (const std::string& name : {std::string("r-a"), copy}) {
    const Explained told = ExplainTopic(renaming, name);
    EXPECT_EQ(told.exit_code, 0) << told.raw;
    EXPECT_THAT(told.raw, HasSubstr("\"name_at_source\": \"r-a\""));
    EXPECT_THAT(told.raw, HasSubstr("\"name_at_destination\": \"" + copy + "\""));
  }
  EXPECT_EQ(VerifyComplaint(renaming, copy), "");
  for (const char* verb : {"pause", "resume"})
    EXPECT_EQ(renaming.Cli({"mirror", verb, copy, "--yes"}).exit_code, 0) << verb;
  EXPECT_EQ(renaming.Cli({"mirror", "pause", "r-a", "--yes"}).exit_code, 1) << "mirrors have the destination's names";
  EXPECT_THAT(renaming.Cli({"offsets", "translate", copy, "0", "7"}).out, HasSubstr("7"));
  EXPECT_EQ(renaming.Cli({"offsets", "at", copy, "2020-01-01T00:00:00Z"}).exit_code, 0);
  EXPECT_THAT(renaming.Cli({"mirror", "realign", copy, "--yes"}).out, HasSubstr("unchanged"));
}

// How many differences of a kind klink diff counts; nothing when it was not compared.
std::optional<int64_t> Differences(const Agent& agent, const std::string& kind) {
  const StatusOr<Json> json = ParseJson(agent.Cli({"diff", "-o", "json"}).out);
  const Json* links = json.ok() ? FindJson(*json, "links") : nullptr;
  if (links == nullptr || links->as_array().empty()) return std::nullopt;
  for (const Json& one : FindJson(links->as_array()[0], "kinds")->as_array())
    if (JsonText(one, "kind").value_or("") == kind && FindJson(one, "compared")->as_bool())
      return JsonInt(one, "differences").value_or(-1);
  return std::nullopt;
}

TEST_F(ExplainTest, PlantedDifferencesOfTheTwoClustersAreShown) {
  LinkFile file = LinkOfPair();
  file.link = "diffing";
  file.include = "{prefix: d-}";
  Fill(source(), "d-a", 1);
  Fill(source(), "d-b", 1);
  Agent diffing(file, "diffing");
  diffing.Start();
  for (const char* topic : {"d-a", "d-b"}) AwaitState(diffing, topic, "ACTIVE", "");
  Await("no difference", seconds(30), [&] { return diffing.Cli({"diff"}).exit_code == 0; });
  ASSERT_EQ(diffing.Cli({"link", "pause", "--yes"}).exit_code, 0);  // so that nothing is set right meanwhile
  AlterTopic(destination(), "d-a", {{"retention.ms", "123456"}});
  AddPartitions(source(), "d-a", 3);
  DeleteTopic(destination(), "d-b");
  Fill(source(), "d-c", 1);
  Await("the differences", seconds(30), [&] {
    return Differences(diffing, "topics") == 2 && Differences(diffing, "partitions") == 1 &&
           Differences(diffing, "configs") == 1;
  });
  const Outcome diff = diffing.Cli({"diff"});
  EXPECT_EQ(diff.exit_code, 1);
  EXPECT_THAT(diff.out, HasSubstr("4 differences between paris and lyon"));
  EXPECT_THAT(diff.out, HasSubstr("123456"));
  for (const char* piece : {"d-b", "d-c", "klink adds what is missing", "klink sets it at the mirror"})
    EXPECT_THAT(diff.out, HasSubstr(piece));
  Await("the metric", seconds(90), [&] { return CounterSum(diffing, "klink_drift") == 4; });
}

// Records as a schema registry writes them: the ids stand in the values, the order decides, tombstones delete.
std::vector<Record> RegistryRecords() {
  const auto schema = [](const std::string& subject, int version, int id, const std::string& text) {
    return Record{
        .key = fmt::format(R"({{"keytype":"SCHEMA","subject":"{}","version":{},"magic":1}})", subject, version),
        .value = fmt::format(R"({{"subject":"{}","version":{},"id":{},"schema":"{}","deleted":false}})", subject,
                             version, id, text)};
  };
  std::vector<Record> records;
  records.push_back(
      {.key = R"({"keytype":"CONFIG","subject":null,"magic":0})", .value = R"({"compatibilityLevel":"BACKWARD"})"});
  records.push_back(schema("orders-value", 1, 1, R"(\"string\")"));
  records.push_back(schema("payments-value", 1, 2, R"(\"long\")"));
  records.push_back({.key = R"({"keytype":"NOOP","magic":0})", .value = std::nullopt});
  records.push_back(schema("orders-value", 2, 3, R"({\"type\":\"record\",\"name\":\"O\",\"fields\":[]})"));
  records.push_back({.key = R"({"keytype":"DELETE_SUBJECT","subject":"payments-value","magic":0})",
                     .value = R"({"subject":"payments-value","version":1})"});
  return records;
}

TEST_F(ExplainTest, ASchemaRegistrysTopicArrivesAsItIsAndOnlyByItsName) {
  CreateTopic(source(), "_schemas", 1, {{"cleanup.policy", "compact"}});
  Produce(source(), "_schemas", RegistryRecords());
  LinkFile file = LinkOfPair();
  file.link = "schemas";
  file.include = "{literal: \"*\"}";
  file.extra_topics = "exclude: [{regex: \"[ter]-.*\"}, {prefix: other}]";
  Agent schemas(file, "schemas");
  schemas.Start();
  const std::string only = "an internal topic is mirrored only when {literal: _schemas} names it";
  Await("the filter to be asked", seconds(30), [&] { return ExplainTopic(schemas, "_schemas").decided_by == only; });
  EXPECT_EQ(PartitionCount(destination(), "_schemas"), 0);
  ASSERT_EQ(schemas.Terminate(), 0);
  file.include = "{literal: _schemas}";
  schemas.SetFile(file);
  schemas.Start();
  AwaitMirrored(source(), destination(), "_schemas");
  AwaitState(schemas, "_schemas", "ACTIVE", "");
  Produce(source(), "_schemas", RegistryRecords());
  AwaitMirrored(source(), destination(), "_schemas");
  EXPECT_EQ(ReadPartition(destination(), "_schemas", 0), ReadPartition(source(), "_schemas", 0))
      << "keys, values, times and offsets: a registry there serves the same ids";
  EXPECT_EQ(OracleOnIdentical(source(), destination(), "_schemas", {.compacted = true}), "");
}

}  // namespace
}  // namespace klink::it
