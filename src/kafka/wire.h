// The wire codec: any message of messages/*.h to bytes and back.
//
// Decoding trusts nothing: a count or length is compared with the bytes that are left before memory is taken, unknown
// tagged fields are skipped, trailing bytes are refused, and a failure says which message, version, field and byte.
// Record bytes are never copied: decoded ones view the frame, encoded ones are sent from where they lie.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "kafka/api.h"
#include "kafka/types.h"

namespace klink::kafka {

// Bytes to send, in order, each part kept alive by itself: one gather write sends them.
struct Gather {
  std::vector<SharedBytes> parts{};
  size_t total = 0;

  SharedBytes Flat() const;  // one copy in one piece, for tests and small messages
};

// Encodes and decodes a message alone: no frame, no header.
template <class M>
Gather Encode(const M& message, int16_t version);
template <class M>
StatusOr<M> Decode(SharedBytes body, int16_t version);

// A whole request: size, request header, body. The version must be one of R's.
template <class R>
Gather EncodeRequest(const R& request, int16_t version, int32_t correlation_id, std::string_view client_id);

// The answer to an R sent with `version`, from a frame without its size: response header, body, nothing behind it.
// An ApiVersions answer that says UNSUPPORTED_VERSION is read as version 0, as brokers send it.
template <class R>
StatusOr<typename R::Response> DecodeResponse(SharedBytes frame, int16_t version);

// The correlation id a response frame (without its size, at least 4 bytes: frame.h) starts with.
int32_t CorrelationIdOf(ByteView frame);

// The broker's side, for brokers that tests make.
struct RequestHeader {
  ApiKey key = ApiKey::kApiVersions;
  int16_t version = 0;
  int32_t correlation_id = 0;
  std::string client_id{};
  SharedBytes body{};
};
// From a frame without its size. The version is not compared with what klink speaks; an unknown API's header is read
// as the flexible form.
StatusOr<RequestHeader> DecodeRequestHeader(SharedBytes frame);
template <class R>
Gather EncodeResponse(const typename R::Response& response, int16_t version, int32_t correlation_id);

// Debug text: every field in the order described, long bytes as their size.
template <class M>
std::string Print(const M& message);

// Reads from a frame. The first failure sticks: every later read answers zero or empty.
class Reader {
 public:
  explicit Reader(SharedBytes bytes);

  bool ok() const { return failure_.empty(); }
  const std::string& failure() const { return failure_; }
  size_t position() const { return at_; }
  size_t left() const { return end_ - at_; }
  void Fail(std::string what);  // kept only if it is the first
  // Says where in the message the failure is, from the innermost field outwards: ".3", "[12]", ".1".
  void Within(std::string_view step) { path_.insert(0, step); }
  // The failure with its place, as DataLoss about `what`; Ok if there is none.
  Status ToStatus(std::string_view what) const;

  template <class T>
  T Number() {
    if (!Need(sizeof(T), "a number")) return 0;
    T value = 0;
    if constexpr (sizeof(T) == 1) {
      value = static_cast<T>(bytes_.data()[at_]);
    } else {
      value = LoadBe<T>(bytes_.data() + at_);
    }
    at_ += sizeof(T);
    return value;
  }
  uint32_t UnsignedVarint();  // at most 5 bytes
  int32_t Varint();           // zigzag, at most 5 bytes
  int64_t Varlong();          // zigzag, at most 10 bytes
  ByteView Bytes(size_t size);
  SharedBytes Slice(size_t size);
  void Skip(size_t size);

  // The length of a string, bytes or array: -1 for null. Checked: length * min_element_size bytes are left.
  int32_t StringLength(bool flexible);
  int32_t BytesLength(bool flexible) { return ArrayLength(flexible, 1); }
  int32_t ArrayLength(bool flexible, size_t min_element_size);
  void SkipTags();
  // Counts what a decoded value takes in memory. Elements may be larger there than on the wire; the sum is bounded by
  // a multiple of the bytes that were really sent.
  void Charge(size_t bytes);

  // Until Unlimit(), nothing behind the next `size` bytes can be read. Answers the former end.
  size_t Limit(size_t size);
  void Unlimit(size_t former_end) { end_ = former_end; }

 private:
  bool Need(size_t size, std::string_view what);
  int32_t CheckLength(int64_t length, size_t min_element_size, std::string_view what);

  SharedBytes bytes_;
  size_t at_ = 0;
  size_t end_ = 0;
  size_t memory_left_ = 0;
  std::string failure_;
  size_t failed_at_ = 0;
  std::string path_;
};

// Collects a message: small fields in one buffer of its own, large bytes as they are.
class Writer {
 public:
  template <class T>
  void Number(T value) {
    const size_t at = Grow(sizeof(T));
    if constexpr (sizeof(T) == 1) {
      own_[at] = static_cast<std::byte>(value);
    } else {
      StoreBe(own_.data() + at, value);
    }
  }
  void UnsignedVarint(uint32_t value);
  void Varint(int32_t value);
  void Varlong(int64_t value);
  void Bytes(ByteView bytes);
  void Shared(const SharedBytes& bytes);  // copied only when that is cheaper than another part
  // -1: null. A string longer than the old form can say is a defect of the caller.
  void StringLength(int32_t length, bool flexible);
  void ArrayLength(int32_t length, bool flexible);
  void Append(Writer&& tail);  // of a writer that holds no shared parts

  size_t size() const { return own_.size() + shared_size_; }
  void PatchSize();  // writes size() - 4 over the first 4 bytes: the frame's length
  Gather Finish() &&;

 private:
  struct Cut {
    size_t at;  // in own_: the shared part stands before this byte
    SharedBytes bytes;
  };
  size_t Grow(size_t size);

  std::vector<std::byte> own_;
  std::vector<Cut> cuts_;
  size_t shared_size_ = 0;
};

}  // namespace klink::kafka
