// klink acl plan and list.
#include "cli/acl_plan.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

constexpr char kClusters[] = R"(
clusters:
  paris: {bootstrap.servers: "p1:9092,p2:9092", security.protocol: SASL_PLAINTEXT, sasl.mechanism: SCRAM-SHA-512,
          sasl.username: klink, sasl.password: "${env:PASSWORD}"}
  lyon: {bootstrap.servers: "l1:9093"%}
)";
constexpr char kLinks[] = R"(
links:
  - name: paris-to-lyon
    source: paris
    destination: lyon
    topics:
      include: [{prefix: orders.}, {literal: payments}, {regex: "app-[0-9]+"}]
      rename: {prefix: dr.}
    acls: {enabled: true, include: ["User:app"]}
    quotas: {enabled: true}
)";

std::string Config(const std::string& security_of_lyon = "", const std::string& links = kLinks) {
  std::string clusters = kClusters;
  clusters.replace(clusters.find('%'), 1, security_of_lyon);
  return clusters.substr(1) + links.substr(1);
}

class AclTest : public CliTest {
 protected:
  AclTest() { env_["PASSWORD"] = "s3cret"; }
};

TEST_F(AclTest, HelpOfTheVerbs) {
  ExpectGolden("help_acl", {"acl", "--help"});
  ExpectGolden("help_acl_plan", {"acl", "plan", "--help"});
  ExpectGolden("help_acl_list", {"acl", "list", "--help"});
}

TEST_F(AclTest, ThePlanIsLinesForAShellWithWhatEachIsFor) {
  const std::string file = Write("klink.yaml", Config());
  ExpectGolden("acl_plan", {"acl", "plan", "-c", file});
  ExpectExample("acl_plan", {"acl", "plan", "-c", file});
}

TEST_F(AclTest, APrincipalThatOnlyTheBrokersKnowIsAskedFor) {
  const std::string file = Write("klink.yaml", Config(", security.protocol: SSL, ssl.certificate.location: "
                                                      "/etc/klink/klink.pem, ssl.key.location: /etc/klink/klink.key"));
  ExpectGolden("acl_plan_certificate", {"acl", "plan", "-c", file});
  ExpectGolden("acl_plan_named",
               {"acl", "plan", "-c", file, "--destination-principal", "User:CN=klink,O=Ann's Example"});
}

TEST_F(AclTest, ALinkThatIsNotThere) {
  const std::string file = Write("klink.yaml", Config());
  ExpectGolden("acl_plan_which_link", {"acl", "plan", "-c", file, "--link", "lyon-to-paris"});
}

TEST_F(AclTest, WhatIsHeldBackIsListedFirst) {
  Serve();
  ExpectGolden("acl_list", {"acl", "list"});
  ExpectExample("acl_list", {"acl", "list"});
  ExpectGolden("acl_list_missing", {"acl", "list", "--link", "nope"});
}

TEST(ShellWord, AnyTextIsOneWord) {
  EXPECT_EQ(ShellWord("User:app"), "User:app");
  EXPECT_EQ(ShellWord("*"), "'*'");
  EXPECT_EQ(ShellWord("User:CN=a b"), "'User:CN=a b'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellWord("$(x)"), "'$(x)'");
  EXPECT_EQ(ShellWord(""), "''");
}

}  // namespace
}  // namespace klink::cli
