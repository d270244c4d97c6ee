#include "integration/group_tools.h"

#include <stdexcept>

#include "integration/rdkafka.h"

namespace klink::it {
namespace {

Client Consumer(const Cluster& cluster, const std::string& group) {
  Client client = NewClient(
      RD_KAFKA_CONSUMER, cluster.bootstrap(),
      {{"group.id", group}, {"client.id", "app"}, {"enable.auto.commit", "false"}, {"auto.offset.reset", "earliest"}});
  rd_kafka_poll_set_consumer(client.get());
  return client;
}

Record RecordOf(const rd_kafka_message_t& message) {
  Record record;
  if (message.key != nullptr) record.key = std::string(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) record.value = std::string(static_cast<const char*>(message.payload), message.len);
  record.partition = message.partition;
  record.offset = message.offset;
  return record;
}

}  // namespace

void CommitPlaces(const Cluster& cluster, const std::string& group, const Places& places) {
  const Client client = Consumer(cluster, group);
  const List list(rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
  for (const auto& [place, offset] : places)
    rd_kafka_topic_partition_list_add(list.get(), place.first.c_str(), place.second)->offset = offset;
  Require(rd_kafka_commit(client.get(), list.get(), 0), "committing for " + group);
  for (int i = 0; i < list->cnt; i++) Require(list->elems[i].err, "committing for " + group);
}

Places CommittedPlaces(const Cluster& cluster, const std::string& group, const std::vector<Place>& places) {
  const Client client = Consumer(cluster, group);
  const List list(rd_kafka_topic_partition_list_new(static_cast<int>(places.size())));
  for (const auto& [topic, partition] : places) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  Require(rd_kafka_committed(client.get(), list.get(), kCallLimitMs), "reading the offsets of " + group);
  Places committed;
  for (int i = 0; i < list->cnt; i++)
    if (list->elems[i].offset >= 0) committed[{list->elems[i].topic, list->elems[i].partition}] = list->elems[i].offset;
  return committed;
}

void DeleteGroup(Cluster& cluster, const std::string& group) {
  const Outcome outcome =
      cluster.Tool(cluster.version().starts_with("3.3") ? "kafka.admin.ConsumerGroupCommand"
                                                        : "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                   {"--bootstrap-server", cluster.bootstrap(), "--delete", "--group", group});
  if (outcome.exit_code != 0) throw std::runtime_error("deleting group " + group + ": " + outcome.out + outcome.err);
}

Application::Application(const Cluster& cluster, const std::string& topic, const std::string& group)
    : client_(Consumer(cluster, group).release()) {
  const List topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  Require(rd_kafka_subscribe(client_, topics.get()), "subscribing " + group);
}

Application::~Application() {
  rd_kafka_consumer_close(client_);
  rd_kafka_destroy(client_);
}

std::vector<Record> Application::Read(int count, milliseconds limit, bool commit) {
  std::vector<Record> records;
  const auto until = std::chrono::steady_clock::now() + limit;
  while (static_cast<int>(records.size()) < count && std::chrono::steady_clock::now() < until) {
    const Message message(rd_kafka_consumer_poll(client_, 200));
    if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    records.push_back(RecordOf(*message));
    if (commit) Require(rd_kafka_commit_message(client_, message.get(), 0), "committing a record");
  }
  return records;
}

std::map<int, Record> Application::FirstOfEach(int partitions, milliseconds limit) {
  std::map<int, Record> first;
  const auto until = std::chrono::steady_clock::now() + limit;
  while (static_cast<int>(first.size()) < partitions && std::chrono::steady_clock::now() < until) {
    const Message message(rd_kafka_consumer_poll(client_, 200));
    if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      first.try_emplace(message->partition, RecordOf(*message));
  }
  return first;
}

}  // namespace klink::it
