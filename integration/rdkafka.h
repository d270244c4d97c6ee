// librdkafka's objects with an owner, for the tools that speak to clusters through it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <librdkafka/rdkafka.h>

#include "integration/kafka_tools.h"

namespace klink::it {

template <auto F>
struct Freer {
  void operator()(auto* p) const { F(p); }
};
using Client = std::unique_ptr<rd_kafka_t, Freer<rd_kafka_destroy>>;
using Queue = std::unique_ptr<rd_kafka_queue_t, Freer<rd_kafka_queue_destroy>>;
using Event = std::unique_ptr<rd_kafka_event_t, Freer<rd_kafka_event_destroy>>;
using List = std::unique_ptr<rd_kafka_topic_partition_list_t, Freer<rd_kafka_topic_partition_list_destroy>>;
using Message = std::unique_ptr<rd_kafka_message_t, Freer<rd_kafka_message_destroy>>;

inline constexpr int kCallLimitMs = 30000;

// Throws what was tried and what came of it.
void Require(rd_kafka_resp_err_t error, const std::string& what);

// `configure` sets what is no text.
Client NewClient(rd_kafka_type_t type, const std::string& bootstrap, const Settings& settings,
                 const std::function<void(rd_kafka_conf_t*)>& configure = {});

}  // namespace klink::it
