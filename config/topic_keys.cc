#include "config/topic_keys.h"

#include "config/text.h"

namespace klink::config {
namespace {

struct KeyRow {
  std::string_view key;
  KeyRule rule;
  std::string_view why = "";  // it is no list's to move
};

constexpr std::string_view kReplicas = "how many replicas must be in sync is the destination's own";
constexpr std::string_view kThrottle = "it throttles replicas of the cluster that sets it";
constexpr std::string_view kTiered = "where a cluster keeps old segments is its own";
constexpr std::string_view kFormat = "klink copies message format v2 alone";
constexpr std::string_view kBytes = "the copy keeps the source's bytes";
constexpr std::string_view kTimes = "the copy keeps the source's record times";

constexpr KeyRow kRows[] = {
    {"cleanup.policy", KeyRule::kData},
    {"retention.ms", KeyRule::kData},
    {"retention.bytes", KeyRule::kData},
    {"delete.retention.ms", KeyRule::kData},
    {"min.compaction.lag.ms", KeyRule::kData},
    {"max.compaction.lag.ms", KeyRule::kData},
    {"segment.bytes", KeyRule::kData},
    {"segment.ms", KeyRule::kData},
    {"segment.jitter.ms", KeyRule::kData},
    {"segment.index.bytes", KeyRule::kData},
    {"max.message.bytes", KeyRule::kData},
    {"compression.type", KeyRule::kKlinks, kBytes},
    {"message.timestamp.type", KeyRule::kKlinks, kTimes},
    {"message.timestamp.before.max.ms", KeyRule::kKlinks, kTimes},
    {"message.timestamp.after.max.ms", KeyRule::kKlinks, kTimes},
    {"message.timestamp.difference.max.ms", KeyRule::kKlinks, kTimes},
    {"min.insync.replicas", KeyRule::kNever, kReplicas},
    {"leader.replication.throttled.replicas", KeyRule::kNever, kThrottle},
    {"follower.replication.throttled.replicas", KeyRule::kNever, kThrottle},
    {"remote.storage.enable", KeyRule::kNever, kTiered},
    {"remote.log.copy.disable", KeyRule::kNever, kTiered},
    {"remote.log.delete.on.disable", KeyRule::kNever, kTiered},
    {"local.retention.ms", KeyRule::kNever, kTiered},
    {"local.retention.bytes", KeyRule::kNever, kTiered},
    {"message.format.version", KeyRule::kNever, kFormat},
    {"compression.gzip.level", KeyRule::kDefault},
    {"compression.lz4.level", KeyRule::kDefault},
    {"compression.zstd.level", KeyRule::kDefault},
    {"file.delete.delay.ms", KeyRule::kDefault},
    {"flush.messages", KeyRule::kDefault},
    {"flush.ms", KeyRule::kDefault},
    {"index.interval.bytes", KeyRule::kDefault},
    {"message.downconversion.enable", KeyRule::kDefault},
    {"min.cleanable.dirty.ratio", KeyRule::kDefault},
    {"preallocate", KeyRule::kDefault},
};

const KeyRow* FindRow(std::string_view key) {
  for (const KeyRow& row : kRows)
    if (row.key == key) return &row;
  return nullptr;
}

bool IsTiered(std::string_view key) { return key.starts_with("remote.") || key.starts_with("local.retention."); }

std::vector<std::string> KeysOf(KeyRule rule) {
  std::vector<std::string> keys;
  for (const KeyRow& row : kRows)
    if (row.rule == rule) keys.emplace_back(row.key);
  return keys;
}

}  // namespace

KeyRule RuleOf(std::string_view key) {
  if (const KeyRow* row = FindRow(key)) return row->rule;
  return IsTiered(key) ? KeyRule::kNever : KeyRule::kOther;
}

const std::vector<std::string>& DataKeys() {
  static const std::vector<std::string> keys = KeysOf(KeyRule::kData);
  return keys;
}

const std::vector<std::string>& DefaultKeys() {
  static const std::vector<std::string> keys = KeysOf(KeyRule::kDefault);
  return keys;
}

Status CheckIncludedKey(std::string_view key) {
  RETURN_IF_ERROR(CheckConfigName(key));
  const KeyRule rule = RuleOf(key);
  if (rule == KeyRule::kKlinks) return InvalidArgument("'{}' is set by klink: {}; remove it", key, FindRow(key)->why);
  if (rule != KeyRule::kNever) return {};
  const KeyRow* row = FindRow(key);
  return InvalidArgument("'{}' is never copied: {}; remove it", key, row == nullptr ? kTiered : row->why);
}

Status CheckExcludedKey(std::string_view key) {
  RETURN_IF_ERROR(CheckConfigName(key));
  const KeyRule rule = RuleOf(key);
  if (rule == KeyRule::kKlinks) return InvalidArgument("'{}' is set by klink: {}; remove it", key, FindRow(key)->why);
  if (rule != KeyRule::kData) return {};
  return InvalidArgument("'{}' decides what data exists, so the mirror always has the source's value; remove it", key);
}

}  // namespace klink::config
