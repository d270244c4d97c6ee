#include "tests/oracle/fates.h"

#include <map>
#include <stdexcept>

#include "tests/oracle/judge.h"

namespace klink::oracle {

std::string Name(Fate fate) {
  switch (fate) {
    case Fate::kPlain:
      return "in no transaction";
    case Fate::kCommitted:
      return "committed";
    case Fate::kAborted:
      return "aborted";
    case Fate::kOpen:
      break;
  }
  return "in an open transaction";
}

Fates FatesOf(const std::vector<Batch>& batches) {
  Fates fates;
  fates.of.assign(batches.size(), Fate::kPlain);
  fates.ended_by.resize(batches.size());
  fates.ends.resize(batches.size());
  std::map<int64_t, std::vector<size_t>> open;  // by producer
  for (size_t i = 0; i < batches.size(); ++i) {
    const Batch& batch = batches[i];
    if (!batch.control()) {
      if (!batch.transactional()) continue;
      fates.of[i] = Fate::kOpen;
      open[batch.producer_id].push_back(i);
      continue;
    }
    const std::optional<Verdict> verdict = TryMarker(batch);
    if (!verdict) continue;
    fates.ends[i] = std::move(open[batch.producer_id]);
    open.erase(batch.producer_id);
    for (const size_t ended : fates.ends[i]) {
      fates.of[ended] = *verdict == Verdict::kCommit ? Fate::kCommitted : Fate::kAborted;
      fates.ended_by[ended] = i;
    }
  }
  return fates;
}

Log CommittedOnly(const Log& log) {
  const Fates fates = FatesOf(log.batches);
  Log shown{.start = log.start, .end = log.end};
  for (size_t i = 0; i < log.batches.size(); ++i) {
    if (log.batches[i].control() || (fates.of[i] != Fate::kPlain && fates.of[i] != Fate::kCommitted)) continue;
    shown.batches.push_back(log.batches[i]);
    shown.batches.back().attributes &= ~kTransactionalBit;
  }
  return shown;
}

std::optional<std::vector<Record>> TryRead(const Batch& batch) {
  try {
    return ReadRecords(batch);
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

std::optional<Verdict> TryMarker(const Batch& batch) {
  try {
    return ReadMarker(batch);
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

}  // namespace klink::oracle
