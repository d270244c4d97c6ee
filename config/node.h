// A parsed file before it means anything: scalars, lists and maps with their places. Free of the YAML library, so that
// everything above the loader's door is plain data.
#pragma once

#include <string>
#include <vector>

#include "config/origin.h"

namespace klink::config {

struct Entry;

struct Node {
  enum class Kind { kNull, kScalar, kList, kMap };
  Kind kind = Kind::kNull;
  Position at;
  std::string text;            // kScalar
  std::vector<Node> items;     // kList
  std::vector<Entry> entries;  // kMap; a key stands in it once
};

struct Entry {
  std::string key;
  Position at;
  Node value;
};

}  // namespace klink::config
