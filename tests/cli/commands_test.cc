// Every verb that asks the agent: what it prints, and how it ends.
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;

TEST_F(CliTest, HelpOfEveryVerb) {
  ExpectGolden("help", {"--help"});
  ExpectGolden("help_run", {"run", "--help"});
  ExpectGolden("help_validate", {"validate", "--help"});
  ExpectGolden("help_status", {"status", "--help"});
  for (const char* verb : {"list", "describe", "pause", "resume"})
    ExpectGolden(std::string("help_link_") + verb, {"link", verb, "--help"});
  ExpectGolden("help_link", {"link", "--help"});
  for (const char* verb : {"pause", "resume", "errors", "realign"})
    ExpectGolden(std::string("help_mirror_") + verb, {"mirror", verb, "--help"});
  ExpectGolden("help_mirror", {"mirror", "--help"});
  ExpectGolden("help_mirror_list", {"mirror", "list", "--help"});
  ExpectGolden("help_mirror_describe", {"mirror", "describe", "--help"});
  ExpectGolden("help_verify", {"verify", "--help"});
  ExpectGolden("help_offsets", {"offsets", "--help"});
  ExpectGolden("help_offsets_translate", {"offsets", "translate", "--help"});
  ExpectGolden("help_offsets_runs", {"offsets", "runs", "--help"});
  ExpectGolden("help_offsets_at", {"offsets", "at", "--help"});
  ExpectGolden("help_offsets_group", {"offsets", "group", "--help"});
  ExpectGolden("help_audit", {"audit", "--help"});
  ExpectGolden("help_audit_verify", {"audit", "verify", "--help"});
  ExpectGolden("help_audit_tail", {"audit", "tail", "--help"});
  ExpectGolden("help_version", {"version", "--help"});
}

TEST_F(CliTest, StatusTellsWhetherToFailOverAndWhatWouldBeLost) {
  Serve();
  ExpectGolden("status", {"status"});
  ExpectExample("status", {"status"});
  ExpectGolden("status_yaml", {"status", "-o", "yaml"});
  agent_.snapshot.links[0].mirrors.resize(1);
  ExpectGolden("status_all_active", {"status"});
}

TEST_F(CliTest, StatusOfASourceThatIsGoneSaysWhatIsNotCounted) {
  Serve();
  link::LinkSnapshot& link = agent_.snapshot.links[0];
  link.mirrors.resize(1);
  link.mirrors[0].state = "SOURCE_UNAVAILABLE";
  link.state = "UNAVAILABLE";
  link.reason_code = "SOURCE_UNAVAILABLE";
  link.reason = "paris: no bootstrap server answers";
  link.source.reachable = false;
  agent_.ready = false;
  ExpectGolden("status_source_gone", {"status"});
}

TEST_F(CliTest, MirrorsAreListedAndDescribed) {
  Serve();
  ExpectGolden("mirror_list", {"mirror", "list"});
  ExpectExample("mirror_list", {"mirror", "list"});
  ExpectGolden("mirror_describe", {"mirror", "describe", "payments", "--link", "paris-to-lyon"});
  ExpectGolden("mirror_describe_unknown", {"mirror", "describe", "orders.new"});
  ExpectExample("mirror_describe", {"mirror", "describe", "payments"});
  ExpectGolden("mirror_describe_missing", {"mirror", "describe", "nope"});
}

TEST_F(CliTest, OffsetsAreTranslatedBothWays) {
  Serve();
  ExpectGolden("offsets_translate", {"offsets", "translate", "orders.legacy", "0", "123"});
  ExpectExample("offsets_translate", {"offsets", "translate", "orders.legacy", "0", "123"});
  ExpectGolden("offsets_translate_reverse", {"offsets", "translate", "orders.legacy", "0", "218", "--reverse"});
  ExpectGolden("offsets_translate_clamped", {"offsets", "translate", "orders.legacy", "0", "1"});
  ExpectGolden("offsets_translate_unknown", {"offsets", "translate", "orders.legacy", "0", "5000"});
  ExpectGolden("offsets_runs", {"offsets", "runs", "orders.legacy", "0"});
  ExpectExample("offsets_runs", {"offsets", "runs", "orders.legacy", "0"});
}

TEST_F(CliTest, OffsetsAtATimeAreTheSourcesAndTranslated) {
  Serve();
  ExpectGolden("offsets_at", {"offsets", "at", "orders.legacy", "2026-01-01T00:01:00Z"});
  ExpectExample("offsets_at", {"offsets", "at", "orders.legacy", "2026-01-01T00:01:00.5Z"});
  ExpectGolden("offsets_at_unknown", {"offsets", "at", "orders.legacy", "2030-01-01T00:00:00Z"});
  ExpectGolden("offsets_at_yaml", {"offsets", "at", "orders.legacy", "2020-01-01T00:00:00Z", "-o", "yaml"});
  ExpectGolden("offsets_at_missing", {"offsets", "at", "nope", "2026-01-01T00:01:00Z"});
}

TEST_F(CliTest, AGroupIsShownOnBothSidesWithWhatEachPositionBecomes) {
  Serve();
  ExpectGolden("offsets_group", {"offsets", "group", "app-pay"});
  ExpectExample("offsets_group", {"offsets", "group", "app-pay"});
  ExpectGolden("offsets_group_missing", {"offsets", "group", "nope"});
}

