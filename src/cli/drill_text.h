// What klink drill prints for people, and the JSON beside it. Pure.
#pragma once

#include <string>
#include <vector>

#include "failover/drill_report.h"

namespace klink::cli {

std::string DrillsText(const std::vector<failover::DrillReport>& reports, bool color);
Json DrillsJson(const std::vector<failover::DrillReport>& reports);
std::string DrillText(const failover::DrillReport& report, bool color);
// Of a live drill: what stands of a failover that did not come to its end, and the commands that follow; else empty.
std::string WayBackText(const failover::DrillReport& report);

struct CleanedDrill {
  std::string cluster;
  std::string drill;
  failover::DrillRollback rollback;
  static void Describe(auto& m, auto& field) {
    field("cluster", m.cluster);
    field("drill", m.drill);
    field("rollback", m.rollback);
  }
};
enum class CleanTense { kWould, kDid };
std::string CleanText(const std::vector<CleanedDrill>& drills, CleanTense tense);
Json CleanJson(const std::vector<CleanedDrill>& drills);

}  // namespace klink::cli
