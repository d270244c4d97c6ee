// Groups, ACLs and quotas of applications follow in both directions: there, after a promotion and a reversal back, and
// there again; and of two links that go both ways one alone carries each.
#include "integration/group_tools.h"
#include "integration/rights_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kThere[] = "paris-to-lyon", kBack[] = "lyon-to-paris";

class ReverseRights : public Rights {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<TempDir>("reverse-rights");
    WriteFile(dir_->path() / "admin.properties", kAdmin);
    WriteFile(dir_->path() / "password", "s3cret");
    pair_ = std::make_unique<ClusterPair>(Options("source"), Options("destination"));
    at_source_ = std::make_unique<Administrator>(pair_->source);
    at_destination_ = std::make_unique<Administrator>(pair_->destination);
    LinkFile file = File();
    const std::string carried =
        "acls: {enabled: true, interval: 1s, include: [\"User:app*\"]}\n"
        "    quotas: {enabled: true, interval: 1s}\n"
        "    groups: {include: [{prefix: app-}], interval: 1s}";
    file.extra_link = fmt::format(
        "{}\n"
        "  - name: {}\n"
        "    source: lyon\n"
        "    destination: paris\n"
        "    topics: {{include: [{{prefix: t-}}], refresh: 1s}}\n"
        "    {}",
        carried, kBack, carried);
    agent_ = std::make_unique<Agent>(file);
    const Outcome plan = agent_->Cli({"acl", "plan"});
    if (plan.exit_code != 0) throw std::runtime_error("acl plan: " + plan.err);
    RunPlan(plan.out);
    agent_->Start();
  }

  static Cluster& paris() { return pair_->source; }
  static Cluster& lyon() { return pair_->destination; }
  static Administrator& at_paris() { return *at_source_; }
  static Administrator& at_lyon() { return *at_destination_; }

  static void ExpectDone(const std::vector<std::string>& arguments) {
    const Outcome outcome = agent_->Cli(arguments);
    ASSERT_EQ(outcome.exit_code, 0) << testing::PrintToString(arguments) << outcome.out << outcome.err;
  }
  static void AwaitActive(const std::string& topic, const std::string& link) {
    AwaitText("a mirror", [&] { return agent_->Cli({"mirror", "describe", topic, "--link", link}).out; }, "ACTIVE");
  }
  // Of a user at a cluster; empty: none.
  static void Limit(Cluster& cluster, const std::string& user, const std::string& rate) {
    const Outcome outcome =
        cluster.Tool("kafka.admin.ConfigCommand",
                     {"--bootstrap-server", cluster.bootstrap(), "--entity-type", "users", "--entity-name", user,
                      "--alter", rate.empty() ? "--delete-config" : "--add-config",
                      rate.empty() ? "producer_byte_rate" : "producer_byte_rate=" + rate});
    if (outcome.exit_code != 0) throw std::runtime_error(outcome.out + outcome.err);
  }
  static std::string LimitOf(Cluster& cluster, const std::string& user) {
    return cluster
        .Tool("kafka.admin.ConfigCommand", {"--bootstrap-server", cluster.bootstrap(), "--entity-type", "users",
                                            "--entity-name", user, "--describe"})
        .out;
  }
  static void AwaitLimit(Cluster& cluster, const std::string& user, const std::string& rate) {
    AwaitText("a limit of " + user, [&] { return LimitOf(cluster, user); }, "producer_byte_rate=" + rate);
  }
  // Both links looked at ACLs this often since.
  static void AwaitRounds(int rounds) {
    const auto asked = [](const std::string& cluster) {
      return Sample(agent_->Get("/metrics").value_or(""),
                    fmt::format(R"(klink_request_duration_seconds_count{{api="DescribeAcls",cluster="{}"}})", cluster))
          .value_or(0);
    };
    const double before_paris = asked("paris"), before_lyon = asked("lyon");
    Await("more rounds", seconds(60),
          [&] { return asked("paris") >= before_paris + 2 * rounds && asked("lyon") >= before_lyon + 2 * rounds; });
  }
};

// Each round, either link may be the first to see what was taken away.
TEST_F(ReverseRights, WhatIsTakenAwayWhereItComesFromIsNotMadeAgainByItsCopy) {
  const Grant read{.name = "t-none-", .pattern = RD_KAFKA_RESOURCE_PATTERN_PREFIXED, .principal = "User:app-2"};
  const std::string line = "ALLOW User:app-2 READ TOPIC PREFIXED t-none-";
  for (int i = 0; i < 5; i++) {
    SCOPED_TRACE(i);
    at_paris().Add(read);
    Limit(paris(), "app-2", "4096");
    AwaitAt(at_lyon(), line);
    AwaitLimit(lyon(), "app-2", "4096");
    at_paris().Remove(read);
    Limit(paris(), "app-2", "");
    Await("the end of both at the copy", seconds(40), [&] {
      return !at_lyon().List().contains(line) &&
             LimitOf(lyon(), "app-2").find("producer_byte_rate") == std::string::npos;
    });
    AwaitRounds(3);
    EXPECT_FALSE(at_paris().List().contains(line));
    EXPECT_FALSE(at_lyon().List().contains(line));
    EXPECT_THAT(LimitOf(paris(), "app-2"), Not(HasSubstr("producer_byte_rate")));
    EXPECT_THAT(LimitOf(lyon(), "app-2"), Not(HasSubstr("producer_byte_rate")));
    if (HasFailure()) return;
  }
}

