#include "config/topic_keys.h"

#include <gmock/gmock.h>

namespace klink::config {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(TopicKeys, EveryKeyHasOneRule) {
  struct Row {
    const char* key;
    KeyRule rule;
  };
  for (const Row& row :
       {Row{"cleanup.policy", KeyRule::kData}, Row{"retention.ms", KeyRule::kData},
        Row{"max.message.bytes", KeyRule::kData}, Row{"compression.type", KeyRule::kKlinks},
        Row{"message.timestamp.type", KeyRule::kKlinks}, Row{"min.insync.replicas", KeyRule::kNever},
        Row{"leader.replication.throttled.replicas", KeyRule::kNever}, Row{"remote.storage.enable", KeyRule::kNever},
        Row{"local.retention.ms", KeyRule::kNever}, Row{"remote.something.of.tomorrow", KeyRule::kNever},
        Row{"flush.ms", KeyRule::kDefault}, Row{"min.cleanable.dirty.ratio", KeyRule::kDefault},
        Row{"unclean.leader.election.enable", KeyRule::kOther}, Row{"vendor.placement", KeyRule::kOther}})
    EXPECT_EQ(static_cast<int>(RuleOf(row.key)), static_cast<int>(row.rule)) << row.key;
  EXPECT_THAT(DataKeys(), Contains("segment.index.bytes"));
  EXPECT_THAT(DefaultKeys(), Contains("preallocate"));
}

TEST(TopicKeys, WhatIsTheDestinationsCannotBeIncluded) {
  EXPECT_THAT(Text(CheckIncludedKey("min.insync.replicas")), HasSubstr("is never copied: how many replicas"));
  EXPECT_THAT(Text(CheckIncludedKey("remote.storage.enable")), HasSubstr("is never copied: where a cluster keeps"));
  EXPECT_THAT(Text(CheckIncludedKey("compression.type")), HasSubstr("is set by klink"));
  EXPECT_THAT(Text(CheckIncludedKey("Retention.ms")), HasSubstr("is not a topic configuration"));
  EXPECT_TRUE(CheckIncludedKey("unclean.leader.election.enable").ok());
  EXPECT_TRUE(CheckIncludedKey("retention.ms").ok());  // it is copied anyway
}

TEST(TopicKeys, WhatDecidesTheDataCannotBeExcluded) {
  EXPECT_THAT(Text(CheckExcludedKey("retention.ms")), HasSubstr("decides what data exists"));
  EXPECT_THAT(Text(CheckExcludedKey("message.timestamp.type")), HasSubstr("is set by klink"));
  EXPECT_TRUE(CheckExcludedKey("flush.ms").ok());
  EXPECT_TRUE(CheckExcludedKey("min.insync.replicas").ok());
}

}  // namespace
}  // namespace klink::config
