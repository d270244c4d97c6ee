// What a new mirror topic must look like so that the copy can be exact and nothing is deleted behind klink's back.
// Pure: the source topic's shape and the destination's abilities in, a topic specification out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "admin/topics.h"
#include "base/status.h"
#include "config/schema.h"
#include "kafka/types.h"

namespace klink::link {

struct TopicShape {
  std::string name;
  kafka::Uuid id;
  int32_t partitions = 0;
  int32_t replication_factor = 1;
  std::map<std::string, std::string> configs;  // effective values, defaults included
};

// What the destination cluster knows of timestamps: which keys bound a record's time (protocol.md P9).
struct DestinationAbilities {
  int32_t brokers = 1;
  bool timestamp_before_after = true;  // message.timestamp.{before,after}.max.ms, Kafka 3.6 and later
  bool timestamp_difference = false;   // message.timestamp.difference.max.ms, before Kafka 4.0
};

struct TopicPlan {
  admin::TopicSpec spec;
  std::vector<std::string> warnings;
  bool compacted = false;
  bool deletes = true;
  int64_t max_message_bytes = 1 << 20;
};

// Made so that nothing is removed from it and its log start can be moved; link/config_sync gives it the source's
// retention and cleanup once it is aligned.
TopicPlan PlanTopic(const TopicShape& source, std::string destination_name, const config::TopicsConfig& topics,
                    const DestinationAbilities& destination);

}  // namespace klink::link
