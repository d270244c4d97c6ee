#include "config/validate_cluster.h"

#include <string_view>

namespace klink::config {
namespace {

using P = SecurityProtocol;

bool HasTls(const ClusterConfig& c) { return c.security_protocol == P::kSsl || c.security_protocol == P::kSaslSsl; }
bool HasSasl(const ClusterConfig& c) {
  return c.security_protocol == P::kSaslPlaintext || c.security_protocol == P::kSaslSsl;
}

Status CheckMechanism(std::string_view text) {
  if (text == "PLAIN" || text == "SCRAM-SHA-256" || text == "SCRAM-SHA-512" || text == "OAUTHBEARER")
    return absl::OkStatus();
  if (text == "AWS_MSK_IAM") {
    return InvalidArgument("AWS_MSK_IAM is not supported; make a SCRAM-SHA-512 user for klink in the MSK cluster");
  }
  if (text == "GSSAPI") {
    return InvalidArgument("GSSAPI (Kerberos) is not supported; give klink a user of {} or a certificate", kMechanisms);
  }
  return InvalidArgument("is no SASL mechanism klink knows; write one of {}", kMechanisms);
}

struct Checker {
  const ClusterConfig& cluster;
  std::vector<SecurityFinding> findings = {};

  template <class... A>
  void Error(std::string key, fmt::format_string<A...> format, A&&... args) {
    findings.push_back({Severity::kError, std::move(key), fmt::format(format, std::forward<A>(args)...)});
  }
  template <class... A>
  void Warn(std::string key, fmt::format_string<A...> format, A&&... args) {
    findings.push_back({Severity::kWarning, std::move(key), fmt::format(format, std::forward<A>(args)...)});
  }

  // A key that would be ignored may mean that somebody believes the connection to be safe.
  void CheckUnused() {
    const std::string_view protocol = ToText(cluster.security_protocol);
    const auto unused = [&](const char* key, bool is_set, std::string_view wanted) {
      if (is_set)
        Error(key, "is not used with security.protocol {}; set that to {} or remove this key", protocol, wanted);
    };
    if (!HasTls(cluster)) {
      const std::string_view wanted = HasSasl(cluster) ? "SASL_SSL" : "SSL or SASL_SSL";
      unused("ssl.ca.location", !cluster.ssl_ca_location.empty(), wanted);
      unused("ssl.certificate.location", !cluster.ssl_certificate_location.empty(), wanted);
      unused("ssl.key.location", !cluster.ssl_key_location.empty(), wanted);
      unused("ssl.key.password", !cluster.ssl_key_password.reference().empty(), wanted);
      unused("ssl.keystore.location", !cluster.ssl_keystore_location.empty(), wanted);
      unused("ssl.keystore.password", !cluster.ssl_keystore_password.reference().empty(), wanted);
      unused("ssl.endpoint.identification.algorithm", cluster.ssl_endpoint_identification != HostCheck::kHttps, wanted);
    }
    if (!HasSasl(cluster)) {
      const std::string_view wanted = HasTls(cluster) ? "SASL_SSL" : "SASL_SSL or SASL_PLAINTEXT";
      unused("sasl.mechanism", !cluster.sasl_mechanism.empty(), wanted);
      unused("sasl.username", !cluster.sasl_username.empty(), wanted);
      unused("sasl.password", !cluster.sasl_password.reference().empty(), wanted);
      unused("sasl.tokenauth", cluster.sasl_tokenauth, wanted);
      CheckTokensUnused();
    }
  }

