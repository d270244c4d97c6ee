// Copies of the audit events in `_klink.<link>.audit`, in each link's destination: what an agent's disk loses, or
// somebody edits there, is found against them. An event about a link goes to that link's topic, one about none to all.
// Records of one agent have its id as key; they are kept for good (retention is the operator's to set).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/state_log.h"
#include "config/schema.h"
#include "state/audit.h"

namespace klink::http {

std::string AuditTopic(std::string_view link);

class AuditTopics {
 public:
  AuditTopics(Executor executor, const config::Config& config);
  ~AuditTopics();

  // OK once the copies are on all in-sync replicas. The topic is made when it is first written to.
  Async<Status> Publish(std::string link, std::string line);
  // Not awaited; an error is logged.
  void PublishLater(std::string link, std::string line);
  // The links and clusters are others from now on. A copy under way goes where it was going.
  void Follow(const config::Config& config);
  Async<void> Close();

 private:
  struct Target;
  using Targets = std::vector<std::shared_ptr<Target>>;
  Async<Status> PublishTo(Target& target, std::string line);
  Async<Status> Open(Target& target);
  Async<void> Keep(std::string link, std::string line);

  Executor executor_;
  std::string agent_;
  SystemClock clock_;
  BlockingPool pool_{1};
  Targets targets_;
  Targets left_;  // of links that are no more; closed at the end
  TaskGroup tasks_;
};

// Every event of config.agent.id that the topics of its links hold, in the order in which they came there.
Async<StatusOr<std::vector<state::AuditHead>>> ReadAuditAnchors(config::Config config, Duration limit);

}  // namespace klink::http
