#include "cli/consent.h"

#include <istream>

#include <CLI/CLI.hpp>

namespace klink::cli {

void AddConsent(CLI::App& verb, Consent& consent) {
  verb.add_flag("--dry-run", consent.dry_run, "Show what would happen, change nothing");
  verb.add_flag("--yes", consent.yes, "Do not ask; needed where nobody can be asked");
}

JsonObject ControlBody(const Context& context) {
  JsonObject body;
  body["by"] = context.io.env("USER").value_or("");
  body["reason"] = context.globals.reason;
  return body;
}

Status MayAsk(const Context& context, const Consent& consent) {
  if (consent.dry_run || consent.yes || context.io.in != nullptr) return absl::OkStatus();
  return InvalidArgument("this changes something and there is no terminal to ask at: say --yes, or --dry-run to look");
}

bool Agreed(const Context& context, const std::string& question) {
  context.io.err << question << " [y/N] " << std::flush;
  std::string answer;
  if (!std::getline(*context.io.in, answer)) return false;
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace klink::cli
