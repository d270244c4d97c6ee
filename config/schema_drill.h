// The keys of one drill: which failover is rehearsed, how far it may go, and what it must reach.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/spec.h"
#include "config/text.h"

namespace klink::config {

enum class DrillKind { kDry, kIsolated, kLive };
constexpr auto Choices(DrillKind) {
  return std::to_array<Choice<DrillKind>>(
      {{DrillKind::kDry, "dry"}, {DrillKind::kIsolated, "isolated"}, {DrillKind::kLive, "live"}});
}

struct DrillConfig {
  std::string name = {};
  std::string link = {};
  DrillKind kind = DrillKind::kIsolated;
  std::vector<std::string> topics = {};
  std::vector<std::string> groups = {};
  Duration rpo = 0s;
  Duration rto = 0s;
  int64_t max_bytes = 1LL << 30;
  std::string report_dir = "/var/lib/klink/drills";
  static void Describe(auto& m, auto& field) {
    field("name", m.name, {.help = "Name of the drill", .required = true, .check = CheckName});
    field("link", m.link, {.help = "The link whose failover is rehearsed", .required = true});
    field("kind", m.kind,
          {.help = "dry: every check, nothing is written; isolated: on throwaway copies at the destination; live: the "
                   "failover itself"});
    field("topics", m.topics,
          {.help = "Mirror topics by their names at the destination; none: all of the link", .check = CheckTopicName});
    field("groups", m.groups, {.help = "Consumer groups that must go on where they stood"});
    field("rpo", m.rpo,
          {.help = "How much may be lost, in time; 0s: no objective", .min = Nanos(0s), .max = Nanos(24h)});
    field("rto", m.rto,
          {.help = "How long until applications work again; 0s: no objective", .min = Nanos(0s), .max = Nanos(24h)});
    field("max_bytes", m.max_bytes,
          {.help = "The newest part of the topics, all together: that an isolated drill copies, or a live one compares",
           .unit = Unit::kBytes,
           .min = 1,
           .max = 1LL << 40});
    field("report_dir", m.report_dir,
          {.help = "Where reports are kept, which are also the history; relative to this file", .filled = true});
  }
};

}  // namespace klink::config
