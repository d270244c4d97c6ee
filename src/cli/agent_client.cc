#include "cli/agent_client.h"

#include <fmt/ranges.h>

#include "cli/agent_file.h"
#include "cli/await.h"
#include "http/client.h"
#include "http/views.h"

namespace klink::cli {
namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:8470";

StatusOr<std::string> UrlFromConfig(const Context& context) {
  StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) {
    if (absl::IsNotFound(config.status()) && !context.ConfigIsNamed()) return std::string(kDefaultUrl);
    return config.status();
  }
  const StatusOr<AgentFile> running = ReadAgentFile(config->agent.data_dir);
  if (running.ok()) return running->url;
  const config::Endpoint& listen = config->agent.http.listen;
  if (listen.port != 0) return "http://" + listen.ToText();
  return Unavailable("{}; start it with: klink run -c {}", Text(running.status()), context.ConfigPath());
}

}  // namespace

StatusOr<AgentClient> AgentClient::Find(const Context& context, Exit& exit) {
  std::string url = context.globals.url.empty() ? context.io.env("KLINK_URL").value_or("") : context.globals.url;
  if (url.empty()) {
    StatusOr<std::string> found = UrlFromConfig(context);
    if (!found.ok()) {
      exit = context.Fail(found.status(), IsUnavailable(found.status()) ? Exit::kUnreachable : Exit::kConfiguration);
      return found.status();
    }
    url = *std::move(found);
  }
  if (const auto parsed = http::ParseUrl(url); !parsed.ok()) {
    exit = context.Fail(parsed.status());
    return parsed.status();
  }
  return AgentClient(context, std::move(url));
}

StatusOr<Json> AgentClient::Ask(const std::string& target, const std::string& body, Duration deadline) {
  TRY(const http::Url url, http::ParseUrl(url_));
  http::ClientRequest request;
  request.method = body.empty() ? http::Method::kGet : http::Method::kPost;
  request.target = target;
  request.body = body;
  StatusOr<http::ClientResponse> response = Await(http::Exchange(url, std::move(request), deadline));
  if (!response.ok()) {
    return Unavailable("no agent answers at {} ({}); start it with: klink run -c {}, or name another with --url", url_,
                       Text(response.status()), context_.ConfigPath());
  }
  answered_ = true;
  if (response->status != 200) return http::FromProblem(response->status, response->body);
  JsonLimits limits;
  limits.bytes = http::kAnswerBytesMost;
  StatusOr<Json> json = ParseJson(response->body, limits);
  if (!json.ok()) return Internal("{} did not answer like an agent: {}", url_, Text(json.status()));
  return json;
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
