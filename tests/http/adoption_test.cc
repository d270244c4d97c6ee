// The body of :reverse, and its answer.
#include <gmock/gmock.h>

#include "http/adoption_routes.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::HasSubstr;

TEST(AdoptionBody, SaysWhatIsTakenOverFromWhereOn) {
  const auto asked = ReadAdoption(
      R"({"topics": [{"topic": "orders", "source_topic": "orders", "topic_id": "a", "source_topic_id": "b",)"
      R"( "partitions": [{"from": 100, "at": 125}]}], "by": "ann", "dry_run": true})");
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_TRUE(asked->dry_run);
  EXPECT_EQ(asked->topics.at(0).partitions.at(0).at, 125);
}

TEST(AdoptionBody, IsStrict) {
  EXPECT_THAT(Text(ReadAdoption("{}").status()), HasSubstr("which topics"));
  EXPECT_THAT(Text(ReadAdoption(R"({"topics": [{"topic": "orders"}]})").status()), HasSubstr("needs"));
  EXPECT_THAT(Text(ReadAdoption(R"({"topic": "orders"})").status()), HasSubstr("unknown key \"topic\""));
}

}  // namespace
}  // namespace klink::http
