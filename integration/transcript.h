// A section of a page, as docs/logs-in-the-wild.md, told by the test that lives through it: what happened at the
// source, what klink said (its real output, with what differs from run to run replaced by fixed words), what the
// operator did. The page and the test cannot drift apart: a section that reads differently fails the test;
// KLINK_UPDATE=1 writes it instead.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "integration/agent.h"

namespace klink::it {

class Transcript {
 public:
  explicit Transcript(std::string title);
  // On another page than docs/logs-in-the-wild.md.
  Transcript(fs::path page, std::string title) : page_(std::move(page)), title_(std::move(title)) {}

  void Source(const std::string& what) { Paragraph("**At the source.** " + what); }
  void Destination(const std::string& what) { Paragraph("**At the destination.** " + what); }
  void Klink(const std::string& what) { Paragraph("**klink.** " + what); }
  void Operator(const std::string& what) { Paragraph("**The operator.** " + what); }

  // `klink ARGS…` with what it prints; asked again until that holds `awaited` (a copy looks again every few seconds).
  Outcome Run(const Agent& agent, const std::vector<std::string>& arguments, const std::string& awaited = "");
  // `klink ARGS…` as they stand, in a directory, by somebody who has no agent at hand.
  Outcome RunIn(const fs::path& directory, const std::vector<std::string>& arguments, const std::string& awaited = "");
  // A file's text, as its reader sees it.
  void File(const fs::path& path) { Code(ReadFile(path)); }
  // What is of this run alone, and the words that the page has for it.
  void Call(const std::string& text, const std::string& words) { names_.emplace_back(text, words); }
  // The same, of whose output only the last line is shown: tables of counts that depend on how records were batched.
  Outcome RunForVerdict(const Agent& agent, const std::vector<std::string>& arguments);
  Outcome RunInForVerdict(const fs::path& directory, const std::vector<std::string>& arguments);
  // The newest line with that event and text in the agent's log; waits for it.
  void LogLine(const Agent& agent, const std::string& event, const std::string& text);
  // One sample of /metrics, as it is printed.
  void Sample(const Agent& agent, const std::string& series);

  // Empty when the page has this section word for word (or has been given it); else what differs.
  std::string Drift() const;

 private:
  struct Block {
    bool code;
    std::string text;
  };
  void Paragraph(const std::string& text) { blocks_.push_back({false, text}); }
  void Code(const std::string& text);
  void Verdict(const std::vector<std::string>& arguments, const Outcome& outcome);
  std::string Text() const;
  Outcome Told(const std::vector<std::string>& arguments, const std::string& awaited,
               const std::function<Outcome()>& run);

  std::vector<std::pair<std::string, std::string>> names_;
  fs::path page_;
  std::string title_;
  std::vector<Block> blocks_;
};

// Times, addresses and ids, in words of the same width where tables may hold them.
std::string Normalised(std::string text);

}  // namespace klink::it
