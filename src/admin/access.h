// How a cluster is reached through librdkafka, and the name operators know it by.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace klink::kafka {
class Relay;
}

namespace klink::admin {

using Properties = std::map<std::string, std::string>;  // librdkafka's names

// Gets librdkafka's own log lines (syslog levels: 3 error, 4 warning, 6 info, 7 debug). Called on librdkafka's threads.
using LogSink = std::function<void(int level, std::string_view text)>;

struct Access {
  std::string cluster;    // its name in the configuration
  Properties properties;  // bootstrap.servers, security.protocol …
  // For a cluster behind TLS or SASL: how its brokers are reached. Empty: librdkafka opens sockets itself.
  std::shared_ptr<kafka::Relay> relay = {};
  LogSink log;  // empty: base/log
};

// "cluster lyon (l1:9092)".
std::string Where(const Access& access);

}  // namespace klink::admin
