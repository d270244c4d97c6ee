// The records of the state topic: round trips, what is refused, and the fold of them.
#include "state/records.h"

#include <random>

#include <gtest/gtest.h>

#include "state/view.h"

namespace klink::state {
namespace {

MirrorRecord Orders() {
  MirrorRecord mirror;
  mirror.source_topic = "orders";
  mirror.destination_topic = "orders";
  mirror.source_topic_id = "lkKBmFvQQsSzrHRoFYdNWA";
  mirror.destination_topic_id = "wq0RcmBIQIqSe6lYmwDSgw";
  mirror.phase = Phase::kPrefill;
  mirror.since_ms = 1700000000000;
  mirror.partitions.resize(3);
  mirror.partitions[1].phase = Phase::kFailed;
  mirror.partitions[1].reason = Reason::kRecordTooLarge;
  mirror.partitions[1].text = "batch of 2000000 bytes at offset 7";
  mirror.partitions[2].prefill_target = 123456789012;
  mirror.partitions[2].shift = -5;
  mirror.partitions[2].source_leader_epoch = 4;
  mirror.partitions[2].accept = Accept::kGap;
  mirror.partitions[2].accept_ms = 1700000000001;
  return mirror;
}

std::vector<Record> Samples() {
  LinkRecord link;
  link.source_cluster_id = "src";
  link.destination_cluster_id = "dst";
  link.data_pid = 4000;
  ConfigRecord config;
  config.generation = 12;
  config.text = "{\"name\":\"paris-to-lyon\"}";
  ControllerRecord controller;
  controller.kind = ControllerKind::kDirect;
  controller.agent = "klink-0";
  controller.session = "ab";
  controller.sequence = 3;
  PidRecord pid;
  pid.pid = 4000;
  pid.use = PidUse::kFiller;
  PauseRecord pause;
  pause.paused = true;
  pause.by = "root";
  MirrorRecord paused = Orders();
  paused.phase = Phase::kPaused;
  paused.phase_before = Phase::kCreating;
  paused.accept = Accept::kRestartAsNew;
  AclRecord acl;
  acl.holding = AclHolding::kHeld;
  acl.resource = "TOPIC";
  acl.pattern = "PREFIXED";
  acl.name = "orders.";
  acl.principal = "User:CN=Ann/B, O=\"Ex\"";
  acl.host = "*";
  acl.operation = "WRITE";
  acl.permission = "ALLOW";
  QuotaRecord quota;
  quota.user = "app/1:x";
  quota.key = "producer_byte_rate";
  quota.value = 1048576.5;
  PromotionRecord promotion;
  promotion.id = "20260101T000000Z-ab12";
  promotion.step = PromotionStep::kFence;
  promotion.groups_read_ms = 1700000000000;
  promotion.times = {{PromotionStep::kStopCopying, 1700000000000}, {PromotionStep::kFence, 1700000000100}};
  promotion.topics.push_back(
      {"orders", PromotionOutcome::kUnfinished, Reason::kDestinationUnavailable, "no leader", {}});
  CutRecord cut;
  cut.topic = "orders";
  cut.partitions.resize(2);
  cut.partitions[1].cut = 77;
  cut.partitions[1].tail_crc = 0xffffffff;
  InhibitRecord inhibit;
  inhibit.inhibited = true;
  inhibit.by = "root";
  inhibit.cleared = promotion.id;
  CutoverRecord move;
  move.id = promotion.id;
  move.step = CutoverStep::kDrain;
  move.topics = {"orders"};
  move.denied = {"orders"};
  move.until_ms = 1700000000000;
  DrillRecord drill;
  drill.id = promotion.id;
  drill.drill = "quarterly";
  drill.rto_seconds = 1.5;
  drill.rpo_records = 7;
  drill.invariants = {{"L12", "PASSED"}};
  return {link,          config, controller, pid,       pause, Orders(), paused, LinkRecord{}, MirrorRecord{},
          PauseRecord{}, acl,    quota,      promotion, cut,   inhibit,  move,   drill};
}

TEST(Records, LedgerKeysOfAnyContentDiffer) {
  AclRecord a, b;
  a.principal = "User:a";
  a.name = "b/c";
  b.principal = "User:a/b";
  b.name = "c";
  EXPECT_NE(KeyOf(a), KeyOf(b));
  QuotaRecord one, other;
  one.user = "a/-";
  other.user = "a";
  other.client_id = "-";
  EXPECT_NE(KeyOf(one), KeyOf(other));
  other.client_id.reset();
  one.user.reset();
  one.client_id = "a";
  EXPECT_NE(KeyOf(one), KeyOf(other));
}

TEST(View, LedgerEntriesComeAndGoByTheirKeys) {
  StateView view;
  AclRecord acl;
  acl.principal = "User:app";
  acl.operation = "READ";
  QuotaRecord quota;
  quota.user = "app";
  for (const Record& record : {Record(acl), Record(quota)}) {
    const admin::KeyValue entry = Encode(record);
    view.Apply(entry.key, entry.value);
  }
  ASSERT_EQ(view.acls().size(), 1u);
  EXPECT_EQ(view.acls().begin()->second, acl);
  ASSERT_EQ(view.quotas().size(), 1u);
  for (const std::string& key : {KeyOf(acl), KeyOf(quota)}) view.Apply(Erase(key).key, std::nullopt);
  EXPECT_TRUE(view.acls().empty() && view.quotas().empty());
  EXPECT_TRUE(view.status().ok());
}

TEST(View, DrillsAreRememberedByTheirIdsUntilTheyAreErased) {
  StateView view;
  DrillRecord drill;
  for (const char* id : {"2", "1"}) {
    drill.id = id;
    const admin::KeyValue entry = Encode(drill);
    view.Apply(entry.key, entry.value);
  }
  ASSERT_EQ(view.drills().size(), 2u);
  EXPECT_EQ(view.drills().begin()->first, "1");
  view.Apply(Erase("drill/1").key, std::nullopt);
  ASSERT_EQ(view.drills().size(), 1u);
  EXPECT_EQ(view.drills().begin()->first, "2");
}

TEST(View, OnePromotionIsUnderWayUntilItIsDone) {
  StateView view;
  PromotionRecord promotion;
  promotion.id = "1";
  promotion.step = PromotionStep::kFence;
  const auto apply = [&view](const Record& record) {
    const admin::KeyValue entry = Encode(record);
    view.Apply(entry.key, entry.value);
  };
  apply(promotion);
  ASSERT_NE(view.promotion(), nullptr);
  PromotionRecord back = promotion;
  back.step = PromotionStep::kStopCopying;
  EXPECT_EQ(view.MayWrite(back).code(), Code::kFailedPrecondition) << "a step is never gone back to";
  PromotionRecord other = promotion;
  other.kind = PromotionKind::kPromote;
  EXPECT_EQ(view.MayWrite(other).code(), Code::kFailedPrecondition);
  promotion.step = PromotionStep::kReleaseAcls;
  apply(promotion);
  promotion.step = PromotionStep::kDone;
  EXPECT_TRUE(view.MayWrite(promotion).ok());
  apply(promotion);
  EXPECT_EQ(view.promotion(), nullptr);
  promotion.finished_ms++;
  EXPECT_EQ(view.MayWrite(promotion).code(), Code::kFailedPrecondition) << "what is done stays as it is";
}

TEST(View, OneMoveIsUnderWayUntilItIsDone) {
  StateView view;
  CutoverRecord move;
  move.id = "1";
  move.step = CutoverStep::kDrain;
  const auto apply = [&view](const Record& record) {
    const admin::KeyValue entry = Encode(record);
    view.Apply(entry.key, entry.value);
  };
  apply(move);
  CutoverRecord other;
  other.id = "2";
  EXPECT_EQ(view.MayWrite(other).code(), Code::kFailedPrecondition) << "the first one comes first";
  move.step = CutoverStep::kPromote;
  apply(move);
  CutoverRecord undone = move;
  undone.step = CutoverStep::kUndo;
  EXPECT_EQ(view.MayWrite(undone).code(), Code::kFailedPrecondition) << "what was begun to be promoted is not undone";
  move.step = CutoverStep::kDone;
  apply(move);
  EXPECT_TRUE(view.MayWrite(other).ok());
  move.undone = true;
  EXPECT_EQ(view.MayWrite(move).code(), Code::kFailedPrecondition) << "what is done stays as it is";
}

TEST(View, TheNewestFailoverThatNobodyAskedForIsRemembered) {
  StateView view;
  EXPECT_EQ(view.automatic_promotion(), nullptr);
  for (const auto& [id, automatic, operation] :
       {std::tuple("1", true, ""), {"2", true, ""}, {"2.002", true, "2"}, {"3", false, ""}}) {
    PromotionRecord promotion;
    promotion.id = id;
    promotion.automatic = automatic;
    promotion.operation = operation;
    const admin::KeyValue entry = Encode(promotion);
    view.Apply(entry.key, entry.value);
  }
  ASSERT_NE(view.automatic_promotion(), nullptr);
  EXPECT_EQ(view.automatic_promotion()->id, "2");
}

TEST(Records, WhatIsWrittenIsReadBack) {
  for (const Record& record : Samples()) {
    const admin::KeyValue entry = Encode(record);
    auto read = Decode(entry.key, *entry.value);
    ASSERT_TRUE(read.ok()) << entry.key << " " << read.status();
    EXPECT_EQ(*read, record) << *entry.value;
  }
}

TEST(Records, DefaultsAreNotWritten) {
  MirrorRecord mirror;
  mirror.source_topic = mirror.destination_topic = "t";
  mirror.phase = Phase::kActive;
  mirror.partitions.resize(2);
  mirror.partitions[0].phase = Phase::kActive;
  mirror.partitions[0].shift = 0;
  const admin::KeyValue entry = Encode(mirror);
  EXPECT_EQ(entry.key, "mirror/t");
  EXPECT_EQ(*entry.value, R"({"v":1,"source_topic":"t","destination_topic":"t","phase":"ACTIVE",)"
                          R"("partitions":[{"phase":"ACTIVE","shift":0},{}]})");
}

TEST(Records, ANewerVersionIsRefusedWithASentence) {
  auto read = Decode("link", R"({"v":2,"source_cluster_id":"x"})");
  EXPECT_EQ(read.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(Text(read.status()),
            "state record link has version 2, this klink knows 1: it was written by another version; run that one, or "
            "upgrade this agent");
}

TEST(Records, AnUnknownKindIsRefused) {
  EXPECT_EQ(Decode("covenant/1", R"({"v":1})").status().code(), Code::kFailedPrecondition);
}

TEST(Records, AnUnknownPhaseOrReasonIsNotGuessed) {
  EXPECT_FALSE(Decode("mirror/t", R"({"v":1,"source_topic":"t","destination_topic":"t","phase":"HAPPY"})").ok());
  EXPECT_FALSE(Decode("mirror/t", R"({"v":1,"destination_topic":"t","reason":"BECAUSE"})").ok());
}

TEST(Records, AValueUnderAnothersKeyIsRefused) {
  const admin::KeyValue entry = Encode(Orders());
  EXPECT_EQ(Decode("mirror/payments", *entry.value).status().code(), Code::kDataLoss);
  EXPECT_EQ(Decode("pid/1", R"({"v":1,"pid":2})").status().code(), Code::kDataLoss);
}

TEST(Records, EveryTruncationIsAnErrorOrAnotherRecordNeverACrash) {
  for (const Record& record : Samples()) {
    const admin::KeyValue entry = Encode(record);
    for (size_t n = 0; n < entry.value->size(); n++)
      EXPECT_FALSE(Decode(entry.key, entry.value->substr(0, n)).ok()) << entry.key << " cut at " << n;
  }
}

TEST(Records, FlippedAndRandomBytesNeverCrash) {
  std::mt19937_64 random(20240131);
  for (const Record& record : Samples()) {
    const admin::KeyValue entry = Encode(record);
    for (int round = 0; round < 2000; round++) {
      std::string bytes = *entry.value;
      for (int flips = 0; flips < 3; flips++) bytes[random() % bytes.size()] = static_cast<char>(random());
      (void)Decode(entry.key, bytes);
    }
  }
  for (int round = 0; round < 2000; round++) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_FALSE(Decode("link", bytes).ok());
  }
}

TEST(Records, DeepNestingAndHugeNumbersAreRefused) {
  const std::string deep = R"({"v":1,"text":)" + std::string(10000, '[');
  EXPECT_FALSE(Decode("config", deep).ok());
  EXPECT_FALSE(Decode("pid/1", R"({"v":1,"pid":1e400})").ok());
  EXPECT_FALSE(Decode("pid/1", R"({"v":1,"pid":99999999999999999999})").ok());
  EXPECT_FALSE(Decode("link", R"({"v":1,"shards":4294967296})").ok());
}

void Apply(StateView& view, const Record& record) {
  const admin::KeyValue entry = Encode(record);
  view.Apply(entry.key, entry.value);
}

TEST(View, TheLastRecordOfAKeyStands) {
  StateView view;
  MirrorRecord mirror = Orders();
  Apply(view, mirror);
  mirror.phase = Phase::kActive;
  Apply(view, mirror);
  ASSERT_NE(view.mirror("orders"), nullptr);
  EXPECT_EQ(view.mirror("orders")->phase, Phase::kActive);
  EXPECT_EQ(view.mirror_of_source("orders"), view.mirror("orders"));
  EXPECT_EQ(view.version(), 2);
  view.Apply("mirror/orders", std::nullopt);
  EXPECT_EQ(view.mirror("orders"), nullptr);
  EXPECT_TRUE(view.status().ok());
}

TEST(View, EveryPidEverUsedIsOurs) {
  StateView view;
  for (int64_t n : {7, 4000}) {
    PidRecord pid;
    pid.pid = n;
    Apply(view, pid);
  }
  EXPECT_TRUE(view.IsOurs(7));
  EXPECT_TRUE(view.IsOurs(4000));
  EXPECT_FALSE(view.IsOurs(8));
}

TEST(View, ARecordItCannotUnderstandEndsItsAuthority) {
  StateView view;
  Apply(view, Orders());
  view.Apply("covenant/1", std::string(R"({"v":1})"));
  EXPECT_EQ(view.status().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(view.MayWrite(Orders()).ok());
}

TEST(View, OnlyMovesOfTheTableAreWritten) {
  StateView view;
  MirrorRecord mirror = Orders();
  mirror.phase = Phase::kStopped;
  Apply(view, mirror);
  mirror.phase = Phase::kActive;
  const Status refused = view.MayWrite(mirror);
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_EQ(Text(refused), "mirror orders is STOPPED and cannot become ACTIVE");
}

TEST(View, ALinkNeverChangesItsClustersOrShards) {
  StateView view;
  LinkRecord link;
  link.source_cluster_id = "a";
  link.destination_cluster_id = "b";
  EXPECT_TRUE(view.MayWrite(link).ok());
  Apply(view, link);
  link.data_pid = 9;
  EXPECT_TRUE(view.MayWrite(link).ok());
  link.source_cluster_id = "c";
  EXPECT_FALSE(view.MayWrite(link).ok());
  link.source_cluster_id = "a";
  link.shards = 512;
  EXPECT_FALSE(view.MayWrite(link).ok());
}

}  // namespace
}  // namespace klink::state