  void CheckSasl() {
    if (!HasSasl(cluster)) return;
    const std::string_view protocol = ToText(cluster.security_protocol);
    if (cluster.sasl_mechanism.empty()) {
      return Error("security.protocol", "{} needs sasl.mechanism; set it to {}", protocol, kMechanisms);
    }
    if (Status bad = CheckMechanism(cluster.sasl_mechanism); !bad.ok()) return Error("sasl.mechanism", "{}", Text(bad));
    if (cluster.sasl_tokenauth && !cluster.sasl_mechanism.starts_with("SCRAM-")) {
      Error("sasl.tokenauth", "is for SCRAM; remove it or set sasl.mechanism to SCRAM-SHA-256 or SCRAM-SHA-512");
    }
    if (cluster.sasl_mechanism == "OAUTHBEARER") return CheckTokens();
    CheckTokensUnused();
    if (cluster.sasl_username.empty()) Error("sasl.mechanism", "needs sasl.username; add it");
    if (cluster.sasl_password.empty()) {
      Error("sasl.mechanism", "needs sasl.password; add it as a reference such as ${{file:/path}}");
    }
    if (cluster.sasl_mechanism == "PLAIN" && !HasTls(cluster)) {
      Warn("sasl.mechanism", "PLAIN without TLS sends the password readable; use SASL_SSL or SCRAM");
    }
  }

  void CheckTokens() {
    if (!cluster.sasl_username.empty()) Error("sasl.username", "is not used with OAUTHBEARER; remove it");
    if (!cluster.sasl_password.reference().empty()) Error("sasl.password", "is not used with OAUTHBEARER; remove it");
    if (cluster.oauth_client_id.empty()) Error("sasl.mechanism", "needs sasl.oauthbearer.client.id; add it");
    if (cluster.oauth_client_secret.empty()) {
      Error("sasl.mechanism", "needs sasl.oauthbearer.client.secret; add it as a reference such as ${{file:/path}}");
    }
    if (cluster.oauth_endpoint.empty()) {
      Error("sasl.mechanism", "needs sasl.oauthbearer.token.endpoint.url; add it");
    }
    if (!HasTls(cluster)) Warn("sasl.mechanism", "OAUTHBEARER without TLS sends tokens readable; use SASL_SSL");
  }

  void CheckTokensUnused() {
    const auto unused = [&](const char* key, bool is_set) {
      if (is_set) Error(key, "is for OAUTHBEARER; set sasl.mechanism to that or remove this key");
    };
    unused("sasl.oauthbearer.client.id", !cluster.oauth_client_id.empty());
    unused("sasl.oauthbearer.client.secret", !cluster.oauth_client_secret.reference().empty());
    unused("sasl.oauthbearer.token.endpoint.url", !cluster.oauth_endpoint.empty());
    unused("sasl.oauthbearer.scope", !cluster.oauth_scope.empty());
    unused("https.ca.location", !cluster.https_ca_location.empty());
  }

  void CheckTls() {
    if (!HasTls(cluster)) return;
    const bool certificate = !cluster.ssl_certificate_location.empty(), key = !cluster.ssl_key_location.empty();
    const bool keystore = !cluster.ssl_keystore_location.empty();
    if (certificate && !key) Error("ssl.certificate.location", "needs its private key; add ssl.key.location");
    if (key && !certificate) Error("ssl.key.location", "needs its certificate; add ssl.certificate.location");
    if (!cluster.ssl_key_password.reference().empty() && !key) {
      Error("ssl.key.password", "is for a key, and there is none; add ssl.key.location or remove it");
    }
    if (keystore && (certificate || key)) {
      Error("ssl.keystore.location",
            "stands for ssl.certificate.location and ssl.key.location; remove it or these two");
    }
    if (keystore && cluster.ssl_keystore_password.empty()) {
      Error("ssl.keystore.location", "needs ssl.keystore.password; add it as a reference such as ${{file:/path}}");
    }
    if (!keystore && !cluster.ssl_keystore_password.reference().empty()) {
      Error("ssl.keystore.password", "is for a keystore, and there is none; add ssl.keystore.location or remove it");
    }
    if (cluster.ssl_endpoint_identification == HostCheck::kNone) {
      Warn("ssl.endpoint.identification.algorithm",
           "none takes any certificate of a trusted authority for any broker; leave it out once the brokers' "
           "certificates carry their names");
    }
  }
};

}  // namespace

std::vector<SecurityFinding> CheckSecurity(const ClusterConfig& cluster) {
  Checker checker{cluster};
  checker.CheckUnused();
  checker.CheckSasl();
  checker.CheckTls();
  return std::move(checker.findings);
}

}  // namespace klink::config
