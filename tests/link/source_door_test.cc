// Producers are kept away from the source, and nobody else is: neither readers, nor those who write to other topics.
#include "link/source_door.h"

#include <gmock/gmock.h>

namespace klink::link {
namespace {

using admin::Acl;
using testing::ElementsAre;
using testing::IsEmpty;

Acl Grant(const std::string& topic, admin::AclPattern pattern = admin::AclPattern::kLiteral) {
  Acl acl;
  acl.name = topic;
  acl.pattern = pattern;
  acl.principal = "User:app";
  return acl;
}

TEST(SourceDoor, DeniesWritingToEverybody) {
  EXPECT_EQ(admin::AclText(DenyOf("orders")), "DENY User:* WRITE on topic orders");
  const DoorPlan plan = PlanDoor({"orders", "payments"}, {Grant("*")});
  EXPECT_THAT(plan.deny, ElementsAre("orders", "payments"));
  EXPECT_THAT(plan.unnamed, IsEmpty());
}

TEST(SourceDoor, WhatIsDeniedAlreadyIsSomebodyElses) {
  EXPECT_THAT(PlanDoor({"orders"}, {DenyOf("orders")}).deny, IsEmpty()) << "an undo must not take it away";
}

// With allow.everyone.if.no.acl.found the first ACL of a topic ends what everybody could do with it.
TEST(SourceDoor, ATopicThatNoAclNamesIsNotGivenItsFirst) {
  const std::vector<Acl> acls = {Grant("payments"), Grant("app-", admin::AclPattern::kPrefixed)};
  EXPECT_THAT(PlanDoor({"orders", "payments", "app-1"}, acls).unnamed, ElementsAre("orders"));
}

}  // namespace
}  // namespace klink::link
