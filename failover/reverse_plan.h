// The old source of a promoted copy becomes the mirror: klink mirror reverse where its log is the same up to the cut,
// and klink mirror failback --keep-and-map where it has a tail of its own, which stays and is mapped around. Pure: what
// ReadFailback found in; out, per partition, up to where both logs are the same and where the rest is appended.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "failover/failback.h"

namespace klink::failover {

// `would_reverse` or `refused` with its error, for each mirror of the view.
enum class OldTail : uint8_t { kNone, kKept };
std::vector<FailbackAction> PlanReverse(const FailbackView& view, const config::Config& config,
                                        const config::LinkConfig& link, OldTail tail);

// What is asked of the link back, of the actions that would be done; by the name of that link.
std::map<std::string, std::vector<link::AdoptTopic>> ReverseOrders(const FailbackView& view);

}  // namespace klink::failover
