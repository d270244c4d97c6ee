// What two logs say of transactions, while they are compared. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "kafka/record_batch.h"

namespace klink::link {

// Which producer of the copy carries the transaction under way of a producer of the source.
class TransactionPairs {
 public:
  // A record of the one stands for a record of the other. Empty, or why that cannot be.
  std::string Carry(int64_t source, int64_t copy);
  // The one's marker stands for the other's.
  std::string End(int64_t source, int64_t copy);
  void Forget(int64_t source);
  bool SourceIsOpen(int64_t source) const { return to_copy_.contains(source); }
  bool CopyIsOpen(int64_t copy) const { return to_source_.contains(copy); }

 private:
  std::map<int64_t, int64_t> to_copy_, to_source_;
};

// Where committed records arrive as plain ones: the copy shows a record of a transaction or leaves it out before the
// source's log tells how that ended.
class CommittedClaims {
 public:
  void Shown(int64_t source_producer, int64_t offset);
  void LeftOut(int64_t source_producer, int64_t offset);

  struct Wrong {
    int64_t offset = 0;  // the first one, in the source
    std::string kind;
    std::string what;
  };
  std::optional<Wrong> End(int64_t source_producer, kafka::ControlType how);

 private:
  struct Claims {
    std::optional<int64_t> shown, left_out;  // the first one
  };
  std::map<int64_t, Claims> open_;
};

}  // namespace klink::link
