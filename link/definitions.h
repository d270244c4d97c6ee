// The links that were made over Kafka REST: what their definitions say (state/definition.h), found by looking through
// the clusters of the configuration, and the configuration that follows from the file and from them together. A name
// that stands in the file is the file's. What a cluster was last heard to say holds until it says something else: a
// cluster that does not answer ends no link.
//
// Changes are made here too, one after the other, each on what stands at the cluster at that moment; whoever asked is
// answered once the agent follows. The work is a task of this object, not of the caller.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/permits.h"
#include "base/task_group.h"
#include "config/schema.h"
#include "state/definition.h"

namespace klink::link {

// A state topic, as far as it concerns the definition of its link.
struct DefinitionStanding {
  std::optional<state::LinkDefinition> definition;
  bool begun = false;  // an agent ran a link of that name
};
// What a definition becomes; nothing: it is erased.
using DefinitionChange = std::function<StatusOr<std::optional<state::LinkDefinition>>(const DefinitionStanding& now)>;

class DefinitionPort {
 public:
  virtual ~DefinitionPort() = default;
  struct Listing {
    std::string cluster_id;
    std::map<std::string, state::LinkDefinition> definitions;  // by link
    std::map<std::string, std::string> unread;                 // by link: why nothing is known of it now
  };
  // Clusters are named as in the configuration.
  virtual Async<StatusOr<Listing>> List(std::string cluster) = 0;
  // Nobody else's change comes between what `change` sees and what is written. NotFound: there is no state topic;
  // with kMake it is made. Unavailable: somebody else changes it at the same time.
  enum class Topic { kIsThere, kMake };
  virtual Async<Status> Write(std::string cluster, std::string link, DefinitionChange change, Topic topic) = 0;
  // Deletes what klink keeps of the link. FailedPrecondition: agents still run it.
  virtual Async<Status> Remove(std::string cluster, std::string link) = 0;
  virtual Async<StatusOr<std::string>> ClusterId(std::string cluster) = 0;
  virtual Async<StatusOr<bool>> HasTopic(std::string cluster, std::string topic) = 0;
  virtual Async<void> Close() = 0;
};

// ---- the configuration ----

struct ClusterDefinitions {  // as last heard
  std::string cluster_id;
  std::map<std::string, state::LinkDefinition> definitions;
  std::map<std::string, std::string> unread;
};
using KnownDefinitions = std::map<std::string, ClusterDefinitions>;  // by the cluster's name

struct MergedConfig {
  config::Config config;                              // the file's links, then those that were made
  std::map<std::string, state::LinkDefinition> made;  // of the latter
  std::map<std::string, std::string> passed_over;     // by link: why its definition is not followed
};
// Pure.
MergedConfig Merge(const config::Config& file, const KnownDefinitions& known);

// ---- what the Kafka REST paths ask for ----

class MadeLinks {
 public:
  virtual ~MadeLinks() = default;
  // Null: there is no such link, or it stands in the file.
  virtual const state::LinkDefinition* Find(const std::string& link) const = 0;
  // The clusters of the configuration that have answered: their ids by name.
  virtual std::map<std::string, std::string> Clusters() const = 0;
  // AlreadyExists: a link of that name, or the traces of one, are at the destination. OK: this agent runs it.
  virtual Async<Status> Create(std::string link, state::LinkDefinition definition) = 0;
  // `change` sees what stands there now. OK: written, and this agent follows it.
  using Change = std::function<Status(state::LinkDefinition& definition)>;
  virtual Async<Status> Alter(std::string link, Change change) = 0;
  // No agent runs it any more, or soon; what klink keeps of it is deleted then. Its topics stay.
  virtual Async<Status> Remove(std::string link, std::string by) = 0;
  // Of a cluster by its name, now.
  virtual Async<StatusOr<std::string>> AskClusterId(std::string cluster) = 0;
  virtual Async<StatusOr<bool>> AskForTopic(std::string cluster, std::string topic) = 0;
};

// ---- the agent's ----

class Definitions final : public MadeLinks {
 public:
  static constexpr Duration kLookEvery = 10s;
  static constexpr Duration kFollowMost = 30s;   // until the agent follows what was changed: mirrors drain
  static constexpr Duration kRemovalMost = 15s;  // of what klink keeps, before the caller is answered
  static constexpr Duration kRemovalPoll = 500ms;
  static constexpr Duration kRemovalGrace = 30s;  // then it is anybody's who sees it

  // Clock outlives it.
  Definitions(Executor executor, Clock& clock, std::unique_ptr<DefinitionPort> port, config::Config file);

  // Looks at every cluster now and from time to time.
  void Start();
  Async<void> Stop();

  // The file is another one, and is followed already: what it says counts from here on.
  void Follow(config::Config file);
  MergedConfig Merged(const config::Config& file) const { return Merge(file, known_); }
  // What is known is another: whoever runs the agent follows, and says so.
  Signal& changed() { return changed_; }
  int64_t version() const { return version_; }
  void Followed(int64_t version);

  const state::LinkDefinition* Find(const std::string& link) const override;
  std::map<std::string, std::string> Clusters() const override;
  Async<Status> Create(std::string link, state::LinkDefinition definition) override;
  Async<Status> Alter(std::string link, Change change) override;
  Async<Status> Remove(std::string link, std::string by) override;
  Async<StatusOr<std::string>> AskClusterId(std::string cluster) override { return port_->ClusterId(cluster); }
  Async<StatusOr<bool>> AskForTopic(std::string cluster, std::string topic) override {
    return port_->HasTopic(cluster, topic);
  }

 private:
  struct Asked;
  void LookAtAll();
  Async<void> KeepLooking(std::string cluster);
  Async<void> Look(std::string cluster);
  Async<void> FinishRemovals(std::string cluster);
  Async<Status> FinishRemoval(std::string cluster, std::string link);
  Async<void> WakeAfter(Duration limit);
  bool IsBeingRemoved(const std::string& cluster, const std::string& link) const;
  Async<Status> InTurn(Async<Status> work);
  Async<void> Carry(Async<Status> work, std::shared_ptr<Asked> asked);
  Async<Status> CreateNow(std::string link, state::LinkDefinition definition);
  Async<Status> AlterNow(std::string link, Change change);
  Async<Status> RenounceNow(std::string link, std::string by);
  Async<Status> WriteAndFollow(std::string cluster, std::string link, DefinitionChange change,
                               DefinitionPort::Topic topic);
  void Note(const std::string& cluster, const std::string& link, std::optional<state::LinkDefinition> definition);
  void Learned();
  void Tell();

  Executor executor_;
  Clock& clock_;
  std::unique_ptr<DefinitionPort> port_;
  config::Config file_;
  KnownDefinitions known_;
  MergedConfig merged_;                      // of the two, as of the last change of either
  std::set<std::string> troubles_;           // clusters whose last listing failed
  std::map<std::string, std::string> told_;  // why definitions are passed over
  std::set<std::string> looking_;            // at these clusters
  int64_t notes_ = 0;                        // changes made here
  int64_t version_ = 0;
  int64_t followed_ = 0;
  Permits turn_;
  Signal changed_;
  Signal followed_now_;
  TaskGroup tasks_;
};

}  // namespace klink::link
