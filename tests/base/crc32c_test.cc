#include "base/crc32c.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace klink {
namespace {

TEST(Crc32c, KnowsTheCheckValueOfItsPolynomial) { EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xE3069283u); }

TEST(Crc32c, ExtendingEqualsTheWhole) {
  EXPECT_EQ(Crc32cExtend(Crc32c(AsBytes("1234")), AsBytes("56789")), Crc32c(AsBytes("123456789")));
}

TEST(Crc32c, AChangedHeaderIsCorrectedWithoutReadingTheBody) {
  std::mt19937 random(7);
  for (size_t body : {0u, 1u, 61u, 4096u, 1000003u}) {
    std::string before(40 + body, '\0');
    for (char& c : before) c = static_cast<char>(random());
    std::string after = before;
    std::string difference(40, '\0');
    for (size_t i = 20; i < 34; i++) after[i] = static_cast<char>(random());
    for (size_t i = 0; i < 40; i++) difference[i] = static_cast<char>(before[i] ^ after[i]);
    const uint32_t correction = Crc32cShift(Crc32cRaw(0, AsBytes(difference)), body);
    EXPECT_EQ(Crc32c(AsBytes(before)) ^ correction, Crc32c(AsBytes(after))) << body;
  }
}

}  // namespace
}  // namespace klink
