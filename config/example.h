// A configuration to begin with, from the same description that the loader follows.
#pragma once

#include <string>

namespace klink::config {

struct ExampleBrokers {
  std::string source = "localhost:9092";
  std::string destination = "localhost:9093";
};

// Valid as it is. Every key that this version takes stands in it with what it means; what has a default stands there
// as a comment, with the default.
std::string ExampleYaml(const ExampleBrokers& brokers);

}  // namespace klink::config
