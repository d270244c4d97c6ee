// What `klink diff` answers: where the two clusters of a link differ in what the link carries over. Plain values that
// are also their JSON (names are promised: they do not change).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klink::link {

// In the order in which they are shown; also the label of klink_drift.
inline constexpr const char* kDiffKinds[] = {"topics", "partitions", "configs", "acls", "quotas", "groups"};

struct ClusterDifference {
  std::string kind;
  std::string name;                        // topic at the destination, group, principal
  std::optional<std::string> key;          // configuration key, partition
  std::optional<std::string> source;       // as it is there, or what follows from it; null: there is none
  std::optional<std::string> destination;  // null: there is none
  std::string text;                        // what it means, and what becomes of it

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("name", m.name);
    field("key", m.key);
    field("source", m.source);
    field("destination", m.destination);
    field("text", m.text);
  }
};

// What was looked at.
struct ComparedKind {
  std::string kind;
  bool compared = false;
  int64_t items = 0;                  // topics, ACLs, quotas, groups
  int64_t differences = 0;            // all of them, also those beyond the list's bound
  std::optional<std::string> reason;  // why it was not compared

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("compared", m.compared);
    field("items", m.items);
    field("differences", m.differences);
    field("reason", m.reason);
  }
};

struct LinkDiff {
  std::string link;
  std::string source;
  std::string destination;
  std::vector<ComparedKind> kinds;
  std::vector<ClusterDifference> differences;

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("source", m.source);
    field("destination", m.destination);
    field("kinds", m.kinds);
    field("differences", m.differences);
  }
};

}  // namespace klink::link
