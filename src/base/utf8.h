// Is it text? UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing beyond Unicode.
#pragma once

#include <cstddef>
#include <string_view>

namespace klink {

// The length of the UTF-8 character that `text` begins with; 0 when it begins with none.
size_t CharacterBytes(std::string_view text);
bool IsUtf8(std::string_view text);

}  // namespace klink
