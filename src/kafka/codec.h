// How a description (describe.h) becomes bytes, a message, a size bound and text. Included only where the functions
// of wire.h are instantiated; everyone else pays for declarations alone.
#pragma once

#include <bit>
#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/check.h"
#include "kafka/describe.h"
#include "kafka/wire.h"

namespace klink::kafka::codec {

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// --- The fewest bytes a value takes: the bound for counts ----------------------------------------------------------

struct MinSize {
  int16_t version;
  bool flexible;
  size_t total = 0;

  template <class T>
  size_t Of() const {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      return sizeof(T);
    } else if constexpr (std::is_same_v<T, Uuid>) {
      return 16;
    } else if constexpr (kIsOptional<T>) {
      return Of<typename T::value_type>();
    } else if constexpr (std::is_same_v<T, std::string>) {
      return flexible ? 1 : 2;
    } else if constexpr (kIsVector<T> || std::is_same_v<T, SharedBytes>) {
      return flexible ? 1 : 4;
    } else {
      const T defaults{};
      MinSize inner{version, flexible};
      T::Describe(defaults, inner);
      return inner.total + (flexible ? 1 : 0);
    }
  }
  template <class T>
  void operator()(const T&, Versions in = {}) {
    if (in.Has(version)) total += Of<T>();
  }
  template <class T>
  void operator()(const T&, Tag) {}
};

// --- Encoding ------------------------------------------------------------------------------------------------------

template <class M>
void EncodeStruct(Writer& out, const M& m, int16_t version, bool flexible);

