#include "link/cluster_access.h"

#include "kafka/relay.h"

namespace klink::link {

namespace {

using P = config::SecurityProtocol;

bool HasTls(const config::ClusterConfig& cluster) {
  return cluster.security_protocol == P::kSsl || cluster.security_protocol == P::kSaslSsl;
}
bool HasSasl(const config::ClusterConfig& cluster) {
  return cluster.security_protocol == P::kSaslPlaintext || cluster.security_protocol == P::kSaslSsl;
}

// What the reference stands for now; what it stood for at the start where it cannot be read (a file being replaced).
kafka::SecretSource SourceOf(const config::Secret& secret) {
  return [secret] {
    StatusOr<std::string> now = config::Expand(secret.reference(), config::ProcessEnvironment());
    return now.ok() && !now->empty() ? *std::move(now) : secret.Reveal();
  };
}

void Watch(const config::Secret& secret, std::vector<std::string>& files) {
  for (std::string& file : config::ReferencedFiles(secret.reference())) files.push_back(std::move(file));
}

kafka::TlsSettings TlsOf(const config::ClusterConfig& cluster) {
  kafka::TlsSettings tls;
  tls.ca = cluster.ssl_ca_location;
  tls.certificate = cluster.ssl_certificate_location;
  tls.key = cluster.ssl_key_location;
  tls.key_password = SourceOf(cluster.ssl_key_password);
  tls.keystore = cluster.ssl_keystore_location;
  tls.keystore_password = SourceOf(cluster.ssl_keystore_password);
  const bool off = cluster.ssl_endpoint_identification == config::HostCheck::kNone;
  tls.host_check = off ? kafka::HostCheck::kOff : kafka::HostCheck::kOn;
  return tls;
}

kafka::TokenSettings TokensOf(const config::ClusterConfig& cluster) {
  kafka::TokenSettings tokens;
  tokens.endpoint = cluster.oauth_endpoint;
  tokens.client_id = cluster.oauth_client_id;
  tokens.client_secret = SourceOf(cluster.oauth_client_secret);
  tokens.scope = cluster.oauth_scope;
  tokens.ca = cluster.https_ca_location;
  return tokens;
}

}  // namespace

kafka::ClusterOptions OptionsOf(const std::string& name, const config::ClusterConfig& cluster) {
  kafka::ClusterOptions options;
  options.name = name;
  options.bootstrap = kafka::ParseBootstrap(cluster.bootstrap_servers).value_or(std::vector<kafka::Endpoint>());
  options.client_id = cluster.client_id;
  options.rack = cluster.client_rack;
  if (HasTls(cluster)) {
    options.tls = TlsOf(cluster);
    options.credential_files = FilesOf(*options.tls);
    Watch(cluster.ssl_key_password, options.credential_files);
    Watch(cluster.ssl_keystore_password, options.credential_files);
  }
  if (HasSasl(cluster)) {
    kafka::SaslSettings sasl;
    sasl.mechanism = cluster.sasl_mechanism;
    sasl.user = cluster.sasl_username;
    sasl.password = SourceOf(cluster.sasl_password);
    sasl.client_id = cluster.client_id;
    sasl.delegation_token = cluster.sasl_tokenauth;
    if (sasl.mechanism == "OAUTHBEARER") {
      sasl.user = cluster.oauth_client_id;
      sasl.tokens = std::make_shared<kafka::TokenSource>(TokensOf(cluster));
    }
    options.authenticator = std::make_shared<kafka::SaslAuthenticator>(std::move(sasl));
    Watch(cluster.sasl_password, options.credential_files);
  }
  return options;
}

admin::Access AccessOf(const std::string& name, const config::ClusterConfig& cluster, Executor executor, Clock& clock) {
  admin::Access access;
  access.cluster = name;
  access.properties = {{"bootstrap.servers", cluster.bootstrap_servers}, {"client.id", cluster.client_id}};
  if (HasTls(cluster) || HasSasl(cluster)) {
    access.relay = std::make_shared<kafka::Relay>(OptionsOf(name, cluster), executor, clock);
  }
  return access;
}

Async<void> CloseAccess(admin::Access access) {
  if (access.relay != nullptr) co_await access.relay->Close();
}

}  // namespace klink::link
