// Every *.good.yaml loads with exactly the warnings it announces; every *.bad.yaml is refused with exactly the lines
// it announces, which are what an operator reads. KLINK_UPDATE=1 rewrites the announcements.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/show.h"

namespace klink::config {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(KLINK_SOURCE_DIR) / "tests" / "config";
constexpr std::string_view kExpect = "# expect: ";

std::optional<std::string> FakeEnvironment(std::string_view name) {
  if (name == "AGENT") return "agent-7";
  if (name == "BOOT") return "p1:9092,p2:9092";
  if (name == "PASSWORD") return "hunter2";
  if (name == "NOT_A_SIZE") return "hunter2";
  return std::nullopt;
}

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> Announced(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line) && line.starts_with(kExpect);)
    lines.push_back(line.substr(kExpect.size()));
  return lines;
}

std::vector<std::string> Messages(const std::string& text) {
  std::vector<std::string> lines;
  for (const Finding& finding : Load(text, "klink.yaml", FakeEnvironment).findings) lines.push_back(ToString(finding));
  return lines;
}

// The announcements shift the lines they speak of, so their number is settled first.
void Update(const fs::path& path) {
  std::string body = ReadAll(path);
  while (body.starts_with(kExpect)) body.erase(0, body.find('\n') + 1);
  std::string head;
  for (size_t i = 0; i < Messages(body).size(); ++i) head += std::string(kExpect) + "\n";
  std::string real;
  for (const std::string& line : Messages(head + body)) real += std::string(kExpect) + line + "\n";
  std::ofstream(path, std::ios::binary) << real << body;
}

std::vector<fs::path> Files(std::string_view ending) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (!entry.path().string().ends_with(ending)) continue;
    if (std::getenv("KLINK_UPDATE") != nullptr) Update(entry.path());
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(ConfigFiles, EveryBadFileIsRefusedInTheWordsItAnnounces) {
  const auto files = Files(".bad.yaml");
  EXPECT_GE(files.size(), 30u);
  for (const fs::path& path : files) {
    const std::string text = ReadAll(path);
    EXPECT_THAT(Messages(text), testing::ElementsAreArray(Announced(text))) << path.filename();
    EXPECT_EQ(LoadText(text, "klink.yaml", FakeEnvironment).status().code(), Code::kInvalidArgument) << path.filename();
  }
}

TEST(ConfigFiles, EveryGoodFileLoadsWithTheWarningsItAnnounces) {
  const auto files = Files(".good.yaml");
  EXPECT_GE(files.size(), 6u);
  for (const fs::path& path : files) {
    const std::string text = ReadAll(path);
    EXPECT_THAT(Messages(text), testing::ElementsAreArray(Announced(text))) << path.filename();
    EXPECT_TRUE(LoadText(text, "klink.yaml", FakeEnvironment).ok()) << path.filename();
  }
}

TEST(ConfigFiles, NoMessageHoldsAValueThatAReferenceBroughtIn) {
  for (const fs::path& path : Files(".bad.yaml")) {
    for (const std::string& line : Messages(ReadAll(path))) {
      EXPECT_EQ(line.find("hunter2"), std::string::npos) << path.filename();
    }
  }
}

TEST(ConfigFiles, WhatIsShownLoadsAgainAndShowsTheSame) {
  for (const fs::path& path : Files(".good.yaml")) {
    const auto config = LoadText(ReadAll(path), "klink.yaml", FakeEnvironment);
    ASSERT_TRUE(config.ok());
    const std::string shown = ToYaml(*config);
    const auto again = LoadText(shown, "shown.yaml", FakeEnvironment);
    ASSERT_TRUE(again.ok()) << Text(again.status()) << "\n" << shown;
    EXPECT_EQ(ToYaml(*again), shown) << path.filename();
  }
}

TEST(ConfigFiles, DefaultsWrittenOutAreTheDefaults) {
  const auto written = LoadText(ReadAll(kFolder / "defaults_written_out.good.yaml"), "a", FakeEnvironment);
  auto minimal = LoadText(ReadAll(kFolder / "minimal.good.yaml"), "b", FakeEnvironment);
  ASSERT_TRUE(written.ok() && minimal.ok());
  minimal->clusters = written->clusters;
  EXPECT_EQ(ToYaml(*written), ToYaml(*minimal));
}

TEST(ConfigFiles, TheExamplesLoadWithoutAWarning) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(KLINK_SOURCE_DIR) / "config" / "examples")) {
    EXPECT_THAT(Messages(ReadAll(entry.path())), testing::IsEmpty()) << entry.path().filename();
    ++count;
  }
  EXPECT_GE(count, 2u);
}

}  // namespace
}  // namespace klink::config
