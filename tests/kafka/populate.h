// Fills any message by the rule of tests/golden/java/Golden.java: a counter that goes up by one per value, in wire
// order. Two values never agree by accident, so a swapped or missed field shows.
#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "base/bytes.h"
#include "kafka/codec.h"
#include "kafka/describe.h"
#include "kafka/types.h"

namespace klink::kafka {

inline constexpr size_t kGoldenRecords = 300;

class Populator {
 public:
  Populator(int16_t version, bool flexible) : version_(version), flexible_(flexible) {}

  template <class T>
  void Value(T& value) {
    if constexpr (codec::kIsVector<T>) {
      value.resize(2);
      for (auto& element : value) Value(element);
    } else if constexpr (codec::kIsOptional<T>) {
      Value(value.emplace());
    } else if constexpr (requires { &T::template Describe<T, Populator>; }) {
      Fields plain{*this};
      T::Describe(value, plain);
      Tags tags{*this};
      if (flexible_) T::Describe(value, tags);
    } else {
      Scalar(value, ++counter_);
    }
  }

 private:
  struct Fields {
    Populator& self;
    void operator()(auto& value, Versions in = {}) {
      if (in.Has(self.version_)) self.Value(value);
    }
    void operator()(auto&, Tag) {}
  };
  struct Tags {
    Populator& self;
    void operator()(auto&, Versions = {}) {}
    void operator()(auto& value, Tag tag) {
      if (tag.versions.Has(self.version_)) self.Value(value);
    }
  };

  template <class T>
  void Scalar(T& value, int c) {
    if constexpr (std::is_same_v<T, bool>) {
      value = c % 2 == 1;
    } else if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> number{};
      Scalar(number, c);
      value = static_cast<T>(number);
    } else if constexpr (std::is_same_v<T, int8_t>) {
      value = static_cast<int8_t>(c % 100 + 1);
    } else if constexpr (std::is_same_v<T, int16_t>) {
      value = static_cast<int16_t>(1000 + c);
    } else if constexpr (std::is_same_v<T, int32_t>) {
      value = 100000 + c;
    } else if constexpr (std::is_same_v<T, int64_t>) {
      value = 1'000'000'000'000 + c;
    } else if constexpr (std::is_same_v<T, double>) {
      value = c + 0.5;
    } else if constexpr (std::is_same_v<T, std::string>) {
      value = "s" + std::to_string(c);
    } else if constexpr (std::is_same_v<T, Uuid>) {
      StoreBe<int64_t>(value.bytes.data(), c);
      StoreBe<int64_t>(value.bytes.data() + 8, 31 * c);
    } else {
      static_assert(std::is_same_v<T, SharedBytes>);
      value = SharedBytes::Allocate(kGoldenRecords);
      for (size_t i = 0; i < kGoldenRecords; ++i) value.data()[i] = static_cast<std::byte>(c + i);
    }
  }

  int16_t version_;
  bool flexible_;
  int counter_ = 0;
};

template <class M>
M Populated(int16_t version) {
  M message;
  Populator(version, version >= M::kFlexibleSince).Value(message);
  return message;
}

// Calls f.operator()<R, M>(version) for every message klink speaks, request and response, in every version of ours.
template <class F>
void ForEachMessage(F&& f) {
  ForEachRequest([&]<class R>() {
    for (int16_t version = R::kMin; version <= R::kMax; ++version) {
      f.template operator()<R, R>(version);
      f.template operator()<R, typename R::Response>(version);
    }
  });
}

template <class M>
std::string MessageName() {
  return std::string(Name(M::kKey)) + (requires { typename M::Response; } ? "Request" : "Response");
}

}  // namespace klink::kafka
