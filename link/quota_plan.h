// Which of the source's client quotas are set at the destination. Pure.
//
// Of users, client ids and pairs of them; never klink's own, and no defaults: a default at the destination would bind
// everybody there, klink as well. klink changes and removes only what it set; a limit that the destination gave itself
// stands.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kafka/messages/describe_client_quotas.h"

namespace klink::link {

struct QuotaName {
  std::optional<std::string> user;
  std::optional<std::string> client_id;
  std::string key;  // producer_byte_rate, consumer_byte_rate, request_percentage, controller_mutation_rate

  friend auto operator<=>(const QuotaName&, const QuotaName&) = default;
};
using Quotas = std::map<QuotaName, double>;

struct OwnClients {
  std::set<std::string> users;
  std::set<std::string> client_ids;
};

// What a cluster answers, without what is never carried over: defaults, addresses, klink's own.
Quotas QuotasOf(const std::vector<kafka::DescribeClientQuotasEntry>& entries, const OwnClients& own);

// What links of the other direction set at our source.
struct OtherQuotas {
  Quotas theirs;  // they still carry these over: not ours to carry back, nor to take away
  Quotas former;  // they carry nothing any more: what they had read at our destination, and is still that, is ours to
                  // change
};

struct QuotaSteps {
  Quotas set;                     // noted before they are set
  std::vector<QuotaName> remove;  // at the destination, then from the ledger
  std::vector<QuotaName> forget;  // from the ledger alone: gone already, or now the destination's own
  std::vector<QuotaName> local;   // limits of the destination's own that differ from the source's

  bool empty() const { return set.empty() && remove.empty() && forget.empty(); }
};
// `ledger`: what klink set, with the value it had then.
QuotaSteps PlanQuotas(const Quotas& source, const Quotas& destination, const Quotas& ledger,
                      const OtherQuotas& others = {});

// "user app, client id x: producer_byte_rate".
std::string QuotaText(const QuotaName& name);

}  // namespace klink::link
