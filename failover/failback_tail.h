// What a log holds beyond an offset, counted from its raw batches, and how its transactions ended. Pure.
//
// Batches come in order. Some from before that offset may come first: of those only the transactions that are open
// behind them are noted, so that one which began before is known as torn. A transaction whose end alone was seen began
// before all that came, and is torn, too.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
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

enum class Outcome : uint8_t { kCommitted, kAborted, kOpen };
constexpr std::string_view Name(Outcome o) {
  return o == Outcome::kCommitted ? "committed" : o == Outcome::kAborted ? "aborted" : "open";
}

class TailTally {
 public:
  static constexpr size_t kTransactionsMost = 1'000'000;

  explicit TailTally(int64_t from) { tail_.from = tail_.to = from; }
  // DataLoss: the batch cannot be read. ResourceExhausted: more transactions than can be told apart.
  Status Take(const kafka::BatchView& batch);
  // After the last batch.
  LogTail Finish();
  // Of a record of that producer there, when its batch is transactional.
  Outcome OutcomeOf(int64_t producer_id, int64_t offset) const;

 private:
  Status TakeMarker(const kafka::BatchView& marker);
  void Count(const kafka::BatchView& batch, int64_t records);
  void End(int64_t first, Outcome outcome);

  LogTail tail_;
  std::map<int64_t, int64_t> open_;  // producer id to the first offset seen
  struct Ended {
    int64_t marker;
    Outcome outcome;
  };
  std::map<int64_t, std::vector<Ended>> ended_;  // by producer id, in order
  size_t ended_count_ = 0;
};

}  // namespace klink::failover
