// Consumer groups as applications have them, through librdkafka and Kafka's own consumer.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "integration/kafka_tools.h"

namespace klink::it {

using Place = std::pair<std::string, int>;  // topic, partition
using Places = std::map<Place, int64_t>;

// Commits from outside the group, as a tool that resets offsets does; the group has no members meanwhile.
void CommitPlaces(const Cluster& cluster, const std::string& group, const Places& places);
// What the group has committed there; without those it has not.
Places CommittedPlaces(const Cluster& cluster, const std::string& group, const std::vector<Place>& places);
// Deletes a group without members.
void DeleteGroup(Cluster& cluster, const std::string& group);

// The application: a member that subscribes, and where it has nothing committed begins at the earliest record.
class Application {
 public:
  Application(const Cluster& cluster, const std::string& topic, const std::string& group);
  ~Application();
  Application(Application&&) = delete;

  // Reads until `count` records or the limit; every record is committed when `commit`.
  std::vector<Record> Read(int count, milliseconds limit, bool commit);
  // The first record of every one of `partitions` it is given.
  std::map<int, Record> FirstOfEach(int partitions, milliseconds limit);

 private:
  rd_kafka_s* client_;
};

}  // namespace klink::it
