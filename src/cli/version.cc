// klink version
#include "base/version.h"

#include <CLI/CLI.hpp>

#include "cli/context.h"

namespace klink::cli {

namespace {
Exit PrintVersion(const Context& context) {
  if (context.globals.output == Output::kHuman) {
    context.io.out << "klink " << kVersion << "\n";
    return Exit::kOk;
  }
  JsonObject json;
  json["version"] = kVersion;
  context.Print(json);
  return Exit::kOk;
}
}  // namespace

void AddVersion(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("version", "Print the version");
  verb->callback([&context] { context.action = [&context] { return PrintVersion(context); }; });
}

}  // namespace klink::cli
