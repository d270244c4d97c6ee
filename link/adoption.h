// A topic that klink did not write becomes a mirror: the old source of a copy that was promoted, taken over at the
// offsets up to which it was proven equal (failover/reverse_plan), or behind a tail that it alone has. What is asked
// for, and what became of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klink::link {

// Below `from` both logs are the same; what the source has from there on is appended at `at`, where the log ends.
struct AdoptedPartition {
  int64_t from = 0;  // source offset
  int64_t at = 0;    // destination offset

  static void Describe(auto& m, auto& field) {
    field("from", m.from);
    field("at", m.at);
  }
};

// The topics that were compared, by their ids.
struct AdoptTopic {
  std::string topic;  // at the destination
  std::string source_topic;
  std::string topic_id;
  std::string source_topic_id;
  std::vector<AdoptedPartition> partitions;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("topic_id", m.topic_id);
    field("source_topic_id", m.source_topic_id);
    field("partitions", m.partitions);
  }
};

struct AdoptRequest {
  std::string link;
  std::vector<AdoptTopic> topics;
  std::string by;
  std::string reason;
  bool dry_run = false;
};

struct AdoptedMirror {
  std::string topic;
  std::string outcome = "refused";  // adopting | unchanged | refused
  std::optional<std::string> error;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("outcome", m.outcome);
    field("error", m.error);
  }
};

}  // namespace klink::link
