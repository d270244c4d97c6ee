#include "config/load.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "config/reference.h"
#include "config/show.h"
#include "config/validate.h"

namespace klink::config {
namespace {

using testing::HasSubstr;

std::optional<std::string> NoEnvironment(std::string_view) { return std::nullopt; }

std::string Example(const char* name) {
  std::ifstream in(std::string(KLINK_SOURCE_DIR) + "/config/examples/" + name, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(Load, GivesTheDefaultsToWhatIsLeftOut) {
  const auto config = LoadText(Example("minimal.yaml"), "minimal.yaml", NoEnvironment);
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->agent.id, "klink-0");
  EXPECT_EQ(config->agent.data_dir, "/var/lib/klink");
  EXPECT_EQ(config->agent.memory, 256 << 20);
  EXPECT_EQ(config->agent.http.listen.ToText(), "127.0.0.1:8470");
  EXPECT_EQ(config->agent.log.level, LogLevel::kInfo);
  const LinkConfig& link = config->links.at(0);
  EXPECT_EQ(link.name, "paris-to-lyon");
  EXPECT_EQ(link.topics.include.at(0).prefix, "orders.");
  EXPECT_EQ(link.topics.refresh, 5s);
  EXPECT_EQ(link.topics.replication_factor.kind, ReplicationFactor::Kind::kSource);
  EXPECT_EQ(link.topics.log_start, LogStart::kFollow);
  EXPECT_EQ(link.topics.log_start_hold, 24h);
  EXPECT_EQ(link.prefill_limit, 2'000'000'000);
  EXPECT_EQ(config->clusters.at("lyon").bootstrap_servers, "l1:9092");
  EXPECT_EQ(config->clusters.at("lyon").client_id, "klink");
}

TEST(Load, NamesTheAgentAfterItsHostWhenTheEnvironmentSaysIt) {
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    return name == "HOSTNAME" ? std::optional<std::string>("node-7") : std::nullopt;
  };
  EXPECT_EQ(LoadText(Example("minimal.yaml"), "x", environment)->agent.id, "node-7");
  EXPECT_EQ(LoadText(Example("full.yaml"), "x", environment)->agent.id, "node-7");
}

TEST(Load, ReadsAStartInTime) {
  const auto start = TopicStart::Parse("2024-05-01T10:00:00.25+02:00");
  ASSERT_TRUE(start.ok());
  EXPECT_EQ(start->ToText(), "2024-05-01T08:00:00.250Z");
  EXPECT_EQ(TopicStart::Parse(start->ToText())->time, start->time);
  for (const char* text : {"2024-05-01", "2024-05-01T10:00:00", "2024-02-30T10:00:00Z", "2024-05-01T25:00:00Z",
                           "2024-05-01T10:00:00.Z", "2024-05-01T10:00:00+2:00", "2024-05-01T10:00:00Zx", "now"}) {
    EXPECT_FALSE(TopicStart::Parse(text).ok()) << text;
  }
}

TEST(Load, RemembersWhereValuesStood) {
  const auto config = LoadText("\n\n" + Example("minimal.yaml"), "k.yaml", NoEnvironment);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->origin.Find("links[0].source").line, 9);
  EXPECT_EQ(config->origin.Find("links[0].topics.refresh").line, config->origin.Find("links[0].topics").line);
}

class LoadFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "klink-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Write(std::string_view content) {
    std::ofstream(folder_ + "/klink.yaml", std::ios::binary) << content;
    return folder_ + "/klink.yaml";
  }
  std::string folder_;
};

TEST_F(LoadFiles, ReadsAFileFromDisk) { EXPECT_TRUE(LoadFile(Write(Example("minimal.yaml"))).ok()); }

TEST_F(LoadFiles, SaysWhatIsWrongWithAMissingFileAFolderAndAHugeFile) {
  EXPECT_EQ(LoadFile(folder_ + "/none").status().code(), Code::kNotFound);
  EXPECT_THAT(Text(LoadFile(folder_).status()), HasSubstr("is a directory"));
  EXPECT_THAT(Text(LoadFile(Write(std::string(kFileBytesMax + 1, ' '))).status()), HasSubstr("larger than 1MiB"));
  EXPECT_THAT(Text(LoadFile(Write("")).status()), HasSubstr("the file is empty"));
}

