// Keeps the offset maps of the partitions this agent owns: answers from memory, remembers in RocksDB and in the
// compacted topic `_klink.<link>.runs` of the destination cluster. One store per link, on one executor; only RocksDB
// runs elsewhere.
//
// Invariants:
// - The shift in force was published (or is 0 from the first record on) before anything is appended under it.
// - How far the last run reached is remembered lazily: it is in the logs as well, and Resume takes it from there.
// - Nothing is answered about a partition before Resume compared what is stored with the logs: `unknown` until then.
// - The local database is a cache. When it is damaged, removed or full, mirroring goes on: it is put aside, opened
//   afresh and filled from memory and from the topic.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/blocking.h"
#include "base/clock.h"
#include "base/permits.h"
#include "offsets/rebuild.h"
#include "store/database.h"

namespace klink::offsets {

// The runs topic, as a port.
class RunLog {
 public:
  virtual ~RunLog() = default;
  // OK once every in-sync replica has it. No value deletes the key.
  virtual Async<Status> Publish(std::string key, std::optional<std::string> value) = 0;
  // Everything in the topic up to its end at the moment of the call, in order.
  virtual Async<StatusOr<std::vector<RunRecord>>> ReadAll() = 0;
};

struct TranslationStoreOptions {
  std::string path;                // the directory of the database, for this link alone
  Duration persist_every = 5s;     // how much of the last runs' growth a crash may forget locally
  size_t batch_partitions = 5000;  // per write of a persist round
};

class TranslationStore {
 public:
  enum class State : uint8_t { kUnknown, kRebuilding, kKnown };
  using OpenDatabase = std::function<StatusOr<std::unique_ptr<store::Database>>(const std::string& path)>;

  TranslationStore(Executor executor, BlockingPool& pool, Clock& clock, RunLog& log, TranslationStoreOptions options);
  ~TranslationStore();

  // First: opens the database and reads it. A damaged one is put aside (see quarantined()). Errors are an operator's.
  Async<Status> Load();
  // Then: reads the runs topic. Until it succeeded partitions stay kRebuilding; call again after Unavailable. May run
  // while partitions are mirrored.
  Async<Status> Rebuild();
  // Persists every `persist_every` and publishes identity maps; until stopped, then a last time.
  Async<void> Run();
  // Everything remembered now (the same as a round of Run).
  Async<Status> Persist();

  // A partition begins to be mirrored here, at facts.matched.back(). Before the topic was read it starts as kRebuilding
  // and becomes kKnown by Rebuild. A shift other than 0 that the topic does not say is published before this returns.
  Async<Status> Resume(TopicPartition tp, TopicIds ids, LogFacts facts);
  // The next append will be under another shift: published, then stored, then OK. Unavailable = not published, try
  // again before appending.
  Async<Status> ChangeShift(TopicPartition tp, ShiftChange change);
  // Appended and acknowledged. DataLoss when it overlaps, or its shift was not announced.
  Async<Status> Record(TopicPartition tp, offsets::Run run);
  // The start of the destination log moved up to here.
  void TrimBelow(const TopicPartition& tp, DestOffset start);
  // Mirrored by another agent from now on: out of memory, stored things stay.
  void Forget(const TopicPartition& tp);
  // The mirror is gone: out of memory, database and topic.
  Async<Status> Erase(TopicPartition tp);

  State state(const TopicPartition& tp) const;
  Answer ToDest(const TopicPartition& tp, SourceOffset offset) const;
  Answer ToSource(const TopicPartition& tp, DestOffset offset) const;
  // What is stored, also before Resume, for recovery: which shift was in force last. Null when nothing is.
  const Translation* Known(const TopicPartition& tp) const;
  bool topic_read() const { return topic_read_; }

  // For metrics and status.
  size_t run_count() const;
  uint64_t store_bytes() const { return store_bytes_; }
  const Status& store_status() const { return store_status_; }  // of the last write to the database
  const std::vector<std::string>& quarantined() const { return quarantined_; }
  const std::vector<Status>& refused() const { return refused_; }  // damaged records of the runs topic

  void set_open_database_for_test(OpenDatabase open) { open_ = std::move(open); }

 private:
  struct Entry {
    State state = State::kUnknown;
    PartitionRuns local;                 // as in the database; after Resume the living map is `runs`
    std::optional<PartitionRuns> topic;  // as last published
    PartitionRuns runs;                  // the living map
    std::optional<LogFacts> facts;       // given by Resume, until the topic was read
    std::map<int64_t, uint32_t> stored;  // chunk -> checksum in the database
    std::map<int64_t, uint32_t> published;
    bool dirty = false;        // grew since the last persist
    bool unpublished = false;  // an identity map the topic does not know yet
    bool changing = false;     // a shift is being published
  };
  using Chunks = std::map<int64_t, RunChunk>;

  Async<Status> OpenAndRead();
  Async<Status> Reopen();
  Async<Status> WriteLocal(std::vector<TopicPartition> which, store::Durability durability);
  Async<Status> PublishMap(TopicPartition tp, PartitionRuns runs);
  Async<Status> PublishIdentities();
  Status Settle(Entry& entry, const TopicPartition& tp);
  Entry* Find(const TopicPartition& tp);
  const Entry* Find(const TopicPartition& tp) const;

  BlockingPool& pool_;
  Clock& clock_;
  RunLog& log_;
  TranslationStoreOptions options_;
  OpenDatabase open_;
  Permits writing_;  // one write to the database at a time, so that an older value never lands on a newer one
  std::shared_ptr<store::Database> database_;  // null while it cannot be opened
  std::map<TopicPartition, Entry> entries_;
  bool topic_read_ = false;
  uint64_t store_bytes_ = 0;
  Status store_status_;
  std::vector<std::string> quarantined_;
  std::vector<Status> refused_;
};

}  // namespace klink::offsets
