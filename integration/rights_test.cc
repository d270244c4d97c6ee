// klink with exactly the rights that `klink acl plan` prints, on clusters with Kafka's authorizer: everything works,
// and a right that is taken away has its own error with the feature's name.
#include <cstdlib>

#include "integration/group_tools.h"
#include "integration/rights_fixture.h"
#include "integration/transactional.h"

namespace klink::it {
namespace {

using testing::HasSubstr;
using testing::Not;

void CommitAtSource(const Cluster& source, int64_t offset) {
  CommitPlaces(source, "app-rights", {{{"t-plain", 0}, offset}});
}

TEST_F(Rights, WhatThePlanPrintsIsEnoughForEverything) {
  CreateTopic(pair_->source, "t-plain", 2);
  Produce(pair_->source, "t-plain", SampleRecords(500, 2));
  CreateTopic(pair_->source, "t-trimmed", 1);
  Produce(pair_->source, "t-trimmed", SampleRecords(300, 1));
  DeleteRecords(pair_->source, "t-trimmed", 0, 200);
  CreateTopic(pair_->source, "t-transactions", 1);
  ProduceTransactions(pair_->source, "t-transactions", 1, 6);
  for (const char* topic : {"t-plain", "t-trimmed", "t-transactions"}) {
    AwaitMirrored(pair_->source, pair_->destination, topic);
    EXPECT_EQ(OracleOnIdentical(pair_->source, pair_->destination, topic), "") << topic;
    EXPECT_EQ(VerifyComplaint(*agent_, topic), "") << topic;
  }
  EXPECT_EQ(RangeOf(pair_->destination, "t-trimmed", 0)->start, 200);
  CommitAtSource(pair_->source, 100);
  Await("the group's position", seconds(40), [] {
    const Places there = CommittedPlaces(pair_->destination, "app-rights", {{"t-plain", 0}});
    return there == Places{{{"t-plain", 0}, 100}};
  });
  AddPartitions(pair_->source, "t-plain", 3);
  Await("a third partition", seconds(30), [] { return PartitionCount(pair_->destination, "t-plain") == 3; });
  const Outcome valid = RunToEnd({{KlinkBinary(), "validate", "--connect", "-c", agent_->config().string()}});
  EXPECT_EQ(valid.exit_code, 0) << valid.out << valid.err;
  EXPECT_THAT(valid.out, Not(HasSubstr("needs")));
  EXPECT_THAT(valid.out, Not(HasSubstr("also grants"))) << "the plan grants no more than is needed";
  EXPECT_THAT(agent_->LogText(), Not(HasSubstr("AUTHORIZATION")));
  EXPECT_THAT(LinkText(), Not(HasSubstr("IN_ERROR")));
}

TEST_F(Rights, EachRightThatIsTakenAwayHasItsOwnError) {
  const auto mirror = [](const std::string& topic) {
    return [topic] { return agent_->Cli({"mirror", "describe", topic, "-o", "json"}).out; };
  };
  struct Case {
    bool at_source;
    std::string resource, operation, name;  // as the plan and as errors write them
    std::function<std::string()> shown;
    std::string sentence;
    std::function<void()> use = [] {};
  };
  CreateTopic(pair_->source, "t-rights", 1);
  Produce(pair_->source, "t-rights", SampleRecords(10, 1));
  AwaitMirrored(pair_->source, pair_->destination, "t-rights");
  int topics = 0;
  const auto append = [] { Produce(pair_->source, "t-rights", SampleRecords(10, 1)); };
  const auto create = [&topics] { CreateTopic(pair_->source, fmt::format("t-new-{}", ++topics), 1); };
  std::vector<Case> cases = {
      {true, "--topic t-", "Read", "READ", mirror("t-rights"), "data needs READ on topic t-rights", append},
      {false, "--cluster", "Alter", "ALTER", LinkText, "acl sync needs ALTER on the cluster",
       [] { at_source_->Add({.name = "t-rights"}); }},
      {false, "--topic t-", "Create", "CREATE", [] { return agent_->Cli({"mirror", "errors"}).out; },
       "a new mirror needs CREATE on topic t-new-", create},
  };
  cases.push_back({false, "--group app-", "Read", "READ", LinkText, "group sync needs READ on group app-rights",
                   [] { CommitAtSource(pair_->source, 50); }});
  const auto errors = [] { return agent_->Cli({"mirror", "errors", "-o", "json"}).out; };
  const auto grow = [] { AddPartitions(pair_->source, "t-rights", PartitionCount(pair_->source, "t-rights") + 1); };
  const auto create_trimmed = [&topics] {
    const std::string topic = fmt::format("t-new-{}", ++topics);
    CreateTopic(pair_->source, topic, 1);
    Produce(pair_->source, topic, SampleRecords(10, 1));
    DeleteRecords(pair_->source, topic, 0, 5);
  };
  const std::vector<Case> others = {
      {true, "--topic t-", "DescribeConfigs", "DESCRIBE_CONFIGS", errors,
       "topic configs needs DESCRIBE_CONFIGS on topic t-new-", create},
      {true, "--group app-", "Describe", "DESCRIBE", LinkText, "group sync needs DESCRIBE on group app-rights"},
      {true, "--cluster", "Describe", "DESCRIBE", LinkText, "acl sync needs DESCRIBE on the cluster"},
      {true, "--cluster", "DescribeConfigs", "DESCRIBE_CONFIGS", LinkText,
       "quota sync needs DESCRIBE_CONFIGS on the cluster"},
      {false, "--topic t-", "Write", "WRITE", mirror("t-rights"), "data needs WRITE on topic t-rights", append},
      {false, "--topic t-", "Read", "READ", errors, "reading the log needs READ on topic t-new-", create},
      {false, "--topic t-", "Alter", "ALTER", errors, "new partitions needs ALTER on topic t-rights", grow},
      {false, "--topic t-", "AlterConfigs", "ALTER_CONFIGS", errors,
       "topic configs needs ALTER_CONFIGS on topic t-new-", create},
      {false, "--topic t-", "Delete", "DELETE", errors, "prefill and trim needs DELETE on topic t-new-",
       create_trimmed},
      {false, "--cluster", "AlterConfigs", "ALTER_CONFIGS", LinkText, "quota sync needs ALTER_CONFIGS on the cluster",
       [] { SetQuota("2048"); }},
      {false, "--group _klink", "Read", "READ", LinkText, "leadership needs READ on groups _klink.paris-to-lyon.*"},
      {false, "--topic _klink", "Write", "WRITE", LinkText,
       "the link's state needs WRITE on topics _klink.paris-to-lyon.*", create},
      {false, "--transactional-id", "Write", "WRITE", LinkText,
       "the link's state needs WRITE on transactional ids klink.paris-to-lyon*", create},
  };
  if (std::getenv("KLINK_FULL") != nullptr) cases.insert(cases.end(), others.begin(), others.end());
  for (const Case& one : cases) {
    const Cluster& cluster = one.at_source ? pair_->source : pair_->destination;
    Alter(Change::kRemove, cluster.bootstrap(kSasl), one.resource, one.operation);
    one.use();
    AwaitText("the error", one.shown, one.sentence);
    AwaitText("its name", one.shown, "AUTHORIZATION_ERROR");
    const Outcome valid = RunToEnd({{KlinkBinary(), "validate", "--connect", "-c", agent_->config().string()}});
    EXPECT_EQ(valid.exit_code, 77) << one.sentence;
    EXPECT_THAT(valid.out + valid.err, HasSubstr("needs " + one.name + " on ")) << one.sentence;
    Alter(Change::kAdd, cluster.bootstrap(kSasl), one.resource, one.operation);
    Await("the end of: " + one.sentence, seconds(40),
          [&] { return one.shown().find(one.sentence) == std::string::npos; });
  }
  AwaitMirrored(pair_->source, pair_->destination, "t-rights");
}

}  // namespace
}  // namespace klink::it
