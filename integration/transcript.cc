#include "integration/transcript.h"

#include <regex>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace klink::it {
namespace {

constexpr size_t kWidth = 120;
constexpr seconds kSaidWithin(60);

std::string Wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string out, word;
  for (size_t column = 0; words >> word; column += word.size()) {
    if (column > 0 && column + 1 + word.size() > kWidth) {
      out += "\n";
      column = 0;
    } else if (column > 0) {
      out += " ";
      ++column;
    }
    out += word;
  }
  return out;
}

// As a shell takes it.
std::string CommandLine(const std::vector<std::string>& arguments) {
  std::string line = "$ klink";
  for (const std::string& argument : arguments)
    line += argument.find(' ') == std::string::npos ? " " + argument : fmt::format(" \"{}\"", argument);
  return line;
}

Outcome RunKlink(const fs::path& directory, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), KlinkBinary());
  return RunToEnd({arguments, {}, directory});
}

std::string LastLine(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

// Where a section begins and ends in the page; both its end when it has none of that title.
std::pair<size_t, size_t> FindSection(const std::string& page, const std::string& heading) {
  const size_t begin = page.find(heading + "\n");
  if (begin == std::string::npos) return {page.size(), page.size()};
  const size_t next = page.find("\n## ", begin);
  return {begin, next == std::string::npos ? page.size() : next + 1};
}

}  // namespace

std::string Normalised(std::string text) {
  static const std::vector<std::pair<std::regex, std::string>> rules = {
      {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)"), "yyyy-mm-ddThh:mm:ssZ"},
      {std::regex(R"(127\.0\.0\.1:\d+)"), "broker:9092"},
      {std::regex(R"(producer( |_)id(=| )\d+)"), "producer$1id$2<id>"},
      {std::regex(R"(\(id \d+\))"), "(id <id>)"},
      {std::regex(R"( \([A-Za-z0-9_-]{22}\))"), " (<cluster id>)"},
      {std::regex(R"(\b(id|was) [A-Za-z0-9_-]{22}(?![A-Za-z0-9_-]))"), "$1 <topic id>"},
      {std::regex(R"( (since|after|in) \d+(\.\d+)? (ms|s)\b)"), " $1 <a while>"},
      {std::regex(R"( repeated=\d+)"), ""},
      {std::regex(R"(\b1[78]\d{11}\b)"), "1790000000000"},                              // a time in ms
      {std::regex(R"((offset \d+ on), and ends at \d+\.)"), "$1, and ends at <end>."},  // when it was looked at
      {std::regex(R"(\b\d+ bytes, from )"), "<n> bytes, from "},
      {std::regex(R"([0-9a-f]{64}  (\S+)  \d+ bytes)"), "<sha256>  $1  <n> bytes"},
      {std::regex(R"(\d{8}T\d{6}Z-[0-9a-f]{4})"), "<operation>"},
      {std::regex(R"( \d+\.\d s before)"), " <a while> before"},
      {std::regex(R"((RTO|RPO) \d+\.\d s)"), "$1 <a while>"},
      {std::regex(R"(-(<operation>|\d{8}T\d{6}Z)\.html)"), "-<UTC>.html"},
  };
  for (const auto& [pattern, words] : rules) text = std::regex_replace(text, pattern, words);
  return text;
}

Transcript::Transcript(std::string title) : Transcript(Env("KLINK_LOGS_PAGE", KLINK_LOGS_PAGE), std::move(title)) {}

void Transcript::Code(const std::string& text) {
  std::string named = text;
  for (const auto& [from, words] : names_)
    for (size_t at = 0; (at = named.find(from, at)) != std::string::npos; at += words.size())
      named.replace(at, from.size(), words);
  std::istringstream lines(Normalised(std::move(named)));
  std::string indented;
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    indented += line.empty() ? "\n" : "    " + line + "\n";
  }
  indented.pop_back();
  blocks_.push_back({true, indented});
}

Outcome Transcript::Told(const std::vector<std::string>& arguments, const std::string& awaited,
                         const std::function<Outcome()>& run) {
  Outcome outcome;
  const bool said = Eventually(kSaidWithin, [&] {
    outcome = run();
    return (outcome.out + outcome.err).find(awaited) != std::string::npos;
  });
  if (!said)
    throw std::runtime_error(fmt::format("klink {} did not print \"{}\" but\n{}{}", fmt::join(arguments, " "), awaited,
                                         outcome.out, outcome.err));
  Code(CommandLine(arguments) + "\n" + outcome.out + outcome.err);
  return outcome;
}

Outcome Transcript::Run(const Agent& agent, const std::vector<std::string>& arguments, const std::string& awaited) {
  return Told(arguments, awaited, [&] { return agent.Cli(arguments); });
}

Outcome Transcript::RunIn(const fs::path& directory, const std::vector<std::string>& arguments,
                          const std::string& awaited) {
  return Told(arguments, awaited, [&] { return RunKlink(directory, arguments); });
}

Outcome Transcript::RunForVerdict(const Agent& agent, const std::vector<std::string>& arguments) {
  const Outcome outcome = agent.Cli(arguments);
  Verdict(arguments, outcome);
  return outcome;
}

Outcome Transcript::RunInForVerdict(const fs::path& directory, const std::vector<std::string>& arguments) {
  const Outcome outcome = RunKlink(directory, arguments);
  Verdict(arguments, outcome);
  return outcome;
}

void Transcript::Verdict(const std::vector<std::string>& arguments, const Outcome& outcome) {
  Code(CommandLine(arguments) + " | tail -1\n" + LastLine(outcome.out + outcome.err));
}

void Transcript::LogLine(const Agent& agent, const std::string& event, const std::string& text) {
  std::string found;
  Await(fmt::format("a line {} with \"{}\" in the log", event, text), kSaidWithin, [&] {
    std::istringstream lines(agent.LogText());
    for (std::string line; std::getline(lines, line);)
      if (line.find("event=" + event) != std::string::npos && line.find(text) != std::string::npos) found = line;
    return !found.empty();
  });
  Code(found);
}

void Transcript::Sample(const Agent& agent, const std::string& series) {
  std::string found;
  Await("a sample " + series, kSaidWithin, [&] {
    std::istringstream lines(agent.Get("/metrics").value_or(""));
    for (std::string line; found.empty() && std::getline(lines, line);)
      if (line.starts_with(series)) found = line;
    return !found.empty();
  });
  Code(found);
}

std::string Transcript::Text() const {
  std::string text = fmt::format("## {}\n", title_);
  for (size_t i = 0; i < blocks_.size(); ++i)
    text += fmt::format("\n{}\n", blocks_[i].code ? blocks_[i].text : Wrapped(blocks_[i].text));
  return text;
}

std::string Transcript::Drift() const {
  std::string text = ReadFile(page_);
  const auto [begin, end] = FindSection(text, "## " + title_);
  const std::string now = Text();
  std::string then = text.substr(begin, end - begin);
  while (then.ends_with("\n\n")) then.pop_back();
  if (then == now) return "";
  if (Env("KLINK_UPDATE", "").empty())
    return fmt::format("{} tells it otherwise (KLINK_UPDATE=1 rewrites it). Now:\n{}\nThe page:\n{}",
                       page_.filename().string(), now, then);
  text.replace(begin, end - begin, (begin == text.size() ? "\n" : "") + now + (end == text.size() ? "" : "\n"));
  WriteFile(page_, text);
  return "";
}

}  // namespace klink::it
