// klink link delete, and what it says, for people.
#pragma once

#include <string>

#include "cli/context.h"
#include "failover/link_removal.h"

namespace klink::cli {

void AddLinkDelete(CLI::App& link, Context& context);

std::string RemovalText(const failover::LinkRemoval& removal, bool color);

}  // namespace klink::cli