TEST_F(ReverseRights, GroupsGrantsAndQuotasGoThereAndBackAndThereAgain) {
  const std::string topic = "t-orders", group = "app-orders";
  const auto grant = [&](const std::string& who, rd_kafka_AclOperation_t what) {
    return Grant{.name = topic, .operation = what, .principal = "User:" + who};
  };
  const auto line = [&](const std::string& who, const std::string& what) {
    return fmt::format("ALLOW User:{} {} TOPIC LITERAL {}", who, what, topic);
  };
  const auto group_at = [&](const Cluster& cluster) { return CommittedPlaces(cluster, group, {{topic, 0}}); };
  CreateTopic(paris(), topic, 1);
  Produce(paris(), topic, SampleRecords(100, 1));
  AwaitMirrored(paris(), lyon(), topic);
  AwaitActive(topic, kThere);
  at_paris().Add(grant("app", RD_KAFKA_ACL_OPERATION_READ));
  at_paris().Add(grant("app", RD_KAFKA_ACL_OPERATION_WRITE));
  Limit(paris(), "app", "1000001");
  CommitPlaces(paris(), group, {{{topic, 0}, 40}});
  AwaitAt(at_lyon(), line("app", "READ"));
  AwaitLimit(lyon(), "app", "1000001");
  Await("the group", seconds(30), [&] { return group_at(lyon()) == Places{{{topic, 0}, 40}}; });
  EXPECT_FALSE(at_lyon().List().contains(line("app", "WRITE"))) << "it is a mirror";

  ExpectDone({"promote", topic, "--link", kThere, "--yes"});
  AwaitAt(at_lyon(), line("app", "WRITE"));
  ExpectDone({"mirror", "reverse", topic, "--link", kThere, "--yes"});
  AwaitActive(topic, kBack);

  // Everything is set at the new primary now.
  Produce(lyon(), topic, SampleRecords(50, 1, 100, 0, "new"));
  AwaitMirrored(lyon(), paris(), topic);
  at_lyon().Add(grant("app-3", RD_KAFKA_ACL_OPERATION_READ));
  at_lyon().Add(grant("app-3", RD_KAFKA_ACL_OPERATION_WRITE));
  Limit(lyon(), "app", "2000002");
  Limit(lyon(), "app-3", "3000003");
  CommitPlaces(lyon(), group, {{{topic, 0}, 120}});
  AwaitAt(at_paris(), line("app-3", "READ"));
  AwaitLimit(paris(), "app", "2000002");
  AwaitLimit(paris(), "app-3", "3000003");
  Await("the group at the old source", seconds(30), [&] { return group_at(paris()) == Places{{{topic, 0}, 120}}; });
  AwaitRounds(2);
  EXPECT_FALSE(at_paris().List().contains(line("app-3", "WRITE"))) << "it is a mirror";
  EXPECT_THAT(LimitOf(lyon(), "app"), HasSubstr("producer_byte_rate=2000002")) << "the link there is silent";
  EXPECT_THAT(agent_->Cli({"acl", "list", "--link", kBack}).out,
              testing::ContainsRegex("held +ALLOW +User:app-3 +WRITE"));

  ExpectDone({"promote", topic, "--link", kBack, "--yes"});
  AwaitAt(at_paris(), line("app-3", "WRITE"));
  ExpectDone({"mirror", "reverse", topic, "--link", kBack, "--yes"});
  AwaitActive(topic, kThere);
  Await("klink's own grant to be held again", seconds(40),
        [&] { return !at_lyon().List().contains(line("app", "WRITE")); });
  EXPECT_TRUE(at_lyon().List().contains(line("app-3", "WRITE"))) << "klink takes away what it made alone";
  Limit(paris(), "app", "4000004");
  AwaitLimit(lyon(), "app", "4000004");
  Produce(paris(), topic, SampleRecords(50, 1, 100, 0, "back"));
  AwaitMirrored(paris(), lyon(), topic);
  CommitPlaces(paris(), group, {{{topic, 0}, 150}});
  Await("the group there again", seconds(30), [&] { return group_at(lyon()) == Places{{{topic, 0}, 150}}; });
}

}  // namespace
}  // namespace klink::it
