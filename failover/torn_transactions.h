// Committed transactions of the old source that a failover tore across partitions: in some their part crossed with its
// marker, in others it did not. Pure; the parts come from the logs of the partitions (failover/failback_tail.h).
//
// A log names a part by producer id and epoch. Where the coordinator raises the epoch with every transaction
// (protocol.md T5) that is the transaction. Elsewhere the epoch is that of many, and times must tell: the transactions
// of one producer follow each other, so no record of the next is written before all markers of the one before. Parts
// are put together that may be one by this, nearest markers first, and never two of one partition. Clocks of
// applications and brokers differ, so that is a guess, and called one: it is not `certain`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "failover/failback_tail.h"

namespace klink::failover {

struct TornPart {
  std::string topic;  // at the destination
  std::string source_topic;
  int32_t partition = 0;
  std::optional<int64_t> first_offset;  // offsets of the source; null: before all that was read
  int64_t marker_offset = 0;
  std::optional<WallTime> marker_time;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("source_topic", m.source_topic);
    field("partition", m.partition);
    field("first_offset", m.first_offset);
    field("marker_offset", m.marker_offset);
    field("marker_time", m.marker_time);
  }
};

struct TornTransaction {
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;  // of its records; of its markers where no record was read
  bool certain = false;  // else its parts may be two transactions', or what did not cross may have done so before
  std::vector<TornPart> crossed;
  std::vector<TornPart> not_crossed;

  static void Describe(auto& m, auto& field) {
    field("producer_id", m.producer_id);
    field("producer_epoch", m.producer_epoch);
    field("certain", m.certain);
    field("crossed", m.crossed);
    field("not_crossed", m.not_crossed);
  }
};

struct TornTransactions {
  int64_t total = 0;
  int64_t left_out = 0;                 // parts of committed transactions that were not joined: more than can be held
  std::vector<TornTransaction> listed;  // by the time of their first marker

  static void Describe(auto& m, auto& field) {
    field("total", m.total);
    field("left_out", m.left_out);
    field("listed", m.listed);
  }
};

// Where parts lie.
struct PartsPlace {
  std::string topic;
  std::string source_topic;
  int32_t partition = 0;
  bool source_lost_end = false;  // what did not cross there may have done so before
};

class TornSearch {
 public:
  static constexpr size_t kPartsMost = 1'000'000;  // of all partitions
  static constexpr size_t kPartsListed = 10'000;   // of all transactions that are listed
  static constexpr int64_t kClocksApartMs = 100;   // what clocks are taken to differ by

  // A partition comes once, with all of its parts.
  void Take(PartsPlace place, TransactionParts parts);
  // Something that committed did not cross.
  bool not_crossed() const { return not_crossed_; }
  // After the last partition.
  TornTransactions Find();

  struct Seen {
    size_t place = 0;
    TransactionPart part;
  };

 private:
  std::vector<PartsPlace> places_;
  std::vector<Seen> seen_;
  int64_t left_out_ = 0;
  bool not_crossed_ = false;
};

}  // namespace klink::failover
