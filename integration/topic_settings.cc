#include "integration/topic_settings.h"

#include <stdexcept>

#include <fmt/ranges.h>

#include "integration/rdkafka.h"

namespace klink::it {
namespace {

// The answer of one call.
template <class Call>
Event Ask(rd_kafka_t* client, const std::string& what, Call call) {
  const Queue queue(rd_kafka_queue_new(client));
  call(queue.get());
  Event event(rd_kafka_queue_poll(queue.get(), kCallLimitMs));
  if (!event) throw std::runtime_error(what + ": no answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw std::runtime_error(what + ": " + rd_kafka_event_error_string(event.get()));
  return event;
}

}  // namespace

std::map<std::string, TopicSetting> SettingsOf(const Cluster& cluster, const std::string& topic) {
  const Client client = NewClient(RD_KAFKA_PRODUCER, cluster.bootstrap(), {});
  rd_kafka_ConfigResource_t* asked = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  const Event event = Ask(client.get(), "settings of " + topic, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConfigs(client.get(), &asked, 1, nullptr, queue);
  });
  rd_kafka_ConfigResource_destroy(asked);
  size_t count = 0;
  const rd_kafka_ConfigResource_t** resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  std::map<std::string, TopicSetting> settings;
  for (size_t i = 0; i < count; i++) {
    size_t entries = 0;
    const rd_kafka_ConfigEntry_t** all = rd_kafka_ConfigResource_configs(resources[i], &entries);
    for (size_t k = 0; k < entries; k++) {
      const char* value = rd_kafka_ConfigEntry_value(all[k]);
      TopicSetting& setting = settings[rd_kafka_ConfigEntry_name(all[k])];
      setting.value = value == nullptr ? "" : value;
      setting.own = rd_kafka_ConfigEntry_source(all[k]) == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
    }
  }
  return settings;
}

void ChangeTopic(Cluster& cluster, const std::string& topic, const Settings& set,
                 const std::vector<std::string>& remove) {
  std::vector<std::string> arguments = {
      "--bootstrap-server", cluster.bootstrap(), "--entity-type", "topics", "--entity-name", topic, "--alter"};
  std::vector<std::string> list;
  for (const auto& [key, value] : set) list.push_back(key + "=" + value);
  if (!list.empty()) arguments.insert(arguments.end(), {"--add-config", fmt::format("{}", fmt::join(list, ","))});
  if (!remove.empty())
    arguments.insert(arguments.end(), {"--delete-config", fmt::format("{}", fmt::join(remove, ","))});
  const Outcome outcome = cluster.Tool("kafka.admin.ConfigCommand", arguments);
  if (outcome.exit_code != 0) throw std::runtime_error("ConfigCommand: " + outcome.out + outcome.err);
}

void CreateTopics(const Cluster& cluster, const std::vector<std::string>& topics, int partitions) {
  const Client client = NewClient(RD_KAFKA_PRODUCER, cluster.bootstrap(), {});
  char error[512];
  std::vector<rd_kafka_NewTopic_t*> specs;
  for (const std::string& topic : topics)
    specs.push_back(rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, error, sizeof error));
  const Event event = Ask(client.get(), "creating topics", [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(client.get(), specs.data(), specs.size(), nullptr, queue);
  });
  rd_kafka_NewTopic_destroy_array(specs.data(), specs.size());
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; i++)
    if (rd_kafka_topic_result_error(results[i]) != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw std::runtime_error(rd_kafka_topic_result_error_string(results[i]));
}

}  // namespace klink::it
