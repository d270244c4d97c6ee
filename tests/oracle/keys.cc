#include "tests/oracle/keys.h"

#include <algorithm>

namespace klink::oracle {

void Keys::Note(const Keyed& record, Side side) {
  if (!record.key || !record.committed) return;
  Seen& seen = seen_[*record.key];
  seen.latest = std::max(seen.latest, record.source_offset);
  if (side == Side::kDestination && !record.tombstone) seen.values_in_d.push_back(record.source_offset);
}

bool Keys::Superseded(const Keyed& record) const {
  if (!record.key || !record.committed) return true;
  const auto seen = seen_.find(*record.key);
  return seen != seen_.end() && seen->second.latest > record.source_offset;
}

bool Keys::MayBeMissing(const Keyed& record) const {
  if (Superseded(record)) return true;
  const auto seen = seen_.find(*record.key);
  return record.tombstone && (seen == seen_.end() || seen->second.values_in_d.empty());
}

bool Keys::MayBeExtra(const Keyed& record) const { return Superseded(record) || record.tombstone; }

}  // namespace klink::oracle