template <class T>
void EncodeValue(Writer& out, const T& value, int16_t version, bool flexible) {
  if constexpr (std::is_same_v<T, bool>) {
    out.Number<int8_t>(value ? 1 : 0);
  } else if constexpr (std::is_enum_v<T>) {
    out.Number(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_same_v<T, double>) {
    out.Number(std::bit_cast<int64_t>(value));
  } else if constexpr (std::is_arithmetic_v<T>) {
    out.Number(value);
  } else if constexpr (std::is_same_v<T, Uuid>) {
    out.Bytes({value.bytes.data(), value.bytes.size()});
  } else if constexpr (std::is_same_v<T, std::string>) {
    out.StringLength(static_cast<int32_t>(value.size()), flexible);
    out.Bytes(AsBytes(value));
  } else if constexpr (std::is_same_v<T, SharedBytes>) {
    out.ArrayLength(value.data() == nullptr ? -1 : static_cast<int32_t>(value.size()), flexible);
    out.Shared(value);
  } else if constexpr (kIsOptional<T>) {
    if (value) return EncodeValue(out, *value, version, flexible);
    if constexpr (kIsVector<typename T::value_type>) {
      out.ArrayLength(-1, flexible);
    } else {
      out.StringLength(-1, flexible);
    }
  } else if constexpr (kIsVector<T>) {
    out.ArrayLength(static_cast<int32_t>(value.size()), flexible);
    for (const auto& element : value) EncodeValue(out, element, version, flexible);
  } else {
    EncodeStruct(out, value, version, flexible);
  }
}

struct PlainEncoder {
  Writer& out;
  int16_t version;
  bool flexible;

  template <class T>
  void operator()(const T& value, Versions in = {}) {
    if (in.Has(version)) EncodeValue(out, value, version, flexible);
  }
  template <class T>
  void operator()(const T&, Tag) {}
};

template <class T>
bool IsAbsent(const T& value, const Tag& tag) {
  if constexpr (std::is_enum_v<T> || std::is_arithmetic_v<T>) {
    return static_cast<int64_t>(value) == tag.absent;
  } else {
    return value == T{};
  }
}

// Collects the tagged fields that are worth sending.
struct TagEncoder {
  Writer out;
  int16_t version;
  uint32_t count = 0;

  template <class T>
  void operator()(const T&, Versions = {}) {}
  template <class T>
  void operator()(const T& value, Tag tag) {
    if (!tag.versions.Has(version) || IsAbsent(value, tag)) return;
    Writer field;
    EncodeValue(field, value, version, true);
    out.UnsignedVarint(tag.number);
    out.UnsignedVarint(static_cast<uint32_t>(field.size()));
    out.Append(std::move(field));
    ++count;
  }
};

template <class M>
void EncodeStruct(Writer& out, const M& m, int16_t version, bool flexible) {
  PlainEncoder plain{out, version, flexible};
  M::Describe(m, plain);
  if (!flexible) return;
  TagEncoder tags{{}, version};
  M::Describe(m, tags);
  out.UnsignedVarint(tags.count);
  out.Append(std::move(tags.out));
}

// --- Decoding ------------------------------------------------------------------------------------------------------

template <class M>
void DecodeStruct(Reader& in, M& m, int16_t version, bool flexible);
template <class V>
void DecodeArray(Reader& in, std::optional<V>& array, int16_t version, bool flexible);

// A null where the description allows none is a failure; std::optional and SharedBytes take it.
template <class T>
void DecodeValue(Reader& in, T& value, int16_t version, bool flexible) {
  if constexpr (std::is_same_v<T, bool>) {
    value = in.Number<int8_t>() != 0;
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(in.Number<std::underlying_type_t<T>>());
  } else if constexpr (std::is_same_v<T, double>) {
    value = std::bit_cast<double>(in.Number<int64_t>());
    if (std::isnan(value)) in.Fail("not a number where a number must be");  // it would differ from itself for ever
  } else if constexpr (std::is_arithmetic_v<T>) {
    value = in.Number<T>();
  } else if constexpr (std::is_same_v<T, Uuid>) {
    if (ByteView bytes = in.Bytes(16); in.ok()) std::memcpy(value.bytes.data(), bytes.data(), 16);
  } else if constexpr (std::is_same_v<T, SharedBytes>) {
    if (const int32_t size = in.BytesLength(flexible); size >= 0) value = in.Slice(static_cast<size_t>(size));
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::optional<std::string>>) {
    const int32_t size = in.StringLength(flexible);
    if (size >= 0) {
      value = AsText(in.Bytes(static_cast<size_t>(size)));
    } else if constexpr (std::is_same_v<T, std::string>) {
      in.Fail("null where a string must be");
    }
  } else if constexpr (kIsOptional<T>) {
    DecodeArray<typename T::value_type>(in, value, version, flexible);
  } else if constexpr (kIsVector<T>) {
    std::optional<T> array;
    DecodeArray<T>(in, array, version, flexible);
    if (array) {
      value = std::move(*array);
    } else {
      in.Fail("null where an array must be");
    }
  } else {
    DecodeStruct(in, value, version, flexible);
  }
}

template <class V>
void DecodeArray(Reader& in, std::optional<V>& array, int16_t version, bool flexible) {
  using Element = typename V::value_type;
  const int32_t count = in.ArrayLength(flexible, MinSize{version, flexible}.template Of<Element>());
  if (count < 0 || !in.ok()) return;
  V& elements = array.emplace();
  for (int32_t i = 0; i < count && in.ok(); ++i) {
    in.Charge(sizeof(Element));
    DecodeValue(in, elements.emplace_back(), version, flexible);
    if (!in.ok()) in.Within(fmt::format("[{}]", i));
  }
}

struct PlainDecoder {
  Reader& in;
  int16_t version;
  bool flexible;
  int index = 0;

  template <class T>
  void operator()(T& value, Versions of = {}) {
    ++index;
    if (!of.Has(version) || !in.ok()) return;
    DecodeValue(in, value, version, flexible);
    if (!in.ok()) in.Within(fmt::format(".{}", index));
  }
  template <class T>
  void operator()(T&, Tag) {
    ++index;
  }
};

// Decodes the one tagged field whose number was read.
struct TagDecoder {
  Reader& in;
  int16_t version;
  uint32_t number;
  bool found = false;

  template <class T>
  void operator()(T&, Versions = {}) {}
  template <class T>
  void operator()(T& value, Tag tag) {
    if (tag.number != number || !tag.versions.Has(version)) return;
    DecodeValue(in, value, version, true);
    found = true;
  }
};

template <class M>
void DecodeTags(Reader& in, M& m, int16_t version) {
  const uint32_t count = in.UnsignedVarint();
  int64_t last = -1;
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    const uint32_t number = in.UnsignedVarint();
    const uint32_t size = in.UnsignedVarint();
    if (in.ok() && int64_t{number} <= last) in.Fail(fmt::format("tag {} after tag {}", number, last));
    last = number;
    const size_t former_end = in.Limit(size);
    TagDecoder tag{in, version, number};
    M::Describe(m, tag);
    if (!tag.found) in.Skip(in.left());
    if (in.left() != 0) in.Fail(fmt::format("tag {} has {} bytes too many", number, in.left()));
    in.Unlimit(former_end);
  }
}

template <class M>
void DecodeStruct(Reader& in, M& m, int16_t version, bool flexible) {
  PlainDecoder plain{in, version, flexible};
  M::Describe(m, plain);
  if (flexible && in.ok()) DecodeTags(in, m, version);
}

}  // namespace klink::kafka::codec
