#include "link/verify_transactions.h"

#include <fmt/format.h>

namespace klink::link {

std::string TransactionPairs::Carry(int64_t source, int64_t copy) {
  const int64_t mine = to_copy_.try_emplace(source, copy).first->second;
  const int64_t its = to_source_.try_emplace(copy, source).first->second;
  if (mine == copy && its == source) return "";
  to_copy_[source] = copy;  // said once
  to_source_[copy] = source;
  if (mine != copy)
    return fmt::format("it is in a transaction of producer {}, its predecessors in one of {}", copy, mine);
  return fmt::format("the transaction of producer {} holds records of another transaction too", copy);
}

std::string TransactionPairs::End(int64_t source, int64_t copy) {
  const auto carrier = to_copy_.extract(source);
  const auto carried = to_source_.extract(copy);
  if (!carrier.empty() && carrier.mapped() != copy)
    return fmt::format("it ends a transaction of producer {}, not of {}", copy, carrier.mapped());
  if (carrier.empty() && !carried.empty())
    return fmt::format("it ends a transaction of producer {} that goes on in the source", copy);
  return "";
}

void TransactionPairs::Forget(int64_t source) {
  if (const auto carrier = to_copy_.extract(source); !carrier.empty()) to_source_.erase(carrier.mapped());
}

void CommittedClaims::Shown(int64_t source_producer, int64_t offset) {
  std::optional<int64_t>& first = open_[source_producer].shown;
  if (!first) first = offset;
}

void CommittedClaims::LeftOut(int64_t source_producer, int64_t offset) {
  std::optional<int64_t>& first = open_[source_producer].left_out;
  if (!first) first = offset;
}

std::optional<CommittedClaims::Wrong> CommittedClaims::End(int64_t source_producer, kafka::ControlType how) {
  const auto claims = open_.extract(source_producer);
  if (claims.empty()) return std::nullopt;
  const bool committed = how == kafka::ControlType::kCommit;
  const std::optional<int64_t> first = committed ? claims.mapped().left_out : claims.mapped().shown;
  if (!first) return std::nullopt;
  if (committed) return Wrong{*first, "LOST", "a committed record is left out"};
  return Wrong{*first, "PHANTOM", "a record of an aborted transaction is shown"};
}

}  // namespace klink::link
