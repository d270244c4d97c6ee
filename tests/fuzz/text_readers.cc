#include "tests/fuzz/text_readers.h"

#include <fmt/format.h>

#include "base/check.h"
#include "config/load.h"
#include "config/show.h"
#include "config/tokens.h"
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
  state::AuditVerifier verifier(std::nullopt);
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

}  // namespace klink::fuzz
