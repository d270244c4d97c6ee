// Asking the running agent over HTTP: which one, and the one question-and-answer the verbs need.
#pragma once

#include <string>

#include "base/async.h"
#include "base/json_fields.h"
#include "cli/context.h"
#include "http/client.h"

namespace klink::cli {

inline constexpr Duration kAskDeadline = 10s;
// Of what changes something: it is answered once everything under way to what was paused has ended.
inline constexpr Duration kChangeDeadline = 45s;

class AgentClient {
 public:
  // --url, $KLINK_URL, the running agent of the configuration (data_dir/agent.json), agent.http.listen; without any
  // configuration at the default place, 127.0.0.1:8470. On failure the error is printed and `exit` says how to end.
  static StatusOr<AgentClient> Find(const Context& context, Exit& exit);

  // GET, or POST when there is a body. An error of the agent comes back as the Status it was there; when nobody
  // answers, the text says how to start one.
  StatusOr<Json> Ask(const std::string& target, const std::string& body = "", Duration deadline = kAskDeadline);
  // The same for a command that waits for other things meanwhile. This outlives it.
  Async<StatusOr<Json>> Asking(std::string target, std::string body, Duration deadline);
  // Of /livez and /readyz, which do not answer in JSON.
  Status Probe(const std::string& target);
  template <class View>
  StatusOr<View> Get(const std::string& target, Json& json, Duration deadline = kAskDeadline) {
    TRY(json, Ask(target, "", deadline));
    View view;
    RETURN_IF_ERROR(Annotate(FromJson(json, view), "reading the agent's answer"));
    return view;
  }
  template <class View>
  StatusOr<View> Change(const std::string& target, const Json& body, Json& json) {
    TRY(json, Ask(target, CompactJson(body), kChangeDeadline));
    View view;
    RETURN_IF_ERROR(Annotate(FromJson(json, view), "reading the agent's answer"));
    return view;
  }
  // --link, or the only link there is; InvalidArgument names the links when there are several.
  StatusOr<std::string> Link();
  // The exit code for an error of Ask: what the agent itself answers is not "unreachable".
  Exit ExitFor(const Status& status) const;

 private:
  AgentClient(const Context& context, std::string url) : context_(context), url_(std::move(url)) {}
  Async<StatusOr<http::ClientResponse>> Answer(std::string target, std::string body, Duration deadline);
  // Of an error status.
  Status Refusal(const http::ClientResponse& response) const;
  const Context& context_;
  std::string url_;
  std::string token_;
  http::Trust trust_;
  bool answered_ = false;
};

}  // namespace klink::cli
