#include "kafka/wire.h"

#include "base/check.h"

namespace klink::kafka {

// --- Gather --------------------------------------------------------------------------------------------------------

SharedBytes Gather::Flat() const {
  SharedBytes flat = SharedBytes::Allocate(total);
  std::byte* to = flat.data();
  for (const SharedBytes& part : parts) {
    if (!part.empty()) std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return flat;
}

// --- Reader --------------------------------------------------------------------------------------------------------

namespace {
// Generous for every real answer (a string array, the worst, needs 11 per byte), mean to a hostile one.
constexpr size_t kMemoryPerByte = 16;
constexpr size_t kMemoryFree = 64 * 1024;
}  // namespace

Reader::Reader(SharedBytes bytes)
    : bytes_(std::move(bytes)), end_(bytes_.size()), memory_left_(kMemoryFree + kMemoryPerByte * bytes_.size()) {}

void Reader::Charge(size_t bytes) {
  if (bytes <= memory_left_) {
    memory_left_ -= bytes;
  } else {
    Fail("its elements take too much memory for its size");
  }
}

void Reader::Fail(std::string what) {
  if (!ok()) return;
  failure_ = std::move(what);
  failed_at_ = at_;
}

Status Reader::ToStatus(std::string_view what) const {
  if (ok()) return absl::OkStatus();
  std::string_view path = path_;
  if (path.starts_with('.')) path.remove_prefix(1);
  return DataLoss("{}{}{}, byte {} of {}: {}", what, path.empty() ? "" : ": field ", path, failed_at_, bytes_.size(),
                  failure_);
}

bool Reader::Need(size_t size, std::string_view what) {
  if (!ok()) return false;
  if (size <= left()) return true;
  Fail(fmt::format("{} of {} bytes, {} left", what, size, left()));
  return false;
}

uint32_t Reader::UnsignedVarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const auto byte = static_cast<uint8_t>(Number<int8_t>());
    if (!ok()) return 0;
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      if (value <= std::numeric_limits<uint32_t>::max()) return static_cast<uint32_t>(value);
      break;
    }
  }
  Fail("a varint of more than 32 bits");
  return 0;
}

int32_t Reader::Varint() {
  const uint32_t raw = UnsignedVarint();
  return static_cast<int32_t>((raw >> 1) ^ (~(raw & 1) + 1));
}

int64_t Reader::Varlong() {
  uint64_t raw = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const auto byte = static_cast<uint8_t>(Number<int8_t>());
    if (!ok()) return 0;
    if (shift == 63 && byte > 1) break;
    raw |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
  }
  Fail("a varint of more than 64 bits");
  return 0;
}

ByteView Reader::Bytes(size_t size) {
  if (!Need(size, "a value")) return {};
  ByteView bytes = bytes_.view().substr(at_, size);
  at_ += size;
  return bytes;
}

SharedBytes Reader::Slice(size_t size) {
  if (!Need(size, "a value")) return {};
  SharedBytes slice = bytes_.Slice(at_, size);
  at_ += size;
  return slice;
}

void Reader::Skip(size_t size) {
  if (Need(size, "a value")) at_ += size;
}

int32_t Reader::CheckLength(int64_t length, size_t min_element_size, std::string_view what) {
  if (!ok()) return -1;
  if (length < -1) {
    Fail(fmt::format("{} of length {}", what, length));
    return -1;
  }
  if (length > 0 && static_cast<uint64_t>(length) > left() / min_element_size) {
    Fail(fmt::format("{} of length {}, {} bytes left", what, length, left()));
    return -1;
  }
  return static_cast<int32_t>(length);
}

int32_t Reader::StringLength(bool flexible) {
  const int64_t length = flexible ? int64_t{UnsignedVarint()} - 1 : Number<int16_t>();
  return CheckLength(length, 1, "a string");
}

int32_t Reader::ArrayLength(bool flexible, size_t min_element_size) {
  const int64_t length = flexible ? int64_t{UnsignedVarint()} - 1 : Number<int32_t>();
  if (length > std::numeric_limits<int32_t>::max()) {
    Fail(fmt::format("an array of length {}", length));
    return -1;
  }
  return CheckLength(length, min_element_size, min_element_size == 1 ? "bytes" : "an array");
}

