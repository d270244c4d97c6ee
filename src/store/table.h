// A typed view of one column family. Values carry a version byte; a version this program does not know is DataLoss,
// never a guess. Add a version by raising kVersion and decoding the old ones as well; old bytes are never renumbered.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/database.h"
#include "store/keys.h"

namespace klink::store {

// Specialise for each stored type: kVersion (≥ 1), Encode(value) and Decode(version, bytes) with 1 ≤ version ≤
// kVersion.
template <class Value>
struct ValueCodec;

template <class Value>
std::string EncodeVersioned(const Value& value) {
  std::string bytes(1, static_cast<char>(ValueCodec<Value>::kVersion));
  bytes += ValueCodec<Value>::Encode(value);
  return bytes;
}

template <class Value>
StatusOr<Value> DecodeVersioned(std::string_view bytes) {
  if (bytes.empty()) return DataLoss("a stored value is empty");
  const auto version = static_cast<uint8_t>(bytes.front());
  if (version == 0 || version > ValueCodec<Value>::kVersion)
    return DataLoss("a stored value has version {}, this program knows 1 to {}", version, ValueCodec<Value>::kVersion);
  return ValueCodec<Value>::Decode(version, bytes.substr(1));
}

template <class Key, class Value>
class Table {
 public:
  Table(Database& database, std::string name) : database_(database), name_(std::move(name)) {}

  void Put(Batch& batch, const Key& key, const Value& value) const {
    batch.Put(name_, EncodeKey(key), EncodeVersioned(value));
  }
  void Delete(Batch& batch, const Key& key) const { batch.Delete(name_, EncodeKey(key)); }

  StatusOr<std::optional<Value>> Get(const Key& key) const {
    StatusOr<std::string> bytes = database_.Get(name_, EncodeKey(key));
    if (absl::IsNotFound(bytes.status())) return std::optional<Value>();
    if (!bytes.ok()) return bytes.status();
    StatusOr<Value> value = DecodeVersioned<Value>(*bytes);
    if (!value.ok()) return Annotate(value.status(), "table " + name_);
    return std::optional<Value>(*std::move(value));
  }

  // each(key, value) -> Status, in key order; `prefix` is made by KeyPrefix.
  template <class F>
  Status ForEach(std::string_view prefix, F each) const {
    return database_.Scan(name_, prefix, [&](std::string_view key_bytes, std::string_view value_bytes) -> Status {
      StatusOr<Key> key = DecodeKey<Key>(key_bytes);
      if (!key.ok()) return Annotate(key.status(), "table " + name_);
      StatusOr<Value> value = DecodeVersioned<Value>(value_bytes);
      if (!value.ok()) return Annotate(value.status(), "table " + name_);
      return each(*std::move(key), *std::move(value));
    });
  }

 private:
  Database& database_;
  std::string name_;
};

}  // namespace klink::store
