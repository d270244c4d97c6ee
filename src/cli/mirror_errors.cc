// klink mirror errors: what keeps mirrors from being plain running copies, and what to do about each.
#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/ask_and_show.h"
#include "cli/table.h"
#include "http/views.h"

namespace klink::cli {
namespace {

std::string ErrorsText(const http::ErrorsView& view, bool color) {
  if (view.errors.empty()) return fmt::format("No mirror of link {} has an error.\n", view.link);
  std::string text;
  for (const http::ErrorView& error : view.errors) {
    text += error.partition ? fmt::format("{}-{}", error.topic, *error.partition) : error.topic;
    text += fmt::format(": {}", Paint(error.state, color));
    if (error.reason_code) text += " " + *error.reason_code;
    if (error.since) text += " since " + Show(error.since);
    text += "\n";
    if (error.reason) text += "  " + *error.reason + "\n";
    if (error.action) text += "  What to do: " + *error.action + "\n";
  }
  return text;
}

}  // namespace

void AddMirrorErrors(CLI::App& mirror, Context& context) {
  CLI::App* verb = mirror.add_subcommand("errors", "What is wrong with mirrors, and what to do about it");
  verb->callback([&context] {
    context.action = [&context] { return AskAndShow<http::ErrorsView>(context, "/mirrors:errors", ErrorsText); };
  });
}

}  // namespace klink::cli
