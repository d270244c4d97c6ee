// What a log holds beyond an offset, counted from its raw batches, and how its transactions ended. Pure.
//
// Batches come in order. Some from before that offset may come first: of those only the transactions are noted. One
// that is open behind them is known as torn; one that committed is noted with the others, as other partitions may hold
// the rest of it (failover/torn_transactions.h). A transaction whose end alone was seen began before all that came, and
// is torn, too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "kafka/record_batch.h"

namespace klink::failover {

struct LogTail {
  int64_t from = 0;  // offsets of that log
  int64_t to = 0;    // behind the last batch; `from` when there is none
  int64_t batches = 0;
  int64_t records = 0;  // also those of aborted and open transactions
  int64_t bytes = 0;    // of these batches, as they lie in the log
  int64_t markers = 0;
  std::optional<int64_t> first_time_ms;
  std::optional<int64_t> last_time_ms;  // the largest
  int64_t committed = 0;                // transactions
  int64_t aborted = 0;
  int64_t open = 0;
  int64_t torn = 0;  // of all three: they began before `from`
  bool empty() const { return batches == 0 && markers == 0; }
};

// The first record of a transaction in one partition.
struct TransactionBegin {
  int64_t offset = 0;
  int16_t epoch = -1;   // the producer's
  int64_t time_ms = 0;  // not before then: as its batch says, or as the marker before it in the log does
};

// What one partition shows of a committed transaction.
struct TransactionPart {
  int64_t producer_id = -1;
  int16_t marker_epoch = -1;                // protocol.md T5: the epoch of its records, or the one behind it
  std::optional<TransactionBegin> begin{};  // none: before all that was read
  int64_t marker = 0;                       // offset
  int64_t marker_ms = 0;                    // the broker's clock (T11)
  bool crossed = false;                     // the marker lies below `from`
};

struct TransactionParts {
  std::vector<TransactionPart> parts;  // in order of their markers
  int64_t left_out = 0;                // more than are kept
};

enum class Outcome : uint8_t { kCommitted, kAborted, kOpen };
constexpr std::string_view Name(Outcome o) {
  return o == Outcome::kCommitted ? "committed" : o == Outcome::kAborted ? "aborted" : "open";
}

class TailTally {
 public:
  static constexpr size_t kTransactionsMost = 1'000'000;
  static constexpr size_t kPartsMost = 20'000;

  explicit TailTally(int64_t from) { tail_.from = tail_.to = from; }
  // DataLoss: the batch cannot be read. ResourceExhausted: more transactions than can be told apart.
  Status Take(const kafka::BatchView& batch);
  // After the last batch.
  LogTail Finish();
  // Of a record of that producer there, when its batch is transactional.
  Outcome OutcomeOf(int64_t producer_id, int64_t offset) const;
  // Of the committed transactions in all that was read; leaves none.
  TransactionParts TakeParts() { return std::exchange(parts_, {}); }

 private:
  Status TakeMarker(const kafka::BatchView& marker);
  void Begin(const kafka::BatchView& batch);
  void Count(const kafka::BatchView& batch, int64_t records);
  void End(int64_t first, Outcome outcome);
  void Note(const kafka::BatchView& marker, const std::optional<TransactionBegin>& begin);

  LogTail tail_;
  std::map<int64_t, TransactionBegin> open_;  // by producer id
  std::set<int64_t> marked_;                  // producer ids: an end of theirs was seen
  std::optional<int64_t> last_marker_ms_;
  TransactionParts parts_;
  struct Ended {
    int64_t marker;
    Outcome outcome;
  };
  std::map<int64_t, std::vector<Ended>> ended_;  // by producer id, in order
  size_t ended_count_ = 0;
};

}  // namespace klink::failover
