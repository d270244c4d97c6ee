#include "tests/oracle/fetcher.h"

#include <map>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

namespace klink::oracle {
namespace {

constexpr int kAnswerLimitSeconds = 20;
constexpr int32_t kFetchBytes = 16 << 20;
constexpr int kFetchApi = 1;
constexpr int kListOffsetsApi = 2;
constexpr int kMetadataApi = 3;

[[noreturn]] void Fail(const std::string& text) { throw std::runtime_error("oracle: " + text); }

class Writer {
 public:
  Writer& Int(int64_t value, int size) {
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>(static_cast<uint64_t>(value) >> shift));
    }
    return *this;
  }
  Writer& Text(const std::string& text) {
    Int(std::ssize(text), 2);
    bytes += text;
    return *this;
  }
  std::string bytes;
};

class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t Int(int size) {
    const std::string part = Take(size);
    int64_t value = static_cast<int8_t>(part[0]);
    for (int i = 1; i < size; ++i) value = value << 8 | static_cast<uint8_t>(part[i]);
    return value;
  }
  std::string Text() {
    const int64_t size = Int(2);
    return size < 0 ? "" : Take(size);
  }
  std::string Bytes() {
    const int64_t size = Int(4);
    return size < 0 ? "" : Take(size);
  }
  std::string Take(int64_t size) {
    if (size < 0 || at_ + static_cast<size_t>(size) > bytes_.size()) Fail("an answer ended early");
    at_ += static_cast<size_t>(size);
    return bytes_.substr(at_ - static_cast<size_t>(size), static_cast<size_t>(size));
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

class Connection {
 public:
  Connection(const std::string& host, int port) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{.tv_sec = kAnswerLimitSeconds, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      close(fd_);
      Fail(fmt::format("cannot reach {}:{}", host, port));
    }
  }
  ~Connection() { close(fd_); }
  Connection(Connection&&) = delete;

  Reader Call(int api, int version, const Writer& body) {
    Writer request;
    request.Int(api, 2).Int(version, 2).Int(++correlation_, 4).Text("oracle");
    request.bytes += body.bytes;
    Writer frame;
    frame.Int(std::ssize(request.bytes), 4);
    frame.bytes += request.bytes;
    if (send(fd_, frame.bytes.data(), frame.bytes.size(), MSG_NOSIGNAL) != std::ssize(frame.bytes)) Fail("send");
    const int64_t size = Reader(Receive(4)).Int(4);
    Reader answer(Receive(size));
    if (answer.Int(4) != correlation_) Fail("an answer to another request");
    return answer;
  }

 private:
  std::string Receive(int64_t size) {
    std::string bytes(static_cast<size_t>(size), '\0');
    if (recv(fd_, bytes.data(), bytes.size(), MSG_WAITALL) != size) Fail("the connection ended");
    return bytes;
  }
  int fd_ = -1;
  int32_t correlation_ = 0;
};

struct Address {
  std::string host;
  int port = 0;
};

Address LeaderIn(Reader answer, const std::string& topic, int partition) {
  std::map<int64_t, Address> brokers;
  for (int64_t n = answer.Int(4); n > 0; --n) {
    const int64_t id = answer.Int(4);
    std::string host = answer.Text();
    brokers[id] = {std::move(host), static_cast<int>(answer.Int(4))};
    answer.Text();  // rack
  }
  answer.Int(4);  // controller
  int64_t leader = -1;
  for (int64_t topics = answer.Int(4); topics > 0; --topics) {
    answer.Int(2);
    answer.Text();
    answer.Int(1);
    for (int64_t partitions = answer.Int(4); partitions > 0; --partitions) {
      answer.Int(2);
      const int64_t index = answer.Int(4);
      const int64_t its_leader = answer.Int(4);
      if (index == partition) leader = its_leader;
      for (int list = 0; list < 2; ++list) answer.Take(4 * answer.Int(4));  // replicas, in-sync replicas
    }
  }
  if (!brokers.contains(leader)) Fail(fmt::format("{}-{} has no leader", topic, partition));
  return brokers[leader];
}

