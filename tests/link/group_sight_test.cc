// Which groups group sync deals with: what the filter takes, what klink may see, what was deleted at the source.
#include "base/log.h"
#include "tests/link/group_sync_fixture.h"

namespace klink::link {
namespace {

using testing::HasSubstr;

TEST_F(GroupSyncTest, AGroupThatMayNotBeSeenAnyMoreIsNotDeleted) {
  config_.groups.delete_policy = config::DeletePolicy::kMirror;
  Commit("app-pay", 42);
  ASSERT_TRUE(Round().ok());
  source_.groups.erase("app-pay");  // as a broker lists it without DESCRIBE
  clusters_[0].hidden.insert("app-pay");
  ASSERT_TRUE(Round().ok());
  clock_.Advance(GroupSync::kGoneAfter);
  const Status round = Round();
  EXPECT_EQ(round.code(), Code::kPermissionDenied);
  EXPECT_THAT(Text(round), HasSubstr("group sync needs DESCRIBE on group app-pay, which cluster paris does not grant"));
  EXPECT_FALSE(Known("app-pay").gone);
  EXPECT_EQ(There("app-pay"), 42);
}

TEST_F(GroupSyncTest, AGroupThatMayNotBeSeenAtTheDestinationIsAnErrorByName) {
  Commit("app-pay", 42);
  clusters_[1].hidden.insert("app-pay");
  const Status round = Round();
  EXPECT_EQ(round.code(), Code::kPermissionDenied);
  EXPECT_THAT(Text(round), HasSubstr("group sync needs READ on group app-pay, which cluster lyon does not grant"));
  EXPECT_EQ(destination_.commits, 0);
}

TEST_F(GroupSyncTest, AnotherFilterIsFollowedFromTheNextRoundOn) {
  Commit("app-pay", 42);
  Commit("web", 7);
  ASSERT_TRUE(Round().ok());
  EXPECT_FALSE(destination_.groups.contains("web"));
  config_.groups.include[0].prefix = "we";
  sync_->Follow(*config::GroupFilter::Compile(config_.groups));
  Commit("app-pay", 43);
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("web"), 7);
  EXPECT_EQ(There("app-pay"), 42) << "left out, it stays where it is";
  EXPECT_FALSE(sync_->book().groups().contains("app-pay"));
  config_.groups.include[0].prefix = "app-";
  sync_->Follow(*config::GroupFilter::Compile(config_.groups));
  ASSERT_TRUE(Round().ok());
  EXPECT_EQ(There("app-pay"), 43);
}

TEST_F(GroupSyncTest, AGroupThatIsLeftOutAndTakenInAgainIsStillLeftToItsMembers) {
  Commit("app-pay", 42);
  ASSERT_TRUE(Round().ok());
  destination_.groups["app-pay"].state = "Stable";
  ASSERT_TRUE(Round().ok());
  destination_.groups["app-pay"].state = "Empty";
  destination_.groups["app-pay"].offsets["copy.orders"][0].offset = 60;
  for (const char* prefix : {"we", "app-"}) {
    config_.groups.include[0].prefix = prefix;
    sync_->Follow(*config::GroupFilter::Compile(config_.groups));
    ASSERT_TRUE(Round().ok());
  }
  EXPECT_EQ(There("app-pay"), 60) << "it has not moved at the source since";
}

TEST_F(GroupSyncTest, ALineThatTakesNoGroupIsToldOnce) {
  std::vector<std::string> lines;
  SetLogger(std::make_shared<Logger>(
      LogOptions{}, [&lines](Level, std::string_view line) { lines.emplace_back(line); }, [] { return WallTime{}; }));
  config_.groups.include.emplace_back().literal = "biling";
  NewLeader();
  Commit("app-pay", 42);
  for (int i = 0; i < 3; i++) EXPECT_TRUE(Round().ok());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("groups.include[1] {literal: biling} takes no group of paris"));
  SetLogger(nullptr);
}

