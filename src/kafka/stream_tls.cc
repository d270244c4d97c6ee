#include "kafka/stream_tls.h"

#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/check.h"
#include "base/log.h"
#include "kafka/stream_tls_text.h"

namespace klink::kafka {
namespace {

constexpr size_t kCipherIn = 64 << 10;     // small enough that the inner stream answers with what is there
constexpr size_t kCipherOut = 256 << 10;   // sent at once
constexpr size_t kPlainPiece = 128 << 10;  // encrypted in one go
constexpr size_t kSmallPart = 4 << 10;     // neighbours of at most this size share a record
constexpr size_t kRecord = 16 << 10;

// Ciphertext between OpenSSL and the stream.
struct Pipe {
  std::array<char, kCipherIn> in;
  size_t in_begin = 0;
  size_t in_end = 0;
  std::string out;
};

int PipeRead(BIO* bio, char* into, size_t size, size_t* got) {
  auto* pipe = static_cast<Pipe*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *got = std::min(size, pipe->in_end - pipe->in_begin);
  if (*got == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(into, pipe->in.data() + pipe->in_begin, *got);
  pipe->in_begin += *got;
  return 1;
}

int PipeWrite(BIO* bio, const char* from, size_t size, size_t* written) {
  static_cast<Pipe*>(BIO_get_data(bio))->out.append(from, size);
  *written = size;
  return 1;
}

long PipeControl(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* PipeMethod() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "klink stream");
    KLINK_CHECK(method != nullptr);
    BIO_meth_set_read_ex(method, PipeRead);
    BIO_meth_set_write_ex(method, PipeWrite);
    BIO_meth_set_ctrl(method, PipeControl);
    return method;
  }();
  return kMethod;
}

struct SslFreer {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

bool IsAddress(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> ignored;
  return inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

class TlsStream final : public Stream {
 public:
  TlsStream(std::unique_ptr<Stream> inner, std::shared_ptr<const TlsContext> context, std::string host,
            Executor executor)
      : inner_(std::move(inner)), context_(std::move(context)), host_(std::move(host)), flushed_(std::move(executor)) {
    ssl_.reset(SSL_new(context_->get()));
    KLINK_CHECK(ssl_ != nullptr);
    BIO* bio = BIO_new(PipeMethod());
    BIO_set_data(bio, pipe_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_connect_state(ssl_.get());
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, OnVerify);
    ExpectHost();
  }

  Async<Status> Handshake() {
    for (;;) {
      ERR_clear_error();
      const int done = SSL_do_handshake(ssl_.get());
      const int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
      const Status failure = error == SSL_ERROR_NONE || error == SSL_ERROR_WANT_READ ? absl::OkStatus() : Failure();
      const Status sent = co_await Flush();  // an alert that says why we refuse goes out too
      CO_RETURN_IF_ERROR(failure);
      CO_RETURN_IF_ERROR(sent);
      if (error == SSL_ERROR_NONE) co_return absl::OkStatus();
      CO_TRY(const size_t got, co_await Fill());
      if (got == 0) co_return ClosedInHandshake(heard_);
      if (!std::exchange(heard_, true) && !LooksLikeTls()) co_return NotTls();
    }
  }

  Async<StatusOr<size_t>> ReadSome(asio::mutable_buffer into) override {
    for (;;) {
      size_t total = 0;
      int error = SSL_ERROR_NONE;
      ERR_clear_error();
      while (total < into.size() && error == SSL_ERROR_NONE) {
        size_t got = 0;
        const int done = SSL_read_ex(ssl_.get(), static_cast<char*>(into.data()) + total, into.size() - total, &got);
        if (done != 1) error = SSL_get_error(ssl_.get(), done);
        total += got;
      }
      if (total > 0) co_return total;
      if (error == SSL_ERROR_ZERO_RETURN) co_return size_t{0};
      if (error != SSL_ERROR_WANT_READ) co_return Failure();
      if (!pipe_->out.empty()) CO_RETURN_IF_ERROR(co_await Flush());  // TLS 1.3 answers a change of keys
      CO_TRY(const size_t got, co_await Fill());
      if (got == 0) co_return size_t{0};
    }
  }

  Async<Status> Write(std::vector<asio::const_buffer> parts) override {
    std::string small;
    for (const asio::const_buffer& part : parts) {
      const auto* from = static_cast<const char*>(part.data());
      if (part.size() <= kSmallPart && small.size() + part.size() <= kRecord) {
        small.append(from, part.size());
        continue;
      }
      CO_RETURN_IF_ERROR(Encrypt(small.data(), small.size()));
      small.clear();
      for (size_t at = 0; at < part.size();) {
        const size_t piece = std::min(part.size() - at, kPlainPiece);
        CO_RETURN_IF_ERROR(Encrypt(from + at, piece));
        at += piece;
        if (pipe_->out.size() >= kCipherOut) CO_RETURN_IF_ERROR(co_await Flush());
      }
    }
    CO_RETURN_IF_ERROR(Encrypt(small.data(), small.size()));
    co_return co_await Flush();
  }

  void Close(CloseBy how) override { inner_->Close(how); }

  std::optional<WallTime> PeerEnds() const {
    const X509* peer = SSL_get0_peer_certificate(ssl_.get());
    return peer == nullptr ? std::nullopt : std::optional(EndOf(peer));
  }

 private:
  void ExpectHost() {
    const bool address = IsAddress(host_);
    if (!address) SSL_set_tlsext_host_name(ssl_.get(), host_.c_str());
    if (context_->host_check() == HostCheck::kOff) return;
    X509_VERIFY_PARAM* expected = SSL_get0_param(ssl_.get());
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int set = address ? X509_VERIFY_PARAM_set1_ip_asc(expected, host_.c_str())
                            : X509_VERIFY_PARAM_set1_host(expected, host_.data(), host_.size());
    KLINK_CHECK(set == 1);
  }

  static int OnVerify(int accepted, X509_STORE_CTX* store) {
    if (accepted == 1) return 1;
    const auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
    self->refused_ = CertificateRefused(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store),
                                        self->host_, self->context_->peer());
    return 0;
  }

  bool LooksLikeTls() const {
    const auto type = static_cast<uint8_t>(pipe_->in[0]);
    return type >= 0x14 && type <= 0x17 && (pipe_->in_end < 2 || pipe_->in[1] == 0x03);
  }

  Status Failure() const {
    if (!refused_.ok()) return refused_;
    return TlsFailure(SSL_get_certificate(ssl_.get()) != nullptr);
  }

  Async<StatusOr<size_t>> Fill() {
    const asio::mutable_buffer room(pipe_->in.data(), pipe_->in.size());
    CO_TRY(const size_t got, co_await inner_->ReadSome(room));
    pipe_->in_begin = 0;
    pipe_->in_end = got;
    co_return got;
  }

  // The pipe takes everything, so what is given is encrypted as a whole.
  Status Encrypt(const char* from, size_t size) {
    if (size == 0) return absl::OkStatus();
    ERR_clear_error();
    size_t written = 0;
    if (SSL_write_ex(ssl_.get(), from, size, &written) != 1) return Failure();
    KLINK_CHECK(written == size);
    return absl::OkStatus();
  }

  // Reader and writer may both have something to send; one sends at a time, in the order of encryption.
  Async<Status> Flush() {
    while (flushing_) CO_RETURN_IF_ERROR(co_await flushed_.Wait());
    while (!pipe_->out.empty()) {
      flushing_ = true;
      sending_.clear();
      sending_.swap(pipe_->out);
      std::vector<asio::const_buffer> parts(1, asio::buffer(sending_));
      const Status sent = co_await inner_->Write(std::move(parts));
      flushing_ = false;
      flushed_.NotifyAll();
      CO_RETURN_IF_ERROR(sent);
    }
    co_return absl::OkStatus();
  }

  std::unique_ptr<Stream> inner_;
  std::shared_ptr<const TlsContext> context_;
  const std::string host_;
  std::unique_ptr<Pipe> pipe_ = std::make_unique<Pipe>();
  std::unique_ptr<SSL, SslFreer> ssl_;
  Status refused_;  // the peer's certificate: why
  bool heard_ = false;
  std::string sending_;
  bool flushing_ = false;
  Signal flushed_;
};

}  // namespace

TlsConnector::TlsConnector(std::shared_ptr<Connector> inner, TlsSettings settings, Executor executor,
                           std::shared_ptr<Deadlines> deadlines, std::shared_ptr<FileWatch> watch, ExpirySink expiry)
    : inner_(std::move(inner)),
      settings_(std::move(settings)),
      executor_(std::move(executor)),
      deadlines_(std::move(deadlines)),
      expiry_(std::make_shared<ExpirySink>(std::move(expiry))),
      watch_(std::move(watch)) {}

StatusOr<std::shared_ptr<const TlsContext>> TlsConnector::Context() {
  const uint64_t generation = watch_->Generation(deadlines_->Now());
  if (context_ != nullptr && generation == loaded_) return context_;
  StatusOr<std::shared_ptr<const TlsContext>> loaded = TlsContext::Load(settings_);
  if (!loaded.ok()) {
    if (context_ == nullptr) return loaded.status();
    Log(Level::kWarning, Event::kKafkaClient, "renewed TLS files cannot be used; the former ones are",
        {{"error", Text(loaded.status())}});
    loaded_ = generation;
    return context_;
  }
  context_ = *std::move(loaded);
  loaded_ = generation;
  if (*expiry_ && context_->certificate_ends()) {
    (*expiry_)(CredentialKind::kClientCertificate, *context_->certificate_ends());
  }
  if (*expiry_ && context_->ca_ends()) (*expiry_)(CredentialKind::kCaCertificate, *context_->ca_ends());
  return context_;
}

Async<StatusOr<std::unique_ptr<Stream>>> TlsConnector::Connect(Endpoint to, Lane lane, Instant deadline) {
  CO_TRY(const std::shared_ptr<const TlsContext> context, Context());
  // The connector may go while this runs.
  const std::shared_ptr<Connector> inner = inner_;
  const std::shared_ptr<Deadlines> deadlines = deadlines_;
  const std::shared_ptr<ExpirySink> expiry = expiry_;
  const Executor executor = executor_;
  CO_TRY(std::unique_ptr<Stream> plain, co_await inner->Connect(to, lane, deadline));
  auto stream = std::make_unique<TlsStream>(std::move(plain), context, to.host, executor);
  bool late = false;
  Status shaken;
  {
    Deadlines::Alarm alarm(deadlines, deadline, [&] {
      late = true;
      stream->Close(CloseBy::kReset);
    });
    shaken = co_await stream->Handshake();
  }
  if (late) shaken = Unavailable("no answer to the TLS handshake in time");
  if (!shaken.ok()) {
    stream->Close(CloseBy::kFin);  // the alert that says why still arrives
    co_return Annotate(shaken, fmt::format("connect to {}", ToString(to)));
  }
  if (*expiry && stream->PeerEnds()) (*expiry)(CredentialKind::kBrokerCertificate, *stream->PeerEnds());
  co_return stream;
}

}  // namespace klink::kafka
