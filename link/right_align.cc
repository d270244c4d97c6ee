#include "link/right_align.h"

#include "base/check.h"

namespace klink::link {

HeadPlan PlanHead(const std::vector<Extent>& log, double fill_ratio, int64_t fill_records) {
  KLINK_CHECK(!log.empty());
  size_t from = log.size();  // the first extent of the aligned part
  int64_t records = 0, missing = 0;
  for (size_t i = log.size(); i-- > 0;) {
    const Extent& extent = log[i];
    const int64_t gap = i + 1 < log.size() ? log[i + 1].base - extent.next : 0;
    if (gap > fill_records) break;
    records += extent.records;
    missing += gap + (extent.next - extent.base - extent.records - extent.left_out);
    if (static_cast<double>(missing) <= fill_ratio * static_cast<double>(records)) from = i;
  }
  HeadPlan plan;
  plan.aligned_from = SourceOffset(from < log.size() ? log[from].base : log.back().next);
  for (size_t i = 0; i < from; i++) plan.records_below += log[i].records;
  return plan;
}

}  // namespace klink::link
