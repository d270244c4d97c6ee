#include "kafka/version.h"

#include <algorithm>
#include <string>

#include "kafka/messages/api_versions.h"

namespace klink::kafka {
namespace {

std::string Text(VersionRange range) {
  return range.min == range.max ? fmt::format("version {}", range.min)
                                : fmt::format("versions {} to {}", range.min, range.max);
}

}  // namespace

BrokerVersions::BrokerVersions(const ApiVersionsResponse& response) {
  for (const ApiVersion& api : response.api_keys) {
    ranges_[static_cast<ApiKey>(api.api_key)] = {.min = api.min_version, .max = api.max_version};
  }
  for (const FinalizedFeature& feature : response.finalized_features) {
    features_[feature.name] = feature.max_version_level;
  }
}

VersionRange BrokerVersions::RangeOf(ApiKey key) const {
  auto found = ranges_.find(key);
  return found == ranges_.end() ? VersionRange{} : found->second;
}

StatusOr<int16_t> BrokerVersions::Pick(ApiKey key, VersionRange ours) const {
  const VersionRange theirs = RangeOf(key);
  if (theirs.empty()) {
    return FailedPrecondition(
        "the broker does not offer {} (API {}), klink needs {}: upgrade the brokers, or check that the address is a "
        "broker and not a controller",
        Name(key), static_cast<int16_t>(key), Text(ours));
  }
  const int16_t best = std::min(ours.max, theirs.max);
  if (best >= ours.min && best >= theirs.min) return best;
  return FailedPrecondition("no common version of {} (API {}): the broker speaks {}, klink speaks {}; upgrade {}",
                            Name(key), static_cast<int16_t>(key), Text(theirs), Text(ours),
                            theirs.max < ours.min ? "the brokers" : "klink");
}

int16_t BrokerVersions::FeatureLevel(std::string_view name) const {
  auto found = features_.find(name);
  return found == features_.end() ? 0 : found->second;
}

}  // namespace klink::kafka
