#include "link/config_plan.h"

#include <gmock/gmock.h>

#include "config/topic_keys.h"

namespace klink::link {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kAnyTime[] = "9223372036854775807";

// As a broker of the newest release tells a topic without overrides.
TopicSettings Defaults() {
  TopicSettings settings;
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"cleanup.policy", "delete"},
                                                                  {"retention.ms", "604800000"},
                                                                  {"retention.bytes", "-1"},
                                                                  {"delete.retention.ms", "86400000"},
                                                                  {"min.compaction.lag.ms", "0"},
                                                                  {"max.compaction.lag.ms", kAnyTime},
                                                                  {"segment.bytes", "1073741824"},
                                                                  {"segment.ms", "604800000"},
                                                                  {"segment.jitter.ms", "0"},
                                                                  {"segment.index.bytes", "10485760"},
                                                                  {"max.message.bytes", "1048588"},
                                                                  {"compression.type", "producer"},
                                                                  {"message.timestamp.type", "CreateTime"},
                                                                  {"message.timestamp.before.max.ms", kAnyTime},
                                                                  {"message.timestamp.after.max.ms", "3600000"},
                                                                  {"min.insync.replicas", "1"},
                                                                  {"flush.ms", kAnyTime},
                                                                  {"flush.messages", kAnyTime},
                                                                  {"min.cleanable.dirty.ratio", "0.5"},
                                                                  {"preallocate", "false"},
                                                                  {"unclean.leader.election.enable", "false"},
                                                                  {"remote.storage.enable", "false"},
                                                                  {"leader.replication.throttled.replicas", ""}})
    settings[key] = {value, false};
  return settings;
}

TopicSettings With(TopicSettings settings, std::map<std::string, std::string> overrides) {
  for (auto& [key, value] : overrides) settings[key] = {value, true};
  return settings;
}

// A mirror as klink makes it of that source.
TopicSettings MirrorOf(const TopicSettings& source) {
  std::map<std::string, std::string> effective;
  for (const auto& [key, setting] : source) effective[key] = setting.value;
  std::vector<std::string> raised;
  TopicSettings mirror = Defaults();
  for (const auto& [key, value] : AlwaysConfigs(effective, Aligned::kYes, raised))
    if (mirror.contains(key)) mirror[key] = {value, true};
  return mirror;
}

ConfigPlan PlanOf(const TopicSettings& source, const TopicSettings& mirror, const config::TopicConfigs& lists = {},
                  Aligned aligned = Aligned::kYes) {
  return PlanConfigs(source, mirror, lists, aligned);
}

TEST(ConfigPlan, AMirrorAsItWasMadeNeedsNothing) {
  const ConfigPlan plan = PlanOf(Defaults(), MirrorOf(Defaults()));
  EXPECT_THAT(plan.always, IsEmpty());
  EXPECT_THAT(plan.others, IsEmpty());
  EXPECT_THAT(plan.unknown, IsEmpty());
}

TEST(ConfigPlan, TheEffectiveValueOfADataKeyBecomesTheMirrorsOwn) {
  TopicSettings source = Defaults();
  source["retention.ms"] = {"1000", false};  // a default of the source's brokers
  EXPECT_THAT(PlanOf(source, MirrorOf(Defaults())).always,
              ElementsAre(SettingChange{"retention.ms", "1000", "604800000"}));
  // Also when the destination's default happens to be the same: it may change there.
  TopicSettings bare = MirrorOf(Defaults());
  bare["retention.ms"] = {"604800000", false};
  EXPECT_THAT(PlanOf(Defaults(), bare).always, ElementsAre(SettingChange{"retention.ms", "604800000", std::nullopt}));
}

TEST(ConfigPlan, EveryDataKeyTravelsWhateverTheListsSay) {
  config::TopicConfigs lists;
  lists.exclude = config::DataKeys();
  for (const std::string& key : config::DataKeys()) {
    const TopicSettings source = With(Defaults(), {{key, "7654321"}});
    EXPECT_THAT(PlanOf(source, MirrorOf(Defaults()), lists).always, Contains(Field(&SettingChange::key, key))) << key;
  }
}

TEST(ConfigPlan, WhatKeepsTheCopyExactIsSetBack) {
  const TopicSettings mirror =
      With(MirrorOf(Defaults()), {{"compression.type", "gzip"}, {"message.timestamp.type", "LogAppendTime"}});
  EXPECT_THAT(PlanOf(With(Defaults(), {{"compression.type", "zstd"}}), mirror).always,
              ElementsAre(SettingChange{"compression.type", "producer", "gzip"},
                          SettingChange{"message.timestamp.type", "CreateTime", "LogAppendTime"}));
}

TEST(ConfigPlan, NothingIsRemovedAndNothingCompactedBeforeTheMirrorIsAligned) {
  const TopicSettings source = With(Defaults(), {{"cleanup.policy", "compact"}, {"retention.bytes", "1000"}});
  EXPECT_THAT(
      PlanOf(source, MirrorOf(source), {}, Aligned::kNo).always,
      ElementsAre(SettingChange{"cleanup.policy", "delete", "compact"}, SettingChange{"retention.bytes", "-1", "1000"},
                  SettingChange{"retention.ms", "-1", "604800000"}));
  EXPECT_THAT(PlanOf(source, MirrorOf(source), {}, Aligned::kYes).always, IsEmpty());
}

