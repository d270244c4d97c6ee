#include "integration/kafka_tools.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "integration/rdkafka.h"

namespace klink::it {
namespace {

constexpr int kFlushLimitMs = 120000;

using AdminOptions = std::unique_ptr<rd_kafka_AdminOptions_t, Freer<rd_kafka_AdminOptions_destroy>>;

// Counts what was acknowledged and remembers the first refusal.
struct Delivery {
  void Configure(rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_opaque(conf, this);
    rd_kafka_conf_set_dr_msg_cb(conf, Report);
  }
  std::atomic<int64_t> acked = 0;
  std::atomic<int> error = 0;
  static void Report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto* self = static_cast<Delivery*>(opaque);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++self->acked;
    } else {
      self->error = message->err;
    }
  }
};

// One admin call: `send` puts the request on the queue; the answer's error, or the first topic's, is thrown.
template <class Send>
void Admin(const Cluster& cluster, const std::string& what, const Send& send) {
  const Client client = NewClient(RD_KAFKA_PRODUCER, cluster.bootstrap(), {});
  const Queue queue(rd_kafka_queue_new(client.get()));
  const AdminOptions options(rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_ANY));
  char error[512];
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), kCallLimitMs, error, sizeof error);
  send(client.get(), options.get(), queue.get());
  const Event event(rd_kafka_queue_poll(queue.get(), kCallLimitMs + 5000));
  if (!event) throw std::runtime_error(what + ": no answer");
  Require(rd_kafka_event_error(event.get()), what);
  size_t count = 0;
  const rd_kafka_topic_result_t** topics = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event.get())) {
    topics = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event.get())) {
    topics = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  } else if (const auto* grown = rd_kafka_event_CreatePartitions_result(event.get())) {
    topics = rd_kafka_CreatePartitions_result_topics(grown, &count);
  }
  for (size_t i = 0; i < count; ++i) Require(rd_kafka_topic_result_error(topics[i]), what);
}

void Enqueue(rd_kafka_t* client, const std::string& topic, const Record& record) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), name.size(), value ? value->data() : nullptr, value ? value->size() : 0);
  }
  const auto bytes = [](const std::optional<std::string>& text) {
    return std::pair<void*, size_t>(text ? const_cast<char*>(text->data()) : nullptr, text ? text->size() : 0);
  };
  const auto [key, key_size] = bytes(record.key);
  const auto [value, value_size] = bytes(record.value);
  for (;;) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size), RD_KAFKA_V_VALUE(value, value_size),
        RD_KAFKA_V_TIMESTAMP(record.timestamp_ms), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;  // the client owns the headers now
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_headers_destroy(headers);
      Require(error, "producing to " + topic);
    }
    rd_kafka_poll(client, 100);
  }
}

Record Copy(const rd_kafka_message_t* message) {
  const auto text = [](const void* data, size_t size) {
    return data == nullptr ? std::nullopt : std::optional(std::string(static_cast<const char*>(data), size));
  };
  Record record{.key = text(message->key, message->key_len), .value = text(message->payload, message->len)};
  record.partition = message->partition;
  record.offset = message->offset;
  record.timestamp_ms = rd_kafka_message_timestamp(message, nullptr);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.headers.emplace_back(name, text(value, size));
    }
  }
  return record;
}

}  // namespace

std::vector<Record> SampleRecords(int count, int partitions, size_t size, int64_t timestamp_ms,
                                  const std::string& prefix) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i) {
    Record record;
    record.partition = i % partitions;
    record.timestamp_ms = timestamp_ms == 0 ? 0 : timestamp_ms + i;
    if (i % 7 != 0) record.key = fmt::format("key-{}", i % 50);
    if (i % 11 != 0)
      record.value = fmt::format("{}-{}-{}", prefix, i, std::string(size, static_cast<char>('a' + i % 26)));
    if (i % 3 == 0)
      record.headers = {{"trace", fmt::format("{:x}", i * 2654435761U)}, {"empty", ""}, {"null", std::nullopt}};
    records.push_back(std::move(record));
  }
  return records;
}

void CreateTopic(const Cluster& cluster, const std::string& topic, int partitions, const Settings& configs,
                 int replicas) {
  char error[512];
  rd_kafka_NewTopic_t* spec = rd_kafka_NewTopic_new(topic.c_str(), partitions, replicas, error, sizeof error);
  for (const auto& [key, value] : configs) rd_kafka_NewTopic_set_config(spec, key.c_str(), value.c_str());
  Admin(cluster, "creating topic " + topic, [&](rd_kafka_t* client, auto* options, auto* queue) {
    rd_kafka_CreateTopics(client, &spec, 1, options, queue);
  });
  rd_kafka_NewTopic_destroy(spec);
  Await("metadata of " + topic, milliseconds(kCallLimitMs),
        [&] { return PartitionCount(cluster, topic) == partitions; });
}

