#include "cli/context.h"

#include <filesystem>

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

Exit Context::Fail(const Status& status, Exit code) const {
  io.err << "klink: " << Text(status) << "\n";
  return code;
}

void Context::Print(const Json& json) const {
  io.out << (globals.output == Output::kYaml ? ToYaml(json) : PrettyJson(json));
}

}  // namespace klink::cli
