// The transactional ids of a link, found by asking their coordinators instead of the link's state: their names are
// numbers in a row (state/link_topics).
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "kafka/cluster.h"
#include "kafka/messages/describe_transactions.h"
#include "link/ports.h"

namespace klink::failover {

class LinkTransactions {
 public:
  // Cluster and clock outlive it.
  LinkTransactions(kafka::Cluster& cluster, Clock& clock, std::string link)
      : cluster_(cluster), clock_(clock), link_(std::move(link)) {}

  // Asks for all that the coordinators know. An error: some could not be asked about.
  Async<Status> Load();
  // Ends what is open in these topics, so that nobody who held it can commit it; how many in each partition.
  Async<StatusOr<std::map<TopicPartition, int64_t>>> Abort(std::set<std::string> topics);
  std::vector<link::TransactionSlot> All() const;

 private:
  struct Known {
    link::TransactionSlot as;
    std::vector<TopicPartition> open;
  };
  // Whether its coordinator knows it.
  Async<StatusOr<bool>> Ask(std::string id);

  kafka::Cluster& cluster_;
  Clock& clock_;
  std::string link_;
  std::vector<Known> known_;
};

}  // namespace klink::failover
