// One link for people: its state and why, whether it could fail over now, and what would be lost.
#pragma once

#include <string>

#include "http/views.h"

namespace klink::cli {

std::string LinkText(const http::LinkView& link, bool color);

}  // namespace klink::cli
