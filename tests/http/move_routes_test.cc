// Bodies that move mirrors or inhibit a failover are read strictly.
#include "http/move_routes.h"

#include <gmock/gmock.h>

#include "http/promotion_routes.h"

namespace klink::http {
namespace {

using testing::HasSubstr;

TEST(MoveRoutes, AMoveNamesItsMirrorsOneWay) {
  const auto move = ReadCutover(R"({"sets": ["tier1"], "block": true, "settle_ms": 3000, "by": "ann"})");
  ASSERT_TRUE(move.ok()) << move.status();
  EXPECT_EQ(move->sets, std::vector<std::string>{"tier1"});
  EXPECT_TRUE(move->block);
  EXPECT_EQ(move->settle, 3s);
  EXPECT_EQ(move->timeout, 10min);
  for (const char* wrong : {"{}", R"({"topics": ["a"], "sets": ["b"]})", R"({"topics": ["a"], "order": "go"})",
                            R"({"topics": ["a"], "order": "undo"})", R"({"topics": ["a"], "settle_ms": -1})",
                            R"({"topics": ["a"], "timeout_ms": 99999999999})", R"({"topics": ["a"], "all": true})"})
    EXPECT_EQ(ReadCutover(wrong).status().code(), Code::kInvalidArgument) << wrong;
  EXPECT_EQ(ReadCutover(R"({"order": "undo"})")->order, link::CutoverOrder::kUndo);
}

TEST(MoveRoutes, InhibitingIsNeverGuessed) {
  EXPECT_TRUE(ReadInhibit(R"({"inhibit": true})")->inhibit);
  EXPECT_FALSE(ReadInhibit(R"({"inhibit": false, "reason": "done"})")->inhibit);
  EXPECT_THAT(Text(ReadInhibit("{}").status()), HasSubstr("true or false"));
  EXPECT_FALSE(ReadInhibit(R"({"inhibit": "off"})").ok());
}

TEST(MoveRoutes, AFailoverTakesSetsInsteadOfTopics) {
  const auto asked = ReadPromotion(R"({"sets": ["tier1", "tier2"]})", state::PromotionKind::kFailover);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->sets.size(), 2u);
  for (const char* wrong : {"{}", R"({"sets": ["a"], "all": true})", R"({"sets": ["a"], "topics": ["b"]})"})
    EXPECT_EQ(ReadPromotion(wrong, state::PromotionKind::kFailover).status().code(), Code::kInvalidArgument) << wrong;
}

}  // namespace
}  // namespace klink::http
