#include "kafka/version.h"

#include <gtest/gtest.h>

#include "kafka/messages/all.h"

namespace klink::kafka {
namespace {

BrokerVersions Offering(ApiKey key, int16_t min, int16_t max) {
  ApiVersionsResponse response;
  response.api_keys.push_back({.api_key = static_cast<int16_t>(key), .min_version = min, .max_version = max});
  response.finalized_features.push_back({.name = "metadata.version", .max_version_level = 25, .min_version_level = 1});
  return BrokerVersions(response);
}

TEST(Version, TheHighestOfBothIsPicked) {
  EXPECT_EQ(*Offering(ApiKey::kFetch, 0, 11).Pick<FetchRequest>(), 11);  // the broker's
  EXPECT_EQ(*Offering(ApiKey::kFetch, 4, 99).Pick<FetchRequest>(), FetchRequest::kMax);
  EXPECT_EQ(*Offering(ApiKey::kProduce, 0, 7).Pick<ProduceRequest>(), 7);
}

TEST(Version, ACapKeepsTopicsNamed) {
  EXPECT_EQ(*Offering(ApiKey::kFetch, 4, 18).Pick<FetchRequest>(FetchRequest::kMaxByName), 12);
  EXPECT_EQ(*Offering(ApiKey::kFetch, 4, 11).Pick<FetchRequest>(FetchRequest::kMaxByName), 11);
}

TEST(Version, NoCommonVersionNamesBothRangesAndWhatToDo) {
  EXPECT_EQ(Text(Offering(ApiKey::kMetadata, 0, 5).Pick<MetadataRequest>().status()),
            "no common version of Metadata (API 3): the broker speaks versions 0 to 5, klink speaks versions 7 to 13; "
            "upgrade the brokers");
  EXPECT_EQ(Text(Offering(ApiKey::kMetadata, 20, 21).Pick<MetadataRequest>().status()),
            "no common version of Metadata (API 3): the broker speaks versions 20 to 21, klink speaks versions 7 to "
            "13; upgrade klink");
}

TEST(Version, AnApiTheBrokerDoesNotOfferIsNamed) {
  const Status status = Offering(ApiKey::kFetch, 4, 18).Pick<DescribeProducersRequest>().status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_NE(Text(status).find("does not offer DescribeProducers (API 61), klink needs version 0"), std::string::npos);
}

TEST(Version, FinalizedFeaturesAreKept) {
  const BrokerVersions broker = Offering(ApiKey::kFetch, 4, 18);
  EXPECT_EQ(broker.FeatureLevel("metadata.version"), 25);
  EXPECT_EQ(broker.FeatureLevel("share.version"), 0);
}

TEST(Version, TheListKnowsEveryMessage) {
  ForEachRequest([]<class R>() {
    const ApiInfo* api = FindApi(R::kKey);
    ASSERT_NE(api, nullptr);
    EXPECT_EQ(api->name, Name(R::kKey));
    EXPECT_EQ(api->versions, (VersionRange{R::kMin, R::kMax}));
    EXPECT_EQ(api->flexible_since, R::kFlexibleSince);
  });
  EXPECT_EQ(FindApi(ApiKey::kJoinGroup), nullptr);
  EXPECT_EQ(Name(ApiKey::kJoinGroup), "JoinGroup");
  EXPECT_EQ(Name(static_cast<ApiKey>(999)), "unknown API");
}

}  // namespace
}  // namespace klink::kafka
