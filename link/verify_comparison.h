// The heart of `klink verify`: the batches of two logs go in, in order, and what differs comes out. Pure.
//
// What counts as equal, offset by offset of the map:
// - a batch, when its bytes are the source's but for what klink and brokers may change (CompareBatches);
// - a batch that had to be written anew, when every record of the source stands at its mapped offset with the same key,
//   value, headers and time, within a transaction or not as at the source;
// - a marker, when the copy has one there with the same verdict, and it ends the transaction that carries the source
//   transaction's records.
// At offsets that hold nothing in the source, the copy may have a filler: a copy of the source's next record, in the
// same transaction, or a marker that ends nothing of the source's; or what the map lists as somebody else's
// (FOREIGN_WRITE, KEPT_TAIL). Anything else there is a PHANTOM.
// In compacted topics both cleaners go their own ways: verify_keys.h says what may be missing on one side.
// With `transactions: committed` a record of the source's transactions may stand as a plain one, and a marker that ends
// nothing for a record of an aborted one and for the source's markers: once its end is read it is known which it had
// to be.
//
// One difference is counted for a batch; of records that a cleaner does not explain, one for a key.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "link/verify_batches.h"
#include "link/verify_keys.h"
#include "link/verify_transactions.h"
#include "offsets/translation.h"

namespace klink::link {

class LogComparison {
 public:
  enum class Needs : uint8_t { kNothing, kSource, kCopy };

  // Compares source offsets from `from` up to `to`. `map` says where they stand at the copy; null: at the same offsets.
  LogComparison(const offsets::Translation* map, const LogEnds& ends, int64_t from, int64_t to,
                const VerifyOptions& options);

  // Where the reading of the copy begins and ends.
  int64_t copy_from() const { return copy_from_; }
  int64_t copy_to() const { return copy_to_; }

  // Goes on until it needs the next batch of a log.
  Needs Run();
  void Source(std::optional<SharedBytes> batch);  // nothing: the log ends here
  void Copy(std::optional<SharedBytes> batch);
  PartitionProof Finish();

 private:
  // The batch of one log that is being compared.
  struct Front {
    SharedBytes bytes;
    bool behind_hole = false;  // of the source: it may have been written anew for that alone
    bool open = false;         // its items are read
    std::vector<LogItem> items = {};
    size_t at = 0;
    bool reported = false;
    bool matched = false;
    kafka::BatchView view() const { return kafka::BatchView(bytes.view()); }
    const LogItem& item() const { return items[at]; }
  };
  struct Side {
    std::optional<Front> front;
    bool ended = false;
  };

  std::optional<int64_t> ToCopy(int64_t source) const;
  std::optional<int64_t> ToSource(int64_t copy) const;
  bool CompareWhole();
  void MatchWhole();
  bool OpenSource();
  bool OpenCopy();
  void CompareNext();
  void Match();
  bool Committed() const { return options_.transactions == VerifyOptions::Transactions::kCommitted; }
  // Of the two fronts.
  bool IsPlainCopy() const {
    return Committed() && source_.front->view().transactional() && !copy_.front->view().transactional();
  }
  void MatchFiller();
  void SettleClaims();
  std::string MatchMarkers();
  std::string MatchRecords();
  void Missing(std::optional<int64_t> expected);
  void Extra();
  std::string WhyPhantom(std::optional<int64_t> source);
  bool IsForeign() const;
  bool IsFiller();
  void Note(Stands stands, Front& front, int64_t source_offset);
  void NoteEnd(const Front& marker, KeyLedger::Side side);
  void NextSource();
  void NextCopy();
  void CloseSource();
  Difference Describe(std::string_view kind, std::string detail, const Front* source, const Front* copy) const;
  void Differ(Difference difference);
  void DifferOnce(Front& front, Difference difference);

  const offsets::Translation* map_;
  VerifyOptions options_;
  LogEnds ends_;
  int64_t from_, to_, copy_from_, copy_to_;
  int64_t source_next_;  // behind the last batch that came
  Side source_, copy_;
  bool done_ = false;
  bool proven_ = true;              // no difference so far
  int64_t source_unreadable_ = -1;  // below: the source's batch is broken, and said to be
  int64_t copy_unreadable_ = -1;
  TransactionPairs pairs_;
  CommittedClaims claims_;
  KeyLedger keys_;
  PartitionProof proof_;
};

}  // namespace klink::link
