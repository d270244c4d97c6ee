// Where frames are read into. Large buffers come back here when the last view of them is gone and serve the next frame:
// a fresh 10 MB buffer costs 2,560 page faults, a used one none. Small ones are plain memory.
// Views may be dropped on any thread, so the places are atomics.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "base/bytes.h"

namespace klink::kafka {

class BufferPool : public std::enable_shared_from_this<BufferPool> {
 public:
  static constexpr size_t kLarge = 128 << 10;    // from here on buffers are kept
  static constexpr size_t kKeptMost = 32 << 20;  // larger ones are given back to the system
  static constexpr size_t kPlaces = 8;

  BufferPool() = default;
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;

  // Not initialised. A size the peer merely declared costs address space only: pages are taken as bytes arrive.
  SharedBytes Take(size_t size);
  size_t kept() const;

 private:
  struct Block;
  Block* Find(size_t size);
  void Keep(Block* block);

  std::array<std::atomic<Block*>, kPlaces> places_{};
  std::atomic<size_t> next_{0};
};

}  // namespace klink::kafka
