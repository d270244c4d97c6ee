#include "kafka/wire.h"

#include <limits>

#include <gtest/gtest.h>

#include "kafka/messages/all.h"

namespace klink::kafka {
namespace {

SharedBytes BytesOf(std::initializer_list<int> values) {
  SharedBytes bytes = SharedBytes::Allocate(values.size());
  size_t at = 0;
  for (int value : values) bytes.data()[at++] = static_cast<std::byte>(value);
  return bytes;
}

TEST(Reader, TheFirstFailureSticks) {
  Reader in(BytesOf({1, 2, 3}));
  EXPECT_EQ(in.Number<int16_t>(), 0x0102);
  EXPECT_EQ(in.Number<int32_t>(), 0);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.Number<int8_t>(), 0);  // a byte is left, but nothing is read behind a failure
  EXPECT_EQ(Text(in.ToStatus("test")), "test, byte 2 of 3: a number of 4 bytes, 1 left");
}

TEST(Reader, VarintsOfEveryWidthSurviveTheRoundTrip) {
  for (int64_t value : {int64_t{0}, int64_t{-1}, int64_t{63}, int64_t{64}, int64_t{-65}, int64_t{300},
                        int64_t{std::numeric_limits<int32_t>::max()}, int64_t{std::numeric_limits<int32_t>::min()}}) {
    Writer out;
    out.Varint(static_cast<int32_t>(value));
    out.Varlong(value);
    out.UnsignedVarint(static_cast<uint32_t>(value));
    Reader in(std::move(out).Finish().Flat());
    EXPECT_EQ(in.Varint(), value);
    EXPECT_EQ(in.Varlong(), value);
    EXPECT_EQ(in.UnsignedVarint(), static_cast<uint32_t>(value));
    EXPECT_TRUE(in.ok() && in.left() == 0);
  }
  for (int64_t value : {std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min()}) {
    Writer out;
    out.Varlong(value);
    Reader in(std::move(out).Finish().Flat());
    EXPECT_EQ(in.Varlong(), value);
    EXPECT_TRUE(in.ok() && in.left() == 0);
  }
}

TEST(Reader, VarintsThatDoNotEndAreRefused) {
  Reader five(BytesOf({0x80, 0x80, 0x80, 0x80, 0x80, 0x01}));
  five.UnsignedVarint();
  EXPECT_FALSE(five.ok());
  Reader wide(BytesOf({0xff, 0xff, 0xff, 0xff, 0x1f}));  // 33 bits
  wide.UnsignedVarint();
  EXPECT_FALSE(wide.ok());
  Reader ten(BytesOf({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02}));  // 65 bits
  ten.Varlong();
  EXPECT_FALSE(ten.ok());
  Reader cut(BytesOf({0x80}));
  cut.UnsignedVarint();
  EXPECT_FALSE(cut.ok());
}

TEST(Reader, ACountIsComparedWithTheBytesLeft) {
  Reader fits(BytesOf({0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(fits.ArrayLength(false, 4), 2);
  Reader one_too_many(BytesOf({0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8}));
  one_too_many.ArrayLength(false, 4);
  EXPECT_FALSE(one_too_many.ok());
  Reader negative(BytesOf({0xff, 0xff, 0xff, 0xfe}));
  negative.ArrayLength(false, 4);
  EXPECT_FALSE(negative.ok());
  Reader null(BytesOf({0xff, 0xff, 0xff, 0xff}));
  EXPECT_EQ(null.ArrayLength(false, 4), -1);
  EXPECT_TRUE(null.ok());
  Reader huge(BytesOf({0xff, 0xff, 0xff, 0xff, 0x0f}));  // compact: 2^32 - 2
  huge.ArrayLength(true, 1);
  EXPECT_FALSE(huge.ok());
}

TEST(Reader, ATaggedFieldCannotReadBeyondItsSize) {
  Reader in(BytesOf({1, 2, 3, 4}));
  const size_t end = in.Limit(2);
  in.Number<int32_t>();
  EXPECT_FALSE(in.ok());
  in.Unlimit(end);
  EXPECT_FALSE(in.ok());
}

// Every string may be one byte on the wire and 32 in memory: the sum is bounded, not only each count.
TEST(Reader, ManySmallElementsCannotMultiplyMemory) {
  constexpr size_t kStrings = 4 << 20;
  Writer out;
  out.ArrayLength(-1, true);
  out.UnsignedVarint(kStrings + 1);  // FindCoordinator version 4: coordinator_keys
  SharedBytes body = SharedBytes::Allocate(1 + 4 + kStrings + 1);
  std::memset(body.data(), 1, body.size());  // key type, then empty strings
  Writer count;
  count.UnsignedVarint(kStrings + 1);
  const SharedBytes head = std::move(count).Finish().Flat();
  std::memcpy(body.data() + 1, head.data(), head.size());
  body.data()[1 + head.size() + kStrings] = std::byte{0};
  const SharedBytes exact = SharedBytes::CopyOf(body.view().substr(0, 1 + head.size() + kStrings + 1));
  const Status status = Decode<FindCoordinatorRequest>(exact, 4).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_NE(Text(status).find("memory"), std::string::npos) << Text(status);
}

TEST(Reader, ACountBeyondTheMessageTakesNoMemory) {
  // Metadata response version 12 that announces 2^28 brokers in 8 bytes.
  const Status status =
      Decode<MetadataResponse>(BytesOf({0, 0, 0, 0, 0x81, 0x80, 0x80, 0x80, 0x01, 0, 0, 0}), 12).status();
  EXPECT_EQ(Text(status),
            "Metadata response version 12: field 2, byte 9 of 12: an array of length 268435456, 3 bytes left");
}

TEST(Writer, SmallSharedBytesAreCopiedAndLargeOnesAreNot) {
  Writer out;
  out.Number<int8_t>(1);
  out.Shared(SharedBytes::CopyOf(AsBytes("small")));
  const SharedBytes large = SharedBytes::Allocate(4096);
  std::memset(large.data(), 'x', large.size());
  out.Shared(large);
  out.Shared(large);
  EXPECT_EQ(out.size(), 6 + 2 * large.size());
  const Gather gather = std::move(out).Finish();
  ASSERT_EQ(gather.parts.size(), 3u);
  EXPECT_EQ(gather.parts[0].size(), 6u);
  EXPECT_EQ(gather.parts[1].data(), large.data());
  EXPECT_EQ(gather.parts[2].data(), large.data());
  EXPECT_EQ(gather.total, gather.Flat().size());
}

TEST(Uuid, HasKafkasTextForm) {
  Uuid id;
  EXPECT_EQ(ToString(id), "AAAAAAAAAAAAAAAAAAAAAA");
  for (size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::byte>(i * 17);
  EXPECT_EQ(ToString(id), "ABEiM0RVZneImaq7zN3u_w");
  StatusOr<Uuid> parsed = ParseUuid("ABEiM0RVZneImaq7zN3u_w");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, id);
  EXPECT_EQ(ParseUuid("short").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(ParseUuid("ABEiM0RVZneImaq7zN3u+w").status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace klink::kafka
