#include "cli/command_tree.h"

#include <CLI/CLI.hpp>

namespace klink::cli {
namespace {

OptionEntry Entry(const CLI::Option& option) {
  OptionEntry entry;
  entry.positional = option.get_positional();
  entry.repeated = option.get_items_expected_max() > 1;
  entry.help = option.get_description();
  if (entry.positional) {
    entry.names.push_back(option.get_name(true));
    entry.value = entry.names[0];
    return entry;
  }
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  if (option.get_items_expected_max() > 0)
    entry.value = option.get_type_name().empty() ? "VALUE" : option.get_type_name();
  return entry;
}

CommandEntry Describe(const CLI::App& app, const std::string& path) {
  CommandEntry entry;
  entry.path = path;
  entry.name = app.get_name();
  entry.help = app.get_description();
  entry.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options())
    if (!option->get_group().empty()) entry.options.push_back(Entry(*option));
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); }))
    entry.verbs.push_back(Describe(*verb, path + " " + verb->get_name()));
  return entry;
}

}  // namespace

CommandEntry DescribeCommands(const CLI::App& app) { return Describe(app, ""); }

std::vector<const CommandEntry*> Flattened(const CommandEntry& command) {
  std::vector<const CommandEntry*> all = {&command};
  for (const CommandEntry& verb : command.verbs)
    for (const CommandEntry* below : Flattened(verb)) all.push_back(below);
  return all;
}

Offer OfferFor(const std::string& value) {
  if (value == "FILE") return Offer::kFiles;
  if (value == "DIR") return Offer::kDirectories;
  return value == "FORMAT" ? Offer::kFormats : Offer::kNothing;
}

}  // namespace klink::cli
