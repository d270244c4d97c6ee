// Lines of sasl.jaas.config as Kafka's clients and Terraform write them.
#include "http/jaas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

TEST(Jaas, IsReadInBothQuotes) {
  const auto plain = ParseJaas(
      R"(org.apache.kafka.common.security.plain.PlainLoginModule required username="a b" password="s\"3;c=\\ret";)");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->module, "org.apache.kafka.common.security.plain.PlainLoginModule");
  EXPECT_EQ(plain->flag, "required");
  EXPECT_THAT(plain->options, ElementsAre(Pair("password", R"(s"3;c=\ret)"), Pair("username", "a b")));
  const auto oauth = ParseJaas("o.OAuthBearerLoginModule required\n clientId='id' scope = word clientSecret='it''' ; ");
  EXPECT_FALSE(oauth.ok()) << "two values in a row";
  const auto words = ParseJaas("o.OAuthBearerLoginModule required\n clientId='id' scope = word clientSecret='\"' ; ");
  ASSERT_TRUE(words.ok()) << words.status();
  EXPECT_THAT(words->options, ElementsAre(Pair("clientId", "id"), Pair("clientSecret", "\""), Pair("scope", "word")));
}

TEST(Jaas, ThatIsWrongIsRefusedWithoutBeingShown) {
  for (const char* wrong :
       {"", ";", "Module", "Module sometimes;", "Module required", "Module required password",
        "Module required =s3cret;", "Module required password='s3cret;", "Module required password=\"s3cret\\\";",
        "Module required password=s3cret; Module required;", "Module required password='s3cret' 'more';"}) {
    const Status refused = ParseJaas(wrong).status();
    EXPECT_EQ(refused.code(), Code::kInvalidArgument) << wrong;
    EXPECT_THAT(Text(refused), HasSubstr("sasl.jaas.config: expected")) << wrong;
    EXPECT_THAT(Text(refused), Not(HasSubstr("s3cret"))) << wrong;
  }
}

}  // namespace
}  // namespace klink::http
