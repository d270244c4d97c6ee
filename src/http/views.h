// What HTTP answers about links and mirrors: summaries of the agent's snapshot, decided by pure functions. They are
// their own JSON, and the command line reads them back.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "link/progress.h"
#include "state/audit.h"

namespace klink::http {

struct AgentView {
  std::string id;
  std::string version;
  std::optional<WallTime> started;
  bool ready = false;

  static void Describe(auto& m, auto& field) {
    field("id", m.id);
    field("version", m.version);
    field("started", m.started);
    field("ready", m.ready);
  }
};

struct PartitionCounts {
  int64_t total = 0;
  int64_t identical = 0;
  int64_t translated = 0;
  int64_t unknown = 0;

  static void Describe(auto& m, auto& field) {
    field("total", m.total);
    field("identical", m.identical);
    field("translated", m.translated);
    field("unknown", m.unknown);
  }
};

// Could the copies stand in for the source now, and what would be missing?
struct FailoverView {
  std::string possible = "unknown";  // yes | partly | no | unknown
  std::string reason;
  std::optional<int64_t> lost_records;  // empty: unknown
  std::optional<double> lost_seconds;
  std::string as_of = "now";  // now | last_contact: the source does not answer, later writes are not counted

  static void Describe(auto& m, auto& field) {
    field("possible", m.possible);
    field("reason", m.reason);
    field("lost_records", m.lost_records);
    field("lost_seconds", m.lost_seconds);
    field("as_of", m.as_of);
  }
};

// A set of topics now: what a failover of it would lose, against what may be lost.
struct SetView {
  std::string name;
  int64_t priority = 0;
  int64_t mirrors = 0;                // STOPPED ones among them
  std::optional<int64_t> lag;         // of those that are not STOPPED; null when one of them is unknown
  std::optional<double> lag_seconds;  // the worst of them
  std::optional<double> rpo_seconds;  // objectives; null: none
  std::optional<double> rto_seconds;
  std::optional<bool> rpo_met;  // null: no objective, or not known

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("priority", m.priority);
    field("mirrors", m.mirrors);
    field("lag", m.lag);
    field("lag_seconds", m.lag_seconds);
    field("rpo_seconds", m.rpo_seconds);
    field("rto_seconds", m.rto_seconds);
    field("rpo_met", m.rpo_met);
  }
};

struct LinkView {
  std::string name;
  std::string state;
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;
  std::optional<std::string> role;
  link::ClusterSnapshot source;
  link::ClusterSnapshot destination;
  std::vector<link::TaskSnapshot> tasks;
  std::map<std::string, int64_t> mirrors;  // by state
  PartitionCounts partitions;
  std::optional<int64_t> lag;         // over all partitions; null when one of them is unknown
  std::optional<double> lag_seconds;  // the worst partition
  std::vector<SetView> sets;          // by priority
  FailoverView failover;

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
    field("role", m.role);
    field("source", m.source);
    field("destination", m.destination);
    field("tasks", m.tasks);
    field("mirrors", m.mirrors);
    field("partitions", m.partitions);
    field("lag", m.lag);
    field("lag_seconds", m.lag_seconds);
    field("sets", m.sets);
    field("failover", m.failover);
  }
};

struct StatusView {
  AgentView agent;
  std::vector<LinkView> links;

  static void Describe(auto& m, auto& field) {
    field("agent", m.agent);
    field("links", m.links);
  }
};

struct LinksView {
  std::vector<LinkView> links;
  static void Describe(auto& m, auto& field) { field("links", m.links); }
};

// One line of `klink mirror list`.
struct MirrorView {
  std::string topic;
  std::string source_topic;
  std::string state;
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;
  int64_t partitions = 0;
  std::optional<std::string> offsets;  // "translated" as soon as one partition is
  std::optional<int64_t> lag;          // over all partitions; null when one of them is unknown
  std::optional<int64_t> lag_max;      // of one partition
  std::optional<double> lag_seconds;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
    field("partitions", m.partitions);
    field("offsets", m.offsets);
    field("lag", m.lag);
    field("lag_max", m.lag_max);
    field("lag_seconds", m.lag_seconds);
  }
};

struct MirrorsView {
  std::string link;
  std::vector<MirrorView> mirrors;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("mirrors", m.mirrors);
  }
};

// A mirror with all its partitions: `klink mirror describe`.
struct MirrorDetailView {
  std::string link;
  link::MirrorSnapshot mirror;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    link::MirrorSnapshot::Describe(m.mirror, field);
  }
};

// What is carried over of the source's ACLs, and what is held back until a promotion: `klink acl list`.
struct AclsView {
  std::string link;
  link::AclsSnapshot acls;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    link::AclsSnapshot::Describe(m.acls, field);
  }
};

