#include "http/tls_files.h"

#include <boost/asio/ssl/impl/src.hpp>  // Asio is compiled apart (BOOST_ASIO_SEPARATE_COMPILATION): its TLS here
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/log.h"

namespace klink::http {

namespace ssl = boost::asio::ssl;

TlsFiles::TlsFiles(TlsPaths paths) : paths_(std::move(paths)) {
  for (const std::string* path : {&paths_.cert, &paths_.key, &paths_.client_ca})
    if (!path->empty()) watched_.emplace_back(*path);
}

StatusOr<std::unique_ptr<TlsFiles>> TlsFiles::Open(TlsPaths paths) {
  std::unique_ptr<TlsFiles> files(new TlsFiles(std::move(paths)));
  for (WatchedFile& file : files->watched_) (void)file.Changed();
  TRY(files->context_, files->Read());
  return files;
}

StatusOr<TlsFiles::Context> TlsFiles::Read() const {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  boost::system::error_code ec;
  context->use_certificate_chain_file(paths_.cert, ec);
  if (ec) return FailedPrecondition("agent.http.tls.cert {}: {}; it must be a PEM file", paths_.cert, ec.message());
  context->use_private_key_file(paths_.key, ssl::context::pem, ec);
  if (ec) {
    return FailedPrecondition("agent.http.tls.key {}: {}; it must be the PEM key of {}", paths_.key, ec.message(),
                              paths_.cert);
  }
  if (paths_.client_ca.empty()) return context;
  context->load_verify_file(paths_.client_ca, ec);
  if (ec) return FailedPrecondition("agent.http.tls.client_ca {}: {}", paths_.client_ca, ec.message());
  // Asked for, not demanded: who shows none needs a token.
  context->set_verify_mode(ssl::verify_peer, ec);
  constexpr std::string_view kSession = "klink";
  SSL_CTX_set_session_id_context(context->native_handle(), reinterpret_cast<const unsigned char*>(kSession.data()),
                                 kSession.size());
  return context;
}

TlsFiles::Context TlsFiles::Current() {
  bool changed = false;
  for (WatchedFile& file : watched_) changed |= file.Changed();
  if (!changed) return context_;
  StatusOr<Context> read = Read();
  const std::string complaint = Text(read.status());
  if (read.ok()) context_ = *std::move(read);
  if (complaint == complaint_) return context_;
  complaint_ = complaint;
  if (complaint.empty()) {
    Log(Level::kInfo, Event::kHttpFileReload, "the certificate files are in force again", {{"file", paths_.cert}});
  } else {
    Log(Level::kError, Event::kHttpFileReload, "the certificate files are wrong: what was read before stays in force",
        {{"error", complaint}});
  }
  return context_;
}

namespace {

std::string TextOf(const ASN1_STRING* text) {
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, text);
  if (size < 0) return "";
  std::string out(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return out;
}

}  // namespace

std::vector<std::string> PeerNames(SSL* ssl) {
  std::vector<std::string> names;
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return names;
  if (SSL_get_verify_result(ssl) == X509_V_OK) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) names.push_back(TextOf(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
    auto* others = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; others != nullptr && i < sk_GENERAL_NAME_num(others); ++i) {
      const GENERAL_NAME* name = sk_GENERAL_NAME_value(others, i);
      if (name->type == GEN_DNS || name->type == GEN_URI || name->type == GEN_EMAIL)
        names.push_back(TextOf(name->d.ia5));
    }
    GENERAL_NAMES_free(others);
  }
  X509_free(certificate);
  std::erase_if(names, [](const std::string& name) { return name.empty() || name.find('\0') != std::string::npos; });
  return names;
}

}  // namespace klink::http