void Reader::SkipTags() {
  const uint32_t count = UnsignedVarint();
  for (uint32_t i = 0; i < count && ok(); ++i) {
    UnsignedVarint();
    Skip(UnsignedVarint());
  }
}

size_t Reader::Limit(size_t size) {
  const size_t former_end = end_;
  if (Need(size, "a tagged field")) end_ = at_ + size;
  return former_end;
}

// --- Writer --------------------------------------------------------------------------------------------------------

namespace {
// Below this a copy costs less than one more part in the gather list.
constexpr size_t kCopyBelow = 256;
constexpr size_t kFirstReserve = 256;  // most requests fit: one allocation
}  // namespace

size_t Writer::Grow(size_t size) {
  if (own_.capacity() == 0) own_.reserve(kFirstReserve);
  const size_t at = own_.size();
  own_.resize(at + size);
  return at;
}

void Writer::UnsignedVarint(uint32_t value) {
  for (; value >= 0x80; value >>= 7) Number(static_cast<uint8_t>(value | 0x80));
  Number(static_cast<uint8_t>(value));
}

void Writer::Varint(int32_t value) {
  UnsignedVarint((static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31));
}

void Writer::Varlong(int64_t value) {
  uint64_t raw = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  for (; raw >= 0x80; raw >>= 7) Number(static_cast<uint8_t>(raw | 0x80));
  Number(static_cast<uint8_t>(raw));
}

void Writer::Bytes(ByteView bytes) { own_.insert(own_.end(), bytes.begin(), bytes.end()); }

void Writer::Shared(const SharedBytes& bytes) {
  if (bytes.size() < kCopyBelow) return Bytes(bytes.view());
  cuts_.push_back({own_.size(), bytes});
  shared_size_ += bytes.size();
}

void Writer::StringLength(int32_t length, bool flexible) {
  if (flexible) return UnsignedVarint(static_cast<uint32_t>(length + 1));
  KLINK_CHECK(length <= std::numeric_limits<int16_t>::max());
  Number(static_cast<int16_t>(length));
}

void Writer::ArrayLength(int32_t length, bool flexible) {
  if (flexible) return UnsignedVarint(static_cast<uint32_t>(length + 1));
  Number(length);
}

void Writer::Append(Writer&& tail) {
  KLINK_CHECK(tail.cuts_.empty());
  Bytes({tail.own_.data(), tail.own_.size()});
}

void Writer::PatchSize() {
  KLINK_CHECK(own_.size() >= 4 && size() - 4 <= std::numeric_limits<int32_t>::max());
  StoreBe(own_.data(), static_cast<int32_t>(size() - 4));
}

Gather Writer::Finish() && {
  Gather gather;
  gather.total = size();
  gather.parts.reserve(2 * cuts_.size() + 1);
  auto own = std::make_shared<std::vector<std::byte>>(std::move(own_));
  const SharedBytes all(own, own->data(), own->size());
  size_t at = 0;
  for (Cut& cut : cuts_) {
    if (cut.at > at) gather.parts.push_back(all.Slice(at, cut.at - at));
    gather.parts.push_back(std::move(cut.bytes));
    at = cut.at;
  }
  if (all.size() > at) gather.parts.push_back(all.Slice(at, all.size() - at));
  return gather;
}

// --- Headers -------------------------------------------------------------------------------------------------------

int32_t CorrelationIdOf(ByteView frame) {
  KLINK_CHECK(frame.size() >= 4);
  return LoadBe<int32_t>(frame.data());
}

StatusOr<RequestHeader> DecodeRequestHeader(SharedBytes frame) {
  Reader in(std::move(frame));
  RequestHeader header;
  header.key = static_cast<ApiKey>(in.Number<int16_t>());
  header.version = in.Number<int16_t>();
  header.correlation_id = in.Number<int32_t>();
  if (const int32_t size = in.StringLength(false); size > 0) header.client_id = AsText(in.Bytes(size));
  const ApiInfo* api = FindApi(header.key);
  if (api == nullptr || header.version >= api->flexible_since) in.SkipTags();
  RETURN_IF_ERROR(in.ToStatus("request header"));
  header.body = in.Slice(in.left());
  return header;
}

}  // namespace klink::kafka
