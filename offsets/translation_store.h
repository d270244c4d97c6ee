// Keeps the offset maps of the partitions this agent owns: answers from memory, remembers in RocksDB and in the
// compacted topic `_klink.<link>.runs` of the destination cluster. One store per link, used from one executor; only
// RocksDB's calls run elsewhere.
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
#include "base/signal.h"
#include "offsets/local_runs.h"
#include "offsets/rebuild.h"

namespace klink::offsets {

// The runs topic, as a port.
class RunLog {
 public:
  virtual ~RunLog() = default;
  // OK once every in-sync replica has all of them, written in this order and after what was published before.
  virtual Async<Status> Publish(std::vector<RunRecord> records) = 0;
  // Everything in the topic up to its end at the moment of the call, in order.
  virtual Async<StatusOr<std::vector<RunRecord>>> ReadAll() = 0;
};

struct TranslationStoreOptions {
  std::string path;                // the directory of the database, for this link alone
  Duration persist_every = 5s;     // how much growth of the last runs a crash may forget locally
  size_t batch_partitions = 1000;  // per write to the database or the topic in a persist round
};

class TranslationStore {
 public:
  // kUnknown: not mirrored here. kRebuilding: mirrored, the past not yet read. kKnown: exact.
  enum class State : uint8_t { kUnknown, kRebuilding, kKnown };

  TranslationStore(Executor executor, BlockingPool& pool, Clock& clock, RunLog& log, TranslationStoreOptions options);
  TranslationStore(const TranslationStore&) = delete;

  // First: opens the database and reads it. A damaged one is put aside (see quarantined()). Errors are an operator's.
  Async<Status> Load();
  // Then, and again each time partitions come to this agent: reads the runs topic. Partitions resumed since the call
  // began stay kRebuilding until it succeeds; after Unavailable call it again. Mirroring may go on beside it.
  Async<Status> Rebuild();
  // Persists every `persist_every` until stopped, then a last time, synced.
  Async<void> Run();
  // One round: what grew goes to the database, what is not in the topic yet is published.
  Async<Status> Persist();

  // A partition begins to be mirrored here, at facts.matched.back(). A shift other than 0 that the topic does not say
  // is published before this returns. Unavailable: not published, call again before appending.
  Async<Status> Resume(TopicPartition tp, TopicIds ids, LogFacts facts);
  // The next append will be under another shift: published, then stored. Unavailable: not published, call again before
  // appending.
  Async<Status> ChangeShift(TopicPartition tp, ShiftChange change);
  // Appended and acknowledged. DataLoss when it overlaps what stands, or its shift was not announced.
  Async<Status> Record(TopicPartition tp, offsets::Run run);
  // The destination log starts here now.
  void TrimBelow(const TopicPartition& tp, DestOffset start);
  // Mirrored by another agent from now on; what is stored stays.
  void Forget(const TopicPartition& tp);
  // The mirror is gone: out of memory, database and topic.
  Async<Status> Erase(TopicPartition tp);

  State state(const TopicPartition& tp) const;
  Answer ToDest(const TopicPartition& tp, SourceOffset offset) const;
  Answer ToSource(const TopicPartition& tp, DestOffset offset) const;
  // The living map, or before Resume what is stored (recovery asks which shift was in force). Null when nothing is.
  const Translation* Find(const TopicPartition& tp) const;

  // For metrics and status.
  size_t run_count() const;
  uint64_t store_bytes() const { return local_.size_bytes(); }
  const Status& store_status() const { return local_.status(); }  // of the last write to the database
  const std::vector<std::string>& quarantined() const { return local_.quarantined(); }
  const std::vector<Status>& refused() const { return refused_; }  // damaged records of the runs topic
  bool topic_read() const { return topic_read_; }                  // by a Rebuild that succeeded, with none begun since

 private:
  using Checksums = std::map<int64_t, uint32_t>;  // chunk -> of its bytes

  struct Entry {
    State state = State::kUnknown;
    PartitionRuns known;            // what is stored; used until Resume
    bool in_topic = false;          // … and the topic says it too
    PartitionRuns runs;             // the living map; while rebuilding only what was recorded since Resume
    std::optional<LogFacts> facts;  // given by Resume, while rebuilding
    Checksums stored;               // in the database
    Checksums published;            // in the topic
    bool dirty = false;             // grew since it was stored
    bool reshaped = false;          // … and not only at its end
    bool unpublished = false;       // the topic says something else
    bool publishing = false;        // one at a time, so that an older map never lands on a newer one
  };
  struct Publication {
    TopicPartition tp;
    PartitionRuns runs;
  };

  Async<Status> Publish(std::vector<Publication> maps);
  Async<Status> PublishUnpublished();
  // Waits while the map of the partition is being published.
  Async<Status> Quiet(TopicPartition tp);
  Async<Status> Store(std::vector<TopicPartition> which, store::Durability durability);
  Async<Status> StoreOnce(const std::vector<TopicPartition>& which, store::Durability durability);
  Async<Status> StoreDirty(store::Durability durability);
  Answer Ask(const TopicPartition& tp, const std::function<Answer(const Translation&)>& question) const;
  // The living map from what is stored and the logs.
  Status Settle(Entry& entry, const LogFacts& facts);
  Entry* Get(const TopicPartition& tp);
  const Entry* Get(const TopicPartition& tp) const;

  Clock& clock_;
  RunLog& log_;
  TranslationStoreOptions options_;
  LocalRuns local_;
  Permits storing_;  // one write at a time, so that an older value never lands on a newer one
  Signal published_;
  std::map<TopicPartition, Entry> entries_;
  bool topic_read_ = false;
  std::vector<Status> refused_;
};

}  // namespace klink::offsets
