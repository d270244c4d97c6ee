// Which topics are mirrored: compares both clusters and the state topic every `refresh`, makes what is missing at the
// destination, follows new partitions, and names what keeps a topic from being mirrored. Run by the link's controller.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "admin/topics.h"
#include "config/schema.h"
#include "config/topic_filter.h"
#include "kafka/cluster.h"
#include "link/halt.h"
#include "link/mirror_book.h"
#include "link/partition_runner.h"
#include "link/topic_plan.h"

namespace klink::link {

// What keeps a topic from being mirrored now.
struct Trouble {
  std::string source_topic;
  std::optional<state::Reason> reason;
  std::string text;
  WallTime since{};
};

struct SyncResult {
  std::vector<RunnerNames> partitions;      // to be mirrored now
  std::map<std::string, Trouble> troubles;  // by destination topic
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

class TopicSync {
 public:
  TopicSync(const config::LinkConfig& config, config::TopicFilter filter, kafka::Cluster& source,
            kafka::Cluster& destination, admin::Topics& topics, state::LinkState& state, MirrorBook& book, Gate& gate,
            Copies& copies, Clock& clock);

  // One round. Unavailable when a cluster cannot be asked; trouble with one topic never keeps another one back.
  Async<StatusOr<SyncResult>> Round();

 private:
  struct Listing {
    std::map<std::string, TopicShape> topics;
    std::set<std::string> hidden;  // asked for by name: the cluster does not let klink see them
    int32_t brokers = 0;
  };
  static Async<StatusOr<Listing>> List(kafka::Cluster& cluster);
  Async<Status> AskForHidden(Listing& source) const;
  Async<Status> FollowFilter();
  Async<Status> One(const TopicShape& source, Listing& destination, SyncResult& result);
  Async<Status> Begin(TopicShape source, std::string name, Listing& destination, kafka::Uuid before = {});
  Async<Status> Remake(TopicShape source, std::string name, Listing& destination);
  Async<Status> RestartAsNew(TopicShape source, std::string name, Status identity, Listing& destination);
  Async<Status> Delete(std::string name, Listing& destination);
  Async<Status> Create(TopicPlan plan);
  using Shows = std::function<bool(const Listing&)>;
  Async<Status> AwaitListing(Listing& destination, Shows shows, std::string otherwise);
  Async<Status> Grow(const TopicShape& source, const std::string& name, Listing& destination);
  Async<Status> Settle(std::string name, std::string source_topic);
  Status CheckIdentity(const TopicShape& source, const state::MirrorRecord& record, const Listing& destination) const;
  Async<StatusOr<TopicPlan>> Plan(TopicShape source, std::string name, int32_t brokers);
  void Note(SyncResult& result, const std::string& name, const std::string& source_topic, const Status& status);

  const config::LinkConfig& config_;
  config::TopicFilter filter_;
  kafka::Cluster& source_;
  kafka::Cluster& destination_;
  admin::Topics& topics_;
  state::LinkState& state_;
  MirrorBook& book_;
  Gate& gate_;
  Copies& copies_;
  Clock& clock_;
  std::optional<DestinationAbilities> abilities_;
  std::set<std::string> settled_;  // ACTIVE mirrors whose retention is the source's since this process looked
  std::map<std::string, Trouble> troubles_;
};

}  // namespace klink::link
