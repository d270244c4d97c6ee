// Completion scripts and man pages: complete, and right as a shell and a typesetter read them.
#include <cstdio>

#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

// What `command` prints; nothing when it fails.
std::string Output(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  return pclose(pipe) == 0 ? out : "failed: " + out;
}

class CompletionTest : public CliTest {
 protected:
  // What bash offers for the last of these words.
  std::string Offered(const std::string& words, int last) {
    const std::string script = Write("klink.bash", Run({"completion", "bash"}).out);
    return Output(fmt::format("bash -c '. {}; COMP_WORDS=({}); COMP_CWORD={}; _klink; echo \"${{COMPREPLY[@]}}\"'",
                              script, words, last));
  }
};

TEST_F(CompletionTest, BashOffersVerbsFlagsAndFormats) {
  EXPECT_EQ(Offered("klink mir", 1), "mirror\n");
  EXPECT_EQ(Offered("klink mirror desc", 2), "describe\n");
  EXPECT_EQ(Offered("klink mirror pause --dry", 3), "--dry-run\n");
  EXPECT_EQ(Offered("klink mirror pause --conf", 3), "--config\n");
  EXPECT_EQ(Offered("klink -o j", 2), "json\n");
  EXPECT_EQ(Offered("klink status -o \"\"", 3), "human json yaml\n");
  EXPECT_EQ(Offered("klink config s", 2), "show schema\n");
  EXPECT_EQ(Offered("klink --link \"\"", 2), "\n");
}

TEST_F(CompletionTest, BashOffersFilesWhereAFileIsMeant) {
  Write("klink.yaml", "");
  const std::string file = (dir_ / "klink.y").string(), whole = (dir_ / "klink.yaml").string() + "\n";
  EXPECT_EQ(Offered("klink -c " + file, 2), whole);
  EXPECT_EQ(Offered("klink audit verify " + file, 3), whole);
}

TEST_F(CompletionTest, EveryShellKnowsEveryVerb) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = Run({"completion", shell}).out;
    for (const char* word : {"realign", "translate", "schema", "failover", "drill", "completion"})
      EXPECT_THAT(script, HasSubstr(word)) << shell;
    EXPECT_THAT(script, Not(HasSubstr("truncate"))) << shell << ": refused verbs are not offered";
  }
  ExpectGolden("help_completion", {"completion", "--help"});
  EXPECT_EQ(Run({"completion", "tcsh"}).exit, Exit::kUsage);
}

// What --help of a command lists below "Subcommands:".
std::vector<std::string> VerbsIn(const std::string& help) {
  std::istringstream in(help);
  std::string line;
  while (std::getline(in, line) && line != "Subcommands:") {
  }
  std::vector<std::string> verbs;
  while (std::getline(in, line) && line.starts_with("  "))
    if (line[2] != ' ') verbs.push_back(line.substr(2, line.find(' ', 2) - 2));
  return verbs;
}

class EveryCommand : public CliTest {
 protected:
  // "mirror_list" for each command that has no verbs of its own.
  void Visit(std::vector<std::string> words, std::vector<std::string>& commands) {
    std::vector<std::string> asked = words;
    asked.emplace_back("--help");
    const bool shells = words == std::vector<std::string>{"completion"};
    const std::vector<std::string> verbs = shells ? std::vector<std::string>() : VerbsIn(Run(asked).out);
    std::string name;
    for (const std::string& word : words) name += (name.empty() ? "" : "_") + word;
    if (verbs.empty()) commands.push_back(name);
    for (const std::string& verb : verbs) {
      words.push_back(verb);
      Visit(words, commands);
      words.pop_back();
    }
  }
};

TEST_F(EveryCommand, HasHelpAndAnExampleOfItsJson) {
  const std::map<std::string, std::string> kAlso = {
      {"mirror_promote", "promote"}, {"mirror_failover", "failover"}, {"reverse", "mirror_reverse"}};
  // What answers with no JSON, or as another command does.
  const std::map<std::string, std::string> kAnswer = {{"run", ""},
                                                      {"completion", ""},
                                                      {"man", ""},
                                                      {"config_init", ""},
                                                      {"config_schema", ""},
                                                      {"promote", "failover"},
                                                      {"drill_run", "drill_show"}};
  const auto in = [](const auto& names, const std::string& command) {
    const auto found = names.find(command);
    return found == names.end() ? command : found->second;
  };
  const std::filesystem::path root(KLINK_SOURCE_DIR);
  std::vector<std::string> commands;
  Visit({}, commands);
  EXPECT_GT(commands.size(), 40u);
  for (const std::string& command : commands) {
    const std::string name = in(kAlso, command), answer = in(kAnswer, name);
    EXPECT_TRUE(std::filesystem::exists(root / "tests/cli/golden" / ("help_" + name + ".txt"))) << command;
    if (!answer.empty()) EXPECT_TRUE(std::filesystem::exists(root / "docs/cli" / (answer + ".json"))) << command;
  }
}

TEST_F(CliTest, EveryVerbHasAManPage) {
  ExpectGolden("help_man", {"man", "--help"});
  ExpectGolden("man_lag", {"man", "lag"});
  const std::string dir = (dir_ / "man").string();
  ASSERT_EQ(Run({"man", "--dir", dir}).exit, Exit::kOk);
  std::istringstream help(ReadAll(std::filesystem::path(KLINK_SOURCE_DIR) / "tests/cli/golden/help.txt"));
  std::string line;
  while (std::getline(help, line) && line != "Subcommands:") {
  }
  int pages = 0;
  for (; std::getline(help, line) && line.starts_with("  "); pages++) {
    const std::string verb = line.substr(2, line.find(' ', 2) - 2);
    EXPECT_TRUE(std::filesystem::exists(fmt::format("{}/man1/klink-{}.1", dir, verb))) << verb;
  }
  EXPECT_GT(pages, 15);
  EXPECT_THAT(ReadAll(dir + "/man1/klink-check.1"), HasSubstr(".SH EXIT STATUS\nExit codes: 0 OK, 1 WARNING"));
  EXPECT_THAT(ReadAll(dir + "/man5/klink.yaml.5"), HasSubstr("links[].topics.include"));
  EXPECT_EQ(Run({"man", "nothing"}).exit, Exit::kUsage);
}

}  // namespace
}  // namespace klink::cli
