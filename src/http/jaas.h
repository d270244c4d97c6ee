// A line of sasl.jaas.config as Kafka's clients write it. klink reads it only to say what is wrong with it: credentials
// of clusters stand in the configuration, and those of a call are not kept. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace klink::http {

struct JaasLine {
  std::string module;  // "org.apache.kafka.common.security.plain.PlainLoginModule"
  std::string flag;    // required | requisite | sufficient | optional
  std::map<std::string, std::string> options;
};

// MODULE FLAG (option=value)* ; with values as words, in single or in double quotes, and backslashes before what would
// else end them. InvalidArgument says where, and shows nothing of the line.
StatusOr<JaasLine> ParseJaas(std::string_view text);

}  // namespace klink::http
