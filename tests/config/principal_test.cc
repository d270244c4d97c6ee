#include "config/principal.h"

#include <gtest/gtest.h>

namespace klink::config {
namespace {

TEST(Principal, OneOrAllThatBeginSoOrEverybody) {
  EXPECT_TRUE(MatchesPrincipal("User:app", "User:app"));
  EXPECT_FALSE(MatchesPrincipal("User:app", "User:app2"));
  EXPECT_TRUE(MatchesPrincipal("User:app*", "User:app2"));
  EXPECT_TRUE(MatchesPrincipal("User:*", "User:*"));
  EXPECT_FALSE(MatchesPrincipal("User:*", "Group:ops"));
  EXPECT_TRUE(MatchesPrincipal("*", "Group:ops"));
  EXPECT_TRUE(MatchesPrincipal("User:CN=a*b, O=\"x\"", "User:CN=a*b, O=\"x\"")) << "a * inside is itself";
}

TEST(Principal, ExcludeWins) {
  Acls acls;
  EXPECT_FALSE(CarriesPrincipal(acls, "User:app"));
  acls.include = {"User:*"};
  acls.exclude = {"User:pay-*"};
  EXPECT_TRUE(CarriesPrincipal(acls, "User:app"));
  EXPECT_FALSE(CarriesPrincipal(acls, "User:pay-1"));
}

TEST(Principal, KlinksOwnIsKnownWhereTheConfigurationTells) {
  ClusterConfig cluster;
  EXPECT_EQ(OwnPrincipal(cluster), "User:ANONYMOUS");
  cluster.security_protocol = SecurityProtocol::kSsl;
  EXPECT_EQ(OwnPrincipal(cluster), "User:ANONYMOUS");
  cluster.ssl_keystore_location = "k.p12";
  EXPECT_EQ(OwnPrincipal(cluster), std::nullopt);
  cluster.security_protocol = SecurityProtocol::kSaslSsl;
  cluster.sasl_mechanism = "SCRAM-SHA-512";
  cluster.sasl_username = "klink";
  EXPECT_EQ(OwnPrincipal(cluster), "User:klink") << "SASL counts, not the certificate";
  cluster.sasl_tokenauth = true;
  EXPECT_EQ(OwnPrincipal(cluster), std::nullopt);
  cluster.sasl_tokenauth = false;
  cluster.sasl_mechanism = "OAUTHBEARER";
  EXPECT_EQ(OwnPrincipal(cluster), std::nullopt);
}

}  // namespace
}  // namespace klink::config
