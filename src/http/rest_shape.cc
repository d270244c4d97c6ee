#include "http/rest_shape.h"

namespace klink::http {
namespace {

constexpr std::string_view kOptionalPrefix = "kafka";

bool IsTrue(const Json& json, std::string_view key) {
  const Json* found = FindJson(json, key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

}  // namespace

std::span<const std::string> RouteSegments(const Target& target) {
  const std::span<const std::string> all = target.segments;
  return all.size() > 1 && all[0] == kOptionalPrefix && all[1] == "v3" ? all.subspan(1) : all;
}

bool IsKafkaRest(const Target& target) {
  const auto segments = RouteSegments(target);
  return !segments.empty() && segments[0] == "v3";
}

Response InShapeOf(const Target& target, Response response) {
  if (response.content_type != kProblemType || !IsKafkaRest(target)) return response;
  const StatusOr<Json> problem = ParseJson(response.body);
  JsonObject error;
  error["error_code"] = response.status;
  error["message"] = problem.ok() ? JsonText(*problem, "detail").value_or("") : "";
  response.body = CompactJson(error) + "\n";
  response.content_type = kJsonType;
  return response;
}

bool IsDryRun(const Request& request) {
  const StatusOr<Json> body = ParseJson(request.body);
  if (!IsKafkaRest(request.target)) return body.ok() && IsTrue(*body, "dry_run");
  const auto asked = request.target.query.find("validate_only");
  return (asked != request.target.query.end() && asked->second == "true") ||
         (body.ok() && IsTrue(*body, "validate_only"));
}

StatusOr<bool> QueryFlag(const Request& request, const std::string& name) {
  const auto found = request.target.query.find(name);
  if (found == request.target.query.end() || found->second.empty() || found->second == "false") return false;
  if (found->second == "true") return true;
  return InvalidArgument("?{}= must be true or false; it is \"{}\"", name, found->second);
}

std::string RestPlace::Url(std::initializer_list<std::string_view> segments) const {
  std::string url = root + "/clusters";
  if (!cluster.empty()) url += "/" + Escape(cluster);
  for (const std::string_view segment : segments) url += "/" + Escape(segment);
  return url;
}

RestPlace PlaceOf(const Request& request, std::string cluster) {
  const bool prefixed = !request.target.segments.empty() && request.target.segments[0] == kOptionalPrefix;
  const std::string host = request.host.empty() ? "localhost" : request.host;
  return {fmt::format("{}://{}{}/v3", request.scheme, host, prefixed ? "/kafka" : ""), std::move(cluster)};
}

}  // namespace klink::http
