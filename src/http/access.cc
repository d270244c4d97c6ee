#include "http/access.h"

#include <algorithm>
#include <optional>

#include <boost/beast/core/detail/base64.hpp>
#include <sys/stat.h>
#include <time.h>

#include "base/limits.h"
#include "base/log.h"

namespace klink::http {
namespace {

namespace base64 = boost::beast::detail::base64;

constexpr size_t kCredentialBytesMost = limits::kHttpCredentialBytes;

bool EqualNoCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

struct Presented {
  std::string_view how;
  std::optional<std::string> name;  // with basic
  std::string token;
};

StatusOr<Presented> ReadAuthorization(std::string_view header) {
  const size_t space = header.find(' ');
  if (space == std::string_view::npos || header.size() > kCredentialBytesMost) {
    return Unauthenticated("the Authorization header is neither \"Bearer TOKEN\" nor HTTP basic");
  }
  const std::string_view scheme = header.substr(0, space);
  std::string_view rest = header.substr(space + 1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  while (rest.ends_with(' ')) rest.remove_suffix(1);
  Presented presented;
  if (EqualNoCase(scheme, "bearer")) {
    presented.how = "bearer";
    presented.token = std::string(rest);
    return presented;
  }
  if (!EqualNoCase(scheme, "basic")) return Unauthenticated("the authentication scheme is neither Bearer nor Basic");
  std::string text(base64::decoded_size(rest.size()), '\0');
  text.resize(base64::decode(text.data(), rest.data(), rest.size()).first);
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return Unauthenticated("HTTP basic holds no NAME:TOKEN");
  presented.how = "basic";
  presented.name = text.substr(0, colon);
  presented.token = text.substr(colon + 1);
  return presented;
}

StatusOr<Caller> Accept(const config::Token& token, std::string_view how, WallTime now) {
  if (token.expires.at && *token.expires.at <= now) {
    return Unauthenticated("the access of {} expired at {}; ask for a new one", token.name, token.expires.ToText());
  }
  Caller caller;
  caller.name = token.name;
  caller.role = token.role;
  caller.how = how;
  return caller;
}

}  // namespace

StatusOr<Caller> Identify(const config::Tokens& tokens, const Request& request, WallTime now) {
  if (request.authorization.empty()) {
    for (const config::Token& token : tokens.tokens) {
      const auto& names = request.certificates;
      if (!token.certificate.empty() && std::find(names.begin(), names.end(), token.certificate) != names.end())
        return Accept(token, "certificate", now);
    }
    if (!request.certificates.empty()) return Unauthenticated("no role is given to this client certificate");
    return Unauthenticated("this call needs a token (--token-file, or Authorization: Bearer), or a client certificate");
  }
  TRY(const Presented presented, ReadAuthorization(request.authorization));
  const Sha256Digest digest = Sha256(AsBytes(presented.token));
  const config::Token* found = nullptr;
  for (const config::Token& token : tokens.tokens) {
    const std::optional<Sha256Digest> known = ParseSha256Hex(token.sha256);
    const bool equal = ConstantTimeEqual(digest, known.value_or(Sha256Digest{}));
    if (equal && known && (!presented.name || *presented.name == token.name)) found = &token;
  }
  if (found == nullptr) return Unauthenticated("the token is not known here");
  return Accept(*found, presented.how, now);
}

bool WatchedFile::Changed() {
  struct stat file{};
  std::string now = "gone";
  bool settled = true;
  if (stat(path_.c_str(), &file) == 0) {
    now = fmt::format("{}/{}/{}/{}.{}/{}.{}", file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec,
                      file.st_mtim.tv_nsec, file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
    struct timespec clock{};
    clock_gettime(CLOCK_REALTIME, &clock);
    settled = clock.tv_sec > file.st_mtim.tv_sec + 1;
  }
  const bool changed = now != seen_ || !settled_;
  seen_ = std::move(now);
  settled_ = settled;
  return changed;
}

StatusOr<Access> Access::Open(const std::string& tokens_file) {
  Access access;
  access.file_ = std::make_unique<WatchedFile>(tokens_file);
  (void)access.file_->Changed();
  TRY(access.tokens_, config::ReadTokensFile(tokens_file));
  return access;
}

void Access::Refresh() {
  if (file_ == nullptr || !file_->Changed()) return;
  StatusOr<config::Tokens> tokens = config::ReadTokensFile(file_->path());
  const std::string complaint = Text(tokens.status());
  if (tokens.ok()) tokens_ = *std::move(tokens);
  if (complaint == complaint_) return;
  complaint_ = complaint;
  if (complaint.empty()) {
    Log(Level::kInfo, Event::kHttpFileReload, "the tokens file is in force again", {{"file", file_->path()}});
  } else {
    Log(Level::kError, Event::kHttpFileReload, "the tokens file is wrong: the tokens read before stay in force",
        {{"file", file_->path()}, {"error", complaint}});
  }
}

StatusOr<Caller> Access::Identify(const Request& request, WallTime now) const {
  if (open()) return Caller{};
  return http::Identify(tokens_, request, now);
}

}  // namespace klink::http
