#include "kafka/connection_buffers.h"

#include <cstdlib>
#include <new>

namespace klink::kafka {

struct BufferPool::Block {
  size_t capacity;
  std::byte* data() { return reinterpret_cast<std::byte*>(this) + kHeader; }
  static constexpr size_t kHeader = 64;  // keeps the data aligned
};

BufferPool::~BufferPool() {
  for (auto& place : places_) std::free(place.load());
}

SharedBytes BufferPool::Take(size_t size) {
  if (size < kLarge) return SharedBytes::Allocate(size);
  Block* block = Find(size);
  if (block == nullptr) {
    const size_t capacity = size + size / 8;  // room for the next frame of about this size
    void* memory = std::malloc(Block::kHeader + capacity);
    if (memory == nullptr) throw std::bad_alloc();
    block = new (memory) Block{.capacity = capacity};
  }
  std::shared_ptr<void> owner(block->data(), [pool = shared_from_this(), block](void*) { pool->Keep(block); });
  return SharedBytes(std::move(owner), block->data(), size);
}

// The first kept block that is large enough and not wastefully large; what does not fit is put back.
BufferPool::Block* BufferPool::Find(size_t size) {
  for (auto& place : places_) {
    Block* block = place.exchange(nullptr, std::memory_order_acq_rel);
    if (block == nullptr) continue;
    if (block->capacity >= size && block->capacity <= 4 * size) return block;
    Keep(block);
  }
  return nullptr;
}

// When every place is taken the new block takes a place in turn, so that the pool follows a change of frame sizes.
void BufferPool::Keep(Block* block) {
  if (block->capacity > kKeptMost) return std::free(block);
  for (auto& place : places_) {
    Block* empty = nullptr;
    if (place.compare_exchange_strong(empty, block, std::memory_order_acq_rel)) return;
  }
  std::free(places_[next_++ % kPlaces].exchange(block, std::memory_order_acq_rel));
}

size_t BufferPool::kept() const {
  size_t count = 0;
  for (auto& place : places_) count += place.load() != nullptr;
  return count;
}

}  // namespace klink::kafka
