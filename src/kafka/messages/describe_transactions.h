// DescribeTransactions: what their coordinator knows of transactional ids; TRANSACTIONAL_ID_NOT_FOUND for one that was
// never used or has expired (protocol.md T4).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct TransactionTopic {
  std::string topic{};
  std::vector<int32_t> partitions{};

  static void Describe(auto& m, auto& field) {
    field(m.topic);
    field(m.partitions);
  }
  bool operator==(const TransactionTopic&) const = default;
};

struct TransactionState {
  Error error_code = Error::kNone;
  std::string transactional_id{};
  std::string transaction_state{};  // Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort, …
  int32_t transaction_timeout_ms = 0;
  int64_t transaction_start_time_ms = 0;  // -1: none is open
  int64_t producer_id = 0;
  int16_t producer_epoch = 0;
  std::vector<TransactionTopic> topics{};  // while it is being ended: those still without a marker

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.transactional_id);
    field(m.transaction_state);
    field(m.transaction_timeout_ms);
    field(m.transaction_start_time_ms);
    field(m.producer_id);
    field(m.producer_epoch);
    field(m.topics);
  }
  bool operator==(const TransactionState&) const = default;
};

struct DescribeTransactionsResponse {
  static constexpr ApiKey kKey = ApiKey::kDescribeTransactions;
  static constexpr int16_t kFlexibleSince = 0;

  int32_t throttle_time_ms = 0;
  std::vector<TransactionState> transaction_states{};

  static void Describe(auto& m, auto& field) {
    field(m.throttle_time_ms);
    field(m.transaction_states);
  }
  bool operator==(const DescribeTransactionsResponse&) const = default;
};

struct DescribeTransactionsRequest {
  using Response = DescribeTransactionsResponse;
  static constexpr ApiKey kKey = ApiKey::kDescribeTransactions;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 0;
  static constexpr int16_t kFlexibleSince = 0;

  std::vector<std::string> transactional_ids{};

  static void Describe(auto& m, auto& field) { field(m.transactional_ids); }
  bool operator==(const DescribeTransactionsRequest&) const = default;
};

}  // namespace klink::kafka
