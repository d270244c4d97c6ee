// Which ACLs and quotas at our source another link made there, and still decides about.
#include "link/carried_here.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "link/acl_sync.h"

namespace klink::link {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

void Put(state::StateView& view, const state::Record& record) {
  const admin::KeyValue entry = state::Encode(record);
  view.Apply(entry.key, entry.value);
}

void PutMirror(state::StateView& view, const std::string& topic, state::Phase phase) {
  state::MirrorRecord mirror;
  mirror.source_topic = mirror.destination_topic = topic;
  mirror.phase = phase;
  Put(view, mirror);
}

const Acl kOrders{.name = "orders", .principal = "User:app"};
const Acl kAll{.pattern = admin::AclPattern::kPrefixed, .name = "o", .principal = "User:app"};
const Acl kOther{.name = "other", .principal = "User:app"};
const Acl kHeld{.name = "other", .principal = "User:app", .operation = admin::AclOperation::kWrite};
const Acl kGroup{.resource = admin::AclResource::kGroup, .name = "app", .principal = "User:app"};
const QuotaName kQuota{"app", std::nullopt, "producer_byte_rate"};

// A link that made all of these; its mirrors `orders` and `other` are in these phases.
state::StateView Theirs(state::Phase orders, state::Phase other) {
  state::StateView view;
  PutMirror(view, "orders", orders);
  PutMirror(view, "other", other);
  for (const Acl& acl : {kOrders, kAll, kOther, kGroup}) Put(view, RecordOf(acl, AclNote::kCreated, 1));
  Put(view, RecordOf(kHeld, AclNote::kHeld, 1));
  Put(view, state::QuotaRecord{kQuota.user, kQuota.client_id, kQuota.key, 10, 1});
  return view;
}

Carried Of(const state::StateView& view) {
  Carried carried;
  TakeCarried(view, carried);
  return carried;
}

TEST(CarriedHere, WhatALinkMadeIsItsOwnAndWhatItHoldsIsNotThere) {
  const Carried carried = Of(Theirs(state::Phase::kActive, state::Phase::kPaused));
  EXPECT_THAT(carried.acls, UnorderedElementsAre(kOrders, kAll, kOther, kGroup));
  EXPECT_THAT(carried.quotas.theirs, ElementsAre(Pair(kQuota, 10)));
  EXPECT_THAT(carried.quotas.former, IsEmpty());
}

TEST(CarriedHere, WhatConcernsAPromotedTopicIsNotTheirsAnyMore) {
  const Carried carried = Of(Theirs(state::Phase::kStopped, state::Phase::kActive));
  EXPECT_THAT(carried.acls, UnorderedElementsAre(kOther)) << "groups and patterns concern it as well";
  EXPECT_THAT(carried.quotas.theirs, ElementsAre(Pair(kQuota, 10))) << "quotas are of no topic";
}

TEST(CarriedHere, OnceAllMirrorsWerePromotedItCarriesNoQuotas) {
  const state::StateView turned = Theirs(state::Phase::kStopped, state::Phase::kPendingStopped);
  EXPECT_TRUE(HasTurned(turned));
  EXPECT_THAT(Of(turned).acls, IsEmpty());
  EXPECT_THAT(Of(turned).quotas.theirs, IsEmpty());
  EXPECT_THAT(Of(turned).quotas.former, ElementsAre(Pair(kQuota, 10)));
  EXPECT_FALSE(HasTurned(state::StateView())) << "it has no mirrors yet";
  EXPECT_FALSE(HasTurned(Theirs(state::Phase::kStopped, state::Phase::kRestore))) << "it was reversed";
}

}  // namespace
}  // namespace klink::link
