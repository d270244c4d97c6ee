#include "config/origin.h"

#include <fmt/format.h>

namespace klink::config {
namespace {
constexpr size_t kLineMax = 1000;
}

Position Origin::Find(std::string_view path) const {
  for (;;) {
    if (auto found = at.find(path); found != at.end()) return found->second;
    const size_t cut = path.find_last_of(".[");
    if (cut == std::string_view::npos) break;
    path = path.substr(0, cut);
  }
  auto root = at.find(std::string_view());
  return root == at.end() ? Position() : root->second;
}

std::string Where(std::string_view file, Position at, std::string_view path) {
  std::string where(file);
  if (at.line > 0) where += fmt::format(":{}:{}", at.line, at.column);
  if (!path.empty()) where += fmt::format("{}{}", where.empty() ? "" : ": ", path);
  return where;
}

std::string ToString(const Finding& finding) {
  const char* mark = finding.severity == Severity::kWarning ? "warning: " : "";
  std::string line = fmt::format("{}{}{}{}", finding.where, finding.where.empty() ? "" : ": ", mark, finding.text);
  // What stands in a file may hold control characters and be as long as the file.
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (line.size() > kLineMax) line = fmt::format("{} …", line.substr(0, kLineMax));
  return line;
}

}  // namespace klink::config
