// Whose ACLs a link carries over, and who klink itself is at a cluster. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/schema_cluster.h"
#include "config/schema_link.h"

namespace klink::config {

// "User:app" is one principal, "User:app-*" all that begin so, "*" everybody.
bool MatchesPrincipal(std::string_view entry, std::string_view principal);
bool IsPrincipalPattern(std::string_view entry);
// Included, and not excluded.
bool CarriesPrincipal(const Acls& acls, std::string_view principal);

// What Kafka's own principal builder calls klink there. Nothing where only the broker can tell: the subject of a
// certificate, the name in a token, the owner of a delegation token.
std::optional<std::string> OwnPrincipal(const ClusterConfig& cluster);

}  // namespace klink::config
