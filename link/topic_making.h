// Makes mirror topics, many at a time: ten thousand at once cost as many requests as the controller's bound asks for
// (protocol.md G18), and as many transactions of the state. In this order, so that a crash at any point is continued
// and not misread: the mirrors' records, the topics, the ids under which the cluster keeps them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "admin/topics.h"
#include "config/schema_link.h"
#include "link/config_plan.h"
#include "link/topic_listing.h"
#include "state/records.h"

namespace klink::link {

struct NewMirror {
  TopicShape source;
  std::string name;         // at the destination
  kafka::Uuid before = {};  // of the topic that had this name; a broker may still show it
};

// What making needs of the two clusters and the state.
class MakingPorts {
 public:
  virtual ~MakingPorts() = default;
  using Configs = std::map<std::string, std::string>;
  // Effective values by topic; what vanished is left out.
  virtual Async<StatusOr<std::map<std::string, StatusOr<Configs>>>> SourceConfigs(std::vector<std::string> topics) = 0;
  // May the record be begun, and later the topic be made?
  virtual Status MayBegin(const std::string& name) const = 0;
  virtual Status MayCreate(const std::string& name) const = 0;
  virtual Async<Status> Write(std::vector<state::MirrorRecord> records) = 0;
  virtual Async<Status> NoteIds(std::map<std::string, std::string> ids) = 0;
  // A verdict each, in order.
  virtual Async<std::vector<Status>> Create(std::vector<admin::TopicSpec> specs) = 0;
  virtual Async<StatusOr<Listing>> Destination(std::vector<std::string> topics) = 0;
  // Of topics that were there before.
  virtual Async<std::map<std::string, Status>> SetConfigs(std::map<std::string, Configs> configs) = 0;
};

// How many of those that wait, from the first on, go into one request. At least one.
size_t BatchSize(std::span<const NewMirror> waiting);

// "1,200 of 10,000 topics are made"; empty when all are.
std::string ProgressText(size_t made, size_t of);

class TopicMaker {
 public:
  TopicMaker(MakingPorts& ports, const config::TopicsConfig& topics, Clock& clock)
      : ports_(ports), topics_(topics), clock_(clock) {}

  // One batch: a verdict for each. An error of the whole: the clusters or the state cannot be asked. `destination`
  // shows afterwards what was made.
  using Verdicts = std::map<std::string, Status>;
  Async<StatusOr<Verdicts>> Make(std::vector<NewMirror> batch, Listing& destination, DestinationAbilities abilities);

 private:
  struct Begun {
    std::vector<TopicPlan> plans;  // of those to be created
    std::map<std::string, MakingPorts::Configs> adopted;
    std::vector<state::MirrorRecord> records;
  };
  Status Plan(const NewMirror& mirror, StatusOr<MakingPorts::Configs> configs, const Listing& destination,
              const DestinationAbilities& abilities, Begun& begun) const;
  Async<void> Create(std::vector<TopicPlan> plans, Verdicts& verdicts);
  Async<Status> AwaitShown(const std::vector<NewMirror>& batch, Listing& destination, Verdicts& verdicts);

  MakingPorts& ports_;
  const config::TopicsConfig& topics_;
  Clock& clock_;
};

}  // namespace klink::link
