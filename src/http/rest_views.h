// What the Kafka REST paths answer about links, mirrors and topics: pure functions of the agent's snapshot, in the
// names and types that clients of Confluent's API decode. Some of their types have no null: a lag, an offset or a time
// that is not known is -1 here, never 0.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_fields.h"
#include "config/schema_agent.h"
#include "http/rest_shape.h"
#include "link/progress.h"

namespace klink::http {

inline constexpr int64_t kRestUnknown = -1;

struct RestMetadata {
  std::string self;
  std::optional<std::string> resource_name;

  static void Describe(auto& m, auto& field) {
    field("self", m.self);
    field("resource_name", m.resource_name);
  }
};

struct RestTaskError {
  std::string error_code;
  std::string error_message;

  static void Describe(auto& m, auto& field) {
    field("error_code", m.error_code);
    field("error_message", m.error_message);
  }
};

struct RestTask {
  std::string task_name;
  std::string state;
  std::vector<RestTaskError> errors;

  static void Describe(auto& m, auto& field) {
    field("task_name", m.task_name);
    field("state", m.state);
    field("errors", m.errors);
  }
};

struct RestCategory {
  std::string state_category;  // PAUSED IN_ERROR PENDING ACTIVE NOT_APPLICABLE
  int32_t count = 0;

  static void Describe(auto& m, auto& field) {
    field("state_category", m.state_category);
    field("count", m.count);
  }
};

struct RestLink {
  std::string kind = "KafkaLinkData";
  RestMetadata metadata;
  std::string cluster_id;
  std::string link_name;
  std::string link_id;          // the bytes of cluster_link_id as UUIDs are written
  std::string cluster_link_id;  // 22 characters; the same from every agent, and for good
  std::vector<std::string> topic_names;
  std::optional<std::string> source_cluster_id;
  std::optional<std::string> destination_cluster_id;  // of a link that writes there: never
  std::optional<std::string> remote_cluster_id;
  std::string link_state;  // ACTIVE PAUSED UNAVAILABLE FAILED
  std::string link_error = "NO_ERROR";
  std::optional<std::string> link_error_message;
  std::vector<RestCategory> category_counts;
  std::optional<std::vector<RestTask>> tasks;  // only when asked for

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("metadata", m.metadata);
    field("cluster_id", m.cluster_id);
    field("link_name", m.link_name);
    field("link_id", m.link_id);
    field("cluster_link_id", m.cluster_link_id);
    field("topic_names", m.topic_names);
    field("source_cluster_id", m.source_cluster_id);
    field("destination_cluster_id", m.destination_cluster_id);
    field("remote_cluster_id", m.remote_cluster_id);
    field("link_state", m.link_state);
    field("link_error", m.link_error);
    field("link_error_message", m.link_error_message);
    field("category_counts", m.category_counts);
    if (m.tasks) field("tasks", *m.tasks);
  }
};

struct RestLag {
  int32_t partition = 0;
  int64_t lag = kRestUnknown;
  int64_t last_source_fetch_offset = kRestUnknown;

  static void Describe(auto& m, auto& field) {
    field("partition", m.partition);
    field("lag", m.lag);
    field("last_source_fetch_offset", m.last_source_fetch_offset);
  }
};

struct RestMirror {
  std::string kind = "KafkaMirrorData";
  RestMetadata metadata;
  std::string link_name;
  std::string mirror_topic_name;
  std::string source_topic_name;
  int32_t num_partitions = 0;
  std::vector<RestLag> mirror_lags;
  std::string mirror_status;
  std::string mirror_topic_error = "NO_ERROR";
  int64_t state_time_ms = kRestUnknown;
  std::optional<std::vector<RestTaskError>> mirror_state_transition_errors;  // only when asked for

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("metadata", m.metadata);
    field("link_name", m.link_name);
    field("mirror_topic_name", m.mirror_topic_name);
    field("source_topic_name", m.source_topic_name);
    field("num_partitions", m.num_partitions);
    field("mirror_lags", m.mirror_lags);
    field("mirror_status", m.mirror_status);
    field("mirror_topic_error", m.mirror_topic_error);
    field("state_time_ms", m.state_time_ms);
    if (m.mirror_state_transition_errors) field("mirror_state_transition_errors", *m.mirror_state_transition_errors);
  }
};

// A topic of the destination that a link mirrors, or did. How often it is replicated klink does not ask.
struct RestTopic {
  std::string kind = "KafkaTopic";
  RestMetadata metadata;
  std::string cluster_id;
  std::string topic_name;
  bool is_internal = false;
  int32_t partitions_count = 0;

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("metadata", m.metadata);
    field("cluster_id", m.cluster_id);
    field("topic_name", m.topic_name);
    field("is_internal", m.is_internal);
    field("partitions_count", m.partitions_count);
  }
};

struct RestCluster {
  std::string kind = "KafkaCluster";
  RestMetadata metadata;
  std::string cluster_id;

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("metadata", m.metadata);
    field("cluster_id", m.cluster_id);
  }
};

// Everything in one page: no client follows `next`.
struct RestListMetadata {
  std::string self;
  std::optional<std::string> next;

  static void Describe(auto& m, auto& field) {
    field("self", m.self);
    field("next", m.next);
  }
};
template <class Item>
struct RestList {
  std::string kind;
  RestListMetadata metadata;
  std::vector<Item> data;

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("metadata", m.metadata);
    field("data", m.data);
  }
};

// The state of a mirror under the name it is shown by. The clients' lists of names are closed: one that knows five
// fails on a sixth, so `compat` shows none but those.
std::string MirrorStatus(std::string_view state, config::StatusNames names);
// A name that some mirror could be shown by; others are a mistake in a filter.
bool IsMirrorStatus(std::string_view status);

RestLink ShowLink(const link::LinkSnapshot& link, const RestPlace& place);
std::vector<RestTask> ShowTasks(const link::LinkSnapshot& link);
RestMirror ShowMirror(const link::MirrorSnapshot& mirror, const std::string& link, const RestPlace& place,
                      config::StatusNames names);
// By partition, without a hole.
std::vector<RestLag> ShowLags(const link::MirrorSnapshot& mirror);
std::vector<RestTaskError> ShowErrors(const link::MirrorSnapshot& mirror);
RestTopic ShowTopic(const link::MirrorSnapshot& mirror, const RestPlace& place);
RestCluster ShowCluster(const RestPlace& place);

// 22 characters of base64url: an id that a link's name and destination decide.
std::string ClusterLinkId(const std::string& cluster_id, const std::string& link);

}  // namespace klink::http
