#include "integration/proxy.h"

#include <optional>
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

int32_t Number(const std::string& bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = 0; i < size; i++) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return static_cast<int32_t>(value);
}

// Of a Produce request in a flexible version (9 to 12) that stands alone and whole in `bytes`.
struct SeenProduce {
  int32_t correlation = 0;
  std::string topic;
  int32_t partition = 0;
};
std::optional<SeenProduce> FindProduce(const std::string& bytes) {
  constexpr size_t kHeader = 14;  // size, key, version, correlation id, length of the client id
  if (bytes.size() < kHeader || Number(bytes, 0, 4) != static_cast<int32_t>(bytes.size()) - 4) return std::nullopt;
  const int32_t version = Number(bytes, 6, 2);
  if (Number(bytes, 4, 2) != 0 || version < 9 || version > 12) return std::nullopt;
  SeenProduce seen;
  seen.correlation = Number(bytes, 8, 4);
  size_t at = kHeader + static_cast<size_t>(Number(bytes, 12, 2)) + 1;  // no tags
  const auto length = static_cast<unsigned char>(bytes.at(at++));       // of the transactional id, and one
  at += length > 0 ? length - 1u : 0u;
  at += 2 + 4 + 1;  // acks, timeout, one topic
  const size_t name = static_cast<unsigned char>(bytes.at(at++)) - 1u;
  seen.topic = bytes.substr(at, name);
  seen.partition = Number(bytes, at + name + 1, 4);
  return seen;
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

void Proxy::SwallowProduce(std::function<bool(const std::string& topic)> which, int times) {
  const std::lock_guard lock(mutex_);
  swallow_ = std::move(which);
  swallow_times_ = times;
}

// Empty when the request is to be forwarded.
std::string Proxy::SwallowedAnswer(const std::string& request) {
  const auto seen = FindProduce(request);
  if (!seen || !swallow_(seen->topic)) return "";
  --swallow_times_;
  ++swallowed_;
  const auto number = [](int64_t value, int size) {
    std::string bytes;
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
    return bytes;
  };
  const auto tiny = [](size_t value) { return std::string(1, static_cast<char>(value)); };
  // One topic with one partition: no error, base offset 0, no append time, log start 0, no record errors, no message.
  const std::string partition = number(seen->partition, 4) + number(0, 2) + number(0, 8) + number(-1, 8) +
                                number(0, 8) + tiny(1) + tiny(0) + tiny(0);
  const std::string body = number(seen->correlation, 4) + tiny(0) + tiny(2) + tiny(seen->topic.size() + 1) +
                           seen->topic + tiny(2) + partition + tiny(0) + number(0, 4) + tiny(0);
  return number(static_cast<int64_t>(body.size()), 4) + body;
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
  if (!from_broker && swallow_times_ > 0) {
    const std::string answer = SwallowedAnswer(chunk.substr(0, static_cast<size_t>(got)));
    if (!answer.empty()) return send(from, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
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
