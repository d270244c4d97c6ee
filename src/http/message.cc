#include "http/message.h"

#include <algorithm>
#include <array>

namespace klink::http {
namespace {

struct CodeRow {
  Code code;
  std::string_view name;
  int http;
};
constexpr std::array<CodeRow, 12> kCodes = {{
    {Code::kInvalidArgument, "INVALID_ARGUMENT", 400},
    {Code::kUnauthenticated, "UNAUTHENTICATED", 401},
    {Code::kPermissionDenied, "PERMISSION_DENIED", 403},
    {Code::kNotFound, "NOT_FOUND", 404},
    {Code::kAlreadyExists, "ALREADY_EXISTS", 409},
    {Code::kFailedPrecondition, "FAILED_PRECONDITION", 409},
    {Code::kOutOfRange, "OUT_OF_RANGE", 422},
    {Code::kResourceExhausted, "RESOURCE_EXHAUSTED", 429},
    {Code::kInternal, "INTERNAL", 500},
    {Code::kUnimplemented, "UNIMPLEMENTED", 501},
    {Code::kUnavailable, "UNAVAILABLE", 503},
    {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504},
}};

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

StatusOr<std::string> Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 1 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return InvalidArgument("the path has a broken % escape");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return InvalidArgument("the path has a NUL");
    out += c;
  }
  return out;
}

std::vector<std::string_view> Split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

std::string_view ToText(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kOther:
      break;
  }
  return "other";
}

StatusOr<Target> ParseTarget(std::string_view target) {
  if (!target.starts_with('/')) return InvalidArgument("the request target is not a path");
  target = target.substr(0, target.find('#'));
  const size_t question = target.find('?');
  Target parsed;
  for (const std::string_view part :
       Split(target.substr(1, question == std::string_view::npos ? question : question - 1), '/')) {
    TRY(std::string segment, Unescape(part));
    parsed.segments.push_back(std::move(segment));
  }
  if (parsed.segments.back().empty()) parsed.segments.pop_back();  // "/" and a trailing slash
  if (question == std::string_view::npos) return parsed;
  for (const std::string_view pair : Split(target.substr(question + 1), '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    TRY(std::string key, Unescape(pair.substr(0, equals)));
    TRY(std::string value, Unescape(equals == std::string_view::npos ? "" : pair.substr(equals + 1)));
    parsed.query[std::move(key)] = std::move(value);
  }
  return parsed;
}

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string_view StatusTitle(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Error";
  }
}

Response JsonResponse(const Json& json) {
  Response response;
  response.body = CompactJson(json) + "\n";
  return response;
}

Response TextResponse(std::string text) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

Response NoContent() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

namespace {
Response ProblemOf(int status, std::string_view detail, std::string_view code) {
  JsonObject problem;
  problem["type"] = "about:blank";
  problem["title"] = StatusTitle(status);
  problem["status"] = status;
  problem["detail"] = detail;
  if (!code.empty()) problem["code"] = code;
  Response response = JsonResponse(problem);
  response.status = status;
  response.content_type = kProblemType;
  return response;
}
}  // namespace

Response Problem(int status, std::string_view detail) { return ProblemOf(status, detail, ""); }

Response Problem(const Status& status) {
  for (const CodeRow& row : kCodes) {
    if (row.code == status.code()) return ProblemOf(row.http, Text(status), row.name);
  }
  return ProblemOf(status.code() == Code::kCancelled ? 503 : 500, Text(status), "");
}

Status FromProblem(int status, std::string_view body) {
  Code code = status >= 500 ? Code::kUnavailable : Code::kInvalidArgument;
  for (const CodeRow& row : kCodes) {
    if (row.http == status) code = row.code;
  }
  std::string detail = fmt::format("HTTP {} {}", status, StatusTitle(status));
  const StatusOr<Json> json = ParseJson(body);
  if (json.ok()) {
    if (const auto text = JsonText(*json, "detail"); text.ok()) detail = *text;
    if (const auto name = JsonText(*json, "code"); name.ok()) {
      for (const CodeRow& row : kCodes) {
        if (row.name == *name) code = row.code;
      }
    }
  }
  return MakeStatus(code, detail);
}

}  // namespace klink::http
