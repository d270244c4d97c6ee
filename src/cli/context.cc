#include "cli/context.h"

#include <filesystem>

#include <fmt/ranges.h>

#include "cli/yaml.h"
#include "config/load.h"

namespace klink::cli {

std::string Context::ConfigPath() const {
  if (!globals.config.empty()) return globals.config;
  return io.env("KLINK_CONFIG").value_or(kDefaultConfig);
}

bool Context::ConfigIsNamed() const { return !globals.config.empty() || io.env("KLINK_CONFIG").has_value(); }

std::string Context::FileOfConfig(const std::string& path) const {
  return (std::filesystem::absolute(ConfigPath()).parent_path() / path).string();
}

StatusOr<config::Config> Context::LoadConfig() const {
  const std::string path = ConfigPath();
  TRY(const std::string text, config::ReadConfigFile(path));
  return config::LoadText(text, path, io.env);
}

StatusOr<config::LinkConfig> Context::PickLink(const config::Config& config) const {
  std::vector<std::string> names;
  for (const config::LinkConfig& link : config.links) {
    if (link.name == globals.link || (globals.link.empty() && config.links.size() == 1)) return link;
    names.push_back(link.name);
  }
  if (globals.link.empty())
    return InvalidArgument("there are {} links: say which with --link ({})", names.size(), fmt::join(names, ", "));
  return NotFound("the configuration has no link {}: it has {}", globals.link, fmt::join(names, ", "));
}

Exit Context::Fail(const Status& status, Exit code) const {
  io.err << "klink: " << Text(status) << "\n";
  return code;
}

void Context::Print(const Json& json) const {
  io.out << (globals.output == Output::kYaml ? ToYaml(json) : PrettyJson(json));
}

}  // namespace klink::cli
