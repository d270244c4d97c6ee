// GET /v1/log.
#pragma once

#include <string>
#include <vector>

namespace klink::http {

struct LogView {
  std::vector<std::string> lines;  // the oldest first
  static void Describe(auto& m, auto& field) { field("lines", m.lines); }
};

}  // namespace klink::http
