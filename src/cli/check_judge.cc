#include "cli/check_judge.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/table.h"

namespace klink::cli {
namespace {

// Unknown is less than what is known to be bad.
int Weight(Health health) {
  constexpr int kWeights[] = {0, 2, 3, 1};
  return kWeights[static_cast<int>(health)];
}

class Judgement {
 public:
  explicit Judgement(const CheckLimits& limits) : limits_(limits) {}

  void Link(const http::LinkView& link) {
    link_ = link.name;
    State(link);
    if (link.role == "standby") {
      well_.push_back(fmt::format("{}: this agent stands by", link.name));
      return;
    }
    Mirrors(link);
    for (const link::TaskSnapshot& task : link.tasks)
      if (task.state == "IN_ERROR") Found(Health::kWarning, "{}: {}", task.name, Show(task.reason));
    Lag(link);
  }

  Judged Take() {
    CheckView view;
    view.state = ToText(worst_);
    view.text = fmt::format("{}", fmt::join(found_.empty() ? well_ : found_, "; "));
    view.performance = std::move(performance_);
    return {worst_, std::move(view)};
  }

 private:
  template <class... Args>
  void Found(Health health, fmt::format_string<Args...> format, Args&&... args) {
    if (Weight(health) > Weight(worst_)) worst_ = health;
    found_.push_back(fmt::format("{}: {}", link_, fmt::format(format, std::forward<Args>(args)...)));
  }

  void State(const http::LinkView& link) {
    if (link.state == "ACTIVE") return;
    const Health health = link.state == "PAUSED" ? Health::kWarning : Health::kCritical;
    Found(health, "{}, {}", link.state, link.reason.value_or("no reason is known"));
  }

  void Mirrors(const http::LinkView& link) {
    int64_t all = 0;
    for (const auto& [state, count] : link.mirrors) {
      all += count;
      if (state == "FAILED" || state == "LINK_FAILED" || state == "SOURCE_UNAVAILABLE") {
        Found(Health::kCritical, "{} of its mirrors {}", count, state);
      } else if (state == "PAUSED" || state == "LINK_PAUSED") {
        Found(Health::kWarning, "{} of its mirrors {}", count, state);
      }
    }
    if (all == 0 && link.state == "ACTIVE") Found(Health::kWarning, "nothing is mirrored yet");
    const std::string lag =
        link.lag ? fmt::format("{} records, {} behind", *link.lag, Show(link.lag_seconds)) : "lag unknown";
    well_.push_back(fmt::format("{}: {}, {} mirrors, {}", link.name, link.state, all, lag));
  }

  void Lag(const http::LinkView& link) {
    Measure(link, "lag_seconds", link.lag_seconds, "s", limits_.lag_warning_s, limits_.lag_critical_s);
    const auto number = [](const std::optional<int64_t>& v) {
      return v ? std::optional(static_cast<double>(*v)) : std::nullopt;
    };
    Measure(link, "lag", number(link.lag), "", number(limits_.records_warning), number(limits_.records_critical));
    if (!link.lag && !link.mirrors.empty()) Found(Health::kUnknown, "the lag of some mirrors is not known");
  }

  void Measure(const http::LinkView& link, const char* what, std::optional<double> value, const char* unit,
               std::optional<double> warning, std::optional<double> critical) {
    performance_.push_back({fmt::format("{}_{}", link.name, what), value, unit, warning, critical});
    if (!value) return;
    const std::string text =
        *unit == 's' ? Show(value) + " behind" : fmt::format("{} records behind", static_cast<int64_t>(*value));
    if (critical && *value >= *critical) {
      Found(Health::kCritical, "{}", text);
    } else if (warning && *value >= *warning) {
      Found(Health::kWarning, "{}", text);
    }
  }

  const CheckLimits& limits_;
  std::string link_;
  Health worst_ = Health::kOk;
  std::vector<std::string> found_;  // what is not well
  std::vector<std::string> well_;
  std::vector<PerfDatum> performance_;
};

std::string Number(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; }

}  // namespace

std::string_view ToText(Health health) {
  constexpr std::string_view kNames[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  return kNames[static_cast<int>(health)];
}

Judged Judge(const http::StatusView& status, const CheckLimits& limits) {
  Judgement judgement(limits);
  for (const http::LinkView& link : status.links) judgement.Link(link);
  return judgement.Take();
}

// 'label'=value[unit];warning;critical;minimum. A bar would begin the performance data too early.
std::string PluginLine(const CheckView& view) {
  std::string text = view.text;
  std::replace(text.begin(), text.end(), '|', '/');
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  std::string line = fmt::format("KLINK {} - {}", view.state, text);
  const char* separator = " |";
  for (const PerfDatum& datum : view.performance) {
    line += fmt::format("{} '{}'={}{};{};{};0", std::exchange(separator, ""), datum.label,
                        datum.value ? Number(datum.value) : "U", datum.value ? datum.unit : "", Number(datum.warning),
                        Number(datum.critical));
  }
  return line;
}

}  // namespace klink::cli
