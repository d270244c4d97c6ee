// One partition of a real cluster, asked through klink's wire client, one question after the other: what the
// simulator's model of it is compared with.
#pragma once

#include <memory>
#include <string>

#include "kafka/errors.h"
#include "link/ports.h"

namespace klink::live {

struct Answered {
  kafka::Error error = kafka::Error::kUnknownServerError;
  int64_t base = -1;
  friend bool operator==(const Answered&, const Answered&) = default;
};

// Throws std::runtime_error when the cluster does not answer.
class LivePartition {
 public:
  LivePartition(const std::string& bootstrap, const std::string& topic);
  ~LivePartition();

  // acks=all; `transactional_id` may be empty.
  Answered Produce(const SharedBytes& batch, const std::string& transactional_id);
  kafka::Error DeleteRecords(int64_t offset);
  // The slot's id; fills in the rest.
  kafka::Error InitProducerId(link::TransactionSlot& slot);
  kafka::Error AddPartition(const link::TransactionSlot& slot);
  kafka::Error EndTxn(const link::TransactionSlot& slot, bool commit);
  int64_t Start();
  int64_t End();
  std::vector<link::ProducerState> Producers();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace klink::live
