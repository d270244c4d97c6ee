// What one run is about, drawn from its seed: the shape of the two logs, the age of the records, how bad the weather
// is and which incidents happen while it lasts.
#pragma once

#include <string>

#include "link/partition_mirror.h"
#include "tests/sim/weather.h"

namespace klink::sim {

enum class Kind {
  kPlain,        // both logs from 0, records of today
  kPrefill,      // the source's log starts later, perhaps inside a batch
  kOldRecords,   // ten years old, and a leader that forgets within seconds
  kBehindData,   // the destination already has other records: translated
  kTranslate,    // offsets: translate
  kFrozenOwner,  // an owner stands still, another takes over after its lease, the first one thaws
  kTwoOwners,    // both write for a while
  kRetention,    // the source removes what was not copied yet
  kForeign,      // somebody else writes to the mirror
  kWrap,         // sequences pass 2^31
  kWildNetwork,  // old records, and requests that arrive later than any deadline allows
  kCount,
};
std::string_view Name(Kind kind);

struct Scenario {
  uint64_t seed = 0;
  Kind kind = Kind::kPlain;
  // The source.
  int64_t source_first = 0;  // base offset of its first batch
  int64_t start_inside = 0;  // its log starts that far inside it
  int batches_before = 20;   // already there when the mirror begins
  Duration produce_every = 200ms;
  int records_most = 9;
  Duration record_age{};  // of every record …
  Duration age_spread{};  // … give or take
  // The destination.
  int64_t dest_start = 0;
  int64_t other_records = 0;  // that are not ours
  bool taken_over = false;    // with them, by an operator's word
  size_t batch_bytes = 1 << 20;
  Duration expiration = 24h;
  Duration forget_every = 10min;
  bool preserve = true;
  int64_t prefill_limit = 2'000'000'000;
  // Of producers that write in transactions, taking turns.
  bool transactions = false;
  bool open_at_end = false;
  // Offsets that only markers can keep.
  bool committed = false;  // transactions: committed
  bool markers = false;    // holes: markers
  bool markers_permitted = false;
  double holes = 0;  // that compaction left, per record
  int64_t fill_records = 2000;
  bool fills() const { return committed || markers; }
  Duration transaction_timeout = 15min;
  bool record_foreign = false;  // on_foreign_write: record
  bool pipelined = false;       // acks: pipelined
  bool compacted = false;       // the source topic is
  // Until the weather clears.
  Duration bad_for = 20s;
  Weather weather;
  double incidents_per_second = 0;  // leader moves, replicas gone, replication slow, data refused
  bool retention = true;            // the source removes what was copied
  bool crashes = true;

  bool old() const { return record_age >= expiration / 4; }
  std::string ToText() const;
};

Scenario Draw(uint64_t seed);
// The same kinds with a source that writes transactions.
Scenario DrawTransactions(uint64_t seed);
// The same, where coordinators lose markers for good.
Scenario DrawUnwritten(uint64_t seed);
// … copied as committed records alone; with holes of compaction filled by markers; or both.
Scenario DrawFilled(uint64_t seed);
// Somebody else writes now and then, and the mirror goes on; every second one with transactions.
Scenario DrawForeign(uint64_t seed);
// acks: pipelined, over the plain kinds.
Scenario DrawPipelined(uint64_t seed);
// The same logs under a clear sky.
Scenario Calm(Scenario scenario);

}  // namespace klink::sim
