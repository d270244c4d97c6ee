#include "config/tokens.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/json_fields.h"
#include "config/bind.h"
#include "config/load.h"

namespace klink::config {

StatusOr<Expiry> Expiry::Parse(std::string_view text) {
  const bool day = text.size() == 10;
  const StatusOr<WallTime> at = ParseRfc3339(std::string(text) + (day ? "T00:00:00Z" : ""));
  if (!at.ok()) return InvalidArgument("'{}' is not a time; write {}", text, kForm);
  Expiry expiry;
  expiry.at = *at;
  return expiry;
}

std::string Expiry::ToText() const { return at ? Rfc3339(*at) : "never"; }

Status CheckSha256(std::string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  if (text.size() == 64 && std::all_of(text.begin(), text.end(), hex)) return {};
  // Not quoted: somebody may have written the token itself.
  return InvalidArgument("is not a SHA-256 digest of 64 hex digits; make it with: printf %s \"$TOKEN\" | sha256sum");
}

namespace {

void CheckTokens(const Tokens& tokens, const Origin& origin, Report& report) {
  for (size_t i = 0; i < tokens.tokens.size(); ++i) {
    const Token& token = tokens.tokens[i];
    const std::string path = fmt::format("tokens[{}]", i);
    const auto error = [&](const std::string& at, std::string text) {
      report.Error(origin.Find(at), at, std::move(text));
    };
    if (token.sha256.empty() == token.certificate.empty()) {
      error(path, "needs either sha256 or certificate: what the caller proves itself with");
    }
    for (size_t j = 0; j < i; ++j) {
      const Token& other = tokens.tokens[j];
      if (other.name == token.name)
        error(path + ".name", fmt::format("'{}' stands twice; names are unique", token.name));
      if (!token.sha256.empty() && other.sha256 == token.sha256) {
        error(path + ".sha256", fmt::format("is the token of '{}' too; each caller needs its own", other.name));
      }
      if (!token.certificate.empty() && other.certificate == token.certificate) {
        error(path + ".certificate",
              fmt::format("is the certificate of '{}' too; each caller needs its own", other.name));
      }
    }
  }
}

}  // namespace

StatusOr<Tokens> LoadTokens(std::string_view text, std::string_view file_name, const EnvLookup& env) {
  Report report;
  report.file = std::string(file_name);
  Tokens tokens;
  Node root;
  if (ParseYaml(text, "the file is empty; it needs at least one entry under tokens", report, root)) {
    Origin origin;
    tokens = BindTokens(root, env, report, origin);
    for (Token& token : tokens.tokens)
      std::transform(token.sha256.begin(), token.sha256.end(), token.sha256.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!report.HasErrors()) CheckTokens(tokens, origin, report);
  }
  std::string errors;
  for (const Finding& finding : report.findings) errors += (errors.empty() ? "" : "\n") + ToString(finding);
  if (!errors.empty()) return InvalidArgument("{}", errors);
  return tokens;
}

StatusOr<Tokens> ReadTokensFile(const std::string& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(kFileBytesMax + 1, '\0');
  if (in) in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (!in && !in.eof())) {
    return FailedPrecondition("agent.http.auth.tokens_file {}: {}; name a file that klink may read", path,
                              errno == 0 ? "cannot be read" : std::strerror(errno));
  }
  text.resize(static_cast<size_t>(in.gcount()));
  return LoadTokens(text, path, ProcessEnvironment());
}

}  // namespace klink::config
