// The end of a link: what klink keeps of it at the destination is deleted; the copies stay, as topics like any other.
// No agent is asked, and none may be left: it would make all of it again.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/json_fields.h"
#include "config/schema.h"

namespace klink::failover {

struct RemovedTopic {
  std::string topic;
  std::string outcome = "absent";  // absent | to_delete | deleted | failed
  std::optional<std::string> error;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("outcome", m.outcome);
    field("error", m.error);
  }
};

struct KeptMirror {
  std::string topic;
  std::string state;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("state", m.state);
  }
};

struct LinkRemoval {
  std::string link;
  std::string destination;
  bool dry_run = true;
  std::vector<std::string> agents;  // "klink-0 /10.0.0.7": still members of the link's group
  std::vector<RemovedTopic> topics;
  std::vector<KeptMirror> mirrors;   // their topics are not touched
  std::vector<std::string> remains;  // what else there is of the link, and what becomes of it

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("destination", m.destination);
    field("dry_run", m.dry_run);
    field("agents", m.agents);
    field("topics", m.topics);
    field("mirrors", m.mirrors);
    field("remains", m.remains);
  }
};

// Pure. In the order in which they are deleted: the state last, so that what was interrupted is gone on with.
std::vector<RemovedTopic> TopicsOfLink(std::string_view link, const std::set<std::string>& there);
// FailedPrecondition while agents run; NotFound when nothing of the link is there.
Status MayRemove(const LinkRemoval& plan);
bool IsComplete(const LinkRemoval& removal);

enum class RemovalMode { kShow, kRemove };
// `cluster`: the destination's name in the configuration.
Async<StatusOr<LinkRemoval>> RemoveLink(const config::Config& config, std::string link, std::string cluster,
                                        RemovalMode mode);

}  // namespace klink::failover
