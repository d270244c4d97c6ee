#include "failover/link_transactions.h"

#include "base/backoff.h"
#include "link/cluster_admin.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

using kafka::Error;

constexpr Duration kAsk = 5s;
constexpr Duration kAgainFor = 15s;
constexpr Duration kAgainFirst = 20ms;
constexpr Duration kAgainMost = 1s;
constexpr Duration kTransactionTimeout = 60s;
constexpr size_t kNumbersMost = 100'000;  // a link has a few dozen

}  // namespace

Async<StatusOr<bool>> LinkTransactions::Ask(std::string id) {
  Backoff backoff(kAgainFirst, kAgainMost, std::hash<std::string>{}(id));
  for (const Instant until = clock_.Now() + kAgainFor;;) {
    CO_TRY(const int32_t coordinator,
           co_await link::AwaitCoordinator(cluster_, clock_, kafka::CoordinatorType::kTransaction, id));
    kafka::DescribeTransactionsRequest request;
    request.transactional_ids.push_back(id);
    const auto response = co_await cluster_.Call(coordinator, kafka::Lane::kControl, std::move(request), kAsk);
    const bool told = response.ok() && response->transaction_states.size() == 1;
    const Error error = told ? response->transaction_states[0].error_code : Error::kNone;
    if (told && error == Error::kTransactionalIdNotFound) co_return false;
    if (told && error == Error::kNone) {
      const kafka::TransactionState& now = response->transaction_states[0];
      Known& known = known_.emplace_back();
      known.as = {std::move(id), now.producer_id, now.producer_epoch};
      for (const kafka::TransactionTopic& topic : now.topics)
        for (const int32_t partition : topic.partitions) known.open.push_back({topic.topic, partition});
      co_return true;
    }
    const bool again = !told || kafka::VerdictOf(error) == kafka::Verdict::kCoordinator ||
                       kafka::VerdictOf(error) == kafka::Verdict::kRetry;
    if (!again || clock_.Now() >= until) {
      CO_RETURN_IF_ERROR(response.status());
      co_return kafka::ToStatus(error, fmt::format("asking about transactional id {}", id));
    }
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(backoff.Next()));
  }
}

Async<Status> LinkTransactions::Load() {
  known_.clear();
  CO_RETURN_IF_ERROR((co_await Ask(state::DataTransactionalId(link_))).status());
  CO_RETURN_IF_ERROR((co_await Ask(state::FillerTransactionalId(link_))).status());
  for (size_t n = 0; n < kNumbersMost; n++) {
    CO_TRY(const bool known, co_await Ask(state::SlotTransactionalId(link_, n)));
    if (!known) break;
  }
  for (int64_t n = 1; n < static_cast<int64_t>(kNumbersMost); n++) {  // of mirrors that were promoted before
    CO_TRY(const bool data, co_await Ask(state::DataTransactionalId(link_, n)));
    CO_TRY(const bool filler, co_await Ask(state::FillerTransactionalId(link_, n)));
    if (!data && !filler) break;
  }
  co_return absl::OkStatus();
}

Async<StatusOr<std::map<TopicPartition, int64_t>>> LinkTransactions::Abort(std::set<std::string> topics) {
  std::map<TopicPartition, int64_t> aborted;
  for (Known& known : known_) {
    std::vector<TopicPartition> concerned = known.open;
    std::erase_if(concerned, [&topics](const TopicPartition& tp) { return !topics.contains(tp.topic); });
    if (concerned.empty()) continue;
    CO_TRY(const link::ProducerIdentity next,
           co_await link::InitProducer(cluster_, clock_, known.as.id, kTransactionTimeout));
    known.as.producer_id = next.producer_id;
    known.as.producer_epoch = next.producer_epoch;
    for (const TopicPartition& tp : concerned) aborted[tp]++;
  }
  co_return aborted;
}

std::vector<link::TransactionSlot> LinkTransactions::All() const {
  std::vector<link::TransactionSlot> all;
  for (const Known& known : known_)
    if (known.as.producer_id >= 0) all.push_back(known.as);
  return all;
}

}  // namespace klink::failover
