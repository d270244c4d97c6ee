// Which topics a link mirrors, and what they are called at the destination. Compiled once from the configuration; a
// decision is a pure function of the name, with the rule that made it.
//
// In this order: names that must never be copied; exclude; include. Where two kinds of internal topics end:
//   never            __*, _klink.*, MirrorMaker 2's own (mm2-*.internal, *.checkpoints.internal, heartbeats)
//   only by literal  _schemas, other *.internal and *-internal (Connect, MirrorMaker 2's default), *.replica
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/name_rule.h"

namespace klink::config {

struct Decision {
  bool included = false;
  std::string why = {};  // for `klink explain`: "included by {prefix: orders.}"
  std::string rule =
      {};  // the line of the file that decided: "topics.include[1] {prefix: orders.}"; empty: no line did
};

class TopicFilter {
 public:
  // InvalidArgument when a regular expression does not compile or an entry is not exactly one of its three forms.
  static StatusOr<TopicFilter> Compile(const TopicsConfig& topics);

  Decision Decide(std::string_view topic) const;
  bool Includes(std::string_view topic) const { return Decide(topic).included; }
  // The lines of `include` that take none of these topics.
  std::vector<std::string> Idle(const std::vector<std::string>& topics) const;

  // The name at the destination of a source topic, and back; nullopt when no source topic would get that name.
  std::string DestinationName(std::string_view source_topic) const;
  std::optional<std::string> SourceName(std::string_view destination_topic) const;

 private:
  Rename rename_;
  std::vector<std::shared_ptr<const NameRule>> include_;
  std::vector<std::shared_ptr<const NameRule>> exclude_;
};

enum class InternalTopic { kNo, kNever, kOnlyByLiteral };
InternalTopic ClassifyInternal(std::string_view topic);

std::string SourceToDestinationName(const Rename& rename, std::string_view source_topic);
std::optional<std::string> DestinationToSourceName(const Rename& rename, std::string_view destination_topic);

}  // namespace klink::config
