// What klink diff says beyond topics, where the link carries it over: of ACLs and client quotas, what the next round
// would change; of consumer groups, what the last one could not carry over exactly.
#include "link/acl_list.h"
#include "link/acl_sync.h"
#include "link/diff.h"
#include "link/link.h"
#include "link/quota_sync.h"

namespace klink::link {
namespace {

constexpr char kLost[] = "the link was lost meanwhile";

Status FirstError(const std::vector<Status>& all) {
  for (const Status& one : all)
    if (!one.ok()) return one;
  return absl::OkStatus();
}

}  // namespace

// With a reader of its own: the link may stop leading meanwhile.
Async<StatusOr<Carried>> Link::CarriedToSource() {
  CarriedHere carried(source_, destination_id_.value_or(""), parts_.executor);
  co_return co_await carried.Ask();
}

Async<void> Link::CompareAcls(LinkDiffer& differ) {
  if (!config_.acls.enabled) {
    differ.NotCompared("acls", "the link carries over no ACLs: acls.enabled is false");
    co_return;
  }
  auto at_source = co_await ListCarriedAcls(source_);
  const auto at_destination = co_await ListCarriedAcls(destination_);
  const auto carried = co_await CarriedToSource();
  const Status refused = FirstError({at_source.status(), at_destination.status(), carried.status()});
  if (!refused.ok() || !state_) {
    differ.NotCompared("acls", refused.ok() ? kLost : Text(refused));
    co_return;
  }
  std::erase_if(*at_source, [&](const Acl& acl) { return carried->acls.contains(acl); });
  const AclScope scope = AclScopeOf(state_->view(), config_, own_principals_);
  const AclWish wish = WishedAcls(*at_source, scope);
  const std::set<Acl> existing(at_destination->begin(), at_destination->end());
  differ.Acls(static_cast<int64_t>(wish.now.size()), PlanAcls(wish, existing, AclLedgerOf(state_->view()), scope));
}

Async<void> Link::CompareQuotas(LinkDiffer& differ) {
  if (!config_.quotas.enabled) {
    differ.NotCompared("quotas", "the link carries over no client quotas: quotas.enabled is false");
    co_return;
  }
  if (state_ && HasTurned(state_->view())) {
    differ.NotCompared("quotas", "all mirrors of the link were promoted: it carries no client quotas any more");
    co_return;
  }
  const OwnClients own = own_clients_;
  const auto at_source = co_await ListQuotas(source_, own);
  const auto at_destination = co_await ListQuotas(destination_, own);
  const auto carried = co_await CarriedToSource();
  const Status refused = FirstError({at_source.status(), at_destination.status(), carried.status()});
  if (!refused.ok() || !state_) {
    differ.NotCompared("quotas", refused.ok() ? kLost : Text(refused));
    co_return;
  }
  differ.ClientQuotas(*at_source, *at_destination,
                      PlanQuotas(*at_source, *at_destination, QuotaLedgerOf(state_->view()), carried->quotas));
}

// Where groups stand, the leader alone knows.
void Link::CompareGroups(LinkDiffer& differ) const {
  const StatusOr<GroupsSnapshot> groups = Groups();
  if (groups.ok() && groups->read_at)
    differ.Groups(*groups);
  else
    differ.NotCompared("groups", groups.ok() ? "their offsets have not been read yet" : Text(groups.status()));
}

}  // namespace klink::link
