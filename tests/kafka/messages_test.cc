// What a hostile or broken peer can send: every message, every version, cut, mangled and lying about its sizes.
#include <random>

#include <gtest/gtest.h>

#include "kafka/messages/all.h"
#include "kafka/wire.h"
#include "tests/kafka/populate.h"

namespace klink::kafka {
namespace {

template <class M>
std::string Label(int16_t version) {
  return fmt::format("{} version {}", MessageName<M>(), version);
}

TEST(Messages, SurviveTheRoundTripInEveryVersion) {
  ForEachMessage([]<class R, class M>(int16_t version) {
    SCOPED_TRACE(Label<M>(version));
    const M message = Populated<M>(version);
    StatusOr<M> decoded = Decode<M>(Encode(message, version).Flat(), version);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(*decoded == message) << Print(*decoded);
  });
}

TEST(Messages, DefaultsSurviveTheRoundTripInEveryVersion) {
  ForEachMessage([]<class R, class M>(int16_t version) {
    SCOPED_TRACE(Label<M>(version));
    StatusOr<M> decoded = Decode<M>(Encode(M{}, version).Flat(), version);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_TRUE(*decoded == M{}) << Print(*decoded);
  });
}

TEST(Messages, CutAtAnyByteAreRefused) {
  ForEachMessage([]<class R, class M>(int16_t version) {
    SCOPED_TRACE(Label<M>(version));
    const SharedBytes whole = Encode(Populated<M>(version), version).Flat();
    for (size_t size = 0; size < whole.size(); ++size) {
      const Status status = Decode<M>(SharedBytes::CopyOf(whole.view().substr(0, size)), version).status();
      ASSERT_EQ(status.code(), Code::kDataLoss) << "cut at " << size << " of " << whole.size();
    }
  });
}

TEST(Messages, WithBytesBehindTheEndAreRefused) {
  ForEachMessage([]<class R, class M>(int16_t version) {
    SCOPED_TRACE(Label<M>(version));
    const SharedBytes whole = Encode(Populated<M>(version), version).Flat();
    SharedBytes longer = SharedBytes::Allocate(whole.size() + 1);
    std::memcpy(longer.data(), whole.data(), whole.size());
    longer.data()[whole.size()] = std::byte{0};
    EXPECT_EQ(Decode<M>(longer, version).status().code(), Code::kDataLoss);
  });
}

// A few bytes changed: either refused, or a message that encodes and decodes to itself.
TEST(Messages, MangledAreRefusedOrMeanSomething) {
  std::mt19937 random(20260101);
  ForEachMessage([&]<class R, class M>(int16_t version) {
    SCOPED_TRACE(Label<M>(version));
    const SharedBytes whole = Encode(Populated<M>(version), version).Flat();
    for (int round = 0; round < 300 && !whole.empty(); ++round) {
      const SharedBytes mangled = SharedBytes::CopyOf(whole.view());
      for (uint32_t i = 0; i <= random() % 4; ++i) {
        constexpr std::byte kNasty[] = {std::byte{0}, std::byte{1}, std::byte{0x7f}, std::byte{0x80}, std::byte{0xff}};
        const bool nasty = random() % 2 == 0;
        mangled.data()[random() % mangled.size()] = nasty ? kNasty[random() % 5] : static_cast<std::byte>(random());
      }
      StatusOr<M> decoded = Decode<M>(mangled, version);
      if (!decoded.ok()) continue;
      StatusOr<M> again = Decode<M>(Encode(*decoded, version).Flat(), version);
      ASSERT_TRUE(again.ok()) << again.status();
      ASSERT_TRUE(*again == *decoded);
    }
  });
}

TEST(Messages, OfRandomBytesNeverCrash) {
  std::mt19937 random(7);
  ForEachMessage([&]<class R, class M>(int16_t version) {
    for (int round = 0; round < 200; ++round) {
      SharedBytes noise = SharedBytes::Allocate(random() % 200);
      for (size_t i = 0; i < noise.size(); ++i) noise.data()[i] = static_cast<std::byte>(random() % 3 ? random() : 0);
      if (StatusOr<M> decoded = Decode<M>(noise, version); !decoded.ok()) {
        ASSERT_EQ(decoded.status().code(), Code::kDataLoss);
      }
    }
  });
}

TEST(Messages, RecordsAreViewsOfTheFrameWhenDecoded) {
  FetchResponse response = Populated<FetchResponse>(12);
  const SharedBytes body = Encode(response, 12).Flat();
  StatusOr<FetchResponse> decoded = Decode<FetchResponse>(body, 12);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  const SharedBytes& records = decoded->responses[1].partitions[1].records;
  EXPECT_GE(records.data(), body.data());
  EXPECT_LE(records.data() + records.size(), body.data() + body.size());
}

TEST(Messages, RecordsAreSentFromWhereTheyLie) {
  const SharedBytes records = SharedBytes::Allocate(1 << 20);
  std::memset(records.data(), 7, records.size());
  ProduceRequest request;
  request.topic_data.push_back({.name = "t", .topic_id = {}, .partition_data = {{.index = 0, .records = records}}});
  const Gather frame = EncodeRequest(request, 9, 1, "klink");
  ASSERT_EQ(frame.parts.size(), 3u);
  EXPECT_EQ(frame.parts[1].data(), records.data());
  EXPECT_EQ(frame.total, frame.parts[0].size() + records.size() + frame.parts[2].size());
  EXPECT_EQ(LoadBe<int32_t>(frame.parts[0].data()), static_cast<int32_t>(frame.total - 4));
}

TEST(Messages, ArePrintedFieldByField) {
  MetadataRequest request;
  request.topics.emplace().push_back({.topic_id = {}, .name = "orders"});
  EXPECT_EQ(Print(request), "MetadataRequest{[{AAAAAAAAAAAAAAAAAAAAAA, \"orders\"}], false, false, false}");
  FetchResponse response;
  response.error_code = Error::kFetchSessionIdNotFound;
  EXPECT_EQ(Print(response), "FetchResponse{0, FETCH_SESSION_ID_NOT_FOUND, 0, [], []}");
}

TEST(Messages, AFailureSaysWhichFieldOfWhichMessage) {
  MetadataResponse response = Populated<MetadataResponse>(12);
  const SharedBytes whole = Encode(response, 12).Flat();
  const Status status = Decode<MetadataResponse>(SharedBytes::CopyOf(whole.view().substr(0, 30)), 12).status();
  EXPECT_EQ(Text(status), "Metadata response version 12: field 2[1].3, byte 27 of 30: a number of 4 bytes, 3 left");
}

// A broker that does not know the version asked for answers ApiVersions in version 0.
TEST(Messages, AnApiVersionsRefusalIsReadAsVersionZero) {
  ApiVersionsResponse refusal;
  refusal.error_code = Error::kUnsupportedVersion;
  refusal.api_keys.push_back({.api_key = 18, .min_version = 0, .max_version = 2});
  const SharedBytes frame = EncodeResponse<ApiVersionsRequest>(refusal, 0, 5).Flat();
  StatusOr<ApiVersionsResponse> read =
      DecodeResponse<ApiVersionsRequest>(SharedBytes::CopyOf(frame.view().substr(4)), ApiVersionsRequest::kAsked);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == refusal);
}

TEST(Messages, UnknownTaggedFieldsAreSkipped) {
  const SharedBytes body =
      SharedBytes::CopyOf(AsBytes(std::string_view("\x02"
                                                   "k\x02"
                                                   "1\x02\x05\x03"
                                                   "abc\x20\x00",
                                                   12)));
  StatusOr<ApiVersionsRequest> read = Decode<ApiVersionsRequest>(body, 3);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->client_software_name, "k");
  EXPECT_EQ(read->client_software_version, "1");
}

TEST(Messages, ATagThatComesTwiceIsRefused) {
  const SharedBytes body =
      SharedBytes::CopyOf(AsBytes(std::string_view("\x02"
                                                   "k\x02"
                                                   "1\x02\x05\x00\x05\x00",
                                                   9)));
  EXPECT_EQ(Decode<ApiVersionsRequest>(body, 3).status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace klink::kafka
