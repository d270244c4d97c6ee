// klink's codec against the bytes of Kafka's own message classes, every message and version, both directions.
#include <gtest/gtest.h>

#include "kafka/messages/all.h"
#include "kafka/wire.h"
#include "tests/kafka/golden_file.h"
#include "tests/kafka/populate.h"

namespace klink::kafka {
namespace {

constexpr int32_t kCorrelation = 77;
constexpr std::string_view kClient = "klink";

// The golden bytes of one message, version and variant; a missing line fails the test.
template <class M>
SharedBytes Golden(int16_t version, std::string_view variant) {
  static const std::map<std::string, SharedBytes> kFile = GoldenFile(Name(M::kKey));
  const std::string key = fmt::format("{} {} {}", MessageName<M>(), version, variant);
  auto found = kFile.find(key);
  EXPECT_NE(found, kFile.end()) << "no golden bytes for " << key;
  return found == kFile.end() ? SharedBytes() : found->second;
}

// "b7", behind the text "s6": the counter goes on.
SharedBytes BytesBehind(const std::string& text, int by) {
  return SharedBytes::CopyOf(AsBytes(fmt::format("b{}", std::stoi(text.substr(1)) + by)));
}

// Tokens, and what members say, are not records: Kafka's rule fills them with text, and they cannot be null.
template <class M>
M Expected(int16_t version) {
  M message = Populated<M>(version);
  if constexpr (std::is_same_v<M, SaslAuthenticateRequest>) message.auth_bytes = SharedBytes::CopyOf(AsBytes("b1"));
  if constexpr (std::is_same_v<M, SaslAuthenticateResponse>) message.auth_bytes = SharedBytes::CopyOf(AsBytes("b3"));
  if constexpr (std::is_same_v<M, DescribeGroupsResponse>) {
    for (DescribedGroup& group : message.groups) {
      for (DescribedGroupMember& member : group.members) {
        member.member_metadata = BytesBehind(member.client_host, 1);
        member.member_assignment = BytesBehind(member.client_host, 2);
      }
    }
  }
  return message;
}

TEST(Golden, EveryFieldIsEncodedAsKafkaDoes) {
  ForEachMessage([]<class R, class M>(int16_t version) {
    SCOPED_TRACE(fmt::format("{} version {}", MessageName<M>(), version));
    const Gather encoded = Encode(Expected<M>(version), version);
    EXPECT_EQ(ToHex(encoded.Flat().view()), ToHex(Golden<M>(version, "full").view()));
  });
}

TEST(Golden, EveryFieldIsDecodedAsKafkaMeantIt) {
  ForEachMessage([]<class R, class M>(int16_t version) {
    SCOPED_TRACE(fmt::format("{} version {}", MessageName<M>(), version));
    StatusOr<M> decoded = Decode<M>(Golden<M>(version, "full"), version);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(Print(*decoded), Print(Expected<M>(version)));
    EXPECT_TRUE(*decoded == Expected<M>(version));
  });
}

TEST(Golden, NullAndEmptyFormsSurviveBothDirections) {
  ForEachMessage([]<class R, class M>(int16_t version) {
    for (std::string_view variant : {"null", "empty"}) {
      SCOPED_TRACE(fmt::format("{} version {} {}", MessageName<M>(), version, variant));
      const SharedBytes golden = Golden<M>(version, variant);
      StatusOr<M> decoded = Decode<M>(golden, version);
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_EQ(ToHex(Encode(*decoded, version).Flat().view()), ToHex(golden.view()));
    }
  });
}

// What Kafka would put on the socket, length included.
SharedBytes WithSize(const SharedBytes& frame) {
  SharedBytes sized = SharedBytes::Allocate(frame.size() + 4);
  StoreBe(sized.data(), static_cast<int32_t>(frame.size()));
  std::memcpy(sized.data() + 4, frame.data(), frame.size());
  return sized;
}

TEST(Golden, FramesCarryTheHeadersKafkaExpects) {
  ForEachRequest([]<class R>() {
    using Response = typename R::Response;
    for (int16_t version = R::kMin; version <= R::kMax; ++version) {
      SCOPED_TRACE(fmt::format("{} version {}", Name(R::kKey), version));
      const SharedBytes request = Golden<R>(version, "frame");
      const SharedBytes response = Golden<Response>(version, "frame");
      EXPECT_EQ(ToHex(EncodeRequest(Expected<R>(version), version, kCorrelation, kClient).Flat().view()),
                ToHex(WithSize(request).view()));
      EXPECT_EQ(ToHex(EncodeResponse<R>(Expected<Response>(version), version, kCorrelation).Flat().view()),
                ToHex(WithSize(response).view()));
      EXPECT_EQ(CorrelationIdOf(response.view()), kCorrelation);
      StatusOr<Response> decoded = DecodeResponse<R>(response, version);
      ASSERT_TRUE(decoded.ok()) << decoded.status();
      EXPECT_TRUE(*decoded == Expected<Response>(version));
    }
  });
}

TEST(Golden, ABrokerReadsTheRequestHeader) {
  ForEachRequest([]<class R>() {
    for (int16_t version = R::kMin; version <= R::kMax; ++version) {
      StatusOr<RequestHeader> header = DecodeRequestHeader(Golden<R>(version, "frame"));
      ASSERT_TRUE(header.ok()) << header.status();
      EXPECT_EQ(header->key, R::kKey);
      EXPECT_EQ(header->version, version);
      EXPECT_EQ(header->correlation_id, kCorrelation);
      EXPECT_EQ(header->client_id, kClient);
      EXPECT_EQ(ToHex(header->body.view()), ToHex(Golden<R>(version, "full").view()));
    }
  });
}

}  // namespace
}  // namespace klink::kafka
