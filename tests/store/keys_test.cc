// Keys: bytes sort as values do, and come back as they were.
#include "store/keys.h"

#include <algorithm>
#include <limits>
#include <random>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace klink::store {
namespace {

struct Sample {
  std::string name;
  int32_t number = 0;
  int64_t offset = 0;

  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.number);
    field(m.offset);
  }
  friend auto operator<=>(const Sample&, const Sample&) = default;
};

std::vector<Sample> Samples() {
  std::vector<Sample> all;
  const std::vector<std::string> names = {
      "", "a", "aa", "b", std::string("\0", 1), std::string("a\0", 2), std::string("a\0b", 3), "a\x01", "\xff\xff"};
  for (const std::string& name : names)
    for (int32_t number : {std::numeric_limits<int32_t>::min(), -1, 0, 1, 255, 256, 1 << 30})
      for (int64_t offset : {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0}, int64_t{1} << 40})
        all.push_back({name, number, offset});
  return all;
}

TEST(Keys, SortAsTheirValues) {
  std::vector<Sample> all = Samples();
  std::sort(all.begin(), all.end());
  for (size_t i = 1; i < all.size(); i++) {
    // std::string compares as unsigned char, as RocksDB does.
    EXPECT_LT(EncodeKey(all[i - 1]), EncodeKey(all[i])) << i;
  }
}

TEST(Keys, ComeBackAsTheyWere) {
  for (const Sample& sample : Samples()) {
    const StatusOr<Sample> back = DecodeKey<Sample>(EncodeKey(sample));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, sample);
  }
}

TEST(Keys, EveryTruncationIsDataLoss) {
  const std::string bytes = EncodeKey(Sample{std::string("to\0pic", 6), 7, 8});
  for (size_t size = 0; size < bytes.size(); size++)
    EXPECT_TRUE(absl::IsDataLoss(DecodeKey<Sample>(bytes.substr(0, size)).status())) << size;
  EXPECT_TRUE(absl::IsDataLoss(DecodeKey<Sample>(bytes + "x").status()));
}

TEST(Keys, RandomBytesNeverCrash) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; i++) {
    std::string bytes(random() % 24, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % 4 == 0 ? 0 : random());
    const StatusOr<Sample> key = DecodeKey<Sample>(bytes);
    if (key.ok()) {
      EXPECT_EQ(EncodeKey(*key), bytes);
    }
  }
}

TEST(Keys, APrefixOfOneNameDoesNotMatchALongerName) {
  const std::string prefix = KeyPrefix(std::string("orders"));
  EXPECT_TRUE(EncodeKey(Sample{"orders", 1, 2}).starts_with(prefix));
  EXPECT_FALSE(EncodeKey(Sample{"orders-eu", 1, 2}).starts_with(prefix));
}

}  // namespace
}  // namespace klink::store
