// The keys of one link: what is mirrored from where to where, and how.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/spec.h"
#include "config/text.h"
#include "config/topic_keys.h"

namespace klink::config {

// Exactly one of the three is set.
struct Pattern {
  std::string literal = {};
  std::string prefix = {};
  std::string regex = {};
  static void Describe(auto& m, auto& field) {
    field("literal", m.literal, {.help = "This name; * = all", .check = CheckLiteral});
    field("prefix", m.prefix, {.help = "Names that begin so", .check = CheckTopicPart});
    field("regex", m.regex, {.help = "Names that match this RE2 expression as a whole"});
  }
  friend bool operator==(const Pattern&, const Pattern&) = default;
};

// The same of consumer groups, whose names may hold any character.
struct GroupPattern {
  std::string literal = {};
  std::string prefix = {};
  std::string regex = {};
  static void Describe(auto& m, auto& field) {
    field("literal", m.literal, {.help = "This name; * = all"});
    field("prefix", m.prefix, {.help = "Names that begin so"});
    field("regex", m.regex, {.help = "Names that match this RE2 expression as a whole"});
  }
  operator Pattern() const { return {literal, prefix, regex}; }
  friend bool operator==(const GroupPattern&, const GroupPattern&) = default;
};

struct Rename {
  std::string prefix = {};
  std::string suffix = {};
  static void Describe(auto& m, auto& field) {
    field("prefix", m.prefix, {.help = "Put before the source's name", .check = CheckTopicPart});
    field("suffix", m.suffix, {.help = "Put after the source's name", .check = CheckTopicPart});
  }
  friend bool operator==(const Rename&, const Rename&) = default;
};

// Where a new mirror begins.
struct TopicStart {
  static constexpr const char* kForm = "earliest, latest or an RFC 3339 time";
  enum class Kind { kEarliest, kLatest, kTime };
  Kind kind = Kind::kEarliest;
  WallTime time{};

  static StatusOr<TopicStart> Parse(std::string_view text);
  std::string ToText() const;
  friend bool operator==(const TopicStart&, const TopicStart&) = default;
};

struct ReplicationFactor {
  static constexpr const char* kForm = "source, destination or a number from 1 to 32767";
  enum class Kind { kSource, kDestination, kFixed };
  Kind kind = Kind::kSource;
  int16_t count = 0;  // of kFixed

