// What a drill did and what it found: plain values, each also its JSON, whose schema is docs/drill-report.schema.json.
// A verdict is PASSED, FAILED, UNKNOWN (it was looked at and could not be told: not a pass) or NOT_CHECKED (this drill
// does not look at it, and its detail says why).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_fields.h"

namespace klink::failover {

enum class DrillVerdict : uint8_t { kPassed, kFailed, kUnknown, kNotChecked };
constexpr std::string_view Name(DrillVerdict v) {
  constexpr std::string_view kNames[] = {"PASSED", "FAILED", "UNKNOWN", "NOT_CHECKED"};
  return kNames[static_cast<size_t>(v)];
}

// How a drill ended; its number is the exit code of `klink drill run`.
enum class DrillOutcome : uint8_t { kPassed = 0, kMissed = 1, kPrecondition = 2, kRolledBack = 3, kLeftOver = 4 };
constexpr std::string_view Name(DrillOutcome o) {
  constexpr std::string_view kNames[] = {"PASSED", "MISSED", "PRECONDITION_FAILED", "ABORTED", "CLEANUP_INCOMPLETE"};
  return kNames[static_cast<size_t>(o)];
}

struct DrillTopic {
  std::string topic;                       // the mirror
  std::string source_topic;                // what it copies
  std::optional<std::string> drill_topic;  // its throwaway copy; null: none was made
  int32_t partitions = 0;
  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("drill_topic", m.drill_topic);
    field("partitions", m.partitions);
  }
};

struct DrillScope {
  std::string link;
  std::string source;  // clusters by their names in the configuration
  std::string destination;
  std::vector<DrillTopic> topics;
  std::vector<std::string> groups;
  int64_t max_bytes = 0;
  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("source", m.source);
    field("destination", m.destination);
    field("topics", m.topics);
    field("groups", m.groups);
    field("max_bytes", m.max_bytes);
  }
};

struct DrillObjective {
  std::string objective;  // rpo | rto
  double target_seconds = 0;
  std::optional<double> measured_seconds;
  bool is_bound = false;  // it is at most that much
  std::string verdict;
  std::string detail;
  static void Describe(auto& m, auto& field) {
    field("objective", m.objective);
    field("target_seconds", m.target_seconds);
    field("measured_seconds", m.measured_seconds);
    field("is_bound", m.is_bound);
    field("verdict", m.verdict);
    field("detail", m.detail);
  }
};

struct DrillInvariant {
  std::string code;  // L7 … L14, as in docs/guarantees.md
  std::string name;
  std::string verdict;
  std::string detail;
  static void Describe(auto& m, auto& field) {
    field("code", m.code);
    field("name", m.name);
    field("verdict", m.verdict);
    field("detail", m.detail);
  }
};

struct DrillStep {
  std::string step;
  WallTime started;
  double seconds = 0;
  std::string verdict;   // FAILED: the drill could not go on, or the check found something
  std::string evidence;  // what was seen
  static void Describe(auto& m, auto& field) {
    field("step", m.step);
    field("started", m.started);
    field("seconds", m.seconds);
    field("verdict", m.verdict);
    field("evidence", m.evidence);
  }
};

struct DrillPhase {
  std::string phase;
  double seconds = 0;
  static void Describe(auto& m, auto& field) {
    field("phase", m.phase);
    field("seconds", m.seconds);
  }
};

// From the declared incident until a consumer read what a new producer wrote; of a live drill, which writes nothing,
// until topics can be written to and are readable up to their cut. To notice and to decide is people's.
struct DrillRto {
  std::optional<WallTime> incident;
  std::optional<double> seconds;
  std::vector<DrillPhase> phases;
  static void Describe(auto& m, auto& field) {
    field("incident", m.incident);
    field("seconds", m.seconds);
    field("phases", m.phases);
  }
};

// What a failover at the incident would have lost of the real mirrors; of a live drill, what it lost.
struct DrillLoss {
  std::string topic;
  std::optional<int64_t> records;  // source offsets that had not crossed
  std::optional<int64_t> bytes;
  std::optional<double> seconds;  // how old the oldest of them is; with is_bound: at most
  bool is_bound = false;          // the source does not answer: nothing newer than that is known to be lost
  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("records", m.records);
    field("bytes", m.bytes);
    field("seconds", m.seconds);
    field("is_bound", m.is_bound);
  }
};
struct DrillRpo {
  std::optional<int64_t> records;
  std::optional<int64_t> bytes;
  std::optional<double> seconds;  // of the worst topic
  bool is_bound = false;
  std::vector<DrillLoss> topics;
  static void Describe(auto& m, auto& field) {
    field("records", m.records);
    field("bytes", m.bytes);
    field("seconds", m.seconds);
    field("is_bound", m.is_bound);
    field("topics", m.topics);
  }
};

// The throwaway copies against what they were copied from, from raw batches; of a live drill the mirrors against their
// source.
struct DrillVerification {
  int64_t batches_equal = 0;
  int64_t bytes_compared = 0;
  int64_t differences = 0;
  std::vector<std::string> first_differences;
  static void Describe(auto& m, auto& field) {
    field("batches_equal", m.batches_equal);
    field("bytes_compared", m.bytes_compared);
    field("differences", m.differences);
    field("first_differences", m.first_differences);
  }
};

