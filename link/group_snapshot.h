// What the agent tells about consumer groups; as progress.h, plain values that are their own JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace klink::link {

// How many positions of a group became what, in the last round.
struct PositionCounts {
  int64_t total = 0;
  int64_t exact = 0;
  int64_t clamped = 0;
  int64_t unknown = 0;
  int64_t skipped = 0;

  static void Describe(auto& m, auto& field) {
    field("total", m.total);
    field("exact", m.exact);
    field("clamped", m.clamped);
    field("unknown", m.unknown);
    field("skipped", m.skipped);
  }
};

// One group of the link's filter.
struct GroupSummary {
  std::string group;
  std::string state = "ACTIVE";  // ACTIVE; PAUSED: left alone; FAILED: refused; STOPPED: deleted at the source
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::optional<WallTime> committed;  // by this agent, the last time
  PositionCounts positions;

  static void Describe(auto& m, auto& field) {
    field("group", m.group);
    field("state", m.state);
    field("reason_code", m.reason_code);
    field("reason", m.reason);
    field("committed", m.committed);
    field("positions", m.positions);
  }
};

struct GroupsSnapshot {
  std::optional<WallTime> read_at;     // of the last completed round: when the source's offsets were read
  std::optional<std::string> waiting;  // what the round under way waits for
  std::vector<GroupSummary> groups;

  static void Describe(auto& m, auto& field) {
    field("read_at", m.read_at);
    field("waiting", m.waiting);
    field("groups", m.groups);
  }
};

struct GroupMemberSnapshot {
  std::string client_id;
  std::string host;

  static void Describe(auto& m, auto& field) {
    field("client_id", m.client_id);
    field("host", m.host);
  }
};

// A group on one side, as its coordinator tells it.
struct GroupSideSnapshot {
  std::optional<std::string> state;  // empty: there is no such group
  std::optional<std::string> type;   // classic | consumer
  std::vector<GroupMemberSnapshot> members;

  static void Describe(auto& m, auto& field) {
    field("state", m.state);
    field("type", m.type);
    field("members", m.members);
  }
};

struct GroupPositionSnapshot {
  std::string topic;                             // at the source
  std::optional<std::string> destination_topic;  // empty: the link does not mirror it
  int32_t partition = 0;
  std::optional<int64_t> source_offset;       // committed at the source
  std::optional<int64_t> translated;          // where that stands at the destination now; empty: unknown or skipped
  std::optional<int64_t> destination_offset;  // committed at the destination
  std::optional<int64_t> delta;               // destination_offset − translated
  std::string answer = "unknown";             // "exact" | "clamped" | "unknown" | "skipped"
  std::optional<std::string> reason;          // of an answer that is not exact

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("destination_topic", m.destination_topic);
    field("partition", m.partition);
    field("source_offset", m.source_offset);
    field("translated", m.translated);
    field("destination_offset", m.destination_offset);
    field("delta", m.delta);
    field("answer", m.answer);
    field("reason", m.reason);
  }
};

// `klink offsets group`: asked of both clusters now.
struct GroupSnapshot {
  std::string group;
  bool selected = false;  // by the link's filter
  std::string filter;     // what decided that
  GroupSideSnapshot source;
  GroupSideSnapshot destination;
  std::vector<GroupPositionSnapshot> positions;

  static void Describe(auto& m, auto& field) {
    field("group", m.group);
    field("selected", m.selected);
    field("filter", m.filter);
    field("source", m.source);
    field("destination", m.destination);
    field("positions", m.positions);
  }
};

}  // namespace klink::link
