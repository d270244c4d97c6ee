// The usual process_* metrics, read from /proc when asked.
#pragma once

#include <string>

namespace klink {

// In Prometheus' text format; what /proc does not tell is left out.
std::string ProcessMetrics();

}  // namespace klink
