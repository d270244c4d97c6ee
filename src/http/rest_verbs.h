// What changes mirrors through Kafka REST: POST …/mirrors:pause and its like. The answer is 200 with an entry for each
// topic; what one topic cannot have done stands in its entry (error_code, error_message), never in the HTTP status.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fields.h"
#include "http/rest_routes.h"
#include "http/rest_views.h"

namespace klink::http {

// One promotion of a link at a time: clients send one topic a call, many calls at once, so that a call waits its turn.
inline constexpr Duration kPromotionTurnMost = 30s;
inline constexpr Duration kPromotionTurnPoll = 200ms;

enum class RestVerb { kPause, kResume, kPromote, kFailover };

struct RestTruncation {
  int32_t partition_id = 0;
  int64_t offset_truncated_to = kRestUnknown;
  int64_t messages_truncated = kRestUnknown;

  static void Describe(auto& m, auto& field) {
    field("partition_id", m.partition_id);
    field("offset_truncated_to", m.offset_truncated_to);
    field("messages_truncated", m.messages_truncated);
  }
};

struct RestOutcome {
  std::string kind = "AlterMirrorsData";
  RestMetadata metadata;
  std::string mirror_topic_name;
  std::optional<int32_t> error_code;
  std::optional<std::string> error_message;
  std::vector<RestLag> mirror_lags;
  std::optional<int64_t> messages_truncated;
  std::vector<RestTruncation> partition_level_truncation_data;

  static void Describe(auto& m, auto& field) {
    field("kind", m.kind);
    field("metadata", m.metadata);
    field("mirror_topic_name", m.mirror_topic_name);
    field("error_code", m.error_code);
    field("error_message", m.error_message);
    field("mirror_lags", m.mirror_lags);
    field("messages_truncated", m.messages_truncated);
    field("partition_level_truncation_data", m.partition_level_truncation_data);
  }
};

// Why a topic's entry holds an error: an HTTP status and what is told.
struct RestRefusal {
  int32_t code = 400;
  std::string message;
};
using RestRefusals = std::map<std::string, RestRefusal>;

// What a body asks for, against the mirrors that there are: each once, in the order of the body. Those that no link
// mirrors are refused here. InvalidArgument: neither names nor a pattern, or both, or a pattern that is none.
struct RestTargets {
  std::vector<std::string> topics;
  RestRefusals refused;
  std::vector<std::string> Mirrors() const;  // those of `topics` that are not refused
};
StatusOr<RestTargets> ReadTargets(std::string_view body, const link::LinkSnapshot& link);

// Pure: the errors of the agent's answer.
RestRefusals RefusalsOf(const std::vector<link::ControlledMirror>& mirrors);
RestRefusals RefusalsOf(const link::PromotionSnapshot& promotion);

Json TargetsBodySchema();

void AddRestVerbs(Router& router, link::AgentApi& agent, const RestParts& parts);

}  // namespace klink::http