TEST(ConfigPlan, WhatIsTheDestinationsIsNeverTouched) {
  const TopicSettings source = With(Defaults(), {{"min.insync.replicas", "2"},
                                                 {"remote.storage.enable", "true"},
                                                 {"leader.replication.throttled.replicas", "0:1"}});
  const TopicSettings mirror = With(MirrorOf(Defaults()), {{"min.insync.replicas", "3"}});
  for (config::TopicConfigs lists : {config::TopicConfigs{}, config::TopicConfigs{30s, {"min.insync.replicas"}, {}}}) {
    EXPECT_THAT(PlanOf(source, mirror, lists).always, IsEmpty());
    EXPECT_THAT(PlanOf(source, mirror, lists).others, IsEmpty());
  }
}

TEST(ConfigPlan, AnOverrideOfTheDefaultListComesAndGoesWithTheSources) {
  const TopicSettings source = With(Defaults(), {{"flush.ms", "1000"}});
  EXPECT_THAT(PlanOf(source, MirrorOf(source)).others, ElementsAre(SettingChange{"flush.ms", "1000", std::nullopt}));
  const TopicSettings set = With(MirrorOf(source), {{"flush.ms", "1000"}});
  EXPECT_THAT(PlanOf(source, set).others, IsEmpty());
  EXPECT_THAT(PlanOf(Defaults(), set).others, ElementsAre(SettingChange{"flush.ms", std::nullopt, "1000"}));
}

TEST(ConfigPlan, ADefaultOfTheSourcesBrokersIsNoOverride) {
  TopicSettings source = Defaults();
  source["flush.ms"] = {"1000", false};
  EXPECT_THAT(PlanOf(source, MirrorOf(source)).others, IsEmpty());
}

TEST(ConfigPlan, AnExcludedSettingStaysAsItIs) {
  config::TopicConfigs lists;
  lists.exclude = {"flush.ms"};
  const TopicSettings source = With(Defaults(), {{"flush.ms", "1000"}, {"flush.messages", "5"}});
  const TopicSettings mirror = With(MirrorOf(source), {{"flush.ms", "7"}});
  EXPECT_THAT(PlanOf(source, mirror, lists).others, ElementsAre(SettingChange{"flush.messages", "5", std::nullopt}));
}

TEST(ConfigPlan, AnIncludedSettingFollowsAndWithoutItStays) {
  const TopicSettings source = With(Defaults(), {{"unclean.leader.election.enable", "true"}});
  EXPECT_THAT(PlanOf(source, MirrorOf(source)).others, IsEmpty());
  config::TopicConfigs lists;
  lists.include = {"unclean.leader.election.enable", "flush.ms"};
  EXPECT_THAT(PlanOf(source, MirrorOf(source), lists).others,
              ElementsAre(SettingChange{"unclean.leader.election.enable", "true", std::nullopt}));
}

TEST(ConfigPlan, WhatTheDestinationsReleaseDoesNotKnowIsLeftOut) {
  TopicSettings old = MirrorOf(Defaults());
  old.erase("message.timestamp.before.max.ms");
  old.erase("message.timestamp.after.max.ms");
  old["message.timestamp.difference.max.ms"] = {kAnyTime, false};
  const TopicSettings source =
      With(Defaults(), {{"compression.zstd.level", "9"}, {"message.downconversion.enable", "false"}});
  const ConfigPlan plan = PlanOf(source, old);
  EXPECT_THAT(plan.always, ElementsAre(SettingChange{"message.timestamp.difference.max.ms", kAnyTime, std::nullopt}));
  EXPECT_THAT(plan.others, IsEmpty());
  EXPECT_THAT(plan.unknown, ElementsAre("compression.zstd.level", "message.downconversion.enable"));
}

TEST(ConfigPlan, ASourceThatDoesNotKnowAKeySaysNothingAboutIt) {
  TopicSettings source = Defaults();
  source.erase("max.compaction.lag.ms");
  source.erase("flush.ms");
  EXPECT_THAT(PlanOf(source, MirrorOf(Defaults())).always,
              Not(Contains(Field(&SettingChange::key, "max.compaction.lag.ms"))));
  EXPECT_THAT(PlanOf(source, MirrorOf(Defaults())).others, IsEmpty());
}

TEST(ConfigPlan, SaysWhatChanges) {
  EXPECT_EQ(ChangesText({{"retention.ms", "1000", "5"}, {"flush.ms", std::nullopt, "1"}}),
            "retention.ms=1000, flush.ms removed");
  std::vector<SettingChange> many(10, SettingChange{"a", "1", std::nullopt});
  EXPECT_THAT(ChangesText(many), testing::EndsWith(" and 2 more"));
}

}  // namespace
}  // namespace klink::link
