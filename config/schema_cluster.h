// The keys of one Kafka cluster: librdkafka's property names, an allow-list.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/secret.h"
#include "config/spec.h"
#include "config/text.h"

namespace klink::config {

enum class SecurityProtocol { kPlaintext, kSsl, kSaslPlaintext, kSaslSsl };
constexpr auto Choices(SecurityProtocol) {
  using P = SecurityProtocol;
  return std::to_array<Choice<P>>({{P::kPlaintext, "PLAINTEXT"},
                                   {P::kSsl, "SSL"},
                                   {P::kSaslPlaintext, "SASL_PLAINTEXT"},
                                   {P::kSaslSsl, "SASL_SSL"},
                                   {P::kPlaintext, "plaintext"},
                                   {P::kSsl, "ssl"},
                                   {P::kSaslPlaintext, "sasl_plaintext"},
                                   {P::kSaslSsl, "sasl_ssl"}});
}

// Is the name of the certificate compared with the one that was dialled?
enum class HostCheck { kHttps, kNone };
constexpr auto Choices(HostCheck) {
  return std::to_array<Choice<HostCheck>>({{HostCheck::kHttps, "https"}, {HostCheck::kNone, "none"}});
}

inline constexpr const char* kMechanisms = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER";

// The keys are librdkafka's property names; others are not accepted.
struct ClusterConfig {
  std::string bootstrap_servers = {};
  std::string client_id = "klink";
  std::string client_rack = {};
  SecurityProtocol security_protocol = SecurityProtocol::kPlaintext;
  std::string sasl_mechanism = {};
  std::string sasl_username = {};
  Secret sasl_password = {};
  bool sasl_tokenauth = false;
  std::string oauth_client_id = {};
  Secret oauth_client_secret = {};
  std::string oauth_endpoint = {};
  std::string oauth_scope = {};
  std::string https_ca_location = {};
  std::string ssl_ca_location = {};
  std::string ssl_certificate_location = {};
  std::string ssl_key_location = {};
  Secret ssl_key_password = {};
  std::string ssl_keystore_location = {};
  Secret ssl_keystore_password = {};
  HostCheck ssl_endpoint_identification = HostCheck::kHttps;
  static void Describe(auto& m, auto& field) {
    field("bootstrap.servers", m.bootstrap_servers,
          {.help = "host:port of some brokers, separated by commas", .required = true, .check = CheckEndpoints});
    field("client.id", m.client_id,
          {.help = "Name of the client in the brokers' logs and quotas", .filled = true, .check = CheckName});
    field("client.rack", m.client_rack,
          {.help = "Where klink runs, to read from the nearest replica", .check = CheckTopicPart});
    field("security.protocol", m.security_protocol, {.help = "How to talk to brokers"});
    field("sasl.mechanism", m.sasl_mechanism,
          {.help = "SASL mechanism: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER"});
    field("sasl.username", m.sasl_username, {.help = "SASL user"});
    field("sasl.password", m.sasl_password, {.help = "SASL password, by reference; read again when its file changes"});
    field("sasl.tokenauth", m.sasl_tokenauth,
          {.help = "With SCRAM: the user is the id of a delegation token, the password its HMAC"});
    field("sasl.oauthbearer.client.id", m.oauth_client_id, {.help = "Who klink is to the token endpoint"});
    field("sasl.oauthbearer.client.secret", m.oauth_client_secret, {.help = "Its secret there, by reference"});
    field("sasl.oauthbearer.token.endpoint.url", m.oauth_endpoint,
          {.help = "Where tokens come from, https:// unless on this machine (client credentials)"});
    field("sasl.oauthbearer.scope", m.oauth_scope, {.help = "Scope asked for"});
    field("https.ca.location", m.https_ca_location,
          {.help = "Trusted certificates of the token endpoint, PEM; without it those the system trusts"});
    field("ssl.ca.location", m.ssl_ca_location,
          {.help = "Trusted certificates, PEM; without it those the system trusts; read again when it changes"});
    field("ssl.certificate.location", m.ssl_certificate_location,
          {.help = "klink's certificate with its chain, PEM; read again when it changes"});
    field("ssl.key.location", m.ssl_key_location, {.help = "Its private key, PEM"});
    field("ssl.key.password", m.ssl_key_password, {.help = "Password of the key, by reference"});
    field("ssl.keystore.location", m.ssl_keystore_location,
          {.help = "klink's certificate and key in one PKCS#12 file, in place of the two PEM files"});
    field("ssl.keystore.password", m.ssl_keystore_password, {.help = "Password of the keystore, by reference"});
    field("ssl.endpoint.identification.algorithm", m.ssl_endpoint_identification,
          {.help = "https: a broker's certificate must carry the name that is dialled; none: any name will do"});
  }
};

}  // namespace klink::config
