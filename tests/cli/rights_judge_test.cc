#include "cli/rights_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::cli {
namespace {

using admin::AclOperation;
using admin::AclPattern;
using admin::AclResource;
using link::Necessity;
using link::Right;
using testing::ElementsAre;
using testing::IsEmpty;

int32_t Bits(std::vector<AclOperation> operations) {
  int32_t bits = 0;
  for (const AclOperation operation : operations) bits |= 1 << static_cast<int>(operation);
  return bits;
}
Right Topics(AclOperation operation, std::string feature, Necessity necessity = Necessity::kRequired) {
  return {AclResource::kTopic, AclPattern::kPrefixed, "orders.", operation, necessity, {std::move(feature)}};
}
Right Cluster(AclOperation operation, std::string feature) {
  return {AclResource::kCluster, AclPattern::kLiteral, std::string(admin::kClusterName), operation,
          Necessity::kRequired,  {std::move(feature)}};
}
RightAnswers On(AclResource resource, std::string name, std::optional<int32_t> bits) {
  RightAnswers answers;
  answers.cluster = "lyon";
  answers.operations[{resource, std::move(name)}] = bits;
  return answers;
}

TEST(ProbeName, IsANameThatThePatternCovers) {
  Right right = Topics(AclOperation::kRead, "data");
  EXPECT_EQ(ProbeName(right), "orders.klink-check");
  right.pattern = AclPattern::kLiteral;
  EXPECT_EQ(ProbeName(right), "orders.");
  right.name = "*";
  EXPECT_EQ(ProbeName(right), "klink-check");
}

TEST(ToldOf, FromWhatTheClusterSays) {
  const Right read = Topics(AclOperation::kRead, "data"), create = Topics(AclOperation::kCreate, "new mirrors");
  const std::string probe = ProbeName(read);
  EXPECT_EQ(ToldOf(read, On(AclResource::kTopic, probe, Bits({AclOperation::kRead}))), Told::kGranted);
  EXPECT_EQ(ToldOf(read, On(AclResource::kTopic, probe, Bits({AclOperation::kWrite}))), Told::kMissing);
  EXPECT_EQ(ToldOf(read, On(AclResource::kTopic, probe, std::nullopt)), Told::kMissing) << "READ would show it";
  EXPECT_EQ(ToldOf(create, On(AclResource::kTopic, probe, std::nullopt)), Told::kNotTold) << "CREATE would not";
  EXPECT_EQ(ToldOf(read, On(AclResource::kTopic, "other", 0)), Told::kNotTold);
  RightAnswers open = On(AclResource::kTopic, probe, 0);
  open.authorizer = false;
  EXPECT_EQ(ToldOf(read, open), Told::kGranted);
}

TEST(ToldOf, OnAClusterThatSaysNothingWhatWasTriedCounts) {
  const Right settings = Cluster(AclOperation::kDescribeConfigs, "broker settings");
  const Right alter = Cluster(AclOperation::kAlter, "acl sync");
  RightAnswers answers = On(AclResource::kCluster, std::string(admin::kClusterName), std::nullopt);
  answers.cluster_tried[AclOperation::kDescribeConfigs] = true;
  EXPECT_EQ(ToldOf(settings, answers), Told::kGranted);
  EXPECT_EQ(ToldOf(alter, answers), Told::kMissing) << "ALTER would show it";
  answers.cluster_tried[AclOperation::kDescribeConfigs] = false;
  EXPECT_EQ(ToldOf(settings, answers), Told::kMissing);
}

TEST(MissingRights, NameTheFeatureTheOperationAndTheResource) {
  const std::vector<Right> rights = {Topics(AclOperation::kRead, "data"), Topics(AclOperation::kWrite, "data"),
                                     Topics(AclOperation::kDelete, "prefill and trim", Necessity::kOptional)};
  EXPECT_THAT(MissingRights(rights, On(AclResource::kTopic, "orders.klink-check", Bits({AclOperation::kRead}))),
              ElementsAre("data needs WRITE on topics orders.*, which cluster lyon does not grant"));
}

TEST(ExcessRights, AreThoseThatNothingNeeds) {
  const std::vector<Right> rights = {Topics(AclOperation::kRead, "data"),
                                     Topics(AclOperation::kAlterConfigs, "topic configs"),
                                     Topics(AclOperation::kDelete, "realign", Necessity::kOptional)};
  const auto excess = [&](std::vector<AclOperation> operations) {
    return ExcessRights(rights, On(AclResource::kTopic, "orders.klink-check", Bits(std::move(operations))));
  };
  EXPECT_THAT(excess({AclOperation::kRead, AclOperation::kDescribe, AclOperation::kAlterConfigs,
                      AclOperation::kDescribeConfigs, AclOperation::kDelete}),
              IsEmpty());
  EXPECT_THAT(excess({AclOperation::kRead, AclOperation::kWrite, AclOperation::kCreate}),
              ElementsAre("cluster lyon also grants WRITE, CREATE on topics orders.*: nothing needs it"));
  RightAnswers open = On(AclResource::kTopic, "orders.klink-check", Bits({AclOperation::kWrite}));
  open.authorizer = false;
  EXPECT_THAT(ExcessRights(rights, open), IsEmpty());
}

TEST(OtherWriters, AreListedUpToABound) {
  config::LinkConfig config;
  const link::AclScope scope{config, {"User:klink"}, {{"t", "t", state::Phase::kActive}}};
  std::vector<admin::Acl> acls;
  for (int i = 0; i < 25; i++)
    acls.push_back({AclResource::kTopic, AclPattern::kLiteral, "t", fmt::format("User:app-{}", i), "10.0.0.1",
                    AclOperation::kWrite, admin::AclPermission::kAllow});
  const std::vector<std::string> writers = OtherWriters(acls, scope, "lyon");
  ASSERT_EQ(writers.size(), 21u);
  EXPECT_EQ(writers.front(),
            "cluster lyon lets others change a mirror: ALLOW User:app-0 WRITE on topic t from 10.0.0.1");
  EXPECT_EQ(writers.back(), "… and 5 more");
}

}  // namespace
}  // namespace klink::cli
