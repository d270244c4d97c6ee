#include "link/quota_plan.h"

#include <fmt/format.h>

namespace klink::link {
namespace {

// Nothing for an entity that is never carried over.
std::optional<QuotaName> NameOf(const kafka::DescribeClientQuotasEntry& entry, const OwnClients& own) {
  QuotaName name;
  for (const kafka::QuotaEntityPart& part : entry.entity) {
    if (!part.entity_name) return std::nullopt;
    if (part.entity_type == "user") {
      if (own.users.contains(*part.entity_name)) return std::nullopt;
      name.user = part.entity_name;
    } else if (part.entity_type == "client-id") {
      if (own.client_ids.contains(*part.entity_name)) return std::nullopt;
      name.client_id = part.entity_name;
    } else {
      return std::nullopt;
    }
  }
  return name.user || name.client_id ? std::optional(std::move(name)) : std::nullopt;
}

}  // namespace

Quotas QuotasOf(const std::vector<kafka::DescribeClientQuotasEntry>& entries, const OwnClients& own) {
  Quotas quotas;
  for (const kafka::DescribeClientQuotasEntry& entry : entries) {
    std::optional<QuotaName> name = NameOf(entry, own);
    if (!name) continue;
    for (const kafka::QuotaValue& value : entry.values) {
      name->key = value.key;
      quotas[*name] = value.value;
    }
  }
  return quotas;
}

QuotaSteps PlanQuotas(const Quotas& source, const Quotas& destination, const Quotas& ledger,
                      const OtherQuotas& others) {
  QuotaSteps steps;
  for (const auto& [name, value] : source) {
    const auto there = destination.find(name);
    if (others.theirs.contains(name) || (there != destination.end() && there->second == value)) continue;
    const auto read = others.former.find(name);
    const bool turned = read != others.former.end() && there != destination.end() && there->second == read->second;
    if (there == destination.end() || ledger.contains(name) || turned)
      steps.set[name] = value;
    else
      steps.local.push_back(name);
  }
  for (const auto& [name, value] : ledger) {
    if (source.contains(name) || others.theirs.contains(name)) continue;
    const auto there = destination.find(name);
    const bool still_ours = there != destination.end() && there->second == value;
    (still_ours ? steps.remove : steps.forget).push_back(name);
  }
  return steps;
}

std::string QuotaText(const QuotaName& name) {
  std::string text;
  if (name.user) text = fmt::format("user {}", *name.user);
  if (name.client_id) text += fmt::format("{}client id {}", text.empty() ? "" : ", ", *name.client_id);
  return fmt::format("{}: {}", text, name.key);
}

}  // namespace klink::link
