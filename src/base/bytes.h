// Shared, reference-counted bytes: a response buffer is read once and its parts live on as views of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace klink {

using ByteView = std::basic_string_view<std::byte>;

inline ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// A part of a buffer that it keeps alive. Whoever holds the only views may write through data() (batch_patch does).
class SharedBytes {
 public:
  SharedBytes() = default;
  static SharedBytes Allocate(size_t size);  // not initialised
  static SharedBytes CopyOf(ByteView bytes);
  // Views `size` bytes at `data`, kept alive by `owner`.
  SharedBytes(std::shared_ptr<void> owner, std::byte* data, size_t size)
      : owner_(std::move(owner)), data_(data), size_(size) {}

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data_, size_}; }
  SharedBytes Slice(size_t offset, size_t size) const { return {owner_, data_ + offset, size}; }
  friend bool operator==(const SharedBytes& a, const SharedBytes& b) { return a.view() == b.view(); }

 private:
  std::shared_ptr<void> owner_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
};

// Big-endian numbers, as Kafka writes them.
template <class T>
T LoadBe(const std::byte* from) {
  std::make_unsigned_t<T> v;
  std::memcpy(&v, from, sizeof v);
  if constexpr (sizeof v == 2) v = __builtin_bswap16(v);
  if constexpr (sizeof v == 4) v = __builtin_bswap32(v);
  if constexpr (sizeof v == 8) v = __builtin_bswap64(v);
  return static_cast<T>(v);
}
template <class T>
void StoreBe(std::byte* to, T value) {
  auto v = static_cast<std::make_unsigned_t<T>>(value);
  if constexpr (sizeof v == 2) v = __builtin_bswap16(v);
  if constexpr (sizeof v == 4) v = __builtin_bswap32(v);
  if constexpr (sizeof v == 8) v = __builtin_bswap64(v);
  std::memcpy(to, &v, sizeof v);
}

}  // namespace klink
