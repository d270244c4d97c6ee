// Which mirrors a promotion is asked for, and which of them it may touch. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/topic_sets.h"
#include "link/promotion.h"

namespace klink::failover {

// Each mirror once, in the order asked for: RUNNING is to be promoted, STOPPED was promoted already, REFUSED says why.
std::vector<state::PromotionTopic> PlanTargets(const link::PromoteRequest& request, const state::StateView& view,
                                               const config::TopicSets& sets = {});

// Whether what is asked for is what the operation under way carries out: whoever says it again follows that one.
bool IsCarriedOut(const link::PromoteRequest& request, const state::StateView& view,
                  const config::TopicSets& sets = {});

// A failover as the journals that carry it out, one after the other: the sets with the highest priority first, what is
// in no set last. A planned promotion is one: it is made as a whole.
std::vector<state::PromotionRecord> Waves(state::PromotionRecord promotion, const state::StateView& view,
                                          const config::TopicSets& sets);

// What stands in the text of one that was STOPPED before.
inline constexpr std::string_view kAlreadyStopped = "it is STOPPED already";

}  // namespace klink::failover
