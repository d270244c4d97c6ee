// klink config: a file to begin with, what is in force, and whether the agent runs with the file.
#include "cli/config_diff.h"
#include "config/load.h"
#include "config/reference.h"
#include "config/show.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kFile = R"(agent: {data_dir: /var/lib/klink}
clusters:
  paris: {bootstrap.servers: "p1:9092", security.protocol: SASL_SSL, sasl.mechanism: SCRAM-SHA-512,
          sasl.username: klink, sasl.password: "${env:PARIS}"}
  lyon: {bootstrap.servers: "l1:9092"}
links:
  - {name: paris-to-lyon, source: paris, destination: lyon, topics: {include: [{prefix: orders.}]}}
)";

TEST_F(CliTest, HelpOfTheConfigVerbs) {
  ExpectGolden("help_config", {"config", "--help"});
  for (const char* verb : {"init", "show", "schema", "diff"})
    ExpectGolden(std::string("help_config_") + verb, {"config", verb, "--help"});
}

TEST_F(CliTest, InitWritesAFileThatValidateAccepts) {
  ExpectGolden("config_init", {"config", "init"});
  const std::string file = (dir_ / "klink.yaml").string();
  ExpectGolden("config_init_file", {"config", "init", file, "--source", "p1:9092", "--destination", "l1:9092"});
  EXPECT_EQ(Run({"validate", "-c", file}).exit, Exit::kOk);
  EXPECT_THAT(ReadAll(file), HasSubstr("bootstrap.servers: \"p1:9092\""));
}

TEST_F(CliTest, InitNeverWritesOverAFile) {
  const std::string file = Write("klink.yaml", "mine");
  ExpectGolden("config_init_exists", {"config", "init", file});
  EXPECT_EQ(ReadAll(file), "mine");
}

TEST_F(CliTest, InitRefusesBrokersThatAreNone) {
  EXPECT_EQ(Run({"config", "init", "--source", "paris"}).exit, Exit::kUsage);
  const Ran same = Run({"config", "init", "--source", "p1:9092", "--destination", "p1:9092"});
  EXPECT_EQ(same.exit, Exit::kUsage);
  EXPECT_THAT(same.err, HasSubstr("two clusters"));
}

TEST_F(CliTest, ShowWritesEveryDefaultAndNoSecret) {
  env_["PARIS"] = "correct horse";
  const std::string file = Write("klink.yaml", kFile);
  ExpectGolden("config_show", {"config", "show", "-c", file});
  ExpectExample("config_show", {"config", "show", "-c", file});
  for (const char* format : {"human", "json", "yaml"}) {
    const Ran ran = Run({"config", "show", "-c", file, "-o", format});
    EXPECT_THAT(ran.out, HasSubstr("${env:PARIS}")) << format;
    EXPECT_THAT(ran.out + ran.err, Not(HasSubstr("correct horse"))) << format;
  }
  EXPECT_EQ(Run({"config", "show", "-c", (dir_ / "none.yaml").string()}).exit, Exit::kConfiguration);
}

TEST_F(CliTest, ShownYamlIsAFileOfItsOwn) {
  env_["PARIS"] = "x";
  const Ran shown = Run({"config", "show", "-c", Write("klink.yaml", kFile)});
  EXPECT_EQ(Run({"validate", "-c", Write("again.yaml", shown.out)}).exit, Exit::kOk);
}

TEST_F(CliTest, TheSchemaIsJsonAndStandsInTheDocuments) {
  const Ran ran = Run({"config", "schema"});
  const StatusOr<Json> schema = ParseJson(ran.out);
  ASSERT_TRUE(schema.ok()) << schema.status();
  ASSERT_NE(FindJson(*schema, "properties"), nullptr);
  ExpectFile("docs/config.schema.json", ran.out);
  ExpectFile(
      "docs/config.md",
      "# Configuration\n\nOne YAML file. `klink config init` writes one to begin with, `klink validate` checks it, "
      "[config.schema.json](config.schema.json)\n(`klink config schema`) lets an editor check it as it is "
      "written. What is not supported yet is refused, not ignored.\nSecrets stand in it by reference alone: "
      "`${env:V}`, `${env:V:-default}`, `${file:/path}`, `${file:/path:key}`, `${dir:/path:key}`.\n\n" +
          config::ReferenceMarkdown());
  EXPECT_EQ(Run({"config", "schema", "-o", "json"}).out, ran.out);
  EXPECT_THAT(Run({"config", "schema", "-o", "yaml"}).out, HasSubstr("additionalProperties: false"));
}

