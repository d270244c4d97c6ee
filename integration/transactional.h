// An application that writes in transactions, through librdkafka.
#pragma once

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

}  // namespace klink::it
