#include "kafka/oauth.h"

#include <algorithm>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "base/json.h"
#include "base/log.h"
#include "config/text.h"
#include "kafka/sasl_scram.h"

namespace klink::kafka {
namespace {

namespace http = boost::beast::http;

constexpr int64_t kLifeLeast_s = 10, kLifeMost_s = 7 * 24 * 3600, kLifeUnsaid_s = 300;

// application/x-www-form-urlencoded.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Async<StatusOr<std::string>> ReadBody(Stream& stream) {
  http::response_parser<http::string_body> parser;
  parser.body_limit(TokenSource::kAnswerMost);
  parser.header_limit(TokenSource::kHeaderMost);
  parser.eager(true);
  boost::beast::flat_buffer buffer(TokenSource::kAnswerMost + TokenSource::kHeaderMost);
  while (!parser.is_done()) {
    const auto room = buffer.prepare(std::min<size_t>(buffer.max_size() - buffer.size(), 8 << 10));
    if (room.size() == 0) co_return DataLoss("its answer is too long");
    CO_TRY(const size_t got, co_await stream.ReadSome(room));
    buffer.commit(got);
    boost::system::error_code ec;
    if (got == 0) {
      if (parser.got_some()) parser.put_eof(ec);
      if (ec || !parser.got_some()) co_return Unavailable("it closed the connection within its answer");
      break;
    }
    buffer.consume(parser.put(buffer.data(), ec));
    if (ec == http::error::body_limit || ec == http::error::header_limit) co_return DataLoss("its answer is too long");
    if (ec && ec != http::error::need_more) co_return DataLoss("it does not answer in HTTP: {}", ec.message());
  }
  const int status = static_cast<int>(parser.get().result_int());
  if (status == 400 || status == 401 || status == 403) {
    co_return Unauthenticated("it refuses the client ({}): correct sasl.oauthbearer.client.id and client.secret",
                              status);
  }
  if (status != 200) co_return Unavailable("it answers {}", status);
  co_return std::move(parser.get().body());
}

}  // namespace

StatusOr<TokenEndpoint> ParseTokenEndpoint(std::string_view url) {
  TokenEndpoint endpoint;
  endpoint.tls = url.starts_with("https://");
  if (!endpoint.tls && !url.starts_with("http://")) return InvalidArgument("write it as https://host/path");
  const std::string_view rest = url.substr(endpoint.tls ? 8 : 7);
  const size_t slash = std::min(rest.find('/'), rest.size());
  endpoint.host = std::string(rest.substr(0, slash));
  endpoint.path = slash == rest.size() ? "/" : std::string(rest.substr(slash));
  if (url.find_first_of(" \t\r\n#@") != std::string_view::npos) return InvalidArgument("write it as https://host/path");
  const bool has_port = endpoint.host.rfind(':') != std::string::npos && !endpoint.host.ends_with(']');
  TRY(endpoint.address, ParseEndpoint(has_port ? endpoint.host : endpoint.host + (endpoint.tls ? ":443" : ":80")));
  const config::Endpoint place{endpoint.address.host, endpoint.address.port};
  if (!endpoint.tls && !config::IsLoopback(place)) {
    return InvalidArgument("a token would cross the network readable; write https://");
  }
  return endpoint;
}

StatusOr<Token> ReadToken(std::string_view json) {
  const StatusOr<Json> parsed = ParseJson(json, {.bytes = TokenSource::kAnswerMost});
  if (!parsed.ok()) return DataLoss("its answer is no JSON");
  const StatusOr<std::string> text = JsonText(*parsed, "access_token");
  if (!text.ok() || text->empty()) return DataLoss("its answer has no access_token");
  const auto odd = [](char c) { return c <= ' ' || c > '~'; };
  if (std::any_of(text->begin(), text->end(), odd)) return DataLoss("its access_token is malformed");
  const int64_t life = JsonInt(*parsed, "expires_in").value_or(kLifeUnsaid_s);
  return Token{.text = *text, .life = std::chrono::seconds(std::clamp(life, kLifeLeast_s, kLifeMost_s))};
}

Async<StatusOr<std::string>> TokenSource::Get(std::shared_ptr<TokenSource> self, Executor executor,
                                              std::shared_ptr<Deadlines> deadlines, Instant deadline) {
  if (!self->fetched_) self->fetched_.emplace(executor);
  while (self->fetching_) {
    if (deadlines->Now() >= deadline) co_return Unavailable("no token in time");
    CO_RETURN_IF_ERROR(co_await deadlines->Wait(*self->fetched_, deadline));
  }
  if (self->token_ && deadlines->Now() < self->renew_at_) co_return self->token_->text;
  self->fetching_ = true;
  const Instant asked = deadlines->Now();
  StatusOr<Token> token = co_await self->Fetch(executor, deadlines, deadline);
  self->fetching_ = false;
  self->fetched_->NotifyAll();
  const Status failed = Annotate(token.status(), fmt::format("token endpoint {}", self->settings_.endpoint));
  if (!failed.ok() && self->token_ && deadlines->Now() < self->ends_at_) {
    Log(Level::kWarning, Event::kKafkaClient, "no new token; the one before is used until it ends",
        {{"error", Text(failed)}});
    self->renew_at_ = std::min(deadlines->Now() + kAskAgain, self->ends_at_);
    co_return self->token_->text;
  }
  if (!token.ok()) co_return failed;
  self->renew_at_ = asked + std::chrono::duration_cast<Duration>(token->life * kUsedShare);
  self->ends_at_ = asked + token->life;
  self->token_ = *std::move(token);
  co_return self->token_->text;
}

std::string TokenSource::Request(const TokenEndpoint& endpoint) const {
  std::string body = "grant_type=client_credentials";
  if (!settings_.scope.empty()) body += "&scope=" + Escaped(settings_.scope);
  const std::string secret = settings_.client_secret ? settings_.client_secret() : std::string();
  const std::string basic = EncodeBase64(Escaped(settings_.client_id) + ":" + Escaped(secret));
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Accept: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
      endpoint.path, endpoint.host, basic, body.size(), body);
}

Async<StatusOr<Token>> TokenSource::Fetch(Executor executor, std::shared_ptr<Deadlines> deadlines, Instant deadline) {
  CO_TRY(const TokenEndpoint endpoint, ParseTokenEndpoint(settings_.endpoint));
  std::shared_ptr<Connector> connector = std::make_shared<TcpConnector>(executor, deadlines);
  if (endpoint.tls) {
    TlsSettings tls;
    tls.ca = settings_.ca;
    tls.peer = TlsPeer::kTokenEndpoint;
    auto watch = std::make_shared<FileWatch>(FilesOf(tls));
    connector = std::make_shared<TlsConnector>(connector, std::move(tls), executor, deadlines, std::move(watch));
  }
  CO_TRY(const std::unique_ptr<Stream> stream, co_await connector->Connect(endpoint.address, Lane::kControl, deadline));
  const std::string request = Request(endpoint);
  Deadlines::Alarm alarm(deadlines, deadline, [&stream] { stream->Close(CloseBy::kReset); });
  std::vector<asio::const_buffer> parts(1, asio::buffer(request));
  CO_RETURN_IF_ERROR(co_await stream->Write(std::move(parts)));
  CO_TRY(const std::string body, co_await ReadBody(*stream));
  stream->Close(CloseBy::kFin);
  co_return ReadToken(body);
}

}  // namespace klink::kafka