Address FindLeader(const std::string& bootstrap, const std::string& topic, int partition) {
  std::string last = "no address";
  for (size_t at = 0; at < bootstrap.size();) {
    const size_t comma = std::min(bootstrap.find(',', at), bootstrap.size());
    const std::string one = bootstrap.substr(at, comma - at);
    at = comma + 1;
    try {
      Connection connection(one.substr(0, one.find(':')), std::stoi(one.substr(one.find(':') + 1)));
      return LeaderIn(connection.Call(kMetadataApi, 1, Writer().Int(1, 4).Text(topic)), topic, partition);
    } catch (const std::runtime_error& error) {
      last = error.what();
    }
  }
  Fail(last);
}

int64_t ListOffset(Connection& connection, const std::string& topic, int partition, int64_t timestamp) {
  Writer request;
  request.Int(-1, 4).Int(1, 4).Text(topic).Int(1, 4).Int(partition, 4).Int(timestamp, 8);
  Reader answer = connection.Call(kListOffsetsApi, 1, request);
  answer.Int(4);
  answer.Text();
  answer.Int(4);
  answer.Int(4);
  if (const int64_t error = answer.Int(2); error != 0) Fail(fmt::format("ListOffsets of {}: error {}", topic, error));
  answer.Int(8);
  return answer.Int(8);
}

std::string FetchAt(Connection& connection, const std::string& topic, int partition, int64_t offset) {
  Writer request;
  request.Int(-1, 4).Int(1000, 4).Int(1, 4).Int(kFetchBytes, 4).Int(0, 1);
  request.Int(1, 4).Text(topic).Int(1, 4).Int(partition, 4).Int(offset, 8).Int(kFetchBytes, 4);
  Reader answer = connection.Call(kFetchApi, 4, request);
  answer.Int(4);  // throttle time
  answer.Int(4);
  answer.Text();
  answer.Int(4);
  answer.Int(4);
  if (const int64_t error = answer.Int(2); error != 0) {
    Fail(fmt::format("Fetch of {}-{} at {}: error {}", topic, partition, offset, error));
  }
  answer.Int(8);
  answer.Int(8);
  if (const int64_t aborted = answer.Int(4); aborted > 0) answer.Take(16 * aborted);
  return answer.Bytes();
}

}  // namespace

namespace {
Log Range(Connection& connection, const std::string& topic, int partition) {
  Log log;
  log.start = ListOffset(connection, topic, partition, -2);
  log.end = ListOffset(connection, topic, partition, -1);
  return log;
}
}  // namespace

Log FetchRange(const std::string& bootstrap, const std::string& topic, int partition) {
  const Address leader = FindLeader(bootstrap, topic, partition);
  Connection connection(leader.host, leader.port);
  return Range(connection, topic, partition);
}

int64_t OffsetAtTime(const std::string& bootstrap, const std::string& topic, int partition, int64_t time) {
  const Address leader = FindLeader(bootstrap, topic, partition);
  Connection connection(leader.host, leader.port);
  return ListOffset(connection, topic, partition, time);
}

Log FetchLog(const std::string& bootstrap, const std::string& topic, int partition) {
  const Address leader = FindLeader(bootstrap, topic, partition);
  Connection connection(leader.host, leader.port);
  Log log = Range(connection, topic, partition);
  for (int64_t next = log.start; next < log.end;) {
    const std::vector<Batch> got = ParseBatches(FetchAt(connection, topic, partition, next));
    if (got.empty()) break;  // a trailing hole: nothing is left up to the end
    for (const Batch& batch : got) {
      if (batch.last_offset() < next) continue;
      next = batch.last_offset() + 1;
      log.batches.push_back(batch);
    }
  }
  return log;
}

}  // namespace klink::oracle
