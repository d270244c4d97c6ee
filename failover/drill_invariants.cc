// What the rehearsal saw, promise by promise.
#include <algorithm>

#include "failover/drill_judge.h"
#include "failover/drill_rehearsal.h"

namespace klink::failover {
namespace {

using V = DrillVerdict;

DrillInvariant Of(std::string code, std::string name, V verdict, std::string detail) {
  return {std::move(code), std::move(name), std::string(Name(verdict)), std::move(detail)};
}

}  // namespace

std::vector<DrillInvariant> DrillRehearsal::Judge(const std::vector<DrillPosition>& positions,
                                                  const DrillReport& report) const {
  std::vector<DrillInvariant> all;
  const auto add = [&all](std::string code, std::string name, V verdict, std::string detail) {
    all.push_back(Of(std::move(code), std::move(name), verdict, std::move(detail)));
  };
  const auto first = [](const auto& map) { return map.empty() ? std::string() : map.begin()->second; };
  const bool compared = verified_ && verified_->ok();
  const std::string equal = fmt::format("{} batches, {} bytes compared with the mirrors",
                                        report.verification.batches_equal, report.verification.bytes_compared);
  const std::string why = !verified_ ? "the copies were not compared" : std::string(Text(*verified_));
  const auto of_kind = [&](const std::string& kind) {
    const auto found = kinds_.find(kind);
    return found != kinds_.end() ? V::kFailed : compared ? V::kPassed : V::kUnknown;
  };
  const auto tell = [&](V verdict) {
    if (verdict == V::kFailed && !report.verification.first_differences.empty())
      return report.verification.first_differences.front();
    return verdict == V::kPassed ? equal : why;
  };
  const V lost = not_there_.empty() ? of_kind("LOST") : V::kFailed;
  add("L1", "LOST", lost, not_there_.empty() ? tell(lost) : first(not_there_));
  for (const auto& [code, kind] : {std::pair("L4", "CORRUPT"), std::pair("L6", "PHANTOM")})
    add(code, kind, of_kind(kind), tell(of_kind(kind)));

  all.push_back(OfGroups("L7", "AHEAD", positions, &DrillPosition::ahead));
  all.push_back(OfGroups("L8", "BEHIND", positions, &DrillPosition::behind));

  // Readers of committed records saw the mirrors' records (compared above, verdicts of transactions among them), and
  // nothing of the transaction that was left open.
  bool all_read = !written_.empty(), none_open = !written_.empty(), at_cut = !written_.empty(),
       ends = !written_.empty();
  std::string held, collided, grown;
  for (const auto& [tp, w] : written_) {
    const bool read = w.read;
    const bool open = w.last_stable != w.high_watermark || w.high_watermark < 0;
    if (!read || open)
      held =
          fmt::format("{}: the last stable offset is {}, the high watermark {}", tp, w.last_stable, w.high_watermark);
    all_read &= read;
    none_open &= !open;
    for (size_t i = 0; i < w.offsets.size(); i++)
      if (!w.cut || w.offsets[i] != *w.cut + static_cast<int64_t>(i)) {
        at_cut = false;
        collided =
            fmt::format("{}: record {} was acknowledged at {}, the cut is {}", tp, i, w.offsets[i], w.cut.value_or(-1));
      }
    const int64_t expected = w.offsets.empty() ? -1 : w.offsets.back() + 1;
    if (w.end != expected) {
      ends = false;
      grown = fmt::format("{}: the log ends at {}, the new producer at {}", tp, w.end.value_or(-1), expected);
    }
  }
  const V nine = !all_read ? V::kFailed : Worst({of_kind("LOST"), of_kind("CORRUPT"), of_kind("PHANTOM")});
  add("L9", "ABORTED", nine,
      nine == V::kPassed ? "committed readers get the mirrors' committed records and nothing of the open transactions"
                         : (all_read ? tell(nine) : held));
  add("L10", "OPEN", all_read && none_open ? V::kPassed : V::kFailed,
      all_read && none_open
          ? fmt::format("{} transactions that were left open hold nobody back", copy_.open_transactions())
          : held);

  std::vector<V> late;
  std::string accepted;
  for (const LateEffect& effect : late_) {
    late.push_back(effect.verdict);
    if (effect.verdict != V::kPassed && accepted.empty()) accepted = fmt::format("{}: {}", effect.what, effect.answer);
  }
  V eleven = late_.empty() ? V::kUnknown : Worst(late);
  if (eleven == V::kPassed && !ends) eleven = V::kFailed;
  add("L11", "LATE EFFECT", eleven,
      eleven == V::kPassed
          ? fmt::format("{} late requests were refused, and the logs end where the new producer does", late_.size())
      : accepted.empty() ? grown
                         : accepted);
  add("L12", "COLLISION", at_cut ? V::kPassed : V::kFailed,
      at_cut ? "the new producer's first records were acknowledged at the cut" : collided);
  const V thirteen = !not_there_.empty() ? V::kFailed : compared ? V::kPassed : V::kUnknown;
  add("L13", "STALE-ACK", thirteen,
      !not_there_.empty() ? first(not_there_)
      : compared          ? "everything that was acknowledged stands in the copies"
                          : why);
  const bool done = promotion_ && promotion_->state == "COMPLETED";
  add("L14", "STUCK", done ? V::kPassed : V::kFailed,
      done ? fmt::format("the copies were made, and every step of operation {} ended",
                         promotion_->operation.value_or(""))
           : fmt::format("the failover is {}", promotion_ ? promotion_->state : "not known"));
  return all;
}

}  // namespace klink::failover
