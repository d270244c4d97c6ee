// ApiVersions as a broker answers it: versions 0 to 4. An offer is the list of ranges klink itself speaks unless a test
// narrows it. A request in a version above `most` is answered in version 0 with UNSUPPORTED_VERSION, as brokers do.
#pragma once

#include "kafka/messages/all.h"
#include "tests/fake/broker.h"

namespace klink::fake {

struct Offer {
  std::map<ApiKey, kafka::VersionRange> ranges;
  int16_t most = 4;  // of ApiVersions itself

  static Offer Everything() {
    Offer offer;
    kafka::ForEachRequest([&]<class R>() { offer.ranges[R::kKey] = {.min = R::kMin, .max = R::kMax}; });
    return offer;
  }
};

inline void ServeApiVersions(Broker& broker, Offer offer = Offer::Everything()) {
  broker.Handle(ApiKey::kApiVersions, [offer](const kafka::RequestHeader& header) -> std::optional<SharedBytes> {
    kafka::ApiVersionsResponse response;
    for (const auto& [api, range] : offer.ranges) {
      response.api_keys.push_back(
          {.api_key = static_cast<int16_t>(api), .min_version = range.min, .max_version = range.max});
    }
    const bool known = header.version <= offer.most;
    if (!known) response.error_code = kafka::Error::kUnsupportedVersion;
    const int16_t version = known ? header.version : int16_t{0};
    return kafka::EncodeResponse<kafka::ApiVersionsRequest>(response, version, header.correlation_id).Flat();
  });
}

}  // namespace klink::fake
