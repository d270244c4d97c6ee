// ApiVersions: which versions of which APIs a broker offers. Its response header is always version 0, and a broker that
// does not know the request's version answers in version 0 with UNSUPPORTED_VERSION and its ranges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/api.h"
#include "kafka/describe.h"
#include "kafka/errors.h"

namespace klink::kafka {

struct ApiVersion {
  int16_t api_key = 0;
  int16_t min_version = 0;
  int16_t max_version = 0;

  static void Describe(auto& m, auto& field) {
    field(m.api_key);
    field(m.min_version);
    field(m.max_version);
  }
  bool operator==(const ApiVersion&) const = default;
};

struct SupportedFeature {
  std::string name{};
  int16_t min_version = 0;
  int16_t max_version = 0;

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.min_version);
    field(m.max_version);
  }
  bool operator==(const SupportedFeature&) const = default;
};

struct FinalizedFeature {
  std::string name{};
  int16_t max_version_level = 0;
  int16_t min_version_level = 0;

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.max_version_level);
    field(m.min_version_level);
  }
  bool operator==(const FinalizedFeature&) const = default;
};

struct ApiVersionsResponse {
  static constexpr ApiKey kKey = ApiKey::kApiVersions;
  static constexpr int16_t kFlexibleSince = 3;

  Error error_code = Error::kNone;
  std::vector<ApiVersion> api_keys{};
  int32_t throttle_time_ms = 0;
  std::vector<SupportedFeature> supported_features{};
  int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeature> finalized_features{};
  bool zk_migration_ready = false;

  static void Describe(auto& m, auto& field) {
    field(m.error_code);
    field(m.api_keys);
    field(m.throttle_time_ms, Since(1));
    field(m.supported_features, Tag(0, Since(3)));
    field(m.finalized_features_epoch, Tag(1, Since(3), -1));
    field(m.finalized_features, Tag(2, Since(3)));
    field(m.zk_migration_ready, Tag(3, Since(3)));
  }
  bool operator==(const ApiVersionsResponse&) const = default;
};

struct ApiVersionsRequest {
  using Response = ApiVersionsResponse;
  static constexpr ApiKey kKey = ApiKey::kApiVersions;
  static constexpr int16_t kMin = 0;
  static constexpr int16_t kMax = 4;
  static constexpr int16_t kFlexibleSince = 3;
  static constexpr int16_t kAsked = 3;  // what klink opens a connection with: every supported broker knows it

  std::string client_software_name{};
  std::string client_software_version{};

  static void Describe(auto& m, auto& field) {
    field(m.client_software_name, Since(3));
    field(m.client_software_version, Since(3));
  }
  bool operator==(const ApiVersionsRequest&) const = default;
};

}  // namespace klink::kafka
