// klink failover --force: the link's state cannot be read, and the topics must be writable all the same. What the state
// would tell is taken from the destination as it is, as widely as it may be: every producer that a partition remembers
// counts as klink's and is shut out. What that leaves unproven is told before and after; an operator decides.
//
// The steps are those of any failover, with a journal that lives in this process alone: interrupted, it is said again,
// and does no harm twice.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/schema.h"
#include "link/promotion.h"

namespace klink::failover {

class Forced {
 public:
  // `config` outlives it.
  Forced(const config::Config& config, const config::LinkConfig& link, Executor executor);
  ~Forced();

  // Looks at these topics of the destination. NotFound: there is none of that name; FailedPrecondition: by the file the
  // link makes no such topic; else who may write there cannot be told.
  Async<Status> Open(std::vector<std::string> topics);
  // With dry_run the plan. Of the topics that were opened.
  Async<StatusOr<link::PromotionSnapshot>> Promote(link::PromoteRequest request);
  Async<void> Close();

 private:
  class Host;
  std::unique_ptr<Host> host_;
};

// One sentence each; `why`: the state cannot be read.
std::vector<std::string> Unproven(const config::LinkConfig& link, const std::vector<std::string>& topics,
                                  const Status& why);

}  // namespace klink::failover