  static StatusOr<ReplicationFactor> Parse(std::string_view text);
  std::string ToText() const;
  friend bool operator==(const ReplicationFactor&, const ReplicationFactor&) = default;
};

enum class DeletePolicy { kKeep, kMirror };
constexpr auto Choices(DeletePolicy) {
  return std::to_array<Choice<DeletePolicy>>({{DeletePolicy::kKeep, "keep"}, {DeletePolicy::kMirror, "mirror"}});
}
enum class LogStart { kFollow, kKeep };
constexpr auto Choices(LogStart) {
  return std::to_array<Choice<LogStart>>({{LogStart::kFollow, "follow"}, {LogStart::kKeep, "keep"}});
}

struct TopicConfigs {
  Duration interval = 30s;
  std::vector<std::string> include = {};
  std::vector<std::string> exclude = {};
  static void Describe(auto& m, auto& field) {
    field("interval", m.interval,
          {.help = "How often topic configurations are compared", .min = Nanos(1s), .max = Nanos(24h)});
    field("include", m.include,
          {.help = "Settings that follow the source beside those that do by default", .check = CheckIncludedKey});
    field("exclude", m.exclude,
          {.help = "Settings that stay as they are at the destination; wins over the default list",
           .check = CheckExcludedKey});
  }
};

struct TopicsConfig {
  std::vector<Pattern> include = {};
  std::vector<Pattern> exclude = {};
  Rename rename = {};
  TopicStart start = {};
  Duration refresh = 5s;
  ReplicationFactor replication_factor = {};
  TopicConfigs configs = {};
  DeletePolicy delete_policy = DeletePolicy::kKeep;
  LogStart log_start = LogStart::kFollow;
  Duration log_start_hold = 24h;
  static void Describe(auto& m, auto& field) {
    field("include", m.include, {.help = "Topics to mirror", .required = true});
    field("exclude", m.exclude, {.help = "Topics not to mirror; wins over include"});
    field("rename", m.rename, {.help = "Names at the destination"});
    field("start", m.start, {.help = "Where new mirrors begin"});
    field("refresh", m.refresh,
          {.help = "How often new topics and partitions are looked for", .min = Nanos(100ms), .max = Nanos(1h)});
    field("replication_factor", m.replication_factor,
          {.help = "Of new mirror topics: as the source's, as the destination's default, or a number; capped by the "
                   "number of brokers"});
    field("configs", m.configs, {.help = "Topic configurations that follow the source"});
    field("delete", m.delete_policy,
          {.help = "What follows when the source's topic is deleted: the copy is kept, or deleted after 24 hours"});
    field("log_start", m.log_start, {.help = "Whether the source's log start is followed"});
    field("log_start_hold", m.log_start_hold,
          {.help = "How long a moved log start stays unfollowed, as a protection against deletions by mistake",
           .min = 0,
           .max = Nanos(10'000h)});
  }
};

enum class Offsets { kPreserve, kTranslate };
constexpr auto Choices(Offsets) {
  return std::to_array<Choice<Offsets>>({{Offsets::kPreserve, "preserve"}, {Offsets::kTranslate, "translate"}});
}
enum class Holes { kAuto, kDuplicates, kMarkers, kTranslate };
constexpr auto Choices(Holes) {
  return std::to_array<Choice<Holes>>({{Holes::kAuto, "auto"},
                                       {Holes::kDuplicates, "duplicates"},
                                       {Holes::kMarkers, "markers"},
                                       {Holes::kTranslate, "translate"}});
}
enum class Transactions { kReplay, kCommitted };
constexpr auto Choices(Transactions) {
  return std::to_array<Choice<Transactions>>(
      {{Transactions::kReplay, "replay"}, {Transactions::kCommitted, "committed"}});
}
enum class Timestamps { kExact, kBytes };
constexpr auto Choices(Timestamps) {
  return std::to_array<Choice<Timestamps>>({{Timestamps::kExact, "exact"}, {Timestamps::kBytes, "bytes"}});
}
enum class Acks { kAll, kPipelined };
constexpr auto Choices(Acks) {
  return std::to_array<Choice<Acks>>({{Acks::kAll, "all"}, {Acks::kPipelined, "pipelined"}});
}
enum class GroupBarrier { kLink, kNone };
constexpr auto Choices(GroupBarrier) {
  return std::to_array<Choice<GroupBarrier>>({{GroupBarrier::kLink, "link"}, {GroupBarrier::kNone, "none"}});
}
enum class OnGap { kRecord, kStop };
constexpr auto Choices(OnGap) {
  return std::to_array<Choice<OnGap>>({{OnGap::kRecord, "record"}, {OnGap::kStop, "stop"}});
}
enum class OnForeignWrite { kStop, kRecord };
constexpr auto Choices(OnForeignWrite) {
  return std::to_array<Choice<OnForeignWrite>>({{OnForeignWrite::kStop, "stop"}, {OnForeignWrite::kRecord, "record"}});
}

struct FillLimit {
  int64_t records = 2000;
  int64_t bytes = 1 << 20;
  static void Describe(auto& m, auto& field) {
    field("records", m.records, {.help = "Fillers in one hole", .min = 0});
    field("bytes", m.bytes, {.help = "Bytes of fillers in one hole", .unit = Unit::kBytes, .min = 0});
  }
};

struct Groups {
  std::vector<GroupPattern> include = {};
  std::vector<GroupPattern> exclude = {};
  Duration interval = 5s;
  GroupBarrier barrier = GroupBarrier::kLink;
  DeletePolicy delete_policy = DeletePolicy::kKeep;
  static void Describe(auto& m, auto& field) {
    field("include", m.include, {.help = "Consumer groups whose offsets are carried over; none = no group"});
    field("exclude", m.exclude, {.help = "Groups whose offsets are not; wins over include"});
    field("interval", m.interval, {.help = "How often offsets are read", .min = Nanos(1s), .max = Nanos(1h)});
    field(
        "barrier", m.barrier,
        {.help = "What offsets that were read wait for: that every mirror of the link has caught up with that moment, "
                 "or nothing"});
    field("delete", m.delete_policy, {.help = "What follows when a group is deleted at the source"});
  }
};

struct Acls {
  bool enabled = false;
  Duration interval = 30s;
  std::vector<std::string> include = {};
  std::vector<std::string> exclude = {};
  static void Describe(auto& m, auto& field) {
    field("enabled", m.enabled, {.help = "Whether ACLs are carried over"});
    field("interval", m.interval, {.help = "How often", .min = Nanos(1s), .max = Nanos(24h)});
    field("include", m.include,
          {.help = "Whose: User:app, User:app-* for all that begin so, * for everybody", .check = CheckPrincipal});
    field("exclude", m.exclude,
          {.help = "Whose not, in the same form; wins over include; klink's own never", .check = CheckPrincipal});
  }
};

struct Quotas {
  bool enabled = false;
  Duration interval = 60s;
  static void Describe(auto& m, auto& field) {
    field("enabled", m.enabled, {.help = "Whether client quotas are carried over"});
    field("interval", m.interval, {.help = "How often", .min = Nanos(1s), .max = Nanos(24h)});
  }
};

struct Limits {
  int64_t bytes_per_second = 0;
  static void Describe(auto& m, auto& field) {
    field("bytes_per_second", m.bytes_per_second,
          {.help = "Bytes of batches a second that each agent reads from the source for this link; 0 = any",
           .unit = Unit::kBytes,
           .min = 0});
  }
};

struct AutoFailover {
  bool enabled = false;
  Duration after = 5min;
  int32_t agents = 2;
  std::vector<std::string> sets = {};
  static void Describe(auto& m, auto& field) {
    field("enabled", m.enabled, {.help = "Whether klink fails over by itself, once"});
    field("after", m.after,
          {.help = "Once the source answered none of the agents for this long", .min = Nanos(5s), .max = Nanos(24h)});
    field("agents", m.agents, {.help = "Agents that must have tried to reach it all that time", .min = 1, .max = 1000});
    field("sets", m.sets, {.help = "Which sets of topics; others are left alone"});
  }
};

// Topics that belong together when something is promoted.
struct TopicSet {
  std::vector<Pattern> topics = {};
  Duration rpo = 0s;
  Duration rto = 0s;
  int32_t priority = 0;
  static void Describe(auto& m, auto& field) {
    field("topics", m.topics, {.help = "Which, by their names at the source", .required = true});
    field("rpo", m.rpo,
          {.help = "How many seconds of writes may be lost: what klink status measures the set's lag against; 0s = no "
                   "objective",
           .min = 0,
           .max = Nanos(10'000h)});
    field("rto", m.rto,
          {.help = "How long a failover may take; told beside what it took; 0s = no objective",
           .min = 0,
           .max = Nanos(10'000h)});
    field("priority", m.priority,
          {.help = "A failover takes higher ones first, and what is in no set last", .min = 0, .max = 1'000'000});
  }
};

struct LinkConfig {
  std::string name = {};
  std::string source = {};
  std::string destination = {};
  TopicsConfig topics = {};
  Offsets offsets = Offsets::kPreserve;
  int64_t prefill_limit = 2'000'000'000;
  Holes holes = Holes::kAuto;
  double fill_ratio = 1.0;
  FillLimit fill_limit = {};
  Transactions transactions = Transactions::kReplay;
  Timestamps timestamps = Timestamps::kExact;
  Acks acks = Acks::kAll;
  Groups groups = {};
  Acls acls = {};
  Quotas quotas = {};
  OnGap on_gap = OnGap::kRecord;
  OnForeignWrite on_foreign_write = OnForeignWrite::kStop;
  Limits limits = {};
  AutoFailover auto_failover = {};
  std::map<std::string, TopicSet> sets = {};
  static void Describe(auto& m, auto& field) {
    field("name", m.name,
          {.help = "Name of the link: 1 to 48 of a-z, 0-9 and -", .required = true, .check = CheckLinkName});
    field("source", m.source, {.help = "Cluster to copy from", .required = true});
    field("destination", m.destination, {.help = "Cluster to copy to", .required = true});
    field("topics", m.topics, {.help = "What is mirrored, and how", .required = true});
    field("offsets", m.offsets, {.help = "Whether mirrors keep the source's offsets where the broker allows it"});
    field("prefill_limit", m.prefill_limit,
          {.help = "Offsets written and trimmed to reach the source's log start; beyond: translated", .min = 0});
    field("holes", m.holes,
          {.help = "How holes of compaction keep their offsets: by copies of the next record, by control markers, or "
                   "not; auto takes copies while they are cheap, markers for large holes where they are permitted"});
    field("fill_ratio", m.fill_ratio,
          {.help = "Fillers per surviving record that holes: auto accepts", .min = 0, .max = 1000});
    field("fill_limit", m.fill_limit,
          {.help = "Most fillers in one hole; where klink may write control markers it takes up to a million"});
    field("transactions", m.transactions,
          {.help = "How transactions arrive: as transactions, or only their committed records, as plain ones"});
    field("timestamps", m.timestamps, {.help = "What is kept of LogAppendTime sources"});
    field("acks", m.acks,
          {.help = "What an append waits for: all replicas, or all of them only for the last batch of each fetch"});
    field("groups", m.groups, {.help = "Consumer groups"});
    field("acls", m.acls, {.help = "Access control lists"});
    field("quotas", m.quotas, {.help = "Client quotas"});
    field("on_gap", m.on_gap, {.help = "When the source's retention overtook the mirror"});
    field("on_foreign_write", m.on_foreign_write, {.help = "When someone else wrote to a mirror"});
    field("limits", m.limits, {.help = "Limits of this link"});
    field("auto_failover", m.auto_failover, {.help = "Failover without a person"});
    field("sets", m.sets, {.help = "Named groups of topics, for failover order and objectives", .check = CheckName});
  }
};

}  // namespace klink::config
