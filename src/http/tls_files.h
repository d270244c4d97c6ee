// Certificate, key and client CA of the HTTP server, from files that are read again when they change: a connection
// keeps what it began with, the next one gets what is there. TLS 1.2 and later.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/ssl/context.hpp>

#include "http/access.h"

namespace klink::http {

struct TlsPaths {
  std::string cert;
  std::string key;
  std::string client_ca;  // empty: no client is asked for a certificate
};

class TlsFiles {
 public:
  using Context = std::shared_ptr<boost::asio::ssl::context>;

  // The files must be right at the start.
  static StatusOr<std::unique_ptr<TlsFiles>> Open(TlsPaths paths);
  // As the files are now; where they are wrong, as they were, which is logged.
  Context Current();

 private:
  explicit TlsFiles(TlsPaths paths);
  StatusOr<Context> Read() const;

  TlsPaths paths_;
  std::vector<WatchedFile> watched_;
  Context context_;
  std::string complaint_;
};

// The subject's CN and the DNS, URI and e-mail names of the certificate that the peer proved to own; none without one.
std::vector<std::string> PeerNames(SSL* ssl);

}  // namespace klink::http
