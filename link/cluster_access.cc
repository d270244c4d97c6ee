#include "link/cluster_access.h"

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
    options.authenticator = std::make_shared<kafka::SaslAuthenticator>(std::move(sasl));
    Watch(cluster.sasl_password, options.credential_files);
  }
  return options;
}

admin::Access AccessOf(const std::string& name, const config::ClusterConfig& cluster) {
  admin::Access access;
  access.cluster = name;
  auto& all = access.properties;
  all = {{"bootstrap.servers", cluster.bootstrap_servers},
         {"client.id", cluster.client_id},
         {"security.protocol", std::string(config::ToText(cluster.security_protocol))}};
  const auto set = [&all](const char* key, const std::string& value) {
    if (!value.empty()) all[key] = value;
  };
  if (HasTls(cluster)) {
    set("ssl.ca.location", cluster.ssl_ca_location);
    set("ssl.certificate.location", cluster.ssl_certificate_location);
    set("ssl.key.location", cluster.ssl_key_location);
    set("ssl.key.password", cluster.ssl_key_password.Reveal());
    set("ssl.keystore.location", cluster.ssl_keystore_location);
    set("ssl.keystore.password", cluster.ssl_keystore_password.Reveal());
    set("ssl.endpoint.identification.algorithm", std::string(config::ToText(cluster.ssl_endpoint_identification)));
  }
  if (HasSasl(cluster)) {
    set("sasl.mechanism", cluster.sasl_mechanism);
    set("sasl.username", cluster.sasl_username);
    set("sasl.password", cluster.sasl_password.Reveal());
  }
  if (!HasTls(cluster) && !HasSasl(cluster)) return access;
  access.secrets = [cluster] {
    admin::Properties now;
    const auto renew = [&now](const char* key, const config::Secret& secret) {
      if (!secret.reference().empty()) now[key] = SourceOf(secret)();
    };
    if (HasTls(cluster)) {
      renew("ssl.key.password", cluster.ssl_key_password);
      renew("ssl.keystore.password", cluster.ssl_keystore_password);
    }
    if (HasSasl(cluster)) {
      now["sasl.username"] = cluster.sasl_username;
      renew("sasl.password", cluster.sasl_password);
    }
    return now;
  };
  return access;
}

}  // namespace klink::link
