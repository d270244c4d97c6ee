#include "cli/agent_client.h"

#include <filesystem>
#include <fstream>

#include <fmt/ranges.h>

#include "cli/agent_file.h"
#include "cli/await.h"
#include "http/views.h"

namespace klink::cli {
namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:8470";

struct Found {
  std::string url;
  std::string certificate;  // of the agent, as its configuration names it: no other is trusted
};

StatusOr<Found> FromConfig(const Context& context) {
  Found found;
  found.url = kDefaultUrl;
  StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) {
    if (absl::IsNotFound(config.status()) && !context.ConfigIsNamed()) return found;
    return config.status();
  }
  const config::Http& http = config->agent.http;
  if (!http.tls.cert.empty()) found.certificate = context.FileOfConfig(http.tls.cert);
  const StatusOr<AgentFile> running = ReadAgentFile(config->agent.data_dir);
  found.url = running.ok() ? running->url : (http.tls.cert.empty() ? "http://" : "https://") + http.listen.ToText();
  if (running.ok() || http.listen.port != 0) return found;
  return Unavailable("{}; start it with: klink run -c {}", Text(running.status()), context.ConfigPath());
}

constexpr size_t kTokenBytesMost = 4096;

// The first line of the file; empty when none is named.
StatusOr<std::string> ReadToken(const Context& context) {
  const std::string& flag = context.globals.token_file;
  const std::string file = flag.empty() ? context.io.env("KLINK_TOKEN_FILE").value_or("") : flag;
  if (file.empty()) return std::string();
  std::ifstream in(file);
  std::string token;
  if (!in || !std::getline(in, token)) return PermissionDenied("the token file {} cannot be read, or is empty", file);
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  if (token.empty() || token.size() > kTokenBytesMost)
    return PermissionDenied("the token file {} does not begin with a token", file);
  return token;
}

}  // namespace

StatusOr<AgentClient> AgentClient::Find(const Context& context, Exit& exit) {
  std::string url = context.globals.url.empty() ? context.io.env("KLINK_URL").value_or("") : context.globals.url;
  http::Trust trust;
  trust.ca_file =
      context.globals.ca_file.empty() ? context.io.env("KLINK_CA_FILE").value_or("") : context.globals.ca_file;
  if (url.empty()) {
    StatusOr<Found> found = FromConfig(context);
    if (!found.ok()) {
      exit = context.Fail(found.status(), IsUnavailable(found.status()) ? Exit::kUnreachable : Exit::kConfiguration);
      return found.status();
    }
    url = found->url;
    if (trust.ca_file.empty()) trust.only = found->certificate;
  }
  if (const auto parsed = http::ParseUrl(url); !parsed.ok()) {
    exit = context.Fail(parsed.status());
    return parsed.status();
  }
  StatusOr<std::string> token = ReadToken(context);
  if (!token.ok()) {
    exit = context.Fail(token.status());
    return token.status();
  }
  AgentClient client(context, std::move(url));
  client.token_ = *std::move(token);
  client.trust_ = std::move(trust);
  return client;
}

// What an operator can do about a refusal is not the agent's to know.
Status AgentClient::Refusal(const http::ClientResponse& response) const {
  const Status status = http::FromProblem(response.status, response.body);
  if (response.status != 401) return status;
  return Unauthenticated("{} does not let you in: {}{}", url_, Text(status),
                         token_.empty() ? "; name your token with --token-file or $KLINK_TOKEN_FILE" : "");
}

Async<StatusOr<http::ClientResponse>> AgentClient::Answer(std::string target, std::string body, Duration deadline) {
  CO_TRY(const http::Url url, http::ParseUrl(url_));
  http::ClientRequest request;
  request.method = body.empty() ? http::Method::kGet : http::Method::kPost;
  request.target = std::move(target);
  request.body = std::move(body);
  request.token = token_;
  request.trust = trust_;
  StatusOr<http::ClientResponse> response = co_await http::Exchange(url, std::move(request), deadline);
  if (IsCancelled(response.status())) co_return response.status();
  if (absl::IsFailedPrecondition(response.status())) co_return Annotate(response.status(), url_);
  if (!response.ok()) {
    co_return Unavailable("no agent answers at {} ({}); start it with: klink run -c {}, or name another with --url",
                          url_, Text(response.status()), context_.ConfigPath());
  }
  answered_ = true;
  if (response->status != 200) co_return Refusal(*response);
  co_return response;
}

Status AgentClient::Probe(const std::string& target) { return Await(Answer(target, "", kAskDeadline)).status(); }

Async<StatusOr<Json>> AgentClient::Asking(std::string target, std::string body, Duration deadline) {
  CO_TRY(const http::ClientResponse response, co_await Answer(std::move(target), std::move(body), deadline));
  JsonLimits limits;
  limits.bytes = http::kAnswerBytesMost;
  StatusOr<Json> json = ParseJson(response.body, limits);
  if (!json.ok()) co_return Internal("{} did not answer like an agent: {}", url_, Text(json.status()));
  co_return json;
}

StatusOr<Json> AgentClient::Ask(const std::string& target, const std::string& body, Duration deadline) {
  return Await(Asking(target, body, deadline));
}

StatusOr<std::string> AgentClient::Link() {
  if (!context_.globals.link.empty()) return context_.globals.link;
  Json json;
  TRY(const http::LinksView view, Get<http::LinksView>("/v1/links", json));
  if (view.links.size() == 1) return view.links[0].name;
  std::vector<std::string> names;
  for (const http::LinkView& link : view.links) names.push_back(link.name);
  return InvalidArgument("there are {} links: say which with --link ({})", names.size(), fmt::join(names, ", "));
}

Exit AgentClient::ExitFor(const Status& status) const {
  if (answered_ && (IsUnavailable(status) || absl::IsDeadlineExceeded(status))) return Exit::kTryLater;
  return cli::ExitFor(status);
}

}  // namespace klink::cli
