// One log, read forward by raw batches up to an end fixed beforehand, no faster than asked.
#pragma once

#include <deque>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/types.h"
#include "kafka/cluster.h"

namespace klink::link {

// Spreads what is read over time; shared by all that counts together.
class Pace {
 public:
  Pace(Clock& clock, int64_t bytes_per_second) : clock_(clock), rate_(bytes_per_second) {}  // 0: as fast as it goes
  // Waits until so much may have been read. Cancelled when stopped.
  Async<Status> Spent(int64_t bytes);
  // No single read should take longer than a second.
  int32_t Most(int32_t bytes) const {
    return rate_ > 0 ? static_cast<int32_t>(std::min<int64_t>(bytes, rate_)) : bytes;
  }

 private:
  Clock& clock_;
  int64_t rate_;
  Instant free_at_{};
};

class LogReader {
 public:
  LogReader(kafka::Cluster& cluster, TopicPartition tp, int64_t next, int64_t end, int32_t read_bytes, Pace& pace)
      : cluster_(cluster), tp_(std::move(tp)), next_(next), end_(end), read_bytes_(read_bytes), pace_(pace) {}

  // The next batch that ends beyond what was read; nothing at the end, which may lie behind a hole. OutOfRange: the log
  // start has moved beyond what is to be read.
  Async<StatusOr<std::optional<SharedBytes>>> Next();

 private:
  Async<Status> Fill();
  Status Take(SharedBytes records);

  kafka::Cluster& cluster_;
  TopicPartition tp_;
  int64_t next_;
  int64_t end_;
  int32_t read_bytes_;
  Pace& pace_;
  std::deque<SharedBytes> batches_;
};

}  // namespace klink::link
