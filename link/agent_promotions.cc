// What is asked of an agent about promotions and planned moves goes to the link it concerns.
#include "link/agent.h"

namespace klink::link {

Async<StatusOr<PromotionSnapshot>> Agent::Promote(PromoteRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->Promote(std::move(request));
}

Async<StatusOr<CutoverSnapshot>> Agent::Cutover(CutoverRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->Cutover(std::move(request));
}

StatusOr<CutoverSnapshot> Agent::CutoverNow(const std::string& name) const {
  TRY(const std::shared_ptr<Link> link, Find(name));
  return link->CutoverNow();
}

Async<StatusOr<InhibitSnapshot>> Agent::Inhibit(InhibitRequest request) {
  CO_TRY(const std::shared_ptr<Link> link, Find(request.link));
  co_return co_await link->Inhibit(std::move(request));
}

StatusOr<PromotionSnapshot> Agent::Operation(const std::string& operation) const {
  Status status = NotFound("no link of this agent knows an operation {}", operation);
  for (const Served& served : links_) {
    StatusOr<PromotionSnapshot> found = served.link->Operation(operation);
    if (found.ok()) return found;
    if (found.status().code() != Code::kNotFound) status = found.status();
  }
  return status;
}

}  // namespace klink::link
