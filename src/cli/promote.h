// What the two ways to promote share: over an agent, and without one.
#pragma once

#include <string>
#include <vector>

#include "cli/consent.h"
#include "link/promotion_snapshot.h"

namespace klink::cli {

struct PromoteChoice {
  std::string verb;  // promote | failover
  std::vector<std::string> topics;
  bool all = false;
  std::string timeout = "60s";
  std::string report;
  bool direct = false;
  Consent consent;
};

// For people.
std::string PromotionText(const link::PromotionSnapshot& view, bool color);
// Prints it as asked, and says how to end.
Exit ShowPromotion(const Context& context, const link::PromotionSnapshot& view);
// What to ask about a plan; empty when it changes nothing.
std::string PromotionQuestion(const PromoteChoice& choice, const link::PromotionSnapshot& plan);
// The outcome as JSON; OK without --report.
Status WriteReport(const PromoteChoice& choice, const link::PromotionSnapshot& view);

// On the destination alone, with the configuration of this machine.
Exit PromoteDirect(const Context& context, const PromoteChoice& choice);

}  // namespace klink::cli