// Whatever stands in a file, the answer is a config or a complaint, soon.
void ExpectAnAnswer(const std::string& text) {
  const auto config = LoadText(text, "k.yaml", NoEnvironment);
  if (!config.ok()) {
    EXPECT_THAT(Text(config.status()), HasSubstr("k.yaml"));
  }
}

TEST(LoadHostile, EveryTruncationOfAFileIsAnswered) {
  const std::string text = Example("full.yaml");
  for (size_t size = 0; size < text.size(); size += 5) ExpectAnAnswer(text.substr(0, size));
}

TEST(LoadHostile, FilesWithChangedBytesAreAnswered) {
  const std::string text = Example("full.yaml");
  std::minstd_rand random(7);
  for (int round = 0; round < 300; ++round) {
    std::string changed = text;
    for (int i = 0; i < 4; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    ExpectAnAnswer(changed);
  }
}

TEST(LoadHostile, FilesMadeToBeExpensiveAreAnswered) {
  for (const char* piece : {"[",   "{",  "- ", "? ", "a: ",   "{a: ", "\"", "'", "|\n", "&a ", "*a ",
                            "!a ", "# ", "\t", "\n", "---\n", "a\n",  "%",  ",", ":",   "\\",  "${env:A:-"}) {
    std::string text;
    while (text.size() < 200'000) text += piece;
    ExpectAnAnswer(text);
  }
  std::string keys, links = "links:\n", patterns = "links: [{topics: {include: [";
  for (int i = 0; keys.size() < 500'000; ++i) keys += "k" + std::to_string(i) + ": 1\n";
  while (links.size() < 100'000) links += "  - {name: a, source: a, destination: b, topics: {include: [{regex: x}]}}\n";
  while (patterns.size() < 100'000) patterns += "{prefix: a}, ";
  ExpectAnAnswer(keys);
  ExpectAnAnswer(links);
  ExpectAnAnswer(patterns + "]}}]");
}

TEST(LoadHostile, ComplaintsAreBoundedInNumberLengthAndCharacters) {
  std::string text = "\"a\\x1b[31m\\nforged line\": 1\nagent: {memory: " + std::string(5000, 'b') + "}\n";
  for (int i = 0; i < 1000; ++i) text += "k" + std::to_string(i) + ": 1\n";
  const Loaded loaded = Load(text, "k.yaml", NoEnvironment);
  EXPECT_LE(loaded.findings.size(), 101u);
  EXPECT_THAT(ToString(loaded.findings.back()), HasSubstr("more"));
  for (const Finding& finding : loaded.findings) {
    const std::string line = ToString(finding);
    EXPECT_LT(line.size(), 1100u);
    EXPECT_EQ(line.find_first_of("\n\x1b"), std::string::npos);
  }
}

TEST(Reference, ListsEveryKeyWithItsState) {
  const std::string table = ReferenceMarkdown();
  for (const char* row :
       {"| `agent.memory` | size from 16MiB to 1TiB | `256MiB` | supported |",
        "| `agent.id` | text | `${env:HOSTNAME:-klink-0}` | supported |",
        "| `clusters.NAME.bootstrap.servers` | text | required | supported |",
        "| `clusters.NAME.sasl.password` | a reference |  | supported |",
        "| `links[].topics.include` | list | required | supported |",
        "| `links[].topics.refresh` | duration from 100ms to 1h | `5s` | supported |",
        "| `links[].acks` | `all`, `pipelined` | `all` | supported |",
        "| `links[].groups.interval` | duration from 1s to 1h | `5s` | supported |",
        "| `links[].sets` | mapping by name | `{}` | supported |", "| `drills` | list | `[]` | supported |"}) {
    EXPECT_THAT(table, HasSubstr(row));
  }
}

TEST(Reference, SchemaNamesEveryKeyAndForbidsOthers) {
  const std::string schema = JsonSchema();
  for (const char* piece : {"\"bootstrap.servers\": {", "\"additionalProperties\": false", "\"default\": \"256MiB\"",
                            "\"enum\": [\"preserve\", \"translate\"]",
                            "\"required\": [\"name\", \"source\", \"destination\", \"topics\"]"}) {
    EXPECT_THAT(schema, HasSubstr(piece));
  }
}

}  // namespace
}  // namespace klink::config
