#include "kafka/stream_tls_text.h"

#include <memory>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace klink::kafka {
namespace {

std::string OneLine(const X509_NAME* name) {
  char text[256] = "";
  X509_NAME_oneline(name, text, sizeof text);
  return text;
}

std::string Day(WallTime at) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::string AddressText(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(bytes) != 16) return "?";
  inet_ntop(family, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

}  // namespace

WallTime EndOf(const X509* certificate) {
  struct tm end = {};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return WallTime();
  return WallTime(std::chrono::seconds(timegm(&end)));
}

std::string SubjectNames(const X509* certificate) {
  std::string all;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  constexpr int kShown = 8;
  for (int i = 0; names != nullptr && i < std::min(sk_GENERAL_NAME_num(names.get()), kShown); i++) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    std::string text;
    if (name->type == GEN_DNS) {
      const ASN1_IA5STRING* dns = name->d.dNSName;
      text.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(dns)),
                  static_cast<size_t>(ASN1_STRING_length(dns)));
    } else if (name->type == GEN_IPADD) {
      text = AddressText(name->d.iPAddress);
    } else {
      continue;
    }
    all += (all.empty() ? "" : ", ") + text;
  }
  return all.empty() ? OneLine(X509_get_subject_name(certificate)) : all;
}

std::string_view CaProperty(TlsPeer peer) { return peer == TlsPeer::kBroker ? "ssl.ca.location" : "https.ca.location"; }

Status CertificateRefused(int error, const X509* certificate, const std::string& host, TlsPeer peer) {
  const bool broker = peer == TlsPeer::kBroker;
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return Unauthenticated("the certificate {} expired on {}: renew it at the {}, or correct this machine's clock",
                             OneLine(X509_get_subject_name(certificate)), Day(EndOf(certificate)),
                             broker ? "broker" : "token endpoint");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return Unauthenticated("the certificate {} is not valid yet: correct this machine's clock, or the certificate",
                             OneLine(X509_get_subject_name(certificate)));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return Unauthenticated(
          "its certificate is signed by {}, which is not trusted here: set {} to the certificate of the {} authority",
          OneLine(X509_get_issuer_name(certificate)), CaProperty(peer), broker ? "brokers'" : "token endpoint's");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      if (!broker) {
        return Unauthenticated(
            "its certificate is made out for {}, not for {}: write a name of the certificate in "
            "sasl.oauthbearer.token.endpoint.url, or give the endpoint a certificate with this name",
            SubjectNames(certificate), host);
      }
      return Unauthenticated(
          "its certificate is made out for {}, not for {}: use a name of the certificate in bootstrap.servers and the "
          "brokers' advertised.listeners, or give the broker a certificate with this name",
          SubjectNames(certificate), host);
    default:
      return Unauthenticated("the certificate {} is refused: {}", OneLine(X509_get_subject_name(certificate)),
                             X509_verify_cert_error_string(error));
  }
}

Status TlsFailure(bool has_certificate) {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  switch (ERR_GET_REASON(error)) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      if (has_certificate) break;
      return Unauthenticated(
          "the broker wants a certificate of its clients: set ssl.certificate.location and ssl.key.location, or "
          "ssl.keystore.location");
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return Unauthenticated("the broker says that klink's certificate has expired: renew it");
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
      return Unauthenticated("the broker says that klink's certificate was revoked: renew it");
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
      break;
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
      return FailedPrecondition(
          "no common version of TLS: klink speaks 1.2 and 1.3; enable one in the broker's ssl.enabled.protocols");
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
    case SSL_R_NO_SHARED_CIPHER:
      return FailedPrecondition(
          "the broker ends the TLS handshake: no common cipher suite (ssl.cipher.suites), or it wants a certificate of "
          "its clients (ssl.client.auth)");
    default: {
      const char* reason = ERR_reason_error_string(error);
      return Unavailable("TLS failed: {}", reason == nullptr ? "no reason given" : reason);
    }
  }
  return Unauthenticated(
      "the broker does not trust klink's certificate ({}): let its truststore hold the authority that signed it",
      ERR_reason_error_string(error));
}

Status NotTls() {
  return FailedPrecondition(
      "the peer does not speak TLS: set security.protocol to PLAINTEXT or SASL_PLAINTEXT, or use the port of a "
      "listener "
      "with TLS");
}

Status ClosedInHandshake(bool said_something) {
  if (said_something) {
    return Unavailable("the peer closed the connection within the TLS handshake; its own log says why");
  }
  return Unavailable(
      "the peer closed the connection at the first word of TLS, as a listener without TLS does: check "
      "security.protocol "
      "and the port");
}

}  // namespace klink::kafka
