#include "link/acl_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/records.h"

namespace klink::link {
namespace {

using admin::AclOperation;
using admin::AclPattern;
using admin::AclPermission;
using admin::AclResource;
using state::Phase;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

constexpr auto kLiteral = AclPattern::kLiteral, kPrefixed = AclPattern::kPrefixed;

Acl Topic(AclOperation operation, std::string name, AclPattern pattern = kLiteral, std::string principal = "User:app") {
  return {AclResource::kTopic, pattern, std::move(name), std::move(principal), "*", operation, AclPermission::kAllow};
}
Acl Read(std::string name, AclPattern pattern = kLiteral, std::string principal = "User:app") {
  return Topic(AclOperation::kRead, std::move(name), pattern, std::move(principal));
}
Acl Write(std::string name, AclPattern pattern = kLiteral) {
  return Topic(AclOperation::kWrite, std::move(name), pattern);
}
Acl Group(std::string name, AclPattern pattern = kLiteral) {
  Acl acl = Read(std::move(name), pattern);
  acl.resource = AclResource::kGroup;
  return acl;
}
Acl Deny(Acl acl) {
  acl.permission = AclPermission::kDeny;
  return acl;
}

config::LinkConfig Config(std::vector<config::Pattern> include, std::vector<config::Pattern> exclude = {},
                          config::Rename rename = {}) {
  config::LinkConfig config;
  config.topics.include = std::move(include);
  config.topics.exclude = std::move(exclude);
  config.topics.rename = std::move(rename);
  config.acls.include = {"*"};
  return config;
}

AclMirror Mirror(std::string name, Phase phase = Phase::kActive) { return {name, name, phase}; }
AclScope ScopeOf(const config::LinkConfig& config, std::vector<AclMirror> mirrors) {
  return {config, {"User:klink"}, std::move(mirrors)};
}

TEST(WishedAcls, WhatReadsIsGrantedAndWhatWritesIsHeld) {
  const config::LinkConfig config = Config({{.prefix = "orders."}});
  const AclScope scope = ScopeOf(config, {Mirror("orders.eu")});
  for (const auto& [operation, held] : std::map<AclOperation, bool>{{AclOperation::kRead, false},
                                                                    {AclOperation::kDescribe, false},
                                                                    {AclOperation::kDescribeConfigs, false},
                                                                    {AclOperation::kWrite, true},
                                                                    {AclOperation::kCreate, true},
                                                                    {AclOperation::kDelete, true},
                                                                    {AclOperation::kAlter, true},
                                                                    {AclOperation::kAlterConfigs, true}}) {
    const Acl acl = Topic(operation, "orders.eu");
    const AclWish wish = WishedAcls({acl}, scope);
    EXPECT_EQ(wish.held, held ? std::set<Acl>{acl} : std::set<Acl>{}) << Name(operation);
    EXPECT_EQ(wish.now, held ? std::set<Acl>{} : std::set<Acl>{acl}) << Name(operation);
  }
}

TEST(WishedAcls, OfAllWhatReadsIsGrantedAtOnce) {
  const config::LinkConfig config = Config({{.literal = "payments"}});
  const AclWish wish = WishedAcls({Topic(AclOperation::kAll, "payments")}, ScopeOf(config, {Mirror("payments")}));
  EXPECT_THAT(wish.now, UnorderedElementsAre(Read("payments"), Topic(AclOperation::kDescribeConfigs, "payments")));
  EXPECT_THAT(wish.held, ElementsAre(Topic(AclOperation::kAll, "payments")));
}

TEST(WishedAcls, DenyIsNeverHeld) {
  const config::LinkConfig config = Config({{.prefix = "orders."}});
  const AclScope scope = ScopeOf(config, {Mirror("orders.eu")});
  for (const AclOperation operation : {AclOperation::kAll, AclOperation::kWrite, AclOperation::kRead}) {
    const Acl acl = Deny(Topic(operation, "orders.", kPrefixed));
    const AclWish wish = WishedAcls({acl}, scope);
    EXPECT_THAT(wish.now, ElementsAre(acl));
    EXPECT_THAT(wish.held, IsEmpty());
  }
}

TEST(WishedAcls, KlinkItselfIsNeverTouched) {
  const config::LinkConfig config = Config({{.literal = "*"}});
  const AclScope scope = ScopeOf(config, {Mirror("t")});
  EXPECT_THAT(WishedAcls({Read("t", kLiteral, "User:klink"), Deny(Read("t", kLiteral, "User:klink"))}, scope).now,
              IsEmpty());
  const AclWish wish = WishedAcls({Deny(Read("t", kLiteral, "User:*"))}, scope);
  EXPECT_THAT(wish.now, IsEmpty());
  ASSERT_EQ(wish.skipped.size(), 1u);
  EXPECT_EQ(wish.skipped[0].why, "it denies everybody, klink as well; deny it to single principals");
  EXPECT_THAT(WishedAcls({Read("t", kLiteral, "User:*")}, scope).now, ElementsAre(Read("t", kLiteral, "User:*")));
}

TEST(WishedAcls, OnlyOfThePrincipalsAskedFor) {
  config::LinkConfig config = Config({{.literal = "*"}});
  config.acls.include = {"User:app", "User:pay-*", "User:CN=Ann, O=Ex"};
  config.acls.exclude = {"User:pay-admin"};
  const AclScope scope = ScopeOf(config, {Mirror("t")});
  for (const auto& [principal, carried] : std::map<std::string, bool>{{"User:app", true},
                                                                      {"User:app2", false},
                                                                      {"User:pay-1", true},
                                                                      {"User:pay-admin", false},
                                                                      {"User:CN=Ann, O=Ex", true},
                                                                      {"User:*", false}}) {
    EXPECT_EQ(WishedAcls({Read("t", kLiteral, principal)}, scope).now.size(), carried ? 1u : 0u) << principal;
  }
}

TEST(WishedAcls, APatternStaysOneWhereAllUnderItIsMirrored) {
  struct Case {
    const char* story;
    config::LinkConfig config;
    Acl acl;
    std::vector<Acl> wished;
  };
  const std::vector<AclMirror> mirrors = {Mirror("orders.eu"), Mirror("orders.us"), Mirror("payments")};
  const std::vector<Case> cases = {
      {"the filter's own prefix",
       Config({{.prefix = "orders."}}),
       Read("orders.", kPrefixed),
       {Read("orders.", kPrefixed)}},
      {"a longer one", Config({{.prefix = "orders."}}), Read("orders.e", kPrefixed), {Read("orders.e", kPrefixed)}},
      {"a shorter one is narrowed",
       Config({{.prefix = "orders."}}),
       Read("o", kPrefixed),
       {Read("orders.", kPrefixed)}},
      {"all topics, of which some are mirrored",
       Config({{.prefix = "orders."}, {.literal = "payments"}}),
       Read("*"),
       {Read("orders.", kPrefixed), Read("payments")}},
      {"something under it is excluded",
       Config({{.prefix = "orders."}}, {{.prefix = "orders.tmp."}}),
       Read("orders.", kPrefixed),
       {Read("orders.eu"), Read("orders.us")}},
      {"what is excluded is not under it",
       Config({{.prefix = "orders."}}, {{.prefix = "orders.tmp."}}),
       Read("orders.e", kPrefixed),
       {Read("orders.e", kPrefixed)}},
      {"a regular expression",
       Config({{.regex = "orders\\.[a-z]+"}}),
       Read("orders.", kPrefixed),
       {Read("orders.eu"), Read("orders.us")}},
      {"all topics are mirrored: klink's own stay apart",
       Config({{.literal = "*"}}),
       Read("*"),
       {Read("orders.eu"), Read("orders.us"), Read("payments")}},
      {"a pattern that reaches internal topics", Config({{.literal = "*"}}), Read("_", kPrefixed), {}},
      {"a topic that is not mirrored", Config({{.prefix = "orders."}}), Read("other"), {}},
  };
  for (const Case& one : cases)
    EXPECT_THAT(WishedAcls({one.acl}, ScopeOf(one.config, mirrors)).now, UnorderedElementsAreArray(one.wished))
        << one.story;
}

TEST(WishedAcls, NamesFollowTheRename) {
  const config::LinkConfig prefixed = Config({{.prefix = "orders."}}, {}, {.prefix = "dr-", .suffix = ""});
  const AclMirror mirror{"orders.eu", "dr-orders.eu", Phase::kActive};
  EXPECT_THAT(WishedAcls({Read("orders.eu"), Read("orders.", kPrefixed)}, ScopeOf(prefixed, {mirror})).now,
              UnorderedElementsAre(Read("dr-orders.eu"), Read("dr-orders.", kPrefixed)));
  const config::LinkConfig suffixed = Config({{.prefix = "orders."}}, {}, {.prefix = "", .suffix = ".dr"});
  const AclMirror other{"orders.eu", "orders.eu.dr", Phase::kActive};
  EXPECT_THAT(WishedAcls({Read("orders.", kPrefixed)}, ScopeOf(suffixed, {other})).now,
              ElementsAre(Read("orders.eu.dr")));
}

TEST(WishedAcls, GroupsThatAreCarriedOver) {
  config::LinkConfig config = Config({{.literal = "t"}});
  config.groups.include = {{.prefix = "app-"}, {.literal = "batch"}, {.regex = "job[0-9]"}};
  config.groups.exclude = {{.literal = "app-x-1"}};
  const AclScope scope = ScopeOf(config, {});
  const auto now = [&](Acl acl) { return WishedAcls({std::move(acl)}, scope).now; };
  EXPECT_THAT(now(Group("app-1")), ElementsAre(Group("app-1")));
  EXPECT_THAT(now(Group("job7")), ElementsAre(Group("job7")));
  EXPECT_THAT(now(Group("app-x-1")), IsEmpty());
  EXPECT_THAT(now(Group("other")), IsEmpty());
  EXPECT_THAT(now(Group("app-p", kPrefixed)), ElementsAre(Group("app-p", kPrefixed)));
  EXPECT_THAT(now(Group("ba", kPrefixed)), ElementsAre(Group("batch")));
  const AclWish unclear = WishedAcls({Group("app-", kPrefixed)}, scope);
  EXPECT_THAT(unclear.now, IsEmpty());
  EXPECT_EQ(unclear.skipped.size(), 1u);
  config.groups.include.clear();
  EXPECT_THAT(WishedAcls({Group("app-1")}, ScopeOf(config, {})).now, IsEmpty()) << "no groups are carried over";
}

TEST(WishedAcls, APromotedTopicIsItsOwnersBusiness) {
  const config::LinkConfig config = Config({{.prefix = "orders."}});
  const std::vector<AclMirror> mirrors = {Mirror("orders.eu", Phase::kStopped), Mirror("orders.us")};
  const AclWish wish =
      WishedAcls({Write("orders.eu"), Read("orders.eu"), Write("orders.us"), Write("orders.", kPrefixed)},
                 ScopeOf(config, mirrors));
  EXPECT_THAT(wish.now, IsEmpty());
  EXPECT_THAT(wish.held, UnorderedElementsAre(Write("orders.us"), Write("orders.", kPrefixed)));
}

class PlanAclsTest : public testing::Test {
 protected:
  AclSteps Plan(AclWish wish, std::set<Acl> existing, AclLedger ledger, std::vector<AclMirror> mirrors) {
    return PlanAcls(wish, existing, ledger, ScopeOf(config_, std::move(mirrors)));
  }
  config::LinkConfig config_ = Config({{.prefix = "orders."}});
  const std::vector<AclMirror> running_ = {Mirror("orders.eu"), Mirror("orders.us")};
};

TEST_F(PlanAclsTest, DenyIsMadeFirstAndTakenAwayLast) {
  const Acl allow = Read("orders.eu"), deny = Deny(Read("orders.us"));
  EXPECT_THAT(Plan({{allow, deny}, {}, {}}, {}, {}, running_).create, ElementsAre(deny, allow));
  const AclLedger ledger = {{allow, AclNote::kCreated}, {deny, AclNote::kCreated}};
  EXPECT_THAT(Plan({}, {allow, deny}, ledger, running_).remove, ElementsAre(allow, deny));
}

TEST_F(PlanAclsTest, OnlyWhatKlinkMadeIsTakenAway) {
  const Acl ours = Read("orders.eu"), theirs = Read("orders.us");
  const AclSteps steps = Plan({}, {ours, theirs}, {{ours, AclNote::kCreated}}, running_);
  EXPECT_THAT(steps.remove, ElementsAre(ours));
  EXPECT_THAT(steps.forget, ElementsAre(ours));
}

TEST_F(PlanAclsTest, WhatStoodThereBeforeStaysTheirs) {
  const Acl acl = Read("orders.eu");
  EXPECT_TRUE(Plan({{acl}, {}, {}}, {acl}, {}, running_).empty());
}

TEST_F(PlanAclsTest, IsNotedBeforeItIsMadeAndMadeAfterACrashInBetween) {
  const Acl acl = Read("orders.eu");
  const AclSteps first = Plan({{acl}, {}, {}}, {}, {}, running_);
  EXPECT_THAT(first.note, ElementsAre(std::pair(acl, AclNote::kCreated)));
  EXPECT_THAT(first.create, ElementsAre(acl));
  const AclSteps again = Plan({{acl}, {}, {}}, {}, {{acl, AclNote::kCreated}}, running_);
  EXPECT_THAT(again.note, IsEmpty());
  EXPECT_THAT(again.create, ElementsAre(acl));
}

TEST_F(PlanAclsTest, WhatIsHeldIsNotedAndForgottenWhenTheSourceTakesItAway) {
  const Acl acl = Write("orders.eu");
  const AclSteps held = Plan({{}, {acl}, {}}, {}, {}, running_);
  EXPECT_THAT(held.note, ElementsAre(std::pair(acl, AclNote::kHeld)));
  EXPECT_THAT(held.create, IsEmpty());
  EXPECT_TRUE(Plan({{}, {acl}, {}}, {}, {{acl, AclNote::kHeld}}, running_).empty());
  const AclSteps gone = Plan({}, {}, {{acl, AclNote::kHeld}}, running_);
  EXPECT_THAT(gone.forget, ElementsAre(acl));
  EXPECT_THAT(gone.remove, IsEmpty());
}

TEST_F(PlanAclsTest, AGrantOfATopicThatIsMirroredAgainIsHeldAgain) {
  const Acl acl = Write("orders.eu");
  const AclSteps steps = Plan({{}, {acl}, {}}, {acl}, {{acl, AclNote::kCreated}}, running_);
  EXPECT_THAT(steps.remove, ElementsAre(acl));
  EXPECT_THAT(steps.rewrite, ElementsAre(std::pair(acl, AclNote::kHeld)));
}

TEST_F(PlanAclsTest, NothingOfAPromotedTopicIsTakenAway) {
  const std::vector<AclMirror> mirrors = {Mirror("orders.eu", Phase::kStopped), Mirror("orders.us")};
  const AclLedger ledger = {{Write("orders.eu"), AclNote::kCreated},
                            {Read("orders.", kPrefixed), AclNote::kCreated},
                            {Group("app"), AclNote::kCreated},
                            {Read("orders.us"), AclNote::kCreated}};
  std::set<Acl> existing;
  for (const auto& [acl, note] : ledger) existing.insert(acl);
  EXPECT_THAT(Plan({}, existing, ledger, mirrors).remove, ElementsAre(Read("orders.us")));
}

TEST(ReleasedFor, PromotedTopicsGetTheirGrantsOneByOneAndThePatternComesLast) {
  struct Case {
    const char* story;
    std::set<std::string> promoted;
    std::vector<AclMirror> mirrors;
    std::vector<Acl> held, create, lifted;
  };
  const Acl prefix = Write("orders.", kPrefixed), literal = Write("orders.eu");
  const std::vector<Case> cases = {
      {"a literal grant", {"orders.eu"}, {Mirror("orders.eu")}, {literal}, {literal}, {literal}},
      {"of another topic", {"orders.us"}, {Mirror("orders.eu"), Mirror("orders.us")}, {literal}, {}, {}},
      {"the first under a pattern", {"orders.eu"}, {Mirror("orders.eu"), Mirror("orders.us")}, {prefix}, {literal}, {}},
      {"the last under a pattern",
       {"orders.us"},
       {Mirror("orders.eu", Phase::kStopped), Mirror("orders.us")},
       {prefix},
       {prefix},
       {prefix}},
      {"all under a pattern at once",
       {"orders.eu", "orders.us"},
       {Mirror("orders.eu"), Mirror("orders.us"), Mirror("payments")},
       {prefix},
       {prefix},
       {prefix}},
      {"already under way", {"orders.eu"}, {Mirror("orders.eu", Phase::kPendingStopped)}, {prefix}, {prefix}, {prefix}},
      {"nothing under it is promoted", {"payments"}, {Mirror("orders.eu"), Mirror("payments")}, {prefix}, {}, {}},
  };
  for (const Case& one : cases) {
    const AclRelease release = ReleasedFor(one.promoted, one.held, one.mirrors);
    EXPECT_THAT(release.create, ElementsAreArray(one.create)) << one.story;
    EXPECT_THAT(release.lifted, ElementsAreArray(one.lifted)) << one.story;
  }
}

// A topic that was promoted and is a mirror again: what klink granted is held again, the rest is not klink's.
TEST(ReleasedFor, WhatItGrantsIsNotedAndWhatWasThereIsNot) {
  const Acl prefix = Write("orders.", kPrefixed), eu = Write("orders.eu"), us = Write("orders.us");
  const AclRelease release{{eu, prefix, us}, {prefix, us}};
  const ReleaseNotes notes = NotesOf(release, {us, Write("payments")});
  EXPECT_THAT(notes.created, ElementsAre(eu, prefix));
  EXPECT_THAT(notes.forget, ElementsAre(us));
  const config::LinkConfig config = Config({{.prefix = "orders."}});
  AclWish wish;
  wish.held = {us};
  const AclLedger ledger = {{eu, AclNote::kCreated}, {prefix, AclNote::kCreated}};
  const AclScope scope = ScopeOf(config, {Mirror("orders.eu"), Mirror("orders.us")});
  EXPECT_THAT(PlanAcls(wish, {eu, prefix, us}, ledger, scope).remove, testing::UnorderedElementsAre(eu, prefix));
}

TEST(ForeignWriters, NamesWhoElseMayWriteToAMirror) {
  const config::LinkConfig config = Config({{.prefix = "orders."}});
  const AclScope scope = ScopeOf(config, {Mirror("orders.eu"), Mirror("orders.old", Phase::kStopped)});
  const Acl wildcard = Write("*"), prefix = Topic(AclOperation::kAll, "ord", kPrefixed);
  const std::vector<Acl> there = {wildcard,
                                  prefix,
                                  Read("orders.eu"),
                                  Write("orders.old"),
                                  Write("other"),
                                  Topic(AclOperation::kWrite, "orders.eu", kLiteral, "User:klink"),
                                  Deny(Write("orders.eu"))};
  EXPECT_THAT(ForeignWriters(there, scope), ElementsAre(wildcard, prefix));
}

}  // namespace
}  // namespace klink::link
