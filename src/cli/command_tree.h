// The command line as data: what completions and man pages are made of. It is read from the very description that
// parses the arguments.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace klink::cli {

struct OptionEntry {
  std::vector<std::string> names;  // "-o", "--output"; of a positional its one name
  std::string value;               // what it takes: "FILE"; empty: nothing
  std::string help;
  bool positional = false;
  bool repeated = false;
};

struct CommandEntry {
  std::string path;  // "" for klink itself, " mirror", " mirror list"
  std::string name;
  std::string help;
  std::string footer;
  std::vector<OptionEntry> options;
  std::vector<CommandEntry> verbs;
};

// Without what is hidden from --help.
CommandEntry DescribeCommands(const CLI::App& app);
// The command and all below it, each before its verbs.
std::vector<const CommandEntry*> Flattened(const CommandEntry& command);

// The completion script of a shell.
std::string BashCompletion(const CommandEntry& root);
std::string ZshCompletion(const CommandEntry& root);
std::string FishCompletion(const CommandEntry& root);

// What is offered after an option that takes `value`.
enum class Offer { kNothing, kFiles, kDirectories, kFormats };
Offer OfferFor(const std::string& value);
inline constexpr const char* kFormats = "human json yaml";

}  // namespace klink::cli