struct TranslateView {
  std::string link;
  std::string topic;
  int32_t partition = 0;
  std::string direction;  // "destination": source offsets were given; "source": destination offsets were
  std::vector<link::TranslationSnapshot> translations;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("topic", m.topic);
    field("partition", m.partition);
    field("direction", m.direction);
    field("translations", m.translations);
  }
};

struct RunsView {
  std::string link;
  std::string topic;
  int32_t partition = 0;
  std::vector<link::RunSnapshot> runs;
  std::optional<link::FilledSnapshot> filled;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("topic", m.topic);
    field("partition", m.partition);
    field("runs", m.runs);
    field("filled", m.filled);
  }
};

struct OffsetsAtView {
  std::string link;
  std::string topic;
  WallTime time{};
  std::vector<link::OffsetAtSnapshot> partitions;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("topic", m.topic);
    field("time", m.time);
    field("partitions", m.partitions);
  }
};

// What `:pause` and `:resume` of mirrors answer.
struct MirrorsControlView {
  std::string link;
  std::string verb;  // pause | resume
  bool dry_run = false;
  std::vector<link::ControlledMirror> mirrors;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("verb", m.verb);
    field("dry_run", m.dry_run);
    field("mirrors", m.mirrors);
  }
};

struct RealignView {
  std::string link;
  std::string verb;  // realign
  bool dry_run = false;
  std::vector<link::RealignedMirror> mirrors;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("verb", m.verb);
    field("dry_run", m.dry_run);
    field("mirrors", m.mirrors);
  }
};

// What `:reverse` answers.
struct AdoptionView {
  std::string link;
  bool dry_run = false;
  std::vector<link::AdoptedMirror> mirrors;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("dry_run", m.dry_run);
    field("mirrors", m.mirrors);
  }
};

// The same of a link.
struct LinkControlView {
  std::string link;
  std::string verb;
  bool dry_run = false;
  link::ControlledLink result;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("verb", m.verb);
    field("dry_run", m.dry_run);
    link::ControlledLink::Describe(m.result, field);
  }
};

// What `:inhibit` answers.
struct InhibitView {
  std::string link;
  bool dry_run = false;
  link::InhibitSnapshot result;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("dry_run", m.dry_run);
    link::InhibitSnapshot::Describe(m.result, field);
  }
};

// One thing that keeps a mirror, or one of its partitions, from being a plain running copy: `klink mirror errors`.
struct ErrorView {
  std::string topic;
  std::string source_topic;
  std::optional<int32_t> partition;  // empty: the mirror as a whole
  std::string state;
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> since;
  std::optional<std::string> action;  // what an operator does about this reason_code

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("partition", m.partition);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("since", m.since);
    field("action", m.action);
  }
};

struct ErrorsView {
  std::string link;
  std::vector<ErrorView> errors;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("errors", m.errors);
  }
};

// Why a topic or a group is mirrored, or is not, link by link.
struct ExplainView {
  std::string kind;  // topic | group
  std::string name;
  std::vector<link::Explanation> links;

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("name", m.name);
    field("links", m.links);
  }
};

struct DiffView {
  std::vector<link::LinkDiff> links;
  static void Describe(auto& m, auto& field) { field("links", m.links); }
};

// The consumer groups a link carries over.
struct GroupsView {
  std::string link;
  link::GroupsSnapshot groups;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    link::GroupsSnapshot::Describe(m.groups, field);
  }
};

// One of them: `klink offsets group`.
struct GroupView {
  std::string link;
  link::GroupSnapshot group;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    link::GroupSnapshot::Describe(m.group, field);
  }
};

// Positions of many partitions translated at once.
struct PositionTranslation {
  std::string topic;  // the mirror's name at the destination
  int32_t partition = -1;
  int64_t offset = -1;
  std::optional<int64_t> translated;
  std::string answer = "unknown";
  std::optional<std::string> reason;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("partition", m.partition);
    field("offset", m.offset);
    field("translated", m.translated);
    field("answer", m.answer);
    field("reason", m.reason);
  }
};

struct PositionsView {
  std::string link;
  std::string direction = "destination";
  std::vector<PositionTranslation> translations;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("direction", m.direction);
    field("translations", m.translations);
  }
};

// The end of the audit log.
struct AuditView {
  std::string file;
  state::AuditHead head;
  std::vector<Json> events;  // oldest first

  static void Describe(auto& m, auto& field) {
    field("file", m.file);
    field("head", m.head);
    field("events", m.events);
  }
};

// Every partition with a reason; a mirror's own line only where its partitions do not say the same. Pauses are no
// errors.
ErrorsView ErrorsOf(const link::LinkSnapshot& link);
LinkView Summarise(const link::LinkSnapshot& link);
MirrorView Summarise(const link::MirrorSnapshot& mirror);
FailoverView CanFailOver(const link::LinkSnapshot& link);
SetView Summarise(const link::SetSnapshot& set, const link::LinkSnapshot& link);

}  // namespace klink::http
