// An application that writes in transactions, through librdkafka.
#pragma once

#include <atomic>
#include <limits>
#include <thread>

#include "integration/kafka_tools.h"

namespace klink::it {

class TransactionalProducer {
 public:
  TransactionalProducer(const Cluster& cluster, const std::string& id, const Settings& settings = {});
  ~TransactionalProducer();
  TransactionalProducer(TransactionalProducer&&) = delete;

  void Begin();
  // Written and acknowledged within the open transaction.
  void Send(const std::string& topic, const std::vector<Record>& records);
  void Commit();
  void Abort();

 private:
  rd_kafka_s* client_;
};

// Transactions of two applications in turn, `count` each, open at the same time, over all partitions; every third one
// is aborted.
void ProduceTransactions(const Cluster& cluster, const std::string& topic, int partitions, int count,
                         const std::string& name = "app");

// Two applications that write a transaction each in every round, on a thread of their own, until Stop(): open at the
// same time, a third aborted, some plain records between. One whose broker dies begins again under its name. On a busy
// machine it outruns any copy that waits for markers: who waits for the copy says how far it may go.
class TransactionalLoad {
 public:
  TransactionalLoad(const Cluster& cluster, std::string topic, int partitions, milliseconds round = milliseconds(100));
  ~TransactionalLoad();
  void Stop();
  // No round begins once there are so many transactions.
  void AllowUpTo(int64_t transactions);
  int64_t transactions() const { return transactions_; }

 private:
  void Run();
  const Cluster& cluster_;
  std::string topic_;
  int partitions_;
  milliseconds round_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> transactions_ = 0;
  std::atomic<int64_t> allowed_ = std::numeric_limits<int64_t>::max();
  std::thread thread_;
};

}  // namespace klink::it
