// A drill's report for those who do not read JSON. Pure.
#pragma once

#include <string>

#include "failover/drill_report.h"

namespace klink::failover {

// One test suite: a case for each step, objective and invariant; what was not checked is skipped.
std::string JUnitOf(const DrillReport& report);
// One page without anything beside it, which can be printed and signed.
std::string HtmlOf(const DrillReport& report);
// `text` within an element or an attribute of either.
std::string Escaped(std::string_view text);

}  // namespace klink::failover
