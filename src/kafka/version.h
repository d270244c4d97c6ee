// Which version of an API to speak with one broker: the highest both sides know, or a sentence that says why none.
#pragma once

#include <map>
#include <string_view>

#include "base/status.h"
#include "kafka/api.h"

namespace klink::kafka {

// What one broker offers, from its ApiVersions answer.
class BrokerVersions {
 public:
  BrokerVersions() = default;
  explicit BrokerVersions(const ApiVersionsResponse& response);

  // Empty when the broker does not offer the API.
  VersionRange RangeOf(ApiKey key) const;

  // The highest version of R both sides speak, at most `at_most`: topics are named by id alone above R::kMaxByName.
  template <class R>
  StatusOr<int16_t> Pick(int16_t at_most = R::kMax) const {
    return Pick(R::kKey, {.min = R::kMin, .max = at_most < R::kMax ? at_most : R::kMax});
  }
  StatusOr<int16_t> Pick(ApiKey key, VersionRange ours) const;

  // A finalized feature's level (KIP-584), 0 when the broker does not name it: "metadata.version" tells releases apart.
  int16_t FeatureLevel(std::string_view name) const;

 private:
  std::map<ApiKey, VersionRange> ranges_;
  std::map<std::string, int16_t, std::less<>> features_;
};

}  // namespace klink::kafka
