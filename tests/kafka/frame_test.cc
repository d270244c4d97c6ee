#include "kafka/frame.h"

#include <gtest/gtest.h>

namespace klink::kafka {
namespace {

constexpr size_t kLimit = 1000;

StatusOr<size_t> SizeOf(std::string_view prefix) { return FrameSize(AsBytes(prefix), kLimit); }

TEST(Frame, ASizeWithinTheLimitsIsTaken) {
  EXPECT_EQ(*SizeOf(std::string_view("\0\0\0\4", 4)), 4u);
  EXPECT_EQ(*SizeOf(std::string_view("\0\0\3\xe8", 4)), kLimit);
}

TEST(Frame, ASizeOutsideTheLimitsIsRefused) {
  for (std::string_view prefix : {std::string_view("\0\0\0\0", 4), std::string_view("\0\0\0\3", 4),
                                  std::string_view("\0\0\3\xe9", 4), std::string_view("\x7f\xff\xff\xff", 4),
                                  std::string_view("\xff\xff\xff\xff", 4), std::string_view("\x80\0\0\0", 4)}) {
    EXPECT_EQ(SizeOf(prefix).status().code(), Code::kDataLoss);
  }
  EXPECT_EQ(Text(SizeOf(std::string_view("\0\0\3\xe9", 4)).status()),
            "a frame of 1001 bytes was announced, allowed are 4 to 1000");
}

TEST(Frame, APeerThatSpeaksTlsIsRecognised) {
  const Status alert = SizeOf(std::string_view("\x15\x03\x03\x00", 4)).status();
  EXPECT_EQ(alert.code(), Code::kFailedPrecondition);
  EXPECT_NE(Text(alert).find("TLS"), std::string::npos);
}

TEST(Frame, APeerThatSpeaksHttpIsRecognised) {
  EXPECT_NE(Text(SizeOf("HTTP").status()).find("HTTP"), std::string::npos);
}

}  // namespace
}  // namespace klink::kafka
