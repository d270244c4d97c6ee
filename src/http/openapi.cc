#include "http/openapi.h"

#include <vector>

#include "base/version.h"
#include "http/json_schema.h"

namespace klink::http {
namespace {

std::string ParameterName(std::string_view before) {
  if (before == "clusters") return "cluster_id";
  if (before == "mirrors" || before == "topics") return "topic";
  if (before == "configs") return "name";
  if (before == "groups") return "group";
  if (before == "operations") return "operation";
  return "link";
}

JsonObject Parameter(std::string_view name, std::string_view in, Json schema) {
  JsonObject parameter;
  parameter["name"] = name;
  parameter["in"] = in;
  parameter["required"] = in == "path";
  parameter["schema"] = std::move(schema);
  return parameter;
}

// "topic! partition!#" taken apart.
void AddQuery(std::string_view query, JsonArray& parameters) {
  while (!query.empty()) {
    std::string_view one = query.substr(0, query.find(' '));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    std::string_view name = one.substr(0, one.find_first_of("!#?"));
    const auto marked = [&](char mark) { return one.find(mark) != std::string_view::npos; };
    JsonObject parameter = Parameter(name, "query",
                                     TypeSchema(marked('#')   ? "integer"
                                                : marked('?') ? "boolean"
                                                              : "string"));
    parameter["required"] = marked('!');
    parameters.push_back(std::move(parameter));
  }
}

JsonArray Parameters(const RouteRow& row) {
  JsonArray parameters;
  const std::string path = NamedPath(row.pattern);
  for (size_t open = path.find('{'); open != std::string::npos; open = path.find('{', open + 1))
    parameters.push_back(
        Parameter(path.substr(open + 1, path.find('}', open) - open - 1), "path", TypeSchema("string")));
  AddQuery(row.query, parameters);
  if (!row.action.empty()) parameters.push_back(Parameter("Idempotency-Key", "header", TypeSchema("string")));
  return parameters;
}

JsonObject Content(std::string_view type, Json schema) {
  JsonObject of_type, content;
  of_type["schema"] = std::move(schema);
  content[type] = std::move(of_type);
  return content;
}

bool IsRest(const RouteRow& row) { return row.pattern.starts_with("/v3"); }

Json Reference(std::string_view component) {
  JsonObject reference;
  reference["$ref"] = fmt::format("#/components/schemas/{}", component);
  return reference;
}

JsonObject Responses(const RouteRow& row) {
  JsonObject good, bad, responses;
  good["description"] = row.success == 201 ? "Made" : row.success == 204 ? "Done" : "The answer";
  if (row.answer != nullptr)
    good["content"] = Content(kJsonType, row.answer());
  else if (row.success == 200)
    good["content"] = Content(row.text_type, TypeSchema("string"));
  bad["description"] = "What is wrong, and what to do";
  bad["content"] =
      IsRest(row) ? Content(kJsonType, Reference("RestError")) : Content(kProblemType, Reference("Problem"));
  responses[std::to_string(row.success)] = std::move(good);
  responses["default"] = std::move(bad);
  return responses;
}

JsonObject Operation(const RouteRow& row) {
  JsonObject operation;
  operation["summary"] = row.summary;
  operation["operationId"] = fmt::format("{} {}", ToText(row.method), NamedPath(row.pattern));
  JsonArray tags;
  tags.push_back(IsRest(row) ? "Kafka REST" : row.pattern.starts_with("/v1") ? "klink" : "agent");
  operation["tags"] = std::move(tags);
  operation["x-role"] = ToText(row.need);
  if (JsonArray parameters = Parameters(row); !parameters.empty()) operation["parameters"] = std::move(parameters);
  if (row.body != nullptr) {
    JsonObject body;
    body["required"] = true;
    body["content"] = Content(kJsonType, row.body());
    operation["requestBody"] = std::move(body);
  }
  operation["responses"] = Responses(row);
  if (row.need == Need::kNobody) operation["security"] = JsonArray();
  return operation;
}

struct ProblemView {
  std::string type, title;
  int32_t status = 0;
  std::string detail;
  static void Describe(auto& m, auto& field) {
    field("type", m.type);
    field("title", m.title);
    field("status", m.status);
    field("detail", m.detail);
  }
};
struct RestErrorView {
  int32_t error_code = 0;
  std::string message;
  static void Describe(auto& m, auto& field) {
    field("error_code", m.error_code);
    field("message", m.message);
  }
};

Json Scheme(std::string_view scheme) {
  Json out = TypeSchema("http");
  out.as_object()["scheme"] = scheme;
  return out;
}

JsonObject Components() {
  JsonObject schemas, schemes, components;
  schemas["Problem"] = Schema(ProblemView(), SchemaOf::kAnswer);
  schemas["RestError"] = Schema(RestErrorView(), SchemaOf::kAnswer);
  schemes["bearer"] = Scheme("bearer");
  schemes["basic"] = Scheme("basic");
  components["schemas"] = std::move(schemas);
  components["securitySchemes"] = std::move(schemes);
  return components;
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string NamedPath(std::string_view pattern) {
  std::string path, before;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    std::string segment(pattern.substr(0, pattern.find('/')));
    pattern.remove_prefix(segment.size());
    if (segment.starts_with("{}")) segment.replace(0, 2, "{" + ParameterName(before) + "}");
    path += "/" + segment;
    before = segment;
  }
  return path;
}

Json OpenApi(std::span<const RouteRow> routes) {
  JsonObject info, paths, document;
  info["title"] = "klink";
  info["version"] = kVersion;
  info["description"] =
      "The agent's HTTP API: its own under /v1, and Kafka REST v3 for cluster links under /v3 and /kafka/v3. x-role is "
      "the least role that may call where callers are asked who they are.";
  for (const RouteRow& row : routes) {
    const std::string path = NamedPath(row.pattern);
    if (!paths.contains(path)) paths[path] = JsonObject();
    paths[path].as_object()[LowerCase(ToText(row.method))] = Operation(row);
  }
  JsonArray security;
  for (const std::string_view scheme : {"bearer", "basic"}) {
    JsonObject one;
    one[scheme] = JsonArray();
    security.push_back(std::move(one));
  }
  document["openapi"] = "3.1.0";
  document["info"] = std::move(info);
  document["paths"] = std::move(paths);
  document["components"] = Components();
  document["security"] = std::move(security);
  return document;
}

}  // namespace klink::http
