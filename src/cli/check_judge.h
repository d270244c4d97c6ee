// What a monitoring plugin says of an agent's status: pure. The worst thing found is the state; everything that is not
// well is named in one line, with performance data behind it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/views.h"

namespace klink::cli {

// As monitoring plugins end: the value is the exit code.
enum class Health { kOk = 0, kWarning = 1, kCritical = 2, kUnknown = 3 };
std::string_view ToText(Health health);

struct CheckLimits {
  double lag_warning_s = 60;
  double lag_critical_s = 300;
  std::optional<int64_t> records_warning;
  std::optional<int64_t> records_critical;
};

struct PerfDatum {
  std::string label;
  std::optional<double> value;  // null: unknown
  std::string unit;             // "s" or none
  std::optional<double> warning;
  std::optional<double> critical;

  static void Describe(auto& m, auto& field) {
    field("label", m.label);
    field("value", m.value);
    field("unit", m.unit);
    field("warning", m.warning);
    field("critical", m.critical);
  }
};

struct CheckView {
  std::string state = "OK";
  std::string text;
  std::vector<PerfDatum> performance;

  static void Describe(auto& m, auto& field) {
    field("state", m.state);
    field("text", m.text);
    field("performance", m.performance);
  }
};

struct Judged {
  Health health = Health::kOk;
  CheckView view;
};
Judged Judge(const http::StatusView& status, const CheckLimits& limits);

// "KLINK OK - paris-to-lyon: ACTIVE … | 'paris-to-lyon_lag_seconds'=0.5s;60;300;0": without a line break.
std::string PluginLine(const CheckView& view);

}  // namespace klink::cli
