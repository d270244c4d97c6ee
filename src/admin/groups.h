// Who reads a topic now: the consumer groups with members, as their coordinators tell.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/access.h"
#include "base/async.h"
#include "base/blocking.h"

namespace klink::admin {

struct TopicReaders {
  std::map<std::string, std::set<std::string>> groups;  // by topic: those with a member that subscribes or is assigned
  std::vector<std::string> untold;                      // of the protocol of Kafka 4, which this client does not speak
};

// Unavailable or PermissionDenied when one of the brokers, or a group, cannot be asked: who reads is unknown then.
Async<StatusOr<TopicReaders>> ReadTopicReaders(BlockingPool& pool, Access access);

// The topics in a member's metadata (a subscription) or assignment, as the clients' consumer protocol encodes them; of
// what cannot be read none.
enum class MemberPart : uint8_t { kSubscription, kAssignment };
std::set<std::string> TopicsOf(std::string_view bytes, MemberPart part);

}  // namespace klink::admin
