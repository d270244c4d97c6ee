// Where a configuration value was written, so that every complaint, early or late, points at a line of the file.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace klink::config {

struct Position {
  int line = 0;  // from 1; 0 = not written in the file
  int column = 0;
};

// The places of all values of one file by path ("links[0].topics.include[1]").
struct Origin {
  std::string file;
  std::map<std::string, Position, std::less<>> at;

  // The place of `path`, or of the nearest value around it that was written.
  Position Find(std::string_view path) const;
};

enum class Severity { kError, kWarning };

// One complaint; an operator reads "file:line:col: path: text".
struct Finding {
  Severity severity = Severity::kError;
  std::string path;
  std::string where;  // file:line:col: path
  std::string text;
  Position at;
};

// "file:line:col: path"; the parts that are unknown are left out.
std::string Where(std::string_view file, Position at, std::string_view path);
std::string ToString(const Finding& finding);

}  // namespace klink::config
