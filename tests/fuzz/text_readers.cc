#include "tests/fuzz/text_readers.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "config/load.h"
#include "config/show.h"
#include "config/tokens.h"
#include "http/access.h"
#include "http/control_body.h"
#include "http/message.h"
#include "state/audit.h"

namespace klink::fuzz {
namespace {

std::optional<std::string> NoEnvironment(std::string_view) { return std::nullopt; }

// A reference would read the files of this machine.
bool ReadsFiles(std::string_view text) {
  return text.find("${file") != std::string_view::npos || text.find("${dir") != std::string_view::npos;
}

}  // namespace

// What is accepted is shown as text that is accepted, and means the same.
void ReadConfiguration(std::string_view text) {
  if (ReadsFiles(text)) return;
  const StatusOr<config::Config> config = config::LoadText(text, "klink.yaml", NoEnvironment);
  if (!config.ok()) {
    KLINK_CHECK(config.status().code() == Code::kInvalidArgument);
    return;
  }
  const std::string shown = config::ToYaml(*config);
  const StatusOr<config::Config> again = config::LoadText(shown, "shown.yaml", NoEnvironment);
  KLINK_CHECK(again.ok());
  KLINK_CHECK(config::ToYaml(*again) == shown);
}

void ReadTokens(std::string_view text) {
  if (ReadsFiles(text)) return;
  const StatusOr<config::Tokens> tokens = config::LoadTokens(text, "tokens.yaml", NoEnvironment);
  if (!tokens.ok()) return;
  KLINK_CHECK(!tokens->tokens.empty());
  for (const config::Token& token : tokens->tokens) KLINK_CHECK(token.sha256.empty() != token.certificate.empty());
}

void ReadTarget(std::string_view text) {
  const StatusOr<http::Target> target = http::ParseTarget(text);
  if (!target.ok()) return;
  std::string written;
  for (const std::string& segment : target->segments) written += "/" + http::Escape(segment);
  if (target->segments.empty() || target->segments.back().empty()) written += "/";
  char before = '?';
  for (const auto& [key, value] : target->query) {
    written += fmt::format("{}{}={}", before, http::Escape(key), http::Escape(value));
    before = '&';
  }
  const StatusOr<http::Target> again = http::ParseTarget(written);
  KLINK_CHECK(again.ok());
  KLINK_CHECK(again->segments == target->segments);
  KLINK_CHECK(again->query == target->query);
}

// Whatever somebody made of the file: a verdict; and an event that is appended to what holds, with that text in it, can
// be read again.
void ReadAuditLog(std::string_view text) {
  state::AuditVerifier verifier;
  std::string_view rest = text;
  for (size_t newline; (newline = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(newline + 1))
    verifier.Take(rest.substr(0, newline));
  const state::AuditVerdict verdict = verifier.Finish(rest);
  state::AuditEvent event;
  event.type = "klink.call.refused";
  event.subject = std::string(text);
  event.data["reason"] = std::string_view(text);
  const std::string line = state::AuditLine(verdict.head, "klink-0", WallTime{}, event);
  KLINK_CHECK(state::AuditSequence(line).value() == verdict.head.sequence + 1);
}

// Nobody gets in without the token, whatever the header holds; and what is read as an order says of what.
void ReadCall(std::string_view bytes) {
  namespace beast = boost::beast;
  beast::http::request_parser<beast::http::string_body> parser;
  parser.header_limit(8 << 10);
  parser.body_limit(1 << 20);
  parser.eager(true);
  boost::system::error_code ec;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec || !parser.is_done()) return;
  const auto message = parser.release();
  http::Request request;
  const auto header = message[beast::http::field::authorization];
  request.authorization = std::string(header.data(), header.size());
  const auto target = http::ParseTarget(std::string_view(message.target().data(), message.target().size()));
  if (target.ok()) request.target = *target;
  static const config::Tokens kTokens = *config::LoadTokens(
      "tokens: [{name: a, role: admin, sha256: " + std::string(64, 'a') + "}, {name: b, role: viewer, certificate: b}]",
      "tokens.yaml", NoEnvironment);
  KLINK_CHECK(!http::Identify(kTokens, request, WallTime{}).ok());
  for (const auto verb : {link::ControlVerb::kPause, link::ControlVerb::kResume, link::ControlVerb::kRealign}) {
    for (const auto of : {http::ControlOf::kLink, http::ControlOf::kMirrors}) {
      const auto order = http::ReadControl(message.body(), verb, of);
      if (order.ok() && of == http::ControlOf::kMirrors) KLINK_CHECK(order->all != !order->topics.empty());
    }
  }
}

}  // namespace klink::fuzz
