#include "config/principal.h"

#include <algorithm>

namespace klink::config {

bool IsPrincipalPattern(std::string_view entry) { return entry.ends_with('*'); }

bool MatchesPrincipal(std::string_view entry, std::string_view principal) {
  if (!IsPrincipalPattern(entry)) return entry == principal;
  return principal.starts_with(entry.substr(0, entry.size() - 1));
}

bool CarriesPrincipal(const Acls& acls, std::string_view principal) {
  const auto matches = [principal](const std::string& entry) { return MatchesPrincipal(entry, principal); };
  return std::any_of(acls.include.begin(), acls.include.end(), matches) &&
         std::none_of(acls.exclude.begin(), acls.exclude.end(), matches);
}

std::optional<std::string> OwnPrincipal(const ClusterConfig& cluster) {
  const SecurityProtocol protocol = cluster.security_protocol;
  const bool sasl = protocol == SecurityProtocol::kSaslPlaintext || protocol == SecurityProtocol::kSaslSsl;
  if (sasl) {
    const bool broker_knows = cluster.sasl_mechanism == "OAUTHBEARER" || cluster.sasl_tokenauth;
    return broker_knows ? std::nullopt : std::optional("User:" + cluster.sasl_username);
  }
  const bool certificate = !cluster.ssl_certificate_location.empty() || !cluster.ssl_keystore_location.empty();
  if (protocol == SecurityProtocol::kSsl && certificate) return std::nullopt;
  return "User:ANONYMOUS";
}

}  // namespace klink::config
