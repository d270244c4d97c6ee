#include "integration/transactional.h"

#include <stdexcept>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

namespace klink::it {
namespace {

constexpr int kLimitMs = 60000;

void Succeed(rd_kafka_error_t* error, const char* what) {
  if (error == nullptr) return;
  const std::string text = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error(fmt::format("{}: {}", what, text));
}

}  // namespace

TransactionalProducer::TransactionalProducer(const Cluster& cluster, const std::string& id, const Settings& settings) {
  Settings all = {
      {"bootstrap.servers", cluster.bootstrap()}, {"transactional.id", id}, {"log_level", "0"}, {"linger.ms", "2"}};
  for (const auto& [key, value] : settings) all[key] = value;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  char error[512];
  for (const auto& [key, value] : all)
    if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(error);
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client_ == nullptr) throw std::runtime_error(error);
  Succeed(rd_kafka_init_transactions(client_, kLimitMs), "starting a transactional producer");
}

TransactionalProducer::~TransactionalProducer() { rd_kafka_destroy(client_); }

void TransactionalProducer::Begin() { Succeed(rd_kafka_begin_transaction(client_), "beginning a transaction"); }

void TransactionalProducer::Send(const std::string& topic, const std::vector<Record>& records) {
  for (const Record& record : records) {
    const char* key = record.key ? record.key->data() : nullptr;
    const char* value = record.value ? record.value->data() : nullptr;
    const size_t key_size = record.key ? record.key->size() : 0, size = record.value ? record.value->size() : 0;
    const auto error =
        rd_kafka_producev(client_, RD_KAFKA_V_TOPIC(topic.c_str()), RD_KAFKA_V_PARTITION(record.partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_size),
                          RD_KAFKA_V_VALUE(const_cast<char*>(value), size), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  }
  if (rd_kafka_flush(client_, kLimitMs) != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error("flushing timed out");
}

void TransactionalProducer::Commit() { Succeed(rd_kafka_commit_transaction(client_, kLimitMs), "committing"); }
void TransactionalProducer::Abort() { Succeed(rd_kafka_abort_transaction(client_, kLimitMs), "aborting"); }

void ProduceTransactions(const Cluster& cluster, const std::string& topic, int partitions, int count,
                         const std::string& name) {
  TransactionalProducer a(cluster, name + "-a"), b(cluster, name + "-b");
  for (int i = 0; i < count; ++i) {
    for (TransactionalProducer* app : {&a, &b}) app->Begin();
    for (int part = 0; part < 2; ++part) {
      a.Send(topic, SampleRecords(1 + i % 4, partitions, 60, 0, fmt::format("{}-a-{}-{}-", name, i, part)));
      b.Send(topic, SampleRecords(1 + i % 3, partitions, 60, 0, fmt::format("{}-b-{}-{}-", name, i, part)));
    }
    i % 3 == 0 ? a.Abort() : a.Commit();
    i % 3 == 1 ? b.Abort() : b.Commit();
  }
}

TransactionalLoad::TransactionalLoad(const Cluster& cluster, std::string topic, int partitions, milliseconds round)
    : cluster_(cluster), topic_(std::move(topic)), partitions_(partitions), round_(round), thread_([this] { Run(); }) {}

TransactionalLoad::~TransactionalLoad() { Stop(); }

void TransactionalLoad::Stop() {
  stopping_ = true;
  AllowUpTo(std::numeric_limits<int64_t>::max());
  if (thread_.joinable()) thread_.join();
}

void TransactionalLoad::AllowUpTo(int64_t transactions) {
  allowed_ = transactions;
  allowed_.notify_all();
}

void TransactionalLoad::Run() {
  for (int life = 0; !stopping_; ++life) {
    try {
      TransactionalProducer a(cluster_, topic_ + "-a"), b(cluster_, topic_ + "-b");
      std::chrono::steady_clock::time_point next;
      for (int i = 0; !stopping_; ++i) {
        for (int64_t most = allowed_; transactions_ >= most && !stopping_; most = allowed_) allowed_.wait(most);
        std::this_thread::sleep_until(next);
        next = std::chrono::steady_clock::now() + round_;
        for (TransactionalProducer* app : {&a, &b}) app->Begin();
        for (int part = 0; part < 2; ++part) {
          a.Send(topic_, SampleRecords(2 + i % 5, partitions_, 80, 0, fmt::format("a-{}-{}-{}-", life, i, part)));
          b.Send(topic_, SampleRecords(1 + i % 3, partitions_, 80, 0, fmt::format("b-{}-{}-{}-", life, i, part)));
        }
        i % 3 == 0 ? a.Abort() : a.Commit();
        i % 3 == 1 ? b.Abort() : b.Commit();
        transactions_ += 2;
        if (i % 20 == 7)
          Produce(cluster_, topic_, SampleRecords(8, partitions_, 80, 0, fmt::format("p-{}-{}-", life, i)));
      }
    } catch (const std::exception&) {  // a broker died under it
    }
  }
}

}  // namespace klink::it
