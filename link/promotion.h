// The two ports between the link that copies and the controller of promotions (failover/) that ends it. The controller
// stands above this module: whoever makes the agent hands in how to make one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/types.h"
#include "config/topic_sets.h"
#include "kafka/cluster.h"
#include "link/cutover_snapshot.h"
#include "link/ports.h"
#include "link/promotion_snapshot.h"
#include "link/source_door.h"
#include "state/view.h"

namespace klink::link {

// How far a copy is, as its mirror knows it.
struct CopyStanding {
  std::optional<SourceOffset> replicated_to;
  std::optional<DestOffset> copied_end;
  std::optional<SourceOffset> source_end;
  std::optional<WallTime> source_end_at;
  std::optional<int64_t> shift;  // destination offset − source offset, at the end of the copy
  int32_t source_leader_epoch = -1;
};

class PartitionProgress;
CopyStanding StandingOf(const PartitionProgress& progress);

// What the controller needs of who leads the link: the fenced journal, the copying, and what only the link carries
// over.
class PromotionHost {
 public:
  virtual ~PromotionHost() = default;
  virtual const std::string& link() const = 0;
  virtual const state::StateView& view() const = 0;
  virtual const config::TopicSets& sets() const = 0;
  // All or none, read back. FailedPrecondition: another controller took over.
  virtual Async<Status> Write(std::vector<state::Record> records) = 0;
  // Is this still the unfenced controller, with a fresh view? Asked before each effect that no broker fences.
  virtual Status MayStep() const = 0;

  virtual CopyStanding Standing(const TopicPartition& destination) const = 0;
  // Asks the source for the ends of these topics' partitions (by their names at the destination) now.
  virtual Async<StatusOr<std::map<TopicPartition, SourceOffset>>> SourceEnds(std::set<std::string> topics) = 0;
  // Until nothing of this process is under way to mirrors whose record says that nothing may be.
  virtual Async<Status> StopCopying() = 0;
  // Aborts what transactional ids of the link have open in these topics; how many in each partition.
  virtual Async<StatusOr<std::map<TopicPartition, int64_t>>> AbortTransactions(std::set<std::string> topics) = 0;
  // The ids, as their coordinators know them now.
  virtual Async<StatusOr<std::vector<TransactionSlot>>> Slots() = 0;
  // Do consumer groups stand at the destination where they stand at the source? With the source asked now.
  virtual Async<Status> SyncGroups() = 0;
  // The last commits into these topics, of what is known of the source; what could not be committed, as commands.
  virtual Async<StatusOr<std::vector<std::string>>> CommitGroups(std::set<std::string> topics) = 0;
  virtual std::optional<WallTime> GroupsReadAt() const = 0;
  // Retention and cleanup as at the source, where a mirror was not ACTIVE yet; what could not be set, as commands.
  virtual Async<StatusOr<std::map<std::string, std::vector<std::string>>>> RestoreConfigs(
      std::set<std::string> topics) = 0;
  // Grants that were held back; what could not be granted, as commands.
  virtual Async<StatusOr<std::vector<std::string>>> ReleaseAcls(std::set<std::string> topics) = 0;
  // Who may write at the source; null: it cannot be asked from here.
  virtual SourceDoor* door() = 0;
};

// The controller.
class Promoter {
 public:
  virtual ~Promoter() = default;
  // Goes on with what the journal says, then with what is asked for, until stopped or another controller took over.
  virtual Async<Status> Run() = 0;
  // The plan, with dry_run; else begun and written, and Run() carries it out. FailedPrecondition: one is under way.
  virtual Async<StatusOr<PromotionSnapshot>> Ask(PromoteRequest request) = 0;
  // The same of a planned move; one that is under way is gone on with, or undone.
  virtual Async<StatusOr<CutoverSnapshot>> AskCutover(CutoverRequest request) = 0;
};

// What it works on beside its host.
struct PromoterParts {
  Executor executor;
  Clock& clock;
  kafka::Cluster& destination;
};
struct PromoterFactory {
  std::function<std::unique_ptr<Promoter>(PromotionHost& host, PromoterParts parts)> make;
  // From the journal alone, by any agent. NotFound: no such promotion.
  std::function<StatusOr<PromotionSnapshot>(const std::string& link, const state::StateView& view,
                                            const std::string& operation)>
      show;
  // The last planned move, likewise. NotFound: there was none.
  std::function<StatusOr<CutoverSnapshot>(const std::string& link, const state::StateView& view)> show_cutover;
};

}  // namespace klink::link
