// The newest lines of a log, for who cannot read the process's stderr. Any thread may add and read.
#pragma once

#include <algorithm>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace klink {

class LogTail {
 public:
  static constexpr size_t kLinesMost = 1000;
  static constexpr size_t kBytesMost = 1 << 20;

  void Add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    bytes_ += line.size();
    lines_.emplace_back(line);
    while (lines_.size() > kLinesMost || bytes_ > kBytesMost) {
      bytes_ -= lines_.front().size();
      lines_.pop_front();
    }
  }
  // The oldest of them first.
  std::vector<std::string> Newest(size_t most) const {
    const std::lock_guard lock(mutex_);
    return {lines_.end() - static_cast<ptrdiff_t>(std::min(most, lines_.size())), lines_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::string> lines_;
  size_t bytes_ = 0;
};

// Of what the process printed on stderr.
LogTail& StderrTail();

}  // namespace klink
