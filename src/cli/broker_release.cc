#include "cli/broker_release.h"

#include <array>

namespace klink::cli {
namespace {

// The newest release first: the first row whose version is offered tells the release (protocol.md 7.7).
struct Sign {
  kafka::ApiKey api;
  int16_t version;
  const char* release;
};
constexpr std::array<Sign, 10> kSigns = {{
    {kafka::ApiKey::kDescribeLogDirs, 5, "4.3 or newer"},
    {kafka::ApiKey::kWriteTxnMarkers, 2, "4.2"},
    {kafka::ApiKey::kProduce, 13, "4.1"},
    {kafka::ApiKey::kProduce, 12, "4.0"},
    {kafka::ApiKey::kFetch, 17, "3.9"},
    {kafka::ApiKey::kFetch, 16, "3.7 to 3.8"},
    {kafka::ApiKey::kFetch, 14, "3.5 to 3.6"},
    {kafka::ApiKey::kDescribeLogDirs, 4, "3.3 to 3.4"},
    {kafka::ApiKey::kFetch, 13, "3.1 to 3.2"},
    {kafka::ApiKey::kFetch, 11, "2.8 to 3.0, or Redpanda"},
}};

}  // namespace

std::string ReleaseOf(const kafka::BrokerVersions& versions) {
  for (const Sign& sign : kSigns) {
    if (versions.RangeOf(sign.api).max >= sign.version) return sign.release;
  }
  return "older than 2.8";
}

Status CheckDestination(const kafka::BrokerVersions& versions) {
  if (versions.RangeOf(kafka::ApiKey::kDescribeLogDirs).max >= 4) return absl::OkStatus();
  return FailedPrecondition(
      "the destination's brokers are {}; klink writes to Kafka 3.3 or newer only: upgrade them, or choose another "
      "destination",
      ReleaseOf(versions));
}

}  // namespace klink::cli
