// Keys whose bytes sort as the values do. A key is a struct with one Describe that lists its fields, most significant
// first; strings end with a mark that sorts below every character, numbers are big-endian with the sign bit turned.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"
#include "base/status.h"

namespace klink::store {

class KeyWriter {
 public:
  void operator()(const std::string& text) {
    for (char c : text) {
      out_.push_back(c);
      if (c == '\0') out_.push_back('\xff');  // a zero inside: 00 FF; the end: 00 01
    }
    out_.append("\0\1", 2);
  }
  template <std::signed_integral T>
  void operator()(const T& number) {
    std::byte bytes[sizeof(T)];
    StoreBe<T>(bytes, number);
    bytes[0] ^= std::byte{0x80};
    out_.append(AsText({bytes, sizeof bytes}));
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

class KeyReader {
 public:
  explicit KeyReader(std::string_view in) : in_(in) {}
  void operator()(std::string& text) {
    text.clear();
    for (size_t i = 0; i + 1 < in_.size(); i++) {
      text.push_back(in_[i]);
      if (in_[i] != '\0') continue;
      i++;
      if (in_[i] == '\xff') continue;
      ok_ = ok_ && in_[i] == '\1';
      text.pop_back();
      in_.remove_prefix(i + 1);
      return;
    }
    ok_ = false;
  }
  template <std::signed_integral T>
  void operator()(T& number) {
    if (in_.size() < sizeof(T)) {
      ok_ = false;
      return;
    }
    std::byte bytes[sizeof(T)];
    std::memcpy(bytes, in_.data(), sizeof bytes);
    bytes[0] ^= std::byte{0x80};
    number = LoadBe<T>(bytes);
    in_.remove_prefix(sizeof(T));
  }
  bool Done() const { return ok_ && in_.empty(); }

 private:
  std::string_view in_;
  bool ok_ = true;
};

template <class Key>
std::string EncodeKey(const Key& key) {
  KeyWriter out;
  Key::Describe(key, out);
  return out.Take();
}

template <class Key>
StatusOr<Key> DecodeKey(std::string_view bytes) {
  Key key;
  KeyReader in(bytes);
  Key::Describe(key, in);
  if (!in.Done()) return DataLoss("a stored key of {} bytes is damaged", bytes.size());
  return key;
}

// The common start of all keys with these first fields.
template <class... Field>
std::string KeyPrefix(const Field&... fields) {
  KeyWriter out;
  (out(fields), ...);
  return out.Take();
}

}  // namespace klink::store
