// The body of a call that pauses, resumes or promotes. Strict, because it changes something: an unknown key is an
// error, not a wish that is passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "base/limits.h"
#include "http/message.h"
#include "link/progress.h"

namespace klink::http {

inline constexpr size_t kTextBytesMost = limits::kHttpTextBytes;  // of by and reason: they are kept in the link's state

enum class ControlOf { kLink, kMirrors };

//   {"topics": ["orders", "app-*"], "all": false, "accept": "GAP", "by": "…", "reason": "…", "dry_run": false}
// Of a link only by, reason and dry_run; an empty body is {}. InvalidArgument says what is wrong. `link` stays empty.
StatusOr<link::ControlRequest> ReadControl(std::string_view body, link::ControlVerb verb, ControlOf of);

// The schemas of these bodies: of a link, of mirrors, and of those that are resumed.
Json LinkBodySchema();
Json MirrorsBodySchema();
Json ResumeBodySchema();

// An empty text is {}. Any other key than those that are known is an error.
StatusOr<Json> ReadObject(std::string_view text, const std::vector<std::string_view>& known);
// Into a body whose Describe names its keys.
template <class Body>
Status ReadBody(std::string_view text, Body& body) {
  std::vector<std::string_view> known;
  auto note = [&known](std::string_view name, auto&) { known.push_back(name); };
  Body::Describe(body, note);
  TRY(const Json json, ReadObject(text, known));
  return FromJson(json, body);
}
Status CheckSizes(const std::vector<std::string>& topics, const std::string& by, const std::string& reason);

// Who was let in, not who says so.
template <class R>
void TakeCaller(const Request& request, std::string link, R& asked) {
  asked.link = std::move(link);
  if (!request.by.empty()) asked.by = request.by;
  if (asked.reason.empty()) asked.reason = request.reason.substr(0, kTextBytesMost);
}

std::string_view NameOf(link::ControlVerb verb);
bool IsJson(std::string_view content_type);
Response NotJson();

}  // namespace klink::http
