// Which Kafka release a broker is, as far as the API versions it offers tell. Pure.
#pragma once

#include <string>

#include "base/status.h"
#include "kafka/version.h"

namespace klink::cli {

// "4.3 or newer", "3.9", "3.3 to 3.5" …; "older than 2.8" below what klink reads from.
std::string ReleaseOf(const kafka::BrokerVersions& versions);
// A destination must be Kafka 3.3 or newer (protocol.md: compare-and-append, DescribeProducers, log end reads).
Status CheckDestination(const kafka::BrokerVersions& versions);

}  // namespace klink::cli
