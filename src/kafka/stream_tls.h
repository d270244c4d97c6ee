// TLS 1.2 and 1.3 around any stream. The peer's certificate must chain to a trusted one and be made out for the name
// that was dialled (RFC 6125; SNI carries it), unless the check of the name was switched off.
//
// OpenSSL works on memory alone: ciphertext comes and goes through the inner stream in large pieces, so the socket's
// own rules (gathered writes, how trouble is noticed) hold under TLS too. Errors that a person must mend are
// Unauthenticated or FailedPrecondition and say what to do; the others are Unavailable.
#pragma once

#include <memory>
#include <string>

#include "kafka/credentials.h"
#include "kafka/stream.h"

struct ssl_ctx_st;

namespace klink::kafka {

enum class HostCheck : uint8_t { kOn, kOff };
// Who is at the other end: what an operator has to correct stands in other places.
enum class TlsPeer : uint8_t { kBroker, kTokenEndpoint };

struct TlsSettings {
  std::string ca = {};           // PEM; empty: what the system trusts
  std::string certificate = {};  // PEM, the chain; empty: none
  std::string key = {};          // PEM
  SecretSource key_password = {};
  std::string keystore = {};  // PKCS#12, in place of certificate and key
  SecretSource keystore_password = {};
  HostCheck host_check = HostCheck::kOn;
  TlsPeer peer = TlsPeer::kBroker;
};
// The files these settings name.
std::vector<std::string> FilesOf(const TlsSettings& settings);

// The settings with their files read. FailedPrecondition names the property and the file that are wrong; a Java
// keystore (JKS) is answered with the command that converts it.
class TlsContext {
 public:
  static StatusOr<std::shared_ptr<const TlsContext>> Load(const TlsSettings& settings);

  ssl_ctx_st* get() const { return context_.get(); }
  HostCheck host_check() const { return host_check_; }
  TlsPeer peer() const { return peer_; }
  std::optional<WallTime> certificate_ends() const { return certificate_ends_; }
  std::optional<WallTime> ca_ends() const { return ca_ends_; }  // the first of them

 private:
  TlsContext() = default;
  Status LoadTrust(const TlsSettings& settings);
  Status LoadPem(const TlsSettings& settings);
  Status LoadKeystore(const TlsSettings& settings);
  void NoteEnds();

  std::shared_ptr<ssl_ctx_st> context_;
  HostCheck host_check_ = HostCheck::kOn;
  TlsPeer peer_ = TlsPeer::kBroker;
  std::optional<WallTime> certificate_ends_;
  std::optional<WallTime> ca_ends_;
};

// Files that changed are read again for the next connection; where that fails, what was read before is used on.
class TlsConnector final : public Connector {
 public:
  TlsConnector(std::shared_ptr<Connector> inner, TlsSettings settings, Executor executor,
               std::shared_ptr<Deadlines> deadlines, std::shared_ptr<FileWatch> watch, ExpirySink expiry = nullptr);
  Async<StatusOr<std::unique_ptr<Stream>>> Connect(Endpoint to, Lane lane, Instant deadline) override;

 private:
  StatusOr<std::shared_ptr<const TlsContext>> Context();

  std::shared_ptr<Connector> inner_;
  TlsSettings settings_;
  Executor executor_;
  std::shared_ptr<Deadlines> deadlines_;
  std::shared_ptr<ExpirySink> expiry_;
  std::shared_ptr<FileWatch> watch_;  // the one that decides which connections are outdated
  uint64_t loaded_ = 0;               // the generation of context_
  std::shared_ptr<const TlsContext> context_;
};

}  // namespace klink::kafka
