// What a drill came to, as the link remembers it. Nobody decides by it, and the drill itself writes it, beside whoever
// leads the link: it is no part of a controller's transaction. The whole report stands in the drill's report_dir.
//
//   drill/<id>   DrillRecord
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fields.h"

namespace klink::state {

inline constexpr size_t kDrillsKept = 100;  // of a link; older ones are erased by the next drill

struct DrillVerdictRecord {
  std::string name;  // "rto", "L12"
  std::string verdict;

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("verdict", m.verdict);
  }
  friend bool operator==(const DrillVerdictRecord&, const DrillVerdictRecord&) = default;
};

struct DrillRecord {
  std::string id;       // begins with its time
  std::string drill;    // its name in the configuration
  std::string kind;     // dry | isolated
  std::string outcome;  // as in the report: PASSED, MISSED …
  int64_t exit_code = 0;
  std::string summary;
  std::optional<double> rto_seconds;
  std::optional<double> rpo_seconds;
  std::optional<int64_t> rpo_records;
  bool rpo_is_bound = false;
  std::vector<DrillVerdictRecord> objectives;
  std::vector<DrillVerdictRecord> invariants;
  std::string by;
  std::string approver;
  std::string text;           // why, in the operator's words
  std::string report;         // name of the report's files
  std::string report_sha256;  // of its JSON
  int64_t started_ms = 0;
  int64_t finished_ms = 0;

  static void Describe(auto& m, auto& field) {
    field("id", m.id);
    field("drill", m.drill);
    field("kind", m.kind);
    field("outcome", m.outcome);
    field("exit_code", m.exit_code);
    field("summary", m.summary);
    field("rto_seconds", m.rto_seconds);
    field("rpo_seconds", m.rpo_seconds);
    field("rpo_records", m.rpo_records);
    field("rpo_is_bound", m.rpo_is_bound);
    field("objectives", m.objectives);
    field("invariants", m.invariants);
    field("by", m.by);
    field("approver", m.approver);
    field("text", m.text);
    field("report", m.report);
    field("report_sha256", m.report_sha256);
    field("started_ms", m.started_ms);
    field("finished_ms", m.finished_ms);
  }
  friend bool operator==(const DrillRecord&, const DrillRecord&) = default;
};

std::string KeyOf(const DrillRecord& record);
std::optional<std::string> DrillOfKey(std::string_view key);

}  // namespace klink::state
