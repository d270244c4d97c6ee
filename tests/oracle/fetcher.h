// Reads raw logs from a cluster with a tiny blocking client of its own (Metadata 1, ListOffsets 1, Fetch 4: understood
// by every broker from 2.1 to 4.3), so that a mistake in klink's wire client cannot hide itself.
#pragma once

#include <string>

#include "tests/oracle/judge.h"

namespace klink::oracle {

// The log start and the high watermark alone.
Log FetchRange(const std::string& bootstrap, const std::string& topic, int partition);
// Everything from the log start to the high watermark. Throws std::runtime_error when the cluster does not answer.
Log FetchLog(const std::string& bootstrap, const std::string& topic, int partition);
// The first offset at or after that time (ListOffsets); −1: nothing so late.
int64_t OffsetAtTime(const std::string& bootstrap, const std::string& topic, int partition, int64_t time);

}  // namespace klink::oracle
