// Creating, deleting and growing topics. Every call is one request with a deadline, awaited; nothing is repeated here:
// whether a call in doubt may be repeated is the caller's decision.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "admin/access.h"
#include "base/async.h"
#include "base/clock.h"

namespace klink::admin {

struct TopicSpec {
  std::string name;
  int32_t partitions = 1;
  int32_t replication_factor = -1;  // −1: the broker's default; ignored with assignments
  std::vector<std::vector<int32_t>>
      assignments;  // per partition its brokers, preferred leader first; empty: by the broker
  std::map<std::string, std::string> configs;
};

class Handle;

class Topics {
 public:
  static StatusOr<std::unique_ptr<Topics>> Open(Executor executor, const Access& access);
  ~Topics();

  // AlreadyExists, InvalidArgument, PermissionDenied, FailedPrecondition (a policy of the cluster), Unavailable.
  Async<Status> CreateTopic(TopicSpec spec);
  // In one request; a verdict each, in order.
  Async<std::vector<Status>> CreateTopics(std::vector<TopicSpec> specs);
  // Asks the broker to check everything and create nothing.
  Async<Status> CheckTopic(TopicSpec spec);
  Async<Status> DeleteTopic(std::string name);
  // `total` is the new number of partitions.
  Async<Status> CreatePartitions(std::string name, int32_t total);

 private:
  enum class Mode { kCreate, kValidate };
  Topics(Executor executor, std::unique_ptr<Handle> handle);
  Async<Status> Create(TopicSpec spec, Mode mode);

  Executor executor_;
  std::unique_ptr<Handle> handle_;
};

// How long the broker may take for one call, and how long an answer is awaited.
inline constexpr Duration kTopicOperationLimit = 15s;
inline constexpr Duration kTopicAnswerLimit = 20s;

}  // namespace klink::admin
