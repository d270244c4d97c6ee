// What klink mirror reverse and klink mirror failback --keep-and-map share: the plan, the consent, and the order to the
// link back.
#pragma once

#include "cli/consent.h"
#include "failover/reverse_plan.h"

namespace klink::cli {

// `view`: what both clusters hold now. All of its mirrors or none.
Exit ReverseMirrors(const Context& context, const config::Config& config, const config::LinkConfig& link,
                    failover::FailbackView view, failover::OldTail tail, const Consent& consent);

void ShowFailback(const Context& context, const failover::FailbackView& view);

}  // namespace klink::cli
