// What readers may see of each batch of a log: how the transaction it belongs to ended.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/oracle/records.h"

namespace klink::oracle {

enum class Fate { kPlain, kCommitted, kAborted, kOpen };
std::string Name(Fate fate);

struct Fates {
  std::vector<Fate> of;                         // per batch
  std::vector<std::optional<size_t>> ended_by;  // the marker's batch
  std::vector<std::vector<size_t>> ends;        // of a marker: what it ends
};
Fates FatesOf(const std::vector<Batch>& batches);

// Nothing when it cannot be read.
std::optional<std::vector<Record>> TryRead(const Batch& batch);
std::optional<Verdict> TryMarker(const Batch& batch);

}  // namespace klink::oracle
