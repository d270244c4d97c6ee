// Prometheus metrics, typed by metric_list.h:
//
//   Counter bytes = metrics.Get(metric::kFetchedBytes, "paris-to-lyon");
//   bytes.Add(1024);
//
// A series lives as long as somebody holds a handle of it: whoever counts for a topic keeps its handles, and with the
// topic its series vanish. Handles of the same labels are the same series. Handles and Expose may be used by any
// thread. A handle may outlive its Metrics; it then counts into nothing.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/metric_list.h"

namespace klink {

namespace internal {
class Series;  // one labelled series of Prometheus, removed with its last handle
}

class Counter {
 public:
  Counter() = default;  // counts into nothing
  void Add(double n = 1);

 private:
  friend class Metrics;
  std::shared_ptr<internal::Series> series_;
};

class Gauge {
 public:
  Gauge() = default;
  void Set(double value);
  void Add(double n);

 private:
  friend class Metrics;
  std::shared_ptr<internal::Series> series_;
};

class Histogram {
 public:
  Histogram() = default;
  void Observe(double seconds);

 private:
  friend class Metrics;
  std::shared_ptr<internal::Series> series_;
};

// A line of metric_list.h: the handle it gives and how many labels it wants.
template <class Handle, size_t N>
struct Metric {
  size_t index;
};

struct MetricRow {
  std::string_view kind;
  std::string_view name;
  std::vector<std::string_view> labels;
  std::string_view help;
};
const std::vector<MetricRow>& MetricTable();

namespace metric {
namespace internal {
template <class... L>
constexpr size_t CountLabels(L...) {
  return sizeof...(L);
}
enum Index : size_t {
#define KLINK_LABELS(...) __VA_ARGS__
#define KLINK_METRIC_INDEX(KIND, NAME, ...) k##NAME,
  KLINK_METRICS(KLINK_METRIC_INDEX) kCount,
#undef KLINK_METRIC_INDEX
#undef KLINK_LABELS
};
}  // namespace internal
#define KLINK_LABELS(...) internal::CountLabels(__VA_ARGS__)
#define KLINK_METRIC_CONSTANT(KIND, NAME, PROMETHEUS, LABELS, HELP) \
  inline constexpr Metric<KIND, LABELS> k##NAME{internal::k##NAME};
KLINK_METRICS(KLINK_METRIC_CONSTANT)
#undef KLINK_METRIC_CONSTANT
#undef KLINK_LABELS
}  // namespace metric

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;

  template <class Handle, size_t N, class... L>
  Handle Get(Metric<Handle, N> metric, const L&... labels) {
    static_assert(sizeof...(L) == N, "as many label values as metric_list.h names");
    Handle handle;
    handle.series_ = Open(metric.index, std::vector<std::string>{std::string(labels)...});
    return handle;
  }
  // Everything, in Prometheus' text format, with the process's own figures (process_*).
  std::string Expose() const;

  struct State;

 private:
  std::shared_ptr<internal::Series> Open(size_t index, std::vector<std::string> labels);
  std::shared_ptr<State> state_;
};

}  // namespace klink
