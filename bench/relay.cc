// The floor: the least a program outside the brokers can do to copy record batches byte for byte. Fetch, patch the
// header in place, produce; three threads, two connections, five requests in flight, no recovery, no map, no checks
// worth the name. A measuring stick for `./x bench mirror`, not a model.
//
//   bench_relay SOURCE DESTINATION TOPIC PARTITIONS RECORDS     (host:port; the topic is at the destination, empty)
//
// It stays alive after the last record, so that it can be measured from outside as any other agent.
#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace klink::bench {
namespace {

constexpr int kDepth = 5;              // unanswered produce requests: the broker remembers five batches
constexpr size_t kAnswersWaiting = 2;  // fetched, not yet sent
constexpr int32_t kFetchMax = 12 << 20;
constexpr int32_t kPartitionMax = 2 << 20;
constexpr int kSocketBuffer = 4 << 20;
constexpr size_t kHeaderBytes = 61;

[[noreturn]] void Fail(const std::string& text) {
  fmt::print(stderr, "relay: {}\n", text);
  std::exit(1);
}

int Connect(const std::string& address) {
  const size_t colon = address.find(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) Fail("cannot reach " + address);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &kSocketBuffer, sizeof kSocketBuffer);
  return fd;
}

void Receive(int fd, std::byte* to, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(fd, to, size, MSG_WAITALL);
    if (got <= 0) Fail("a connection ended");
    to += got;
    size -= static_cast<size_t>(got);
  }
}

void SendAll(int fd, std::vector<iovec> parts) {
  for (size_t at = 0; at < parts.size();) {
    ssize_t sent = writev(fd, &parts[at], static_cast<int>(std::min<size_t>(parts.size() - at, IOV_MAX)));
    if (sent < 0) Fail("a connection ended while sending");
    while (at < parts.size() && static_cast<size_t>(sent) >= parts[at].iov_len) {
      sent -= static_cast<ssize_t>(parts[at++].iov_len);
    }
    if (sent == 0) continue;
    parts[at].iov_base = static_cast<char*>(parts[at].iov_base) + sent;
    parts[at].iov_len -= static_cast<size_t>(sent);
  }
}

struct Writer {
  std::string bytes;
  template <class T>
  Writer& Number(T value) {
    std::byte raw[sizeof(T)];
    if constexpr (sizeof(T) == 1) {
      raw[0] = static_cast<std::byte>(value);
    } else {
      StoreBe<T>(raw, value);
    }
    bytes.append(reinterpret_cast<const char*>(raw), sizeof raw);
    return *this;
  }
  Writer& Text(const std::string& text) {
    Number(static_cast<int16_t>(text.size()));
    bytes += text;
    return *this;
  }
};

struct Cursor {
  const std::byte* at;
  template <class T>
  T Next() {
    const T value = LoadBe<T>(at);
    at += sizeof(T);
    return value;
  }
  void SkipText() { at += Next<int16_t>(); }
};

struct Batch {
  std::byte* data;
  size_t size;
  int32_t partition;
};
struct Fetched {
  std::unique_ptr<std::byte[]> buffer;
  std::vector<std::vector<Batch>> per_partition;
};

struct Job {
  std::string source, destination, topic;
  int32_t partitions;
  int64_t records;
};

class Relay {
 public:
  explicit Relay(Job job)
      : job_(std::move(job)),
        source_(Connect(job_.source)),
        destination_(Connect(job_.destination)),
        next_(static_cast<size_t>(job_.partitions), 0) {}

