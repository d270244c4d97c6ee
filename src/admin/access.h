// How a cluster is reached through librdkafka, and the name operators know it by.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace klink::admin {

using Properties = std::map<std::string, std::string>;  // librdkafka's names

// Gets librdkafka's own log lines (syslog levels: 3 error, 4 warning, 6 info, 7 debug). Called on librdkafka's threads.
using LogSink = std::function<void(int level, std::string_view text)>;

struct Access {
  std::string cluster;    // its name in the configuration
  Properties properties;  // bootstrap.servers, security.protocol …
  // The secrets among them as they stand now; empty: they do not change. Called on any thread.
  std::function<Properties()> secrets;
  LogSink log;  // empty: base/log
};

// Gives every open Handle the user and password that its cluster's secrets hold now: used from the next connection on.
// A Handle keeps the certificate it was opened with.
void RenewSecrets();

// "cluster lyon (l1:9092)".
std::string Where(const Access& access);

}  // namespace klink::admin