void AddPartitions(const Cluster& cluster, const std::string& topic, int total) {
  char error[512];
  rd_kafka_NewPartitions_t* spec = rd_kafka_NewPartitions_new(topic.c_str(), total, error, sizeof error);
  Admin(cluster, "adding partitions to " + topic, [&](rd_kafka_t* client, auto* options, auto* queue) {
    rd_kafka_CreatePartitions(client, &spec, 1, options, queue);
  });
  rd_kafka_NewPartitions_destroy(spec);
  Await("metadata of " + topic, milliseconds(kCallLimitMs), [&] { return PartitionCount(cluster, topic) == total; });
}

void DeleteTopic(const Cluster& cluster, const std::string& topic) {
  rd_kafka_DeleteTopic_t* spec = rd_kafka_DeleteTopic_new(topic.c_str());
  Admin(cluster, "deleting topic " + topic, [&](rd_kafka_t* client, auto* options, auto* queue) {
    rd_kafka_DeleteTopics(client, &spec, 1, options, queue);
  });
  rd_kafka_DeleteTopic_destroy(spec);
}

void DeleteRecords(const Cluster& cluster, const std::string& topic, int partition, int64_t before) {
  const List list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = before;
  rd_kafka_DeleteRecords_t* spec = rd_kafka_DeleteRecords_new(list.get());
  Admin(cluster, "deleting records of " + topic, [&](rd_kafka_t* client, auto* options, auto* queue) {
    rd_kafka_DeleteRecords(client, &spec, 1, options, queue);
  });
  rd_kafka_DeleteRecords_destroy(spec);
  Await("the new log start of " + topic, milliseconds(kCallLimitMs), [&] {
    const auto range = RangeOf(cluster, topic, partition);
    return range && range->start == before;
  });
}

void Produce(const Cluster& cluster, const std::string& topic, const std::vector<Record>& records,
             const Settings& settings) {
  Delivery delivery;
  Settings all = {{"linger.ms", "5"}, {"enable.idempotence", "true"}};
  for (const auto& [key, value] : settings) all[key] = value;
  const Client client =
      NewClient(RD_KAFKA_PRODUCER, cluster.bootstrap(), all, [&](rd_kafka_conf_t* conf) { delivery.Configure(conf); });
  for (const Record& record : records) Enqueue(client.get(), topic, record);
  rd_kafka_flush(client.get(), kFlushLimitMs);
  Require(static_cast<rd_kafka_resp_err_t>(delivery.error.load()), "producing to " + topic);
  if (delivery.acked != static_cast<int64_t>(records.size())) {
    throw std::runtime_error(fmt::format("{} of {} records acknowledged", delivery.acked.load(), records.size()));
  }
}

GroupReader::GroupReader(const Cluster& cluster, const std::string& topic, const std::string& group)
    : client_(NewClient(RD_KAFKA_CONSUMER, cluster.bootstrap(), {{"group.id", group}}).release()) {
  const List topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  Require(rd_kafka_subscribe(client_, topics.get()), "subscribing " + group);
}

GroupReader::~GroupReader() {
  rd_kafka_consumer_close(client_);
  rd_kafka_destroy(client_);
}

std::optional<Range> RangeOf(const Cluster& cluster, const std::string& topic, int partition) {
  const Client client = NewClient(RD_KAFKA_CONSUMER, cluster.bootstrap(), {});
  Range range;
  const auto error =
      rd_kafka_query_watermark_offsets(client.get(), topic.c_str(), partition, &range.start, &range.end, 10000);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  return range;
}

namespace {
using Metadata = std::unique_ptr<const rd_kafka_metadata_t, Freer<rd_kafka_metadata_destroy>>;
Metadata Describe(const Cluster& cluster) {
  const Client client = NewClient(RD_KAFKA_PRODUCER, cluster.bootstrap(), {});
  const rd_kafka_metadata_t* metadata = nullptr;
  Require(rd_kafka_metadata(client.get(), 1, nullptr, &metadata, kCallLimitMs), "metadata");
  return Metadata(metadata);
}
}  // namespace

