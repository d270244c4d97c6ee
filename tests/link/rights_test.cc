#include "link/rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::link {
namespace {

using admin::AclOperation;
using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Not;

config::LinkConfig Config(std::vector<config::Pattern> include) {
  config::LinkConfig link;
  link.name = "l";
  link.topics.include = std::move(include);
  return link;
}

std::vector<std::string> Lines(const std::vector<Right>& rights) {
  std::vector<std::string> lines;
  for (const Right& right : rights)
    lines.push_back(fmt::format("{}{}: {}", right.necessity == Necessity::kOptional ? "(optional) " : "",
                                RightText(right), FeaturesText(right)));
  return lines;
}
std::vector<std::string> Source(const config::LinkConfig& link) { return Lines(RightsFor(link, {}).source); }
std::vector<std::string> Destination(const config::LinkConfig& link) { return Lines(RightsFor(link, {}).destination); }

TEST(RightsFor, APlainLinkReadsHereAndWritesThere) {
  const config::LinkConfig link = Config({{.prefix = "orders."}});
  EXPECT_THAT(Source(link),
              ElementsAre("READ on topics orders.*: data", "DESCRIBE_CONFIGS on topics orders.*: topic configs",
                          "READ on topics _klink.*: loop check"));
  EXPECT_THAT(
      Destination(link),
      ElementsAre("CREATE on topics orders.*: new mirrors", "READ on topics orders.*: recovery",
                  "WRITE on topics orders.*: data", "ALTER on topics orders.*: new partitions",
                  "ALTER_CONFIGS on topics orders.*: topic configs",
                  "DELETE on topics orders.*: prefill and trim, log start, realign",
                  "CREATE on topics _klink.l.*: state topics, audit topic",
                  "READ on topics _klink.l.*: state topics, audit topic",
                  "WRITE on topics _klink.l.*: state topics, audit topic", "ALTER on topics _klink.l.*: state topics",
                  "READ on groups _klink.l.*: leadership",
                  "WRITE on transactional ids klink.l*: state topics, transactions",
                  "DESCRIBE_CONFIGS on the cluster: broker settings", "(optional) ALTER on the cluster: markers",
                  "(optional) DESCRIBE on groups *: realign sees who reads", "READ on topics _klink.*: loop check"));
}

TEST(RightsFor, EachFeatureAddsWhatItNeeds) {
  config::LinkConfig link = Config({{.literal = "t"}});
  link.groups.include = {{.prefix = "app-"}};
  link.acls.enabled = link.quotas.enabled = true;
  EXPECT_THAT(Source(link), IsSupersetOf({"DESCRIBE on groups app-*: group sync", "DESCRIBE on the cluster: acl sync",
                                          "DESCRIBE_CONFIGS on the cluster: quota sync"}));
  EXPECT_THAT(Destination(link),
              IsSupersetOf({"READ on topic t: recovery, group sync", "READ on groups app-*: group sync",
                            "ALTER on the cluster: markers, acl sync", "ALTER_CONFIGS on the cluster: quota sync"}));
}

TEST(RightsFor, OnlyAnIsolatedDrillOfTheLinkNeedsRightsOfItsOwn) {
  const config::LinkConfig link = Config({{.literal = "t"}});
  const auto with = [&link](const std::string& of, config::DrillKind kind) {
    config::Config config;
    config.drills.emplace_back();
    config.drills[0].link = of;
    config.drills[0].kind = kind;
    return Lines(RightsFor(link, config).destination);
  };
  EXPECT_THAT(with("l", config::DrillKind::kIsolated),
              IsSupersetOf({"CREATE on topics _klink.drill.*: drills", "READ on topics _klink.drill.*: drills",
                            "WRITE on topics _klink.drill.*: drills", "DELETE on topics _klink.drill.*: drills",
                            "READ on groups _klink.drill.*: drills", "DELETE on groups _klink.drill.*: drills",
                            "WRITE on transactional ids klink.drill.*: drills",
                            "(optional) DESCRIBE on the cluster: drills see free space"}));
  EXPECT_EQ(with("l", config::DrillKind::kDry), Destination(link));
  EXPECT_EQ(with("another", config::DrillKind::kIsolated), Destination(link));
}

TEST(RightsFor, MarkersAreRequiredWhereTheConfigurationAsksForThem) {
  config::LinkConfig link = Config({{.literal = "t"}});
  link.holes = config::Holes::kTranslate;
  EXPECT_THAT(Destination(link), Not(Contains(testing::HasSubstr("markers"))));
  link.transactions = config::Transactions::kCommitted;
  EXPECT_THAT(Destination(link), Contains("ALTER on the cluster: markers"));
}

TEST(RightsFor, PatternsBecomeTheSmallestThatKafkaKnows) {
  struct Case {
    config::Pattern pattern;
    config::Rename rename;
    const char* source;
    const char* destination;
  };
  const std::vector<Case> cases = {
      {{.literal = "t"}, {}, "topic t", "topic t"},
      {{.literal = "t"}, {.prefix = "a-", .suffix = "-z"}, "topic t", "topic a-t-z"},
      {{.prefix = "p."}, {.prefix = "a-", .suffix = "-z"}, "topics p.*", "topics a-p.*"},
      {{.regex = "app-[0-9]+"}, {}, "topics app-*", "topics app-*"},
      {{.regex = "(eu|us)-orders"}, {}, "topics *", "topics *"},
      {{.regex = "orders"}, {}, "topics orders*", "topics orders*"},
      {{.literal = "*"}, {}, "topics *", "topics *"},
      {{.literal = "*"}, {.prefix = "a-", .suffix = ""}, "topics *", "topics a-*"},
  };
  for (const Case& one : cases) {
    config::LinkConfig link = Config({one.pattern});
    link.topics.rename = one.rename;
    EXPECT_EQ(Source(link).front(), fmt::format("READ on {}: data", one.source));
    EXPECT_EQ(Destination(link).front(), fmt::format("CREATE on {}: new mirrors", one.destination));
  }
}

TEST(Implies, AsKafkaDoes) {
  EXPECT_TRUE(Implies(AclOperation::kAll, AclOperation::kWrite));
  EXPECT_TRUE(Implies(AclOperation::kWrite, AclOperation::kDescribe));
  EXPECT_TRUE(Implies(AclOperation::kAlterConfigs, AclOperation::kDescribeConfigs));
  EXPECT_FALSE(Implies(AclOperation::kDescribeConfigs, AclOperation::kDescribe));
  EXPECT_FALSE(Implies(AclOperation::kDescribe, AclOperation::kRead));
  EXPECT_FALSE(Implies(AclOperation::kCreate, AclOperation::kDescribe));
}

}  // namespace
}  // namespace klink::link
