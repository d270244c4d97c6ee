// What klink proves its identity with may be renewed while it runs: secrets are asked for at each use, and files are
// watched, so that new connections use what stands there now and old ones can be replaced.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace klink::kafka {

// A secret as it stands now.
using SecretSource = std::function<std::string()>;

// Do these files still hold what they held? Answered from their metadata, looked at every kLook at most.
class FileWatch {
 public:
  static constexpr Duration kLook = 2s;

  explicit FileWatch(std::vector<std::string> files) : files_(std::move(files)) {}
  // Grows by one with each change that is seen.
  uint64_t Generation(Instant now);

 private:
  std::string Fingerprint() const;

  std::vector<std::string> files_;
  std::string seen_;
  uint64_t generation_ = 0;  // 0: never looked
  Instant next_look_;
};

// When something that klink needs for its connections ends. Called on the cluster's executor.
enum class CredentialKind : uint8_t { kClientCertificate, kCaCertificate, kBrokerCertificate, kToken };
std::string_view Name(CredentialKind kind);
using ExpirySink = std::function<void(CredentialKind, WallTime)>;

}  // namespace klink::kafka