struct DrillPosition {
  std::string group;
  std::string topic;  // the mirror
  int32_t partition = 0;
  std::optional<int64_t> source_offset;       // committed at the source when the drill began
  std::optional<int64_t> destination_offset;  // committed at the destination
  std::optional<int64_t> drill_offset;        // where it was put in the throwaway copy
  std::optional<int64_t> first_read;          // the offset of the first record it got there
  std::string ahead;                          // verdict of L7
  std::string behind;                         // of L8
  std::string detail;
  static void Describe(auto& m, auto& field) {
    field("group", m.group);
    field("topic", m.topic);
    field("partition", m.partition);
    field("source_offset", m.source_offset);
    field("destination_offset", m.destination_offset);
    field("drill_offset", m.drill_offset);
    field("first_read", m.first_read);
    field("ahead", m.ahead);
    field("behind", m.behind);
    field("detail", m.detail);
  }
};

struct DrillRollback {
  bool complete = true;
  int64_t topics_removed = 0;
  int64_t groups_removed = 0;
  std::vector<std::string> left;  // what could not be removed; of a live drill that was aborted: what stands
  static void Describe(auto& m, auto& field) {
    field("complete", m.complete);
    field("topics_removed", m.topics_removed);
    field("groups_removed", m.groups_removed);
    field("left", m.left);
  }
};

// Of a live drill, one topic: how it comes back to the old source.
struct DrillWayBack {
  std::string topic;
  std::string source_topic;
  std::optional<std::string> link_back;  // which link goes back; null: the configuration has none
  // reverse: the old source goes on as the mirror; recreate: what it alone has is exported, then the topic is made
  // again; made_again: it has no such topic any more; mirrored: it is the mirror already; look: it is not known yet
  std::string way;
  std::optional<int64_t> never_crossed;  // records of the old source alone; null is not known
  std::optional<int64_t> written_since;  // records that others wrote at the new primary
  std::string detail;
  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("link_back", m.link_back);
    field("way", m.way);
    field("never_crossed", m.never_crossed);
    field("written_since", m.written_since);
    field("detail", m.detail);
  }
};

struct DrillCommand {
  std::string purpose;
  std::string command;  // as it is typed; of a link that is missing, what is added to the configuration
  static void Describe(auto& m, auto& field) {
    field("purpose", m.purpose);
    field("command", m.command);
  }
};

// What brings everything back to where it was before a live drill, in this order.
struct DrillFailback {
  bool compared = false;  // both logs; false: the old source does not answer, or nothing was failed over
  std::vector<DrillWayBack> topics;
  std::vector<DrillCommand> commands;
  static void Describe(auto& m, auto& field) {
    field("compared", m.compared);
    field("topics", m.topics);
    field("commands", m.commands);
  }
};

struct DrillAction {
  std::string action;
  std::string owner;  // left for a person to fill in, as is due
  std::string due;
  static void Describe(auto& m, auto& field) {
    field("action", m.action);
    field("owner", m.owner);
    field("due", m.due);
  }
};

struct DrillReport {
  int64_t schema = 1;
  std::string id;
  std::string drill;  // its name in the configuration
  std::string type;   // dry | isolated | live
  std::string scenario;
  std::string outcome;
  int64_t exit_code = 2;
  std::string summary;  // one line
  std::string operator_name;
  std::string approver;
  std::string reason;  // why it was run, in the operator's words
  WallTime started;
  std::optional<WallTime> finished;
  DrillScope scope;
  std::vector<DrillObjective> objectives;
  std::vector<DrillInvariant> invariants;
  DrillRto rto;
  DrillRpo rpo;
  DrillVerification verification;
  std::vector<DrillPosition> groups;
  std::vector<DrillStep> steps;
  std::vector<std::string> deviations;
  std::vector<DrillAction> remediation;
  DrillRollback rollback;
  std::optional<std::string> operation;   // of a live drill: the failover, as klink knows it
  std::optional<DrillFailback> failback;  // of a live drill, once something was failed over
  std::string klink_version;
  std::optional<std::string> source_cluster_id;
  std::optional<std::string> destination_cluster_id;
  std::string config_sha256;
  std::optional<std::string> audit_head;  // of this machine's audit log: "sequence:hash"

  static void Describe(auto& m, auto& field) {
    field("schema", m.schema);
    field("id", m.id);
    field("drill", m.drill);
    field("type", m.type);
    field("scenario", m.scenario);
    field("outcome", m.outcome);
    field("exit_code", m.exit_code);
    field("summary", m.summary);
    field("operator", m.operator_name);
    field("approver", m.approver);
    field("reason", m.reason);
    field("started", m.started);
    field("finished", m.finished);
    field("scope", m.scope);
    field("objectives", m.objectives);
    field("invariants", m.invariants);
    field("rto", m.rto);
    field("rpo", m.rpo);
    field("verification", m.verification);
    field("groups", m.groups);
    field("steps", m.steps);
    field("deviations", m.deviations);
    field("remediation", m.remediation);
    field("rollback", m.rollback);
    field("operation", m.operation);
    field("failback", m.failback);
    field("klink_version", m.klink_version);
    field("source_cluster_id", m.source_cluster_id);
    field("destination_cluster_id", m.destination_cluster_id);
    field("config_sha256", m.config_sha256);
    field("audit_head", m.audit_head);
  }
};

}  // namespace klink::failover
