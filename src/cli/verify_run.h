// Both logs of a link, read and compared: the bridge from the command to link/verify.
#pragma once

#include "base/status.h"
#include "cli/verify_report.h"
#include "config/schema.h"

namespace klink::cli {

struct VerifyAsk {
  std::vector<std::string> topics;  // mirror names at the destination; none: all of the link
  std::optional<int64_t> from;      // source offset; none: the log start
  bool full = false;
};

// Unavailable when a cluster does not answer. A partition that cannot be compared is in the report as "unknown".
StatusOr<VerifyView> VerifyLink(const config::Config& config, const config::LinkConfig& link, const VerifyAsk& ask);

}  // namespace klink::cli
