// Why a topic or a consumer group is carried over by a link, or is not: the rules in the order in which the engine asks
// them. Pure: what was looked up goes in, every step with what it found comes out, and the first one that does not say
// "ok" has decided.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/topic_filter.h"
#include "link/explanation.h"
#include "link/group_snapshot.h"
#include "link/progress.h"

namespace klink::link {

// Is something of that name at a cluster?
struct Presence {
  enum class Is { kThere, kMissing, kForbidden, kUnknown };
  Is is = Is::kUnknown;
  int32_t partitions = 0;  // kThere
  std::string text;        // kUnknown: why
};

// A topic under both of its names.
struct TopicNames {
  std::string source;
  std::string destination;
  friend bool operator==(const TopicNames&, const TopicNames&) = default;
};

// What NAME may mean where mirrors have other names: the name at the source, or that at the destination.
struct NameFacts {
  std::optional<std::string> source_of_record = {};  // a mirror of that name at the destination is a copy of it
  bool there = false;                                // a topic of that very name is at the source
  bool there_without_rename = false;                 // one whose mirror would be called so is
};
TopicNames ReadTopicName(const std::string& asked, const config::Rename& rename, const NameFacts& facts);

// Of the link as a whole, as this agent knows it.
struct LinkFacts {
  std::string name;
  std::string source;  // the clusters' names in the file
  std::string destination;
  std::string state = "UNAVAILABLE";
  std::optional<std::string> reason_code;
  std::optional<std::string> reason;
  std::string agent;                  // this one
  bool leads = false;                 // it mirrors the link
  std::optional<std::string> leader;  // who does, as far as the link's state says
  Duration refresh = 5s;              // how often topics are looked for
};

struct TopicFacts {
  LinkFacts link;
  TopicNames names;
  config::Decision decision;  // of the name at the source
  Presence at_source;
  Presence at_destination;
  std::optional<MirrorSnapshot> mirror;  // with what keeps it from being mirrored
};

Explanation ExplainTopic(const TopicFacts& facts);

struct GroupFacts {
  LinkFacts link;
  std::string group;
  config::Decision decision;
  std::optional<GroupSummary> standing = {};  // nothing: the source does not list it
  std::string unknown = {};                   // why it is not known whether it does; empty: it is
};

Explanation ExplainGroup(const GroupFacts& facts);

}  // namespace klink::link
