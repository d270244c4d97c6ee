// From files to an OpenSSL context, with a sentence for each way in which a file can be wrong.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "base/limits.h"
#include "kafka/stream_tls.h"
#include "kafka/stream_tls_text.h"

namespace klink::kafka {
namespace {

template <auto F>
struct Freer {
  void operator()(auto* p) const { F(p); }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Pkcs12 = std::unique_ptr<PKCS12, Freer<PKCS12_free>>;
struct ChainFreer {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
};
using Chain = std::unique_ptr<STACK_OF(X509), ChainFreer>;

constexpr size_t kFileBytesMax = limits::kPemFileBytes;  // a bundle of the world's authorities has 200 KiB

StatusOr<std::string> Read(std::string_view property, const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string content(kFileBytesMax + 1, '\0');
  if (in) in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!in.is_open() || in.bad()) {
    return FailedPrecondition("{}: {} cannot be read: {}", property, path, std::strerror(errno));
  }
  content.resize(static_cast<size_t>(in.gcount()));
  if (content.size() > kFileBytesMax) return FailedPrecondition("{}: {} is larger than 4MiB", property, path);
  return content;
}

bool IsJks(std::string_view content) {
  return content.starts_with("\xFE\xED\xFE\xED") || content.starts_with("\xCE\xCE\xCE\xCE");
}
bool IsDer(std::string_view content) { return content.starts_with('\x30'); }

Bio Wrap(const std::string& content) { return Bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size()))); }

// Without this OpenSSL would ask a terminal.
int GivePassword(char* into, int size, int, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.size() > static_cast<size_t>(size)) return 0;
  std::memcpy(into, text.data(), text.size());
  return static_cast<int>(text.size());
}

std::string Ask(const SecretSource& source) { return source ? source() : std::string(); }

Status NotPem(std::string_view property, const std::string& path, const std::string& content) {
  if (IsJks(content)) {
    return FailedPrecondition(
        "{}: {} is a Java keystore (JKS); take the certificate out as PEM: keytool -exportcert -rfc -keystore {} "
        "-alias "
        "ALIAS -file ca.pem",
        property, path, path);
  }
  if (IsDer(content)) {
    return FailedPrecondition(
        "{}: {} is no PEM but DER or PKCS#12; convert it: openssl pkcs12 -in {} -nokeys -out {}.pem", property, path,
        path, path);
  }
  return FailedPrecondition("{}: {} holds no PEM certificate (-----BEGIN CERTIFICATE-----)", property, path);
}

}  // namespace

std::vector<std::string> FilesOf(const TlsSettings& settings) {
  std::vector<std::string> files;
  for (const std::string* file : {&settings.ca, &settings.certificate, &settings.key, &settings.keystore}) {
    if (!file->empty()) files.push_back(*file);
  }
  return files;
}

StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Load(const TlsSettings& settings) {
  std::shared_ptr<TlsContext> loaded(new TlsContext);
  loaded->host_check_ = settings.host_check;
  loaded->peer_ = settings.peer;
  loaded->context_ = std::shared_ptr<SSL_CTX>(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX* context = loaded->context_.get();
  KLINK_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // A broker that closes without saying so is an end like any other: Kafka frames carry their length.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  RETURN_IF_ERROR(loaded->LoadTrust(settings));
  if (!settings.certificate.empty()) RETURN_IF_ERROR(loaded->LoadPem(settings));
  if (!settings.keystore.empty()) RETURN_IF_ERROR(loaded->LoadKeystore(settings));
  loaded->NoteEnds();
  ERR_clear_error();
  return std::shared_ptr<const TlsContext>(std::move(loaded));
}

Status TlsContext::LoadTrust(const TlsSettings& settings) {
  if (settings.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context_.get());
    return absl::OkStatus();
  }
  const std::string_view property = CaProperty(settings.peer);
  TRY(const std::string content, Read(property, settings.ca));
  const Bio bio = Wrap(content);
  X509_STORE* store = SSL_CTX_get_cert_store(context_.get());
  int count = 0;
  while (Certificate one{PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(store, one.get());
    const WallTime ends = EndOf(one.get());
    ca_ends_ = std::min(ca_ends_.value_or(ends), ends);
    count++;
  }
  return count > 0 ? absl::OkStatus() : NotPem(property, settings.ca, content);
}

Status TlsContext::LoadPem(const TlsSettings& settings) {
  SSL_CTX* context = context_.get();
  TRY(const std::string certificate, Read("ssl.certificate.location", settings.certificate));
  if (SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) != 1) {
    return NotPem("ssl.certificate.location", settings.certificate, certificate);
  }
  TRY(const std::string content, Read("ssl.key.location", settings.key));
  std::string password = Ask(settings.key_password);
  const Bio bio = Wrap(content);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, GivePassword, &password));
  if (key == nullptr) {
    if (content.find("PRIVATE KEY-----") == std::string::npos) {
      return FailedPrecondition("ssl.key.location: {} holds no PEM private key", settings.key);
    }
    return FailedPrecondition("ssl.key.location: {} cannot be opened: {} ssl.key.password", settings.key,
                              password.empty() ? "it may be encrypted; set" : "correct");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return FailedPrecondition("ssl.key.location: the key in {} does not belong to the certificate in {}", settings.key,
                              settings.certificate);
  }
  return absl::OkStatus();
}

Status TlsContext::LoadKeystore(const TlsSettings& settings) {
  const std::string& path = settings.keystore;
  TRY(const std::string content, Read("ssl.keystore.location", path));
  if (IsJks(content)) {
    return FailedPrecondition(
        "ssl.keystore.location: {} is a Java keystore (JKS); convert it: keytool -importkeystore -srckeystore {} "
        "-destkeystore {}.p12 -deststoretype PKCS12",
        path, path, path);
  }
  const Bio bio = Wrap(content);
  const Pkcs12 store(d2i_PKCS12_bio(bio.get(), nullptr));
  if (store == nullptr) return FailedPrecondition("ssl.keystore.location: {} is no PKCS#12 keystore", path);
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* chain = nullptr;
  const std::string password = Ask(settings.keystore_password);
  const int opened = PKCS12_parse(store.get(), password.c_str(), &key, &certificate, &chain);
  const Key own_key(key);
  const Certificate own_certificate(certificate);
  const Chain own_chain(chain);
  if (opened != 1) {
    return FailedPrecondition(
        "ssl.keystore.location: {} cannot be opened: correct ssl.keystore.password, or export the keystore again with "
        "today's algorithms",
        path);
  }
  if (key == nullptr || certificate == nullptr) {
    return FailedPrecondition("ssl.keystore.location: {} holds no private key with its certificate", path);
  }
  if (SSL_CTX_use_cert_and_key(context_.get(), certificate, key, chain, 1) != 1) {
    return FailedPrecondition("ssl.keystore.location: key and certificate in {} do not belong together", path);
  }
  return absl::OkStatus();
}

void TlsContext::NoteEnds() {
  const X509* own = SSL_CTX_get0_certificate(context_.get());
  if (own != nullptr) certificate_ends_ = EndOf(own);
}

}  // namespace klink::kafka
