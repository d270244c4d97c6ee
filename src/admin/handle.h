// One librdkafka instance, owned. It is destroyed on a thread of its own, because librdkafka joins its threads there:
// dropping a Handle never blocks the executor. All queues made from it are dropped before it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <librdkafka/rdkafka.h>

#include "admin/access.h"
#include "base/clock.h"
#include "base/status.h"

namespace klink::admin {

enum class Kind { kProducer, kConsumer };

// Sees every request and response go by, on librdkafka's threads.
class RequestWatch {
 public:
  virtual ~RequestWatch() = default;
  virtual void OnSent(int16_t api_key) = 0;
  virtual void OnAnswered(int16_t api_key) = 0;  // also when the request failed
};

class Handle {
 public:
  // `own` are the properties this use needs; they win over the cluster's. `events` as in rd_kafka_conf_set_events.
  static StatusOr<std::unique_ptr<Handle>> Open(const Access& access, Kind kind, const Properties& own, int events = 0,
                                                std::shared_ptr<RequestWatch> watch = nullptr);
  ~Handle();
  Handle(const Handle&) = delete;

  rd_kafka_t* get() const { return rk_; }
  const std::string& where() const { return where_; }  // "cluster lyon (l1:9092)"
  // What made this instance unusable for good, if anything did.
  std::optional<rd_kafka_resp_err_t> fatal(std::string* text = nullptr) const;

 private:
  struct Sink;
  Handle() = default;

  rd_kafka_t* rk_ = nullptr;
  std::string where_;
  std::shared_ptr<Sink> sink_;  // librdkafka logs into it until it is destroyed
};

// Asks for a topic's leaders now. Without it librdkafka finds them out with its next scan, up to a second after the
// first record. Blocks; its failure shows when the topic is used.
void LearnTopic(const Handle& handle, const std::string& topic, Duration at_most);

// Waits until every dropped Handle is gone (at the end of main, after the executor stopped).
bool WaitUntilHandlesAreGone(Duration at_most);

// Properties a handle gets unless the configuration says otherwise: nothing waits a minute.
inline constexpr const char* kSocketTimeoutMs = "10000";
inline constexpr const char* kReconnectMaxMs = "2000";

}  // namespace klink::admin
