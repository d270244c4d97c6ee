// klink drill run of a live drill: agreed to like any failover, and carried out by the agent of the link, or with
// --direct by this process.
#pragma once

#include <optional>
#include <string>

#include "cli/consent.h"
#include "failover/drill.h"

namespace klink::cli {

struct LiveFlags {
  bool direct = false;
  bool no_live = false;
  std::string incident;  // RFC 3339; empty: when the failover is asked for
  Consent consent;
};

// Whether a drill of this kind may be run so. InvalidArgument: the command line is wrong.
Status CheckLive(const Context& context, const config::DrillConfig& drill, const LiveFlags& flags);

struct LiveRun {
  failover::DrillReport report;
  std::optional<Exit> ended;  // nothing was done, and that was told: a dry run, or nobody agreed
};
// Nothing of it is written to the folder yet.
LiveRun RunLive(const Context& context, const config::Config& config, const config::DrillConfig& drill,
                failover::DrillAsk ask, const LiveFlags& flags, failover::DrillFolder& folder);

}  // namespace klink::cli
