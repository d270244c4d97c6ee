// A promotion without an agent: the destination, the link's state in it, and nothing else that must run. Whoever calls
// takes control of the link as an agent does; agents that are alive see that and leave the journal alone until it is
// done, or nothing was heard of it for a while.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/blocking.h"
#include "config/schema.h"
#include "link/group_requests.h"
#include "link/promotion.h"

namespace klink::failover {

class Direct {
 public:
  // `config` outlives it; `agent`: how the state names who did it.
  Direct(const config::Config& config, const config::LinkConfig& link, std::string agent, Executor executor);
  ~Direct();

  // Reaches the destination and reads the link's state. NotFound: the link was never there; FailedPrecondition: the
  // destination is another cluster, or the state cannot be read.
  Async<Status> Open();
  // Open() got as far as that, whatever it answered.
  bool state_was_read() const;
  // The link's agents, as their group knows them.
  Async<StatusOr<link::GroupMembers>> Members();
  // With dry_run the plan, without control of anything.
  Async<StatusOr<link::PromotionSnapshot>> Promote(link::PromoteRequest request,
                                                   std::function<void(const link::PromotionSnapshot&)> progress);
  Async<void> Close();

 private:
  class Host;
  Async<Status> CarryOut(std::string operation, std::function<void(const link::PromotionSnapshot&)> progress);

  std::unique_ptr<Host> host_;
};

}  // namespace klink::failover
