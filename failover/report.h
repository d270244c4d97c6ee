// What a promotion did and what it cost, from the journal alone: any agent, and the command line without one, tells the
// same. Pure.
#pragma once

#include <string>
#include <vector>

#include "link/promotion.h"

namespace klink::failover {

// Of a partition that has not been cut yet: what is known of its copy.
state::CutPartition CutAt(const link::CopyStanding& standing);

// NotFound: the link's state knows no promotion of that id.
StatusOr<link::PromotionSnapshot> Show(const std::string& link, const state::StateView& view,
                                       const std::string& operation);
// What would be done, or need not be, wave by wave: nothing of it is written.
link::PromotionSnapshot Plan(const std::vector<state::PromotionRecord>& waves, const link::PromotionHost& host,
                             bool dry_run);

}  // namespace klink::failover
