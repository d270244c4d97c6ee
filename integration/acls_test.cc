// ACLs and client quotas of applications on their way to the destination: what is carried over, what is held back, and
// what klink never takes away.
#include "integration/rights_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(Rights, GrantsThatWouldLetOthersWriteWaitForThePromotion) {
  CreateTopic(pair_->source, "t-orders", 1);
  AwaitMirrored(pair_->source, pair_->destination, "t-orders");
  at_destination_->Add({.name = "t-orders", .principal = "User:local"});
  const Grant read{.name = "t-", .pattern = RD_KAFKA_RESOURCE_PATTERN_PREFIXED};
  const Grant odd{.name = "t-orders", .principal = "User:CN=Ann B., O=Ex"};
  const Grant write{.name = "t-orders", .operation = RD_KAFKA_ACL_OPERATION_WRITE};
  const Grant all{.name = "t-orders", .operation = RD_KAFKA_ACL_OPERATION_ALL, .principal = "User:app-2"};
  const Grant deny{.name = "t-orders", .principal = "User:app-2", .permission = RD_KAFKA_ACL_PERMISSION_TYPE_DENY};
  const Grant other{.name = "t-orders", .principal = "User:somebody"};
  for (const Grant& grant : {read, odd, write, all, deny, other}) at_source_->Add(grant);
  AwaitAt(*at_destination_, "ALLOW User:app READ TOPIC PREFIXED t-");
  AwaitAt(*at_destination_, "ALLOW User:CN=Ann B., O=Ex READ TOPIC LITERAL t-orders");
  AwaitAt(*at_destination_, "DENY User:app-2 READ TOPIC LITERAL t-orders");
  AwaitAt(*at_destination_, "ALLOW User:app-2 DESCRIBE_CONFIGS TOPIC LITERAL t-orders");
  AwaitText("what is held", [] { return agent_->Cli({"acl", "list"}).out; }, "WRITE");
  const std::string shown = agent_->Cli({"acl", "list"}).out;
  EXPECT_THAT(shown, testing::ContainsRegex("held +ALLOW +User:app +WRITE +TOPIC t-orders"));
  EXPECT_THAT(shown, testing::ContainsRegex("held +ALLOW +User:app-2 +ALL +TOPIC t-orders"));
  EXPECT_THAT(agent_->Get("/v1/links/paris-to-lyon/acls").value_or(""), HasSubstr("\"held\""));
  for (const std::string& line : at_destination_->List()) {
    EXPECT_THAT(line, Not(HasSubstr(" WRITE ")));
    EXPECT_THAT(line, Not(HasSubstr(" ALL ")));
    EXPECT_THAT(line, Not(HasSubstr("somebody")));
  }
  at_source_->Remove(odd);
  Await("the end of a grant", seconds(30),
        [] { return !at_destination_->List().contains("ALLOW User:CN=Ann B., O=Ex READ TOPIC LITERAL t-orders"); });
  EXPECT_TRUE(at_destination_->List().contains("ALLOW User:local READ TOPIC LITERAL t-orders")) << "klink's it is not";
  at_destination_->Add({.name = "t-orders", .operation = RD_KAFKA_ACL_OPERATION_WRITE, .principal = "User:local"});
  const Outcome valid = RunToEnd({{KlinkBinary(), "validate", "--connect", "-c", agent_->config().string()}});
  EXPECT_THAT(valid.out, HasSubstr("lets others change a mirror: ALLOW User:local WRITE on topic t-orders"));
}

TEST_F(Rights, QuotasFollowTheSource) {
  const auto shown = [] {
    const Cluster& cluster = pair_->destination;
    return pair_->destination
        .Tool("kafka.admin.ConfigCommand", {"--bootstrap-server", cluster.bootstrap(), "--entity-type", "users",
                                            "--entity-name", "app", "--describe"})
        .out;
  };
  SetQuota("1048576");
  AwaitText("a quota", shown, "producer_byte_rate=1048576");
  SetQuota("");
  Await("its end", seconds(30), [&] { return shown().find("producer_byte_rate") == std::string::npos; });
}

