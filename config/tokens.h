// agent.http.auth.tokens_file: who may call the API, with which role. Strict like the configuration itself:
//   tokens:
//     - {name: ci, sha256: <hex of the token>, role: operator, expires: 2027-01-01}
//     - {name: grafana, certificate: grafana.example.org, role: viewer}
// A token itself never stands in the file. `certificate` is a name (subject CN, DNS, URI or e-mail SAN) of a client
// certificate that chains to agent.http.tls.client_ca.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/secret.h"
#include "config/spec.h"
#include "config/text.h"

namespace klink::config {

// In order: each may do what those before it may.
enum class Role { kViewer, kOperator, kAdmin };
constexpr auto Choices(Role) {
  return std::to_array<Choice<Role>>(
      {{Role::kViewer, "viewer"}, {Role::kOperator, "operator"}, {Role::kAdmin, "admin"}});
}

struct Expiry {
  static constexpr const char* kForm = "a day such as 2027-01-01, or a time such as 2027-01-01T12:00:00Z";
  std::optional<WallTime> at;  // empty: never

  static StatusOr<Expiry> Parse(std::string_view text);
  std::string ToText() const;
  friend bool operator==(const Expiry&, const Expiry&) = default;
};

Status CheckSha256(std::string_view text);

struct Token {
  std::string name = {};
  std::string sha256 = {};       // lower case
  std::string certificate = {};  // instead of sha256
  Role role = Role::kViewer;
  Expiry expires = {};

  static void Describe(auto& m, auto& field) {
    field("name", m.name, {.help = "Name of the caller, for the audit log", .required = true, .check = CheckName});
    field("sha256", m.sha256, {.help = "SHA-256 of the token, 64 hex digits", .filled = true, .check = CheckSha256});
    field("certificate", m.certificate, {.help = "Name in the caller's certificate", .filled = true});
    field("role", m.role, {.help = "viewer, operator or admin", .required = true});
    field("expires", m.expires, {.help = "Not accepted from then on (UTC)"});
  }
};

struct Tokens {
  std::vector<Token> tokens = {};
  static void Describe(auto& m, auto& field) {
    field("tokens", m.tokens, {.help = "Callers with their roles", .required = true});
  }
};

// One line per complaint, with file:line:col.
StatusOr<Tokens> LoadTokens(std::string_view text, std::string_view file_name, const EnvLookup& env);
StatusOr<Tokens> ReadTokensFile(const std::string& path);

}  // namespace klink::config
