// Topics' settings as a cluster tells them, and many topics at once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "integration/kafka_tools.h"

namespace klink::it {

struct TopicSetting {
  std::string value;
  bool own = false;  // an override of the topic
};
// Every setting of the topic; none when it is not there.
std::map<std::string, TopicSetting> SettingsOf(const Cluster& cluster, const std::string& topic);
// Sets some and takes others away, through Kafka's own ConfigCommand.
void ChangeTopic(Cluster& cluster, const std::string& topic, const Settings& set,
                 const std::vector<std::string>& remove = {});
// In one request.
void CreateTopics(const Cluster& cluster, const std::vector<std::string>& topics, int partitions);

}  // namespace klink::it
