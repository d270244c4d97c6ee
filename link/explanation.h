// What `klink explain` answers, as plain values that are also its JSON (names are promised: they do not change).
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace klink::link {

struct ExplainStep {
  std::string rule;    // name | filter | source | link | agent | destination | mirror | offsets
  std::string answer;  // ok | no | wait | unknown
  std::string text;

  static void Describe(auto& m, auto& field) {
    field("rule", m.rule);
    field("answer", m.answer);
    field("text", m.text);
  }
};

// What one link makes of a topic or a group.
struct Explanation {
  std::string link;
  std::string name_at_source;
  std::string name_at_destination;
  std::string mirrored = "no";             // yes | no | not yet: it will be by itself
  std::string decided_by;                  // the line of the file, the reason code, or the step that said so
  std::optional<std::string> reason_code;  // of state/reasons.h
  std::vector<ExplainStep> steps;          // in the order in which the engine asks
  std::string what_to_do;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("name_at_source", m.name_at_source);
    field("name_at_destination", m.name_at_destination);
    field("mirrored", m.mirrored);
    field("decided_by", m.decided_by);
    field("reason_code", m.reason_code);
    field("steps", m.steps);
    field("what_to_do", m.what_to_do);
  }
};

enum class ExplainKind { kTopic, kGroup };

struct ExplainRequest {
  std::string link;  // empty: every link that has to do with it; where none has, every link
  ExplainKind kind = ExplainKind::kTopic;
  std::string name;  // at either side
};

}  // namespace klink::link
