#include "kafka/credentials.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

namespace klink::kafka {

uint64_t FileWatch::Generation(Instant now) {
  if (generation_ != 0 && now < next_look_) return generation_;
  next_look_ = now + kLook;
  std::string found = Fingerprint();
  if (generation_ == 0 || found != seen_) generation_++;
  seen_ = std::move(found);
  return generation_;
}

// A file that is replaced has another inode, one that is written another time or size. Symbolic links are followed:
// that is how mounted secrets change.
std::string FileWatch::Fingerprint() const {
  std::string all;
  for (const std::string& file : files_) {
    struct stat at = {};
    if (::stat(file.c_str(), &at) != 0) at = {};
    all += fmt::format("{}:{}:{}.{};", at.st_ino, at.st_size, at.st_mtim.tv_sec, at.st_mtim.tv_nsec);
  }
  return all;
}

std::string_view Name(CredentialKind kind) {
  constexpr std::string_view kNames[] = {"client_certificate", "ca_certificate", "broker_certificate", "token"};
  return kNames[std::min(static_cast<size_t>(kind), std::size(kNames) - 1)];
}

}  // namespace klink::kafka
