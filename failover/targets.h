// Which mirrors a promotion is asked for, and which of them it may touch. Pure.
#pragma once

#include <string>
#include <vector>

#include "link/promotion.h"

namespace klink::failover {

// Each mirror once, in the order asked for: RUNNING is to be promoted, STOPPED was promoted already, REFUSED says why.
std::vector<state::PromotionTopic> PlanTargets(const link::PromoteRequest& request, const state::StateView& view);

// What stands in the text of one that was STOPPED before.
inline constexpr std::string_view kAlreadyStopped = "it is STOPPED already";

}  // namespace klink::failover