// The agent runs with what `running` is.
#define SERVE_CONFIG(running)                                                                   \
  Serve(http::MakeRoutes(agent_, metrics_, nullptr, [text = std::string(running), env = env_] { \
    const auto look = [&env](std::string_view name) -> std::optional<std::string> {             \
      const auto at = env.find(name);                                                           \
      return at == env.end() ? std::nullopt : std::optional(at->second);                        \
    };                                                                                          \
    return config::ToJson(config::LoadText(text, "klink.yaml", look).value());                  \
  }))

TEST_F(CliTest, DiffOfTheConfigurationTellsWhatTheAgentDoesNotRunWith) {
  env_["PARIS"] = "correct horse";
  SERVE_CONFIG(kFile);
  const std::string file = Write("klink.yaml", kFile);
  ExpectGolden("config_diff_none", {"config", "diff", "-c", file});
  std::string other = kFile;
  other.replace(other.find("prefix: orders."), 15, "prefix: o");
  other.replace(other.find("l1:9092"), 7, "l2:9092");
  other += "  - {name: lyon-to-paris, source: lyon, destination: paris, topics: {include: [{prefix: x.}]}}\n";
  const std::string changed = Write("changed.yaml", other);
  ExpectGolden("config_diff", {"config", "diff", "-c", changed});
  ExpectExample("config_diff", {"config", "diff", "-c", changed});
  const Ran running = Run({"config", "show", "--running"});
  EXPECT_EQ(running.exit, Exit::kOk);
  EXPECT_THAT(running.out, HasSubstr("bootstrap.servers: "));
  EXPECT_THAT(running.out, Not(HasSubstr("correct horse")));
}

TEST_F(CliTest, DiffWithoutAnAgentIsSixtyNine) {
  env_["PARIS"] = "x";
  env_["KLINK_URL"] = "http://127.0.0.1:1";
  EXPECT_EQ(Run({"config", "diff", "-c", Write("klink.yaml", kFile)}).exit, Exit::kUnreachable);
}

std::string DiffOf(std::string_view file, std::string_view agent) {
  std::string text;
  for (const ConfigDifference& one : DiffConfigs(*ParseJson(file), *ParseJson(agent)))
    text += fmt::format("{}: {} | {}\n", one.key, CompactJson(one.file), CompactJson(one.agent));
  return text;
}

TEST(ConfigDiff, ComparesKeysAndEntriesByName) {
  EXPECT_EQ(DiffOf(R"({"a": {"b": 1}})", R"({"a": {"b": 1}})"), "");
  EXPECT_EQ(DiffOf(R"({"a": {"b": 1, "c": 2}})", R"({"a": {"b": 3, "c": 2}})"), "a.b: 1 | 3\n");
  EXPECT_EQ(DiffOf(R"({"l": [{"name": "x", "k": 1}]})", R"({"l": [{"name": "y"}, {"name": "x", "k": 2}]})"),
            "l.x.k: 1 | 2\nl.y: null | {\"name\":\"y\"}\n");
  EXPECT_EQ(DiffOf(R"({"l": [1, 2]})", R"({"l": [2, 1]})"), "l: [1,2] | [2,1]\n");
  EXPECT_EQ(DiffOf(R"({"l": []})", R"({"l": [{"name": "x"}]})"), "l.x: null | {\"name\":\"x\"}\n");
}

}  // namespace
}  // namespace klink::cli
