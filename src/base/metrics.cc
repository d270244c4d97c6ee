#include "base/metrics.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include "base/check.h"
#include "base/metrics_process.h"

namespace klink {
namespace {

// 0.5 ms to 60 s: from a request inside a rack to one that is about to be given up.
const std::vector<double> kSecondsBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                             0.25,   0.5,   1,      2.5,   5,    10,    30,   60};

using AnyFamily = std::variant<std::unique_ptr<prometheus::Family<prometheus::Counter>>,
                               std::unique_ptr<prometheus::Family<prometheus::Gauge>>,
                               std::unique_ptr<prometheus::Family<prometheus::Histogram>>>;
using AnySeries = std::variant<prometheus::Counter*, prometheus::Gauge*, prometheus::Histogram*>;

AnyFamily MakeFamily(const MetricRow& row) {
  const std::string name(row.name);
  const std::string help(row.help);
  const prometheus::Labels none;
  if (row.kind == "Counter") return std::make_unique<prometheus::Family<prometheus::Counter>>(name, help, none);
  if (row.kind == "Gauge") return std::make_unique<prometheus::Family<prometheus::Gauge>>(name, help, none);
  return std::make_unique<prometheus::Family<prometheus::Histogram>>(name, help, none);
}

}  // namespace

const std::vector<MetricRow>& MetricTable() {
#define KLINK_LABELS(...) {__VA_ARGS__}
#define KLINK_METRIC_ROW(KIND, NAME, PROMETHEUS, LABELS, HELP) {#KIND, PROMETHEUS, LABELS, HELP},
  static const std::vector<MetricRow> rows = {KLINK_METRICS(KLINK_METRIC_ROW)};
#undef KLINK_METRIC_ROW
#undef KLINK_LABELS
  return rows;
}

struct Metrics::State {
  std::mutex mutex;
  std::vector<AnyFamily> families;
  std::map<std::pair<size_t, std::vector<std::string>>, std::weak_ptr<internal::Series>> open;
};

namespace internal {

class Series {
 public:
  Series(std::weak_ptr<Metrics::State> state, size_t index, std::vector<std::string> labels, AnySeries series)
      : state_(std::move(state)), index_(index), labels_(std::move(labels)), series_(series) {}
  ~Series() {
    const auto state = state_.lock();
    if (state == nullptr) return;
    std::lock_guard lock(state->mutex);
    const auto at = state->open.find({index_, labels_});
    // Between the last handle's end and this lock somebody may have opened the same labels again: then the series
    // has a new keeper, and it stays.
    if (at == state->open.end() || !at->second.expired()) return;
    state->open.erase(at);
    std::visit(
        [this](auto& family) {
          using Family = std::decay_t<decltype(*family)>;
          Remove<Family>(*family);
        },
        state->families[index_]);
  }

  template <class T>
  void With(auto&& use) {
    if (const auto alive = state_.lock()) use(*std::get<T*>(series_));
  }
  AnySeries series() const { return series_; }

 private:
  template <class Family>
  void Remove(Family& family) {
    std::visit(
        [&family](auto* series) {
          if constexpr (requires { family.Remove(series); }) family.Remove(series);
        },
        series_);
  }
  std::weak_ptr<Metrics::State> state_;
  size_t index_;
  std::vector<std::string> labels_;
  AnySeries series_;
};

}  // namespace internal

Metrics::Metrics() : state_(std::make_shared<State>()) {
  for (const MetricRow& row : MetricTable()) state_->families.push_back(MakeFamily(row));
}
Metrics::~Metrics() = default;

std::shared_ptr<internal::Series> Metrics::Open(size_t index, std::vector<std::string> labels) {
  const MetricRow& row = MetricTable()[index];
  prometheus::Labels named;
  for (size_t i = 0; i < labels.size(); i++) named.emplace(row.labels[i], labels[i]);
  std::lock_guard lock(state_->mutex);
  auto& slot = state_->open[{index, labels}];
  if (auto series = slot.lock()) return series;
  AnySeries made = std::visit(
      [&](auto& family) -> AnySeries {
        using Family = std::decay_t<decltype(*family)>;
        if constexpr (std::is_same_v<Family, prometheus::Family<prometheus::Histogram>>) {
          return &family->Add(named, kSecondsBuckets);
        } else {
          return &family->Add(named);  // the same labels answer the same series
        }
      },
      state_->families[index]);
  auto series = std::make_shared<internal::Series>(state_, index, std::move(labels), made);
  slot = series;
  return series;
}

std::string Metrics::Expose() const {
  std::vector<prometheus::MetricFamily> all;
  {
    std::lock_guard lock(state_->mutex);
    for (const AnyFamily& family : state_->families) {
      std::visit(
          [&all](const auto& f) {
            for (auto& collected : f->Collect()) {
              if (!collected.metric.empty()) all.push_back(std::move(collected));
            }
          },
          family);
    }
  }
  return prometheus::TextSerializer().Serialize(all) + ProcessMetrics();
}

void Counter::Add(double n) {
  if (series_ != nullptr) series_->With<prometheus::Counter>([n](auto& c) { c.Increment(n); });
}
void Gauge::Set(double value) {
  if (series_ != nullptr) series_->With<prometheus::Gauge>([value](auto& g) { g.Set(value); });
}
void Gauge::Add(double n) {
  if (series_ != nullptr) series_->With<prometheus::Gauge>([n](auto& g) { g.Increment(n); });
}
void Histogram::Observe(double seconds) {
  if (series_ != nullptr) series_->With<prometheus::Histogram>([seconds](auto& h) { h.Observe(seconds); });
}

}  // namespace klink
