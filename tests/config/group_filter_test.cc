#include "config/group_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::config {
namespace {

TEST(GroupFilter, ExcludeWinsAndTheDecisionNamesItsLine) {
  Groups groups;
  groups.include.resize(2);
  groups.include[0].prefix = "app-";
  groups.include[1].literal = "billing";
  groups.exclude.resize(1);
  groups.exclude[0].regex = "app-[0-9]+";
  const GroupFilter filter = *GroupFilter::Compile(groups);
  struct Case {
    const char* group;
    bool included;
    const char* rule;
  };
  for (const Case& c : {Case{"app-pay", true, "groups.include[0] {prefix: app-}"},
                        {"billing", true, "groups.include[1] {literal: billing}"},
                        {"app-7", false, "groups.exclude[0] {regex: app-[0-9]+}"},
                        {"other", false, ""}}) {
    EXPECT_EQ(filter.Decide(c.group).included, c.included) << c.group;
    EXPECT_EQ(filter.Decide(c.group).rule, c.rule);
  }
  EXPECT_THAT(filter.Idle({"app-pay", "x"}), testing::ElementsAre("groups.include[1] {literal: billing}"));
}

TEST(GroupFilter, NeverTakesKlinksOwnGroups) {
  Groups groups;
  groups.include.resize(1);
  groups.include[0].literal = "*";
  const GroupFilter filter = *GroupFilter::Compile(groups);
  EXPECT_TRUE(filter.Includes("__anything")) << "names of groups have no such rules";
  EXPECT_FALSE(filter.Includes("_klink.paris-to-lyon.work"));
  EXPECT_EQ(GroupFilter::Compile({})->Decide("app").why, "the link carries over no groups (groups.include is empty)");
}

}  // namespace
}  // namespace klink::config
