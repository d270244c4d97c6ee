// The reason of the run of a map that begins behind what the copy alone has: a log that was taken over with a tail of
// its own (Adoption). What stands between that run and the one before is nobody's copy.
#pragma once

#include <string_view>

namespace klink::link {

inline constexpr std::string_view kKeptTail = "KEPT_TAIL";

}  // namespace klink::link
