#include "config/secret.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/limits.h"

namespace klink::config {
namespace {

constexpr size_t kReferencedFileMax = limits::kReferencedFileBytes;

StatusOr<std::string> ReadReferenced(const std::string& path) {
  if (!path.starts_with('/')) return InvalidArgument("the file '{}' needs an absolute path", path);
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) return NotFound("the file {} does not exist; create it", path);
  if (error) return Unavailable("the file {} cannot be read: {}; check its permissions", path, error.message());
  // A pipe or a device could block for ever.
  if (kind != std::filesystem::file_type::regular) return InvalidArgument("{} is not a regular file", path);
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return Unavailable("the file {} cannot be read: {}; check its permissions", path, std::strerror(errno));
  std::string content(kReferencedFileMax + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(in.gcount()));
  if (content.size() > kReferencedFileMax) return InvalidArgument("the file {} is larger than 64KiB", path);
  return content;
}

// Editors and `echo` end a file with a line break that is no part of the value.
std::string WithoutLastLineBreak(std::string content) {
  if (content.ends_with('\n')) content.pop_back();
  if (content.ends_with('\r')) content.pop_back();
  return content;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\f");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\f") - first + 1);
}

// The value of `key` in lines "key=value" or "key: value"; # and ! begin a comment. The last one counts.
std::optional<std::string> Property(std::string_view content, std::string_view key) {
  std::optional<std::string> found;
  while (!content.empty()) {
    const size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = Trim(content.substr(0, end));
    content.remove_prefix(std::min(end + 1, content.size()));
    if (line.empty() || line[0] == '#' || line[0] == '!') continue;
    const size_t split = line.find_first_of("=:");
    if (split == std::string_view::npos || Trim(line.substr(0, split)) != key) continue;
    found = Trim(line.substr(split + 1));
  }
  return found;
}

StatusOr<std::string> FromEnvironment(std::string_view body, const EnvLookup& env) {
  const size_t split = body.find(":-");
  const std::string_view name = body.substr(0, split);
  if (name.empty()) return InvalidArgument("a reference names no variable; write ${{env:NAME}}");
  std::optional<std::string> value = env(name);
  if (split != std::string_view::npos) {
    return value && !value->empty() ? *value : std::string(body.substr(split + 2));
  }
  if (value) return *value;
  return NotFound("the environment variable {0} is not set; set it or write ${{env:{0}:-default}}", name);
}

StatusOr<std::string> FromFile(std::string_view body) {
  const size_t split = body.find(':');
  const std::string path(body.substr(0, split));
  TRY(std::string content, ReadReferenced(path));
  if (split == std::string_view::npos) return WithoutLastLineBreak(std::move(content));
  const std::string_view key = body.substr(split + 1);
  std::optional<std::string> value = Property(content, key);
  if (value) return *std::move(value);
  return NotFound("the file {} has no key '{}'; add a line {}=…", path, key, key);
}

StatusOr<std::string> FromDirectory(std::string_view body) {
  const size_t split = body.find(':');
  if (split == std::string_view::npos) return InvalidArgument("a dir reference needs a key; write ${{dir:/path:key}}");
  const std::string_view key = body.substr(split + 1);
  if (key.empty() || key == "." || key == ".." || key.find('/') != std::string_view::npos) {
    return InvalidArgument("'{}' is not a file name in a directory; write ${{dir:/path:key}}", key);
  }
  TRY(std::string content, ReadReferenced(fmt::format("{}/{}", body.substr(0, split), key)));
  return WithoutLastLineBreak(std::move(content));
}

StatusOr<std::string> Resolve(std::string_view reference, const EnvLookup& env) {
  const size_t colon = std::min(reference.find(':'), reference.size());
  const std::string_view kind = reference.substr(0, colon);
  const std::string_view body = reference.substr(std::min(colon + 1, reference.size()));
  if (kind == "env") return FromEnvironment(body, env);
  if (kind == "file") return FromFile(body);
  if (kind == "dir") return FromDirectory(body);
  return InvalidArgument(
      "'${{{}}}' is not a reference; use ${{env:V}}, ${{file:/path}} or ${{dir:/path:key}}, or $${{ for a literal ${{",
      reference);
}

}  // namespace

EnvLookup ProcessEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
}

bool HasReference(std::string_view text) {
  for (size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    if (at == 0 || text[at - 1] != '$') return true;
  }
  return false;
}

StatusOr<std::string> Expand(std::string_view text, const EnvLookup& env) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with("$${")) {
      out += "${";
      at += 3;
    } else if (rest.starts_with("${")) {
      const size_t end = rest.find('}');
      if (end == std::string_view::npos) return InvalidArgument("a reference is not closed; add the missing }}");
      TRY(std::string value, Resolve(rest.substr(2, end - 2), env));
      out += value;
      at += end + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::vector<std::string> ReferencedFiles(std::string_view text) {
  std::vector<std::string> files;
  for (size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    if (at > 0 && text[at - 1] == '$') continue;
    const std::string_view body = text.substr(at + 2, text.find('}', at) - at - 2);
    const size_t kind = std::min(body.find(':'), body.size());
    const std::string_view rest = body.substr(std::min(kind + 1, body.size()));
    const size_t split = std::min(rest.find(':'), rest.size());
    if (body.starts_with("file:")) files.emplace_back(rest.substr(0, split));
    if (body.starts_with("dir:") && split < rest.size()) {
      files.push_back(fmt::format("{}/{}", rest.substr(0, split), rest.substr(split + 1)));
    }
  }
  return files;
}

std::string EscapeReferences(std::string_view value) {
  std::string out;
  for (size_t at = 0; at < value.size(); ++at) {
    if (value.substr(at).starts_with("${")) out += '$';
    out += value[at];
  }
  return out;
}

}  // namespace klink::config