  void Run() {
    std::thread fetching([this] { Fetch(); });
    std::thread answering([this] { ReadAnswers(); });
    while (const std::shared_ptr<Fetched> fetched = Pop()) Produce(*fetched);
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return in_flight_ == 0; });
      finished_ = true;
    }
    changed_.notify_all();
    answering.join();
    fetching.join();
  }

 private:
  void Fetch() {
    for (int64_t left = job_.records; left > 0;) {
      Writer request;
      request.Number<int16_t>(1).Number<int16_t>(4).Number(++fetch_correlation_).Text("relay");
      request.Number<int32_t>(-1).Number<int32_t>(500).Number<int32_t>(1).Number(kFetchMax).Number<int8_t>(0);
      request.Number<int32_t>(1).Text(job_.topic).Number(job_.partitions);
      for (int32_t p = 0; p < job_.partitions; ++p) {
        request.Number(p).Number(next_[static_cast<size_t>(p)]).Number(kPartitionMax);
      }
      Writer frame;
      frame.Number(static_cast<int32_t>(request.bytes.size())).bytes += request.bytes;
      SendAll(source_, {{frame.bytes.data(), frame.bytes.size()}});
      std::byte prefix[4];
      Receive(source_, prefix, sizeof prefix);
      const auto size = static_cast<size_t>(LoadBe<int32_t>(prefix));
      auto fetched = std::make_shared<Fetched>();
      fetched->buffer.reset(new std::byte[size]);
      Receive(source_, fetched->buffer.get(), size);
      left -= Split(*fetched);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return waiting_.size() < kAnswersWaiting; });
      waiting_.push_back(std::move(fetched));
      changed_.notify_all();
    }
    const std::lock_guard lock(mutex_);
    all_fetched_ = true;
    changed_.notify_all();
  }

  // Finds the batches of an answer; returns how many records are new.
  int64_t Split(Fetched& fetched) {
    fetched.per_partition.resize(next_.size());
    int64_t records = 0;
    Cursor cursor{fetched.buffer.get() + 12};  // correlation, throttle time, one topic
    cursor.SkipText();
    for (int32_t n = cursor.Next<int32_t>(); n > 0; --n) {
      const auto partition = cursor.Next<int32_t>();
      if (const auto error = cursor.Next<int16_t>(); error != 0) Fail(fmt::format("fetch: error {}", error));
      cursor.at += 16;  // high watermark, last stable offset
      if (const auto aborted = cursor.Next<int32_t>(); aborted > 0) cursor.at += 16 * aborted;
      const auto bytes = cursor.Next<int32_t>();
      auto* at = const_cast<std::byte*>(cursor.at);
      std::byte* const end = at + std::max(bytes, 0);
      cursor.at = end;
      int64_t& next = next_[static_cast<size_t>(partition)];
      while (at + kHeaderBytes <= end) {
        const size_t size = static_cast<size_t>(LoadBe<int32_t>(at + 8)) + 12;
        if (at + size > end) break;
        if (LoadBe<int64_t>(at) >= next) {
          fetched.per_partition[static_cast<size_t>(partition)].push_back({at, size, partition});
          next = LoadBe<int64_t>(at) + LoadBe<int32_t>(at + 23) + 1;
          records += LoadBe<int32_t>(at + 57);
        }
        at += size;
      }
    }
    return records;
  }

  std::shared_ptr<Fetched> Pop() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty() || all_fetched_; });
    if (waiting_.empty()) return nullptr;
    auto fetched = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return fetched;
  }

  // At most one batch per partition goes into a request.
  void Produce(const Fetched& fetched) {
    for (size_t round = 0;; ++round) {
      std::vector<Batch> batches;
      for (const auto& list : fetched.per_partition) {
        if (round < list.size()) batches.push_back(list[round]);
      }
      if (batches.empty()) return;
      Send(batches);
    }
  }

  void Send(const std::vector<Batch>& batches) {
    Writer head;
    head.Number<int16_t>(0).Number<int16_t>(7).Number(++produce_correlation_).Text("relay");
    head.Number<int16_t>(-1).Number<int16_t>(-1).Number<int32_t>(30000);
    head.Number<int32_t>(1).Text(job_.topic).Number(static_cast<int32_t>(batches.size()));
    size_t total = head.bytes.size();
    std::vector<std::string> prefixes;
    for (const Batch& batch : batches) {
      Patch(batch);
      prefixes.push_back(Writer().Number(batch.partition).Number(static_cast<int32_t>(batch.size)).bytes);
      total += prefixes.back().size() + batch.size;
    }
    std::string start = Writer().Number(static_cast<int32_t>(total)).bytes + head.bytes;
    std::vector<iovec> parts = {{start.data(), start.size()}};
    for (size_t i = 0; i < batches.size(); ++i) {
      parts.push_back({prefixes[i].data(), prefixes[i].size()});
      parts.push_back({batches[i].data, batches[i].size});
    }
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return in_flight_ < kDepth; });
      ++in_flight_;
    }
    SendAll(destination_, std::move(parts));
    changed_.notify_all();
  }

  // baseOffset 0, our producer id, epoch 0, sequence = offset; the checksum follows from the changed header alone.
  void Patch(const Batch& batch) const {
    constexpr size_t kFrom = 21, kCovered = 40;
    std::byte difference[kCovered];
    std::memcpy(difference, batch.data + kFrom, kCovered);
    const auto sequence = static_cast<int32_t>(LoadBe<int64_t>(batch.data) & 0x7fffffff);
    StoreBe<int64_t>(batch.data, 0);
    StoreBe<int64_t>(batch.data + 43, producer_id_);
    StoreBe<int16_t>(batch.data + 51, 0);
    StoreBe<int32_t>(batch.data + 53, sequence);
    for (size_t i = 0; i < kCovered; ++i) difference[i] ^= batch.data[kFrom + i];
    const uint32_t delta = Crc32cShift(Crc32cRaw(0, {difference, kCovered}), batch.size - kHeaderBytes);
    StoreBe<uint32_t>(batch.data + 17, LoadBe<uint32_t>(batch.data + 17) ^ delta);
  }

  void ReadAnswers() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return in_flight_ > 0 || finished_; });
        if (finished_) return;
      }
      std::byte prefix[4];
      Receive(destination_, prefix, sizeof prefix);
      std::vector<std::byte> answer(static_cast<size_t>(LoadBe<int32_t>(prefix)));
      Receive(destination_, answer.data(), answer.size());
      CheckAnswer(answer);
      const std::lock_guard lock(mutex_);
      --in_flight_;
      changed_.notify_all();
    }
  }

  static void CheckAnswer(const std::vector<std::byte>& answer) {
    Cursor cursor{answer.data() + 8};  // correlation, one topic
    cursor.SkipText();
    for (int32_t n = cursor.Next<int32_t>(); n > 0; --n) {
      const auto partition = cursor.Next<int32_t>();
      if (const auto error = cursor.Next<int16_t>(); error != 0) {
        Fail(fmt::format("produce to partition {}: error {}", partition, error));
      }
      cursor.at += 24;  // base offset, append time, log start
    }
  }

  Job job_;
  int source_;
  int destination_;
  std::vector<int64_t> next_;  // fetch offset per partition
  int64_t producer_id_ = static_cast<int64_t>(std::time(nullptr)) << 24;
  int32_t fetch_correlation_ = 0;
  int32_t produce_correlation_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Fetched>> waiting_;
  bool all_fetched_ = false;
  bool finished_ = false;
  int in_flight_ = 0;
};

}  // namespace
}  // namespace klink::bench

int main(int count, char** arguments) {
  if (count != 6) klink::bench::Fail("usage: bench_relay SOURCE DESTINATION TOPIC PARTITIONS RECORDS");
  klink::bench::Job job{arguments[1], arguments[2], arguments[3], std::atoi(arguments[4]), std::atoll(arguments[5])};
  klink::bench::Relay(std::move(job)).Run();
  pause();
}
