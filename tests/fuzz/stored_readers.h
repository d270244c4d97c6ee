// The readers of what klink itself wrote before, and somebody may have changed since: records of a link's state, the
// values in RocksDB; and of what a broker says while it proves who it is.
#pragma once

#include <string_view>

namespace klink::fuzz {

// "KEY\nVALUE".
void ReadStateRecord(std::string_view text);
// A chunk of runs without its checksum, which is put behind it; and, as it is, a key.
void ReadOffsetRuns(std::string_view bytes);
// "server-first\nserver-final".
void ReadScram(std::string_view text);

}  // namespace klink::fuzz
