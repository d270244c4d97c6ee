// What the two ways to promote share: over an agent, and without one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/consent.h"
#include "link/group_requests.h"
#include "link/promotion_snapshot.h"

namespace klink::cli {

struct PromoteChoice {
  std::string verb;  // promote | failover
  std::vector<std::string> topics;
  std::vector<std::string> sets;
  bool all = false;
  std::string timeout = "60s";
  std::string report;
  bool direct = false;
  bool force = false;
  Consent consent;
};

// Shows the plan and asks, where it changes something; whether to go on.
bool AgreedTo(const Context& context, const PromoteChoice& choice, const link::PromotionSnapshot& plan);
// Tells a person each step once.
class StepTeller {
 public:
  explicit StepTeller(const Context& context) : context_(context) {}
  void Tell(const std::optional<std::string>& step);

 private:
  const Context& context_;
  std::string told_;
};
// Shows the outcome as asked, writes the report, and says how to end.
Exit EndPromotion(const Context& context, const PromoteChoice& choice, const link::PromotionSnapshot& view,
                  bool declined, const std::vector<std::string>& unproven = {});

// Whether klink may fail over by itself: `order` is on or off.
Exit InhibitFailover(const Context& context, const std::string& order, const Consent& consent);

// On the destination alone, with the configuration of this machine.
Exit PromoteDirect(const Context& context, const PromoteChoice& choice);
// As the link's state names who did it.
std::string DirectName();
// On stderr: which agents are alive, for whoever is about to pass them over.
void ShowMembers(const Context& context, const StatusOr<link::GroupMembers>& members);

// The same without the link's state, which cannot be read.
Exit PromoteForced(const Context& context, const PromoteChoice& choice);
Status CheckForce(const Context& context, const PromoteChoice& choice);
// On stderr, for whoever decides.
void TellUnproven(const Context& context, const std::vector<std::string>& unproven);

}  // namespace klink::cli
