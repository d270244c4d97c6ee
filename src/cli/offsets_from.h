// klink offsets translate --from FILE: offsets kept outside Kafka, thousands at once.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "cli/context.h"
#include "http/views.h"

namespace klink::cli {

// "topic partition offset" by line; empty lines and those that begin with # are left out. The error names the line.
StatusOr<std::vector<http::PositionTranslation>> ReadPositions(std::istream& in);

Exit TranslateFrom(const Context& context, const std::string& file, bool reverse);

}  // namespace klink::cli
