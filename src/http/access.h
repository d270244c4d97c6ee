// Who is calling: a bearer token, HTTP basic (user = name of the token, password = the token), or a client certificate,
// looked up in agent.http.auth.tokens_file. Of a token only its SHA-256 is known; digests are compared in constant
// time, all of them, so that an answer's time tells nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "config/tokens.h"
#include "http/message.h"

namespace klink::http {

struct Caller {
  std::string name;  // empty: nobody asked who it is
  config::Role role = config::Role::kAdmin;
  std::string_view how = "open";  // open | bearer | basic | certificate
};

// Pure. Unauthenticated says what is missing; it never holds what was sent.
StatusOr<Caller> Identify(const config::Tokens& tokens, const Request& request, WallTime now);

// A file of which the content is read again when it changes: by name, so that a replaced file or a switched symbolic
// link is seen. A file younger than the clock can tell apart is read again anyway.
class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  // Has it changed, or may it have, since this last said so?
  bool Changed();

 private:
  std::string path_;
  std::string seen_ = "never";
  bool settled_ = false;
};

class Access {
 public:
  // Everybody may do everything.
  Access() = default;
  // The file must be right at the start.
  static StatusOr<Access> Open(const std::string& tokens_file);

  bool open() const { return file_ == nullptr; }
  // Takes over the file when it changed; a wrong one is logged and the tokens in force stay.
  void Refresh();
  StatusOr<Caller> Identify(const Request& request, WallTime now) const;

 private:
  std::unique_ptr<WatchedFile> file_;
  std::string complaint_;  // about the file as it is now
  config::Tokens tokens_;
};

}  // namespace klink::http
