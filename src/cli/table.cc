#include "cli/table.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json_fields.h"

namespace klink::cli {
namespace {

// Characters on a terminal: the bytes of UTF-8 that begin one.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

bool IsState(std::string_view text) {
  const auto in_state = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  return text.size() > 3 && std::all_of(text.begin(), text.end(), in_state);
}

}  // namespace

void Table::Add(std::vector<std::string> row) {
  KLINK_CHECK(row.size() == columns_.size());
  rows_.push_back(std::move(row));
}

std::string Table::ToText(bool color) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(Width(column.title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  const auto put = [&](size_t i, std::string_view cell, bool paint) {
    const std::string padding(widths[i] - Width(cell), ' ');
    const std::string painted = paint && IsState(cell) ? Paint(cell, color) : std::string(cell);
    text += columns_[i].align == Align::kRight ? padding + painted : painted + padding;
  };
  const auto end_line = [&text] {
    while (text.ends_with(' ')) text.pop_back();
    text += '\n';
  };
  for (size_t i = 0; i < columns_.size(); i++) text += i > 0 ? "  " : "", put(i, columns_[i].title, false);
  end_line();
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); i++) text += i > 0 ? "  " : "", put(i, row[i], true);
    end_line();
  }
  return text;
}

std::string Show(const std::optional<int64_t>& value) { return value ? std::to_string(*value) : std::string(kUnknown); }
std::string Show(const std::optional<std::string>& value) { return value ? *value : std::string(kUnknown); }

std::string Show(const std::optional<double>& seconds) {
  if (!seconds) return std::string(kUnknown);
  if (*seconds < 60) return fmt::format("{:.2g} s", *seconds < 10 ? *seconds : static_cast<int64_t>(*seconds));
  const auto whole = static_cast<int64_t>(*seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

std::string Show(const std::optional<WallTime>& time) {
  if (!time) return std::string(kUnknown);
  std::string text = Rfc3339(*time);
  return text.substr(0, text.size() - 5) + "Z";
}

std::string Paint(std::string_view state, bool color) {
  if (!color) return std::string(state);
  int code = 33;
  if (state == "ACTIVE") code = 32;
  if (state.find("FAILED") != std::string_view::npos || state == "IN_ERROR") code = 31;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, state);
}

}  // namespace klink::cli
