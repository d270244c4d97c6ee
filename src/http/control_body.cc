#include "http/control_body.h"

#include <algorithm>

#include "http/json_schema.h"
#include "http/routes.h"

namespace klink::http {
namespace {

struct Body {
  std::vector<std::string> topics;
  bool all = false;
  std::optional<std::string> accept;
  std::string by;
  std::string reason;
  bool dry_run = false;

  static void Describe(auto& m, auto& field) {
    field("by", m.by);
    field("reason", m.reason);
    field("dry_run", m.dry_run);
    if (!m.of_mirrors) return;
    field("topics", m.topics);
    field("all", m.all);
    if (m.resumes) field("accept", m.accept);
  }
  bool of_mirrors = false;
  bool resumes = false;
};

StatusOr<state::Accept> ToAccept(const std::string& name) {
  const auto accept = state::FindAccept(name);
  if (!accept || *accept == state::Accept::kRealign)
    return InvalidArgument("\"accept\" must be TRUNCATION, RESTART_AS_NEW or GAP; it is \"{}\"", name);
  return *accept;
}

}  // namespace

StatusOr<link::ControlRequest> ReadControl(std::string_view text, link::ControlVerb verb, ControlOf of) {
  Body body;
  body.of_mirrors = of == ControlOf::kMirrors;
  body.resumes = verb == link::ControlVerb::kResume;
  RETURN_IF_ERROR(ReadBody(text, body));
  if (body.of_mirrors && body.all != body.topics.empty())
    return InvalidArgument("say which mirrors: either \"topics\" or \"all\": true");
  RETURN_IF_ERROR(CheckSizes(body.topics, body.by, body.reason));
  link::ControlRequest request;
  request.verb = verb;
  request.topics = std::move(body.topics);
  request.all = body.all;
  if (body.accept) {
    TRY(request.accept, ToAccept(*body.accept));
  }
  request.by = std::move(body.by);
  request.reason = std::move(body.reason);
  request.dry_run = body.dry_run;
  return request;
}

Json LinkBodySchema() { return Schema(Body(), SchemaOf::kBody); }

Json MirrorsBodySchema() {
  Body body;
  body.of_mirrors = true;
  return Schema(body, SchemaOf::kBody);
}

Json ResumeBodySchema() {
  Body body;
  body.of_mirrors = body.resumes = true;
  return Schema(body, SchemaOf::kBody);
}

StatusOr<Json> ReadObject(std::string_view text, const std::vector<std::string_view>& known) {
  TRY(Json json, ParseJson(text.empty() ? "{}" : text));
  if (!json.is_object()) return InvalidArgument("the body is not a JSON object");
  for (const auto& [key, value] : json.get_object())
    if (std::find(known.begin(), known.end(), std::string_view(key.data(), key.size())) == known.end())
      return InvalidArgument("the body has an unknown key \"{}\"", std::string_view(key.data(), key.size()));
  return json;
}

Status CheckSizes(const std::vector<std::string>& topics, const std::string& by, const std::string& reason) {
  if (topics.size() > kTopicsPerRequestMost)
    return InvalidArgument("\"topics\" may hold {} names, it holds {}", kTopicsPerRequestMost, topics.size());
  if (by.size() > kTextBytesMost || reason.size() > kTextBytesMost)
    return InvalidArgument("\"by\" and \"reason\" may have {} bytes each", kTextBytesMost);
  return absl::OkStatus();
}

std::string_view NameOf(link::ControlVerb verb) {
  switch (verb) {
    case link::ControlVerb::kPause:
      return "pause";
    case link::ControlVerb::kResume:
      return "resume";
    case link::ControlVerb::kRealign:
      return "realign";
  }
  return "unknown";
}

bool IsJson(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type == "application/json";
}

Response NotJson() { return Problem(415, "this call changes something: send its body as application/json"); }

}  // namespace klink::http
