// klink config init's text: accepted as it is, and complete.
#include "config/example.h"

#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/reference.h"
#include "config/show.h"

namespace klink::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::optional<std::string> NoEnvironment(std::string_view) { return std::nullopt; }

// With the mark taken from every key that is commented out; secrets stay, as the files they name are not here.
std::string Uncommented(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  bool head = true;
  for (std::string line; std::getline(in, line);) {
    head = head && !line.starts_with("# agent:");
    const size_t mark = line.find_first_not_of(' ');
    const bool key = !head && mark < 20 && line[mark] == '#' && line.find(':') != std::string::npos;
    if (key && line.find("${file:") == std::string::npos) line.erase(mark, 2);
    out += line + "\n";
  }
  return out;
}

TEST(Example, IsAcceptedAsItIs) {
  const Loaded loaded = Load(ExampleYaml({}), "klink.yaml", NoEnvironment);
  for (const Finding& finding : loaded.findings) ADD_FAILURE() << ToString(finding);
  EXPECT_EQ(loaded.config.clusters.at("source").bootstrap_servers, "localhost:9092");
}

TEST(Example, TakesTheBrokersItIsGiven) {
  const std::string text = ExampleYaml({.source = "p1:9092,p2:9092", .destination = "l1:9093"});
  const Loaded loaded = Load(text, "klink.yaml", NoEnvironment);
  EXPECT_THAT(loaded.findings, IsEmpty());
  EXPECT_EQ(loaded.config.clusters.at("source").bootstrap_servers, "p1:9092,p2:9092");
  EXPECT_EQ(loaded.config.clusters.at("destination").bootstrap_servers, "l1:9093");
}

TEST(Example, WhatIsCommentedOutIsTheDefault) {
  const std::string text = ExampleYaml({}), full = Uncommented(text);
  ASSERT_NE(full, text);
  const Loaded plain = Load(text, "klink.yaml", NoEnvironment), whole = Load(full, "klink.yaml", NoEnvironment);
  for (const Finding& finding : whole.findings) ADD_FAILURE() << ToString(finding) << "\n" << full;
  EXPECT_EQ(ToYaml(whole.config), ToYaml(plain.config));
}

TEST(Example, NamesEveryKeyThatIsSupported) {
  const std::string text = ExampleYaml({});
  for (const ReferenceRow& row : ReferenceRows()) {
    const auto within = [&row](std::string_view part) { return row.key.find(part) != std::string::npos; };
    const bool inside_what_is_empty =
        within("include[]") || within("exclude[]") || within(".sets.NAME") || within("drills[]");
    if (row.state != "supported" || inside_what_is_empty) continue;
    std::string key = row.key;
    if (const size_t name = key.find(".NAME."); name != std::string::npos)
      key = key.substr(name + 6);
    else if (const size_t dot = key.rfind('.'); dot != std::string::npos)
      key = key.substr(dot + 1);
    EXPECT_THAT(text, HasSubstr(key + ":")) << row.key;
  }
}

TEST(Example, LinesAreNotWiderThanAScreen) {
  std::istringstream in(ExampleYaml({}));
  for (std::string line; std::getline(in, line);) EXPECT_LE(line.size(), 120u) << line;
}

}  // namespace
}  // namespace klink::config
