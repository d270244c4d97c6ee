#include "integration/proxy.h"

#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace klink::it {
namespace {

constexpr int kPollMs = 20;
constexpr size_t kChunk = 256 << 10;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

void CloseByReset(int fd) {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close(fd);
}

}  // namespace

Proxy::Proxy(int port) : port_(port), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = Loopback(port);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 64) != 0) {
    throw std::runtime_error("cannot listen on port " + std::to_string(port));
  }
  thread_ = std::thread([this] { Run(); });
}

Proxy::~Proxy() {
  stopping_ = true;
  thread_.join();
  ResetAll();
  close(listener_);
}

int Proxy::ResetAll() {
  const std::lock_guard lock(mutex_);
  for (const Pipe& pipe : pipes_) {
    CloseByReset(pipe.client);
    CloseByReset(pipe.server);
  }
  const int count = static_cast<int>(pipes_.size());
  pipes_.clear();
  return count;
}

// The lock is held while bytes move, so that a reset never closes a descriptor in use; a peer that does not read delays
// a reset by one blocking send at most.
void Proxy::Run() {
  while (!stopping_) {
    std::vector<pollfd> watched = {{.fd = listener_, .events = POLLIN, .revents = 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const Pipe& pipe : pipes_) {
        if (held_) break;
        watched.push_back({.fd = pipe.client, .events = POLLIN, .revents = 0});
        watched.push_back({.fd = pipe.server, .events = POLLIN, .revents = 0});
      }
    }
    if (poll(watched.data(), watched.size(), kPollMs) <= 0) continue;
    if (watched[0].revents != 0) Accept();
    const std::lock_guard lock(mutex_);
    for (size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents == 0) continue;
      for (size_t p = 0; p < pipes_.size(); ++p) {
        const Pipe pipe = pipes_[p];
        if (pipe.client != watched[i].fd && pipe.server != watched[i].fd) continue;
        const int other = pipe.client == watched[i].fd ? pipe.server : pipe.client;
        if (!Forward(watched[i].fd, other, watched[i].fd == pipe.server)) {
          close(pipe.client);
          close(pipe.server);
          pipes_.erase(pipes_.begin() + static_cast<std::ptrdiff_t>(p));
        }
        break;
      }
    }
  }
}

void Proxy::Accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(target_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    CloseByReset(client);
    close(server);
    return;
  }
  const int on = 1;
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const std::lock_guard lock(mutex_);
  pipes_.push_back({client, server});
}

void Proxy::Corrupt(const std::string& text, int times) {
  const std::lock_guard lock(mutex_);
  corrupt_ = text;
  corrupt_times_ = times;
}

bool Proxy::Forward(int from, int to, bool from_broker) {
  static thread_local std::string chunk(kChunk, '\0');
  const ssize_t got = recv(from, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) return false;
  if (from_broker && corrupt_times_ > 0) {
    const std::string_view bytes(chunk.data(), static_cast<size_t>(got));
    if (const size_t at = bytes.find(corrupt_); at != std::string_view::npos) {
      chunk[at] = static_cast<char>(chunk[at] ^ 1);
      --corrupt_times_;
      ++corrupted_;
    }
  }
  for (ssize_t at = 0; at < got;) {
    const ssize_t sent = send(to, chunk.data() + at, static_cast<size_t>(got - at), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += sent;
  }
  bytes_ += got;
  return true;
}

}  // namespace klink::it
