// The ACLs and client quotas of klink diff, where the link carries them over: what the next round would change.
#include "admin/acls.h"
#include "kafka/messages/describe_client_quotas.h"
#include "link/acl_sync.h"
#include "link/diff.h"
#include "link/link.h"

namespace klink::link {
namespace {

constexpr Duration kAskDeadline = 15s;

Async<StatusOr<std::vector<Acl>>> AclsAt(Executor executor, admin::Access access) {
  CO_TRY(const auto acls, admin::Acls::Open(executor, access));
  CO_TRY(std::vector<Acl> all, co_await acls->Describe(admin::AclResource::kTopic));
  CO_TRY(const std::vector<Acl> of_groups, co_await acls->Describe(admin::AclResource::kGroup));
  all.insert(all.end(), of_groups.begin(), of_groups.end());
  co_return all;
}

Async<StatusOr<Quotas>> QuotasAt(kafka::Cluster& cluster, OwnClients own) {
  kafka::DescribeClientQuotasRequest request;
  CO_TRY(const auto response, co_await cluster.CallAny(std::move(request), kAskDeadline));
  if (response.error_code != kafka::Error::kNone)
    co_return kafka::ToStatus(response.error_code, fmt::format("reading the client quotas of {}", cluster.name()),
                              response.error_message);
  co_return response.entries ? QuotasOf(*response.entries, own) : Quotas{};
}

}  // namespace

Async<void> Link::CompareAcls(LinkDiffer& differ) {
  if (!config_.acls.enabled) {
    differ.NotCompared("acls", "the link carries over no ACLs (acls.enabled is false)");
    co_return;
  }
  const admin::Access source = source_access_, destination = destination_access_;
  const auto at_source = co_await AclsAt(parts_.executor, source);
  const auto at_destination = co_await AclsAt(parts_.executor, destination);
  const Status refused = at_source.ok() ? at_destination.status() : at_source.status();
  if (!refused.ok() || !state_) {
    differ.NotCompared("acls", refused.ok() ? "the link was lost meanwhile" : Text(refused));
    co_return;
  }
  AclScope scope{config_, own_principals_, {}};
  for (const auto& [name, record] : state_->view().mirrors())
    scope.mirrors.push_back({record.source_topic, name, record.phase});
  AclLedger ledger;
  for (const auto& [key, record] : state_->view().acls())
    if (auto acl = AclOf(record))
      ledger[*std::move(acl)] = record.holding == state::AclHolding::kHeld ? AclNote::kHeld : AclNote::kCreated;
  const AclWish wish = WishedAcls(*at_source, scope);
  const std::set<Acl> existing(at_destination->begin(), at_destination->end());
  differ.Acls(static_cast<int64_t>(wish.now.size()), PlanAcls(wish, existing, ledger, scope));
}

Async<void> Link::CompareQuotas(LinkDiffer& differ) {
  if (!config_.quotas.enabled) {
    differ.NotCompared("quotas", "the link carries over no quotas (quotas.enabled is false)");
    co_return;
  }
  const OwnClients own = own_clients_;
  const auto at_source = co_await QuotasAt(source_, own);
  const auto at_destination = co_await QuotasAt(destination_, own);
  const Status refused = at_source.ok() ? at_destination.status() : at_source.status();
  if (!refused.ok() || !state_) {
    differ.NotCompared("quotas", refused.ok() ? "the link was lost meanwhile" : Text(refused));
    co_return;
  }
  Quotas ledger;
  for (const auto& [key, record] : state_->view().quotas())
    ledger[{record.user, record.client_id, record.key}] = record.value;
  differ.ClientQuotas(*at_source, *at_destination, PlanQuotas(*at_source, *at_destination, ledger));
}

}  // namespace klink::link
