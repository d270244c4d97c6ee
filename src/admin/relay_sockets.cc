#include "admin/relay_sockets.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace klink::admin {
namespace {

constexpr uint32_t kNet = 127u << 24;  // an address of it leads nowhere else, should it ever be dialled
constexpr size_t kNamesMost = 1 << 16;

struct Found {
  addrinfo info = {};
  sockaddr_in address = {};
};

}  // namespace

RelaySockets::~RelaySockets() {
  for (const auto& [ours, theirs] : unconnected_) ::close(theirs);
}

int RelaySockets::Resolve(const char* node, const char* service, addrinfo** found) {
  if (node == nullptr) {
    delete reinterpret_cast<Found*>(*found);  // the info is its first member
    return 0;
  }
  const std::string_view port_text = service == nullptr ? std::string_view() : std::string_view(service);
  uint16_t port = 0;
  std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  const std::lock_guard lock(mutex_);
  auto at = std::find(names_.begin(), names_.end(), node);
  if (at == names_.end()) {
    if (names_.size() >= kNamesMost) return EAI_MEMORY;
    at = names_.insert(at, node);
  }
  auto* answer = new Found;
  answer->address.sin_family = AF_INET;
  answer->address.sin_port = htons(port);
  answer->address.sin_addr.s_addr = htonl(kNet + 1 + static_cast<uint32_t>(at - names_.begin()));
  answer->info.ai_family = AF_INET;
  answer->info.ai_socktype = SOCK_STREAM;
  answer->info.ai_protocol = IPPROTO_TCP;
  answer->info.ai_addrlen = sizeof answer->address;
  answer->info.ai_addr = reinterpret_cast<sockaddr*>(&answer->address);
  *found = &answer->info;
  return 0;
}

int RelaySockets::Open() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  const std::lock_guard lock(mutex_);
  unconnected_[ends[0]] = ends[1];
  return ends[0];
}

int RelaySockets::Connect(int fd, const sockaddr* address) {
  kafka::Endpoint to;
  int theirs = -1;
  {
    const std::lock_guard lock(mutex_);
    const auto pair = unconnected_.find(fd);
    if (pair == unconnected_.end() || address->sa_family != AF_INET) return EINVAL;
    const auto* in = reinterpret_cast<const sockaddr_in*>(address);
    const size_t index = ntohl(in->sin_addr.s_addr) - kNet - 1;
    if (index >= names_.size()) return EHOSTUNREACH;
    to = {.host = names_[index], .port = ntohs(in->sin_port)};
    theirs = pair->second;
    unconnected_.erase(pair);
  }
  relay_->Serve(theirs, std::move(to));
  return 0;
}

int RelaySockets::Close(int fd) {
  const std::lock_guard lock(mutex_);
  if (const auto pair = unconnected_.find(fd); pair != unconnected_.end()) {
    ::close(pair->second);
    unconnected_.erase(pair);
  }
  return ::close(fd);
}

}  // namespace klink::admin
