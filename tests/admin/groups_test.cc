#include "admin/groups.h"

#include <gtest/gtest.h>

namespace klink::admin {
namespace {

using std::string_literals::operator""s;
using Names = std::set<std::string>;

// version 1, topics "a" and "bc", no user data, as Java's ConsumerProtocol writes a subscription.
const std::string kSubscription = "\0\1\0\0\0\2\0\1a\0\2bc\xff\xff\xff\xff"s;
// version 0, "a" with partitions 0 and 3.
const std::string kAssignment = "\0\0\0\0\0\1\0\1a\0\0\0\2\0\0\0\0\0\0\0\3\xff\xff\xff\xff"s;

TEST(GroupsTest, AMembersTopicsAreReadFromItsSubscriptionAndItsAssignment) {
  EXPECT_EQ(TopicsOf(kSubscription, MemberPart::kSubscription), (Names{"a", "bc"}));
  EXPECT_EQ(TopicsOf(kAssignment, MemberPart::kAssignment), (Names{"a"}));
}

TEST(GroupsTest, WhatIsCutOffHasTheTopicsBeforeAndNothingElse) {
  for (size_t size = 0; size < kSubscription.size(); size++) {
    for (const std::string& topic : TopicsOf(kSubscription.substr(0, size), MemberPart::kSubscription))
      EXPECT_TRUE(topic == "a" || topic == "bc");
    (void)TopicsOf(kAssignment.substr(0, size), MemberPart::kAssignment);
  }
  EXPECT_EQ(TopicsOf(std::string("\0\0\x7f\xff\xff\xff", 6), MemberPart::kAssignment), Names{});
}

}  // namespace
}  // namespace klink::admin
