// Which topics are mirrored: compares both clusters and the state topic every `refresh`, has what is missing made at
// the destination (link/topic_making), follows new partitions, and names what keeps a topic from being mirrored. Run by
// the link's controller; a round makes at most one batch of topics, so that those of the first batch are copied while
// the last ones are still to be made.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/topic_filter.h"
#include "link/absence_plan.h"
#include "link/adoption.h"
#include "link/auditor.h"
#include "link/mirror_book.h"
#include "link/partition_runner.h"
#include "link/provenance_watch.h"
#include "link/topic_making.h"
#include "link/trouble.h"

namespace klink::link {

struct SyncResult {
  std::vector<RunnerNames> partitions;      // to be mirrored now
  std::map<std::string, Trouble> troubles;  // by destination topic
  size_t topics = 0;                        // that the link includes
  size_t unmade = 0;                        // of these, whose mirror is not made yet
  bool more = false;                        // the next round makes some of them: no need to wait
};

// What only who runs the mirrors knows and does.
class Copies {
 public:
  virtual ~Copies() = default;
  // Nothing of ours is under way to the mirror.
  virtual bool Stand(const std::string& topic) const = 0;
  // Out of the offset maps: what is copied from now on is another topic.
  virtual Async<Status> Forget(std::string topic, int32_t partitions) = 0;
};

struct SyncParts {
  const config::LinkConfig& config;
  kafka::Cluster& source;
  kafka::Cluster& destination;
  admin::Topics& topics;
  state::LinkState& state;
  MirrorBook& book;
  Gate& gate;
  Copies& copies;
  Clock& clock;
  Auditor* auditor = nullptr;  // null: nothing is written down
  Duration delete_hold = kDeleteHold;
};

class TopicSync final : private MakingPorts {
 public:
  TopicSync(SyncParts parts, config::TopicFilter filter);

  // One round. Unavailable when a cluster cannot be asked; trouble with one topic never keeps another one back.
  Async<StatusOr<SyncResult>> Round();
  // The link's configuration changed.
  void Follow(config::TopicFilter filter) { filter_ = std::move(filter); }
  // Topics that are to be taken over as they are (link/adoption): an answer each, and the records of those that may be.
  struct Adoptions {
    std::vector<AdoptedMirror> answers;
    std::vector<state::MirrorRecord> records;
  };
  Async<StatusOr<Adoptions>> PlanAdoptions(std::vector<AdoptTopic> asked);
  Async<Status> SetUpAdopted(std::vector<state::MirrorRecord> records);
  // Why loops cannot be told from other topics now; OK when they can.
  const Status& provenance() const { return provenance_.trouble(); }

 private:
  Async<Status> AskForHidden(Listing& source) const;
  Async<Status> FollowFilter();
  void WarnOfIdleLines(const Listing& source);
  static ProvenanceWatch::Topics StateTopicsOf(const Listing& listing);
  Status CheckProvenance(const std::string& source, const std::string& name) const;
  Status CheckOldSource(const std::string& source, const std::string& name, const Listing& destination) const;
  Async<Status> FollowOrigins(std::string source, std::string name);
  // topic_making's ports.
  Async<StatusOr<std::map<std::string, StatusOr<Configs>>>> SourceConfigs(std::vector<std::string> topics) override;
  Status MayBegin(const std::string& name) const override;
  Status MayCreate(const std::string& name) const override;
  Async<Status> Write(std::vector<state::MirrorRecord> records) override;
  Async<Status> NoteIds(std::map<std::string, std::string> ids) override;
  Async<std::vector<Status>> Create(std::vector<admin::TopicSpec> specs) override;
  Async<StatusOr<Listing>> Destination(std::vector<std::string> topics) override;
  Async<std::map<std::string, Status>> SetConfigs(std::map<std::string, Configs> configs) override;

  // topic_begin.cc: mirrors that are made, made again, deleted
  std::vector<NewMirror> Waiting(const Listing& source, const Listing& destination, SyncResult& result);
  Async<Status> MakeSome(std::vector<NewMirror> waiting, Listing& destination, SyncResult& result);
  Async<StatusOr<DestinationAbilities>> Abilities(int32_t brokers);
  Async<Status> Begin(TopicShape source, std::string name, Listing& destination, kafka::Uuid before = {});
  Async<Status> Remake(TopicShape source, std::string name, Listing& destination);
  Async<Status> RestartAsNew(TopicShape source, std::string name, Status identity, Listing& destination);
  Async<Status> Delete(std::string name, Listing& destination, std::string why);
  Async<Status> FollowAbsences(const Listing& source, Listing& destination, SyncResult& result);
  Async<Status> DeleteAbandoned(std::string name, Listing& destination);

  Async<Status> One(const TopicShape& source, Listing& destination, SyncResult& result);
  Async<Status> Grow(const TopicShape& source, const std::string& name, Listing& destination);
  Status CheckIdentity(const TopicShape& source, const state::MirrorRecord& record, const Listing& destination) const;
  Status CheckCopy(const state::MirrorRecord& record, const Listing& destination) const;
  bool IsUnmade(const std::string& name, const Listing& destination) const;
  Status Refused(const std::string& name, Status status);
  void Note(SyncResult& result, const std::string& name, const std::string& source_topic, const Status& status,
            std::optional<state::Reason> passing = std::nullopt);

  struct Refusal {
    Status status;
    Instant until;
    Duration pause{};
  };
  SyncParts p_;
  config::TopicFilter filter_;
  TopicMaker maker_;
  ProvenanceWatch provenance_;
  std::set<std::string> idle_;  // lines of the filter that were warned of
  std::optional<DestinationAbilities> abilities_;
  std::map<std::string, Refusal> refused_;  // by the cluster; asked again after a pause that grows
  std::map<std::string, Trouble> troubles_;
};

}  // namespace klink::link
