#include "base/bytes.h"

namespace klink {

SharedBytes SharedBytes::Allocate(size_t size) {
  std::shared_ptr<std::byte[]> owner(new std::byte[size]);
  std::byte* data = owner.get();
  return SharedBytes(std::shared_ptr<void>(std::move(owner), data), data, size);
}

SharedBytes SharedBytes::CopyOf(ByteView bytes) {
  SharedBytes copy = Allocate(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.data(), bytes.data(), bytes.size());
  return copy;
}

}  // namespace klink
