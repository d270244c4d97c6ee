// The body of a call that pauses or resumes. Strict, because it changes something: an unknown key is an error, not a
// wish that is passed over.
#pragma once

#include <string_view>

#include "base/limits.h"
#include "http/message.h"
#include "link/progress.h"

namespace klink::http {

inline constexpr size_t kTextBytesMost = limits::kHttpTextBytes;  // of by and reason: they are kept in the link's state

enum class ControlOf { kLink, kMirrors };

//   {"topics": ["orders", "app-*"], "all": false, "accept": "GAP", "by": "…", "reason": "…", "dry_run": false}
// Of a link only by, reason and dry_run; an empty body is {}. InvalidArgument says what is wrong. `link` stays empty.
StatusOr<link::ControlRequest> ReadControl(std::string_view body, link::ControlVerb verb, ControlOf of);

std::string_view NameOf(link::ControlVerb verb);
bool IsJson(std::string_view content_type);
Response NotJson();

}  // namespace klink::http
