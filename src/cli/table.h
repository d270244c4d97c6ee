// Tables for people: columns as wide as their widest cell, numbers to the right, "-" for what is unknown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace klink::cli {

enum class Align { kLeft, kRight };
struct Column {
  std::string title;
  Align align = Align::kLeft;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void Add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  // Each line ends in '\n' and has no trailing space. States are coloured when `color`.
  std::string ToText(bool color) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

inline constexpr std::string_view kUnknown = "-";
std::string Show(const std::optional<int64_t>& value);
std::string Show(const std::optional<std::string>& value);
std::string Show(const std::optional<double>& seconds);  // "0.5 s", "3 min 20 s", "2 h 5 min"
std::string Show(const std::optional<WallTime>& time);   // RFC 3339 to the second
// The state in its colour: ACTIVE green, failures red, the others yellow.
std::string Paint(std::string_view state, bool color);

}  // namespace klink::cli
