// The readers of text that people, browsers and other tools send: the configuration, the tokens, HTTP calls, the audit
// log.
#pragma once

#include <string_view>

namespace klink::fuzz {

void ReadConfiguration(std::string_view text);
void ReadTokens(std::string_view text);
// A path with its query, as it stands in a request.
void ReadTarget(std::string_view text);
void ReadAuditLog(std::string_view text);
// A whole HTTP request: who calls, where to, and what is asked for.
void ReadCall(std::string_view bytes);

}  // namespace klink::fuzz
