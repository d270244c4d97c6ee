// What OpenSSL found wrong, in sentences that say what to do. Inside of src/kafka/stream_tls*.cc.
#pragma once

#include <string>

#include <openssl/x509.h>

#include "base/clock.h"
#include "base/status.h"
#include "kafka/stream_tls.h"

namespace klink::kafka {

WallTime EndOf(const X509* certificate);  // the end of its validity
// "DNS names and addresses it is made out for".
std::string SubjectNames(const X509* certificate);
// The key of the configuration that names whom klink trusts there.
std::string_view CaProperty(TlsPeer peer);
// Why a peer's certificate was refused (X509_V_ERR_…). `host` is what was dialled.
Status CertificateRefused(int error, const X509* certificate, const std::string& host, TlsPeer peer);
// The first error in OpenSSL's queue, which is empty afterwards: an alert of the peer, or a breach of the protocol.
Status TlsFailure(bool has_certificate);
// A peer whose first bytes are no TLS record.
Status NotTls();
// A peer that closed before it said a word of TLS, or in the middle of the handshake.
Status ClosedInHandshake(bool said_something);

}  // namespace klink::kafka