TEST_F(CliTest, ManyPositionsAreTranslatedFromAFile) {
  Serve();
  const std::string file = Write("positions", "# kept in our own database\norders.legacy 0 123\n\norders.legacy 0 1\n");
  ExpectGolden("offsets_translate_from", {"offsets", "translate", "--from", file});
  ExpectExample("offsets_translate_from", {"offsets", "translate", "--from", file});
  ExpectGolden("offsets_translate_from_unknown",
               {"offsets", "translate", "--from", Write("more", "orders.legacy 0 218\nnope 3 7\n"), "--reverse"});
  ExpectGolden("offsets_translate_from_bad",
               {"offsets", "translate", "--from", Write("bad", "orders.legacy 0 123\norders.legacy zero 1\n")});
}

TEST_F(CliTest, SeveralLinksNeedANameAndTheErrorListsThem) {
  Serve();
  link::LinkSnapshot second;
  second.name = "lyon-to-rome";
  agent_.snapshot.links.push_back(second);
  ExpectGolden("mirror_list_which_link", {"mirror", "list"});
  EXPECT_EQ(Run({"mirror", "list", "--link", "lyon-to-rome"}).exit, Exit::kOk);
  EXPECT_EQ(Run({"status", "--link", "nope"}).exit, Exit::kFailed);
}

TEST_F(CliTest, VersionIsPrinted) {
  ExpectGolden("version", {"version"});
  ExpectExample("version", {"version"});
}

TEST_F(CliTest, AnErrorOnTheCommandLineIsSixtyFour) {
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{},
                                             {"frobnicate"},
                                             {"mirror"},
                                             {"mirror", "describe"},
                                             {"offsets", "translate", "t", "0", "-1"},
                                             {"offsets", "translate", "t", "x", "1"},
                                             {"offsets", "at", "t", "yesterday"},
                                             {"status", "-o", "xml"},
                                             {"status", "--url", "ftp://x"},
                                             {"status", "--frob"},
                                             {"link"},
                                             {"link", "pause", "--yes", "--frob"},
                                             {"link", "list", "x"},
                                             {"mirror", "pause", "--yes"},
                                             {"mirror", "pause", "t", "--all", "--yes"},
                                             {"mirror", "pause", "t", "--accept-gap", "--yes"},
                                             {"mirror", "resume", "t", "--accept-gap", "--restart-as-new", "--yes"}}) {
    const Ran ran = Run(wrong);
    EXPECT_EQ(ran.exit, Exit::kUsage) << testing::PrintToString(wrong) << ran.err;
    EXPECT_FALSE(ran.err.empty());
  }
}

TEST_F(CliTest, VerbsOfLaterVersionsAreRefusedByName) {
  ExpectGolden("later_mirror_truncate", {"mirror", "truncate", "orders"});
}

constexpr const char* kConfig = R"(agent: {{data_dir: "{}", http: {{listen: "127.0.0.1:{}"}}}}
clusters:
  paris: {{bootstrap.servers: "127.0.0.1:1"}}
  lyon: {{bootstrap.servers: "127.0.0.1:2"}}
links:
  - {{name: a, source: paris, destination: lyon, topics: {{include: [{{prefix: x}}]}}}}
)";

TEST_F(CliTest, AnAgentThatDoesNotRunIsSixtyNineAndTheTextSaysHowToStartIt) {
  env_["KLINK_CONFIG"] = Write("klink.yaml", fmt::format(kConfig, dir_.string(), 1));
  const Ran ran = Run({"status"});
  EXPECT_EQ(ran.exit, Exit::kUnreachable);
  EXPECT_THAT(ran.err, HasSubstr("no agent answers at http://127.0.0.1:1 ("));
  EXPECT_THAT(ran.err, HasSubstr("start it with: klink run -c DIR/klink.yaml"));
  ExpectGolden("status_no_agent_file", {"status", "-c", Write("any.yaml", fmt::format(kConfig, dir_.string(), 0))});
}

TEST_F(CliTest, TheRunningAgentIsFoundByItsFile) {
  Serve();
  Write("agent.json", fmt::format(R"({{"url":"{}","pid":{},"id":"klink-0"}})", env_["KLINK_URL"], getpid()));
  env_.clear();
  const std::string config = Write("klink.yaml", fmt::format(kConfig, dir_.string(), 0));
  EXPECT_EQ(Run({"status", "-c", config}).exit, Exit::kOk);
}

TEST_F(CliTest, AConfigurationThatIsWrongIsSeventyEight) {
  EXPECT_EQ(Run({"status", "-c", (dir_ / "none.yaml").string()}).exit, Exit::kConfiguration);
  const std::string bad = Write("bad.yaml", "agent: {idd: x}\n");
  for (const char* verb : {"run", "validate", "status", "verify"}) {
    const Ran ran = Run({verb, "-c", bad});
    EXPECT_EQ(ran.exit, Exit::kConfiguration) << verb;
    EXPECT_THAT(ran.err, HasSubstr("DIR/bad.yaml:1:9: ")) << verb;
  }
  EXPECT_EQ(Run({"run", "-c", Write("empty.yaml", "")}).exit, Exit::kConfiguration);
}

TEST_F(CliTest, ValidateReportsEveryFinding) {
  const std::string good = Write("good.yaml", fmt::format(kConfig, "data", 0));
  ExpectGolden("validate", {"validate", "-c", good});
  ExpectExample("validate", {"validate", "-c", good});
  const std::string bad = Write("bad.yaml", "agent: {idd: x}\nclusters: {}\n");
  ExpectGolden("validate_bad_json", {"validate", "-c", bad, "-o", "json"});
}

TEST_F(CliTest, ADataDirThatCannotBeUsedIsSeventyEightAndNamed) {
  Write("file", "");
  const std::string config = Write("klink.yaml", fmt::format(kConfig, (dir_ / "file" / "data").string(), 0));
  ExpectGolden("run_data_dir", {"run", "-c", config});
}

}  // namespace
}  // namespace klink::cli