int PartitionCount(const Cluster& cluster, const std::string& topic) {
  const Metadata metadata = Describe(cluster);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& one = metadata->topics[i];
    if (one.topic != topic || one.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const bool led = std::all_of(one.partitions, one.partitions + one.partition_cnt,
                                 [](const rd_kafka_metadata_partition& p) { return p.leader >= 0; });
    return led ? one.partition_cnt : 0;
  }
  return 0;
}

int LeaderOf(const Cluster& cluster, const std::string& topic, int partition) {
  const Metadata metadata = Describe(cluster);
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& one = metadata->topics[i];
    if (one.topic == topic && partition < one.partition_cnt) return one.partitions[partition].leader;
  }
  return -1;
}

std::vector<std::string> TopicNames(const Cluster& cluster) {
  const Metadata metadata = Describe(cluster);
  std::vector<std::string> names;
  for (int i = 0; i < metadata->topic_cnt; ++i) names.emplace_back(metadata->topics[i].topic);
  std::sort(names.begin(), names.end());
  return names;
}

LogEnds::LogEnds(const Cluster& cluster) : client_(NewClient(RD_KAFKA_CONSUMER, cluster.bootstrap(), {}).release()) {}
LogEnds::~LogEnds() { rd_kafka_destroy(client_); }

int64_t LogEnds::Of(const std::string& topic, int partition) {
  int64_t start = 0;
  int64_t end = 0;
  const auto error = rd_kafka_query_watermark_offsets(client_, topic.c_str(), partition, &start, &end, 5000);
  int64_t& last = last_[{topic, partition}];
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) last = end;
  return last;
}

int64_t LogEnds::Sum(const std::string& topic, int partitions) {
  int64_t sum = 0;
  for (int partition = 0; partition < partitions; ++partition) sum += Of(topic, partition);
  return sum;
}

std::vector<Record> ReadPartition(const Cluster& cluster, const std::string& topic, int partition,
                                  const std::string& isolation) {
  const Client client = NewClient(RD_KAFKA_CONSUMER, cluster.bootstrap(),
                                  {{"group.id", "klink-test-reader"},
                                   {"enable.auto.commit", "false"},
                                   {"enable.partition.eof", "true"},
                                   {"isolation.level", isolation},
                                   {"auto.offset.reset", "earliest"}});
  rd_kafka_poll_set_consumer(client.get());
  const List list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  Require(rd_kafka_assign(client.get(), list.get()), "assigning " + topic);
  std::vector<Record> records;
  const auto deadline = std::chrono::steady_clock::now() + milliseconds(kFlushLimitMs);
  while (std::chrono::steady_clock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), 500);
    if (message == nullptr) continue;
    const rd_kafka_resp_err_t error = message->err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) records.push_back(Copy(message));
    rd_kafka_message_destroy(message);
    if (error == RD_KAFKA_RESP_ERR__PARTITION_EOF) return records;
  }
  throw std::runtime_error(fmt::format("no end of {}-{} in sight after {} records", topic, partition, records.size()));
}

Load::Load(const Cluster& cluster, std::string topic, Options options)
    : bootstrap_(cluster.bootstrap()),
      topic_(std::move(topic)),
      options_(std::move(options)),
      thread_([this] { Run(); }) {}

Load::~Load() { Stop(); }

void Load::Stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
}

void Load::Run() {
  Delivery delivery;
  Settings all = {{"linger.ms", "5"}, {"enable.idempotence", "true"}, {"message.timeout.ms", "300000"}};
  for (const auto& [key, value] : options_.settings) all[key] = value;
  const Client client =
      NewClient(RD_KAFKA_PRODUCER, bootstrap_, all, [&](rd_kafka_conf_t* conf) { delivery.Configure(conf); });
  const auto began = std::chrono::steady_clock::now();
  for (int64_t sent = 0; !stopping_; ++sent) {
    Record record;
    record.partition = static_cast<int32_t>(sent % options_.partitions);
    record.key = fmt::format("k{}", sent % 100);
    record.value = fmt::format("{}-{}", sent, std::string(options_.size, 'x'));
    record.timestamp_ms = options_.timestamp_ms;
    Enqueue(client.get(), topic_, record);
    const auto due = began + std::chrono::microseconds(1000000LL * sent / options_.per_second);
    const auto now = std::chrono::steady_clock::now();
    rd_kafka_poll(client.get(), due > now ? static_cast<int>((due - now) / milliseconds(1)) : 0);
    acked_ = delivery.acked.load();
  }
  rd_kafka_flush(client.get(), kFlushLimitMs);
  acked_ = delivery.acked.load();
}

}  // namespace klink::it
