// Both logs of a link, read and compared: the bridge from the command to link/verify.
#pragma once

#include <functional>

#include "base/async.h"
#include "cli/verify_report.h"
#include "config/schema.h"

namespace klink::cli {

struct VerifyAsk {
  std::vector<std::string> topics;       // mirror names at the destination; none: all of the link
  std::optional<int64_t> from;           // source offset; none: the log start
  std::optional<double> sample_percent;  // none: the whole range
  int64_t bytes_per_second = 0;          // read from both clusters together; 0: no bound
  bool full = false;
};

// Unavailable when a cluster does not answer. A partition that cannot be compared is in the report as "unknown".
StatusOr<VerifyView> VerifyLink(const config::Config& config, const config::LinkConfig& link, const VerifyAsk& ask);

// The same, for who has an executor; what is referred to outlives it. Stopped, it soon ends.
Async<StatusOr<VerifyView>> VerifyNow(const config::Config& config, const config::LinkConfig& link, VerifyAsk ask);

// What a verification that goes on says while it does.
struct WatchEvents {
  // A partition is proven further, or has differences from the `seen`th on.
  std::function<void(const VerifiedPartitionView&, size_t seen)> progress;
  // A round could not be done; the next one is tried in a while.
  std::function<void(const Status&)> trouble;
};
// Proves what is there, then what is copied, until SIGINT or SIGTERM; the sum of it all.
StatusOr<VerifyView> WatchLink(const config::Config& config, const config::LinkConfig& link, const VerifyAsk& ask,
                               const WatchEvents& events);

}  // namespace klink::cli