TEST_F(GroupSyncTest, AMissingRightIsAnErrorOfTheTaskByName) {
  Commit("app-pay", 42);
  destination_.committing = kafka::Error::kGroupAuthorizationFailed;
  const Status round = Round();
  EXPECT_EQ(round.code(), Code::kPermissionDenied);
  EXPECT_THAT(Text(round), HasSubstr("group sync needs READ on group app-pay, which cluster lyon does not grant"));
  EXPECT_THAT(Text(round), HasSubstr("GROUP_AUTHORIZATION_FAILED"));
}

TEST_F(GroupSyncTest, AGroupDeletedAtTheSourceIsGoneOnlyAfterAWhileAndRemovedWhenAskedFor) {
  config_.groups.delete_policy = config::DeletePolicy::kMirror;
  Commit("app-pay", 42);
  Commit("app-web", 7);
  ASSERT_TRUE(Round().ok());
  source_.groups.erase("app-pay");
  source_.groups.erase("app-web");
  destination_.groups["app-web"].offsets["local"][0] = {5, "", -1, false};
  ASSERT_TRUE(Round().ok());
  EXPECT_TRUE(destination_.groups.contains("app-pay"));
  clock_.Advance(GroupSync::kGoneAfter);
  ASSERT_TRUE(Round().ok());
  EXPECT_FALSE(destination_.groups.contains("app-pay"));
  EXPECT_TRUE(destination_.groups.contains("app-web"));
  EXPECT_THAT(Known("app-web").trouble, HasSubstr("local, which is no mirror of this link"));
}

TEST_F(GroupSyncTest, AGroupDeletedWhileNobodyLedIsNoticedByTheNextLeader) {
  Commit("app-keep", 42);
  Commit("app-pay", 7);
  ASSERT_TRUE(Round().ok());
  source_.groups.erase("app-pay");
  destination_.groups["app-local"].offsets["copy.orders"][0] = {5, "", -1, false};  // never at the source
  NewLeader();
  ASSERT_TRUE(Round().ok());
  clock_.Advance(GroupSync::kGoneAfter);
  ASSERT_TRUE(Round().ok());
  EXPECT_TRUE(Known("app-pay").gone);
  EXPECT_TRUE(destination_.groups.contains("app-pay")) << "groups.delete is keep";
  EXPECT_FALSE(sync_->book().groups().contains("app-local"));

  config_.groups.delete_policy = config::DeletePolicy::kMirror;
  NewLeader();
  ASSERT_TRUE(Round().ok());
  clock_.Advance(GroupSync::kGoneAfter);
  ASSERT_TRUE(Round().ok());
  EXPECT_FALSE(destination_.groups.contains("app-pay"));
  EXPECT_TRUE(destination_.groups.contains("app-local"));
  EXPECT_EQ(There("app-keep"), 42);
  ASSERT_TRUE(Round().ok());
  EXPECT_FALSE(mirrors_.records.contains("app-pay")) << "it is forgotten";
  EXPECT_TRUE(mirrors_.records.contains("app-keep"));
}

TEST_F(GroupSyncTest, ADeletedGroupWhoseOffsetsExpiredAtTheDestinationIsForgotten) {
  Commit("app-pay", 7);
  ASSERT_TRUE(Round().ok());
  source_.groups.erase("app-pay");
  ASSERT_TRUE(Round().ok());
  clock_.Advance(GroupSync::kGoneAfter);
  ASSERT_TRUE(Round().ok());
  EXPECT_TRUE(mirrors_.records.contains("app-pay"));
  destination_.groups.erase("app-pay");
  ASSERT_TRUE(Round().ok());
  ASSERT_TRUE(Round().ok());
  EXPECT_FALSE(sync_->book().groups().contains("app-pay"));
  EXPECT_FALSE(mirrors_.records.contains("app-pay"));
}

}  // namespace
}  // namespace klink::link
