// What may be said of a secret: where it comes from, never a part of it.
#pragma once

#include <string>
#include <string_view>

namespace klink::config {

// Is the text made of references alone? Whatever stands beside them would be a part of the secret.
bool IsReferencesAlone(std::string_view text);
// The text with what may be secret in it replaced: the default of ${env:V:-default}.
std::string ShownSecret(std::string_view reference);

}  // namespace klink::config
