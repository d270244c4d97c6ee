#include "link/quota_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::link {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

QuotaName User(std::string user) { return {std::move(user), std::nullopt, "producer_byte_rate"}; }

kafka::DescribeClientQuotasEntry Entry(std::vector<kafka::QuotaEntityPart> entity) {
  return {std::move(entity), {{"producer_byte_rate", 1024}}};
}

TEST(QuotasOf, TakesUsersClientIdsAndPairsOfThem) {
  const OwnClients own{{"klink"}, {"klink-client"}};
  const std::vector<kafka::DescribeClientQuotasEntry> entries = {
      Entry({{"user", "app"}}),
      Entry({{"client-id", "c"}}),
      Entry({{"user", "app"}, {"client-id", "c"}}),
      Entry({{"user", "klink"}}),
      Entry({{"user", "app"}, {"client-id", "klink-client"}}),
      Entry({{"user", std::nullopt}}),
      Entry({{"user", "app"}, {"client-id", std::nullopt}}),
      Entry({{"ip", "10.0.0.1"}}),
      Entry({}),
  };
  const Quotas quotas = QuotasOf(entries, own);
  EXPECT_THAT(quotas, testing::UnorderedElementsAre(Pair(QuotaName{"app", std::nullopt, "producer_byte_rate"}, 1024),
                                                    Pair(QuotaName{std::nullopt, "c", "producer_byte_rate"}, 1024),
                                                    Pair(QuotaName{"app", "c", "producer_byte_rate"}, 1024)));
}

TEST(PlanQuotas, TellsWhatIsKlinksFromWhatIsNot) {
  struct Case {
    const char* story;
    Quotas source, destination, ledger;
    Quotas set;
    std::vector<QuotaName> remove, forget, local;
  };
  const QuotaName app = User("app");
  const std::vector<Case> cases = {
      {"new at the source", {{app, 10}}, {}, {}, {{app, 10}}, {}, {}, {}},
      {"the same on both sides", {{app, 10}}, {{app, 10}}, {}, {}, {}, {}, {}},
      {"changed at the source", {{app, 20}}, {{app, 10}}, {{app, 10}}, {{app, 20}}, {}, {}, {}},
      {"changed here, while the source has it", {{app, 10}}, {{app, 5}}, {{app, 10}}, {{app, 10}}, {}, {}, {}},
      {"noted, but not set: a crash in between", {{app, 10}}, {}, {{app, 10}}, {{app, 10}}, {}, {}, {}},
      {"the destination's own", {{app, 10}}, {{app, 5}}, {}, {}, {}, {}, {app}},
      {"removed at the source", {}, {{app, 10}}, {{app, 10}}, {}, {app}, {}, {}},
      {"removed at the source, changed here", {}, {{app, 5}}, {{app, 10}}, {}, {}, {app}, {}},
      {"removed on both sides", {}, {}, {{app, 10}}, {}, {}, {app}, {}},
      {"never at the source", {}, {{app, 5}}, {}, {}, {}, {}, {}},
  };
  for (const Case& one : cases) {
    const QuotaSteps steps = PlanQuotas(one.source, one.destination, one.ledger);
    EXPECT_EQ(steps.set, one.set) << one.story;
    EXPECT_EQ(steps.remove, one.remove) << one.story;
    EXPECT_EQ(steps.forget, one.forget) << one.story;
    EXPECT_EQ(steps.local, one.local) << one.story;
    EXPECT_EQ(steps.empty(), one.set.empty() && one.remove.empty() && one.forget.empty()) << one.story;
  }
}

TEST(PlanQuotas, OfTwoLinksThatGoBothWaysOneCarries) {
  struct Case {
    const char* story;
    Quotas source, destination, ledger;
    OtherQuotas others;
    Quotas set;
    std::vector<QuotaName> remove, local;
  };
  const QuotaName app = User("app");
  const std::vector<Case> cases = {
      {"taken away where it comes from, its copy is still there", {{app, 10}}, {}, {}, {{{app, 10}}, {}}, {}, {}, {}},
      {"changed where it comes from", {{app, 10}}, {{app, 20}}, {}, {{{app, 10}}, {}}, {}, {}, {}},
      {"once carried by us, now by them", {{app, 10}}, {{app, 20}}, {{app, 20}}, {{{app, 10}}, {}}, {}, {}, {}},
      {"gone at both, once carried by us", {}, {{app, 20}}, {{app, 20}}, {{{app, 10}}, {}}, {}, {}, {}},
      {"turned: changed at the new primary", {{app, 30}}, {{app, 10}}, {}, {{}, {{app, 10}}}, {{app, 30}}, {}, {}},
      {"turned: the old source gave itself another since",
       {{app, 30}},
       {{app, 11}},
       {},
       {{}, {{app, 10}}},
       {},
       {},
       {app}},
      {"turned: the same on both sides", {{app, 10}}, {{app, 10}}, {}, {{}, {{app, 10}}}, {}, {}, {}},
      {"turned: taken away at the new primary", {}, {{app, 10}}, {}, {{}, {{app, 10}}}, {}, {}, {}},
  };
  for (const Case& one : cases) {
    const QuotaSteps steps = PlanQuotas(one.source, one.destination, one.ledger, one.others);
    EXPECT_EQ(steps.set, one.set) << one.story;
    EXPECT_EQ(steps.remove, one.remove) << one.story;
    EXPECT_EQ(steps.local, one.local) << one.story;
    EXPECT_THAT(steps.forget, IsEmpty()) << one.story;
  }
}

TEST(QuotaText, NamesBothParts) {
  EXPECT_EQ(QuotaText(QuotaName{"app", "c", "request_percentage"}), "user app, client id c: request_percentage");
  EXPECT_EQ(QuotaText(QuotaName{std::nullopt, "c", "consumer_byte_rate"}), "client id c: consumer_byte_rate");
}

}  // namespace
}  // namespace klink::link