TEST_F(Rights, ASourceThatNoLongerTellsItsAclsHasNotTakenThemAway) {
  const std::string carried = "ALLOW User:app READ TOPIC LITERAL t-told";
  const auto state = [] { return agent_->Cli({"link", "describe", "-o", "json"}).out; };
  const auto copied = [] { AwaitMirrored(pair_->source, pair_->destination, "t-told"); };
  CreateTopic(pair_->source, "t-told", 1);
  Produce(pair_->source, "t-told", SampleRecords(50, 1));
  copied();
  at_source_->Add({.name = "t-told"});
  AwaitAt(*at_destination_, carried);
  const std::set<std::string> before = at_destination_->List();

  Alter(Change::kRemove, pair_->source.bootstrap(kSasl), "--cluster", "Describe");
  AwaitText("the error", state, "acl sync needs DESCRIBE on the cluster, which paris does not grant");
  EXPECT_THAT(state(), HasSubstr("AUTHORIZATION_ERROR"));
  at_source_->Remove({.name = "t-told"});  // what klink may not see, it does not follow
  const auto questions = [] {
    return Sample(agent_->Get("/metrics").value_or(""),
                  "klink_request_duration_seconds_count{api=\"DescribeAcls\",cluster=\"paris\"}")
        .value_or(0);
  };
  const double asked = questions();
  Await("more rounds", seconds(40), [&] { return questions() >= asked + 2; });
  Produce(pair_->source, "t-told", SampleRecords(50, 1));
  copied();  // data goes on
  EXPECT_EQ(at_destination_->List(), before);
  EXPECT_THAT(agent_->Cli({"acl", "list"}).out, testing::ContainsRegex("created +ALLOW +User:app +READ +TOPIC t-told"));

  Alter(Change::kAdd, pair_->source.bootstrap(kSasl), "--cluster", "Describe");
  Await("the end of the grant, now that it can be seen", seconds(40),
        [&] { return !at_destination_->List().contains(carried); });
}

TEST_F(Rights, PlantedDifferencesOfAclsAndQuotasAreShown) {
  const auto diff = [] { return agent_->Cli({"diff"}); };
  CreateTopic(pair_->source, "t-diff", 1);
  AwaitState(*agent_, "t-diff", "ACTIVE", "");  // from then on its retention is the source's
  Await("no difference", seconds(40), [&] { return diff().exit_code == 0; });
  ASSERT_EQ(agent_->Cli({"link", "pause", "--yes"}).exit_code, 0);  // so that nothing is set right meanwhile
  at_source_->Add({.name = "t-diff"});
  SetQuota("4096");
  AwaitText("the ACL", [&] { return diff().out; }, "ALLOW User:app READ on topic t-diff");
  const Outcome shown = diff();
  EXPECT_EQ(shown.exit_code, 1);
  EXPECT_THAT(shown.out, HasSubstr("2 differences between paris and lyon"));
  EXPECT_THAT(shown.out, HasSubstr("klink makes it at the destination"));
  EXPECT_THAT(shown.out, testing::ContainsRegex("quotas +.*4096.*klink sets it at the destination"));
  ASSERT_EQ(agent_->Cli({"link", "resume", "--yes"}).exit_code, 0);
  Await("no difference again", seconds(40), [&] { return diff().exit_code == 0; });
  SetQuota("");
  at_source_->Remove({.name = "t-diff"});
}

TEST_F(Rights, WithoutAnAuthorizerThereAreNoAclsAndDataGoesOn) {
  ClusterOptions options;
  options.name = "open";
  Cluster open(options);
  open.AwaitReady();
  LinkFile file = File();
  file.destination = open.bootstrap();
  file.destination_security.clear();
  file.extra_link = "acls: {enabled: true, interval: 1s, include: [\"User:app*\"]}";
  Agent agent(file, "open");
  CreateTopic(pair_->source, "t-open", 1);
  Produce(pair_->source, "t-open", SampleRecords(50, 1));
  agent.Start();
  AwaitMirrored(pair_->source, open, "t-open");
  const auto state = [&] { return agent.Cli({"link", "describe", "-o", "json"}).out; };
  AwaitText("the state's name", state, "SECURITY_DISABLED");
  EXPECT_THAT(state(), HasSubstr("acl sync: cluster lyon has no authorizer"));
  Produce(pair_->source, "t-open", SampleRecords(50, 1));
  AwaitMirrored(pair_->source, open, "t-open");
}

}  // namespace
}  // namespace klink::it
