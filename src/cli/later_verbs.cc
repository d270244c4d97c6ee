// Verbs whose names are promised but that this version does not have: refused by name, so that nobody takes a typing
// error for an answer, and a script that needs one stops.
#include <array>

#include <CLI/CLI.hpp>

#include "base/version.h"
#include "cli/context.h"

namespace klink::cli {
namespace {

constexpr std::array<const char*, 1> kMirrorVerbs = {"truncate"};
constexpr std::array<const char*, 1> kConfigVerbs = {"import"};

void Refuse(CLI::App& parent, Context& context, const std::string& prefix, const char* name) {
  CLI::App* verb = parent.add_subcommand(name, "");
  verb->group("");         // not in the help
  verb->prefix_command();  // whatever follows is not looked at
  verb->set_help_flag();
  verb->callback([&context, text = prefix + name] {
    context.action = [&context, text] {
      return context.Fail(Unimplemented("{}: not available in this version (klink {})", text, kVersion));
    };
  });
}

}  // namespace

void AddLaterVerbs(CLI::App& app, Context& context) {
  for (const char* name : kMirrorVerbs) Refuse(*app.get_subcommand("mirror"), context, "mirror ", name);
  for (const char* name : kConfigVerbs) Refuse(*app.get_subcommand("config"), context, "config ", name);
}

}  // namespace klink::cli
