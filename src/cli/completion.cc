// klink completion bash|zsh|fish: a script that a shell reads. All of it is known when it is printed: completing asks
// neither klink nor a cluster.
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/command_tree.h"

namespace klink::cli {
namespace {

std::string Joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : std::string(separator)) + word;
  return out;
}

std::vector<std::string> FlagsOf(const CommandEntry& command) {
  std::vector<std::string> flags;
  for (const OptionEntry& option : command.options)
    if (!option.positional) flags.insert(flags.end(), option.names.begin(), option.names.end());
  return flags;
}

// `  PATTERN|PATTERN) ACTION;;` for every command below klink itself, as one case pattern.
std::string PathPattern(const CommandEntry& root, std::string_view separator) {
  std::vector<std::string> paths;
  for (const CommandEntry* command : Flattened(root))
    if (!command->path.empty()) paths.push_back("'" + command->path + "'");
  return Joined(paths, separator);
}

// Options with a value, by what is offered after them.
std::map<Offer, std::vector<std::string>> ValuedFlags(const CommandEntry& root) {
  std::map<Offer, std::vector<std::string>> by_offer;
  std::map<std::string, Offer> seen;
  for (const CommandEntry* command : Flattened(root))
    for (const OptionEntry& option : command->options) {
      if (option.positional || option.value.empty()) continue;
      for (const std::string& name : option.names)
        if (seen.try_emplace(name, OfferFor(option.value)).second) by_offer[OfferFor(option.value)].push_back(name);
    }
  return by_offer;
}

// What a positional argument of the command may be.
Offer PositionalOffer(const CommandEntry& command) {
  for (const OptionEntry& option : command.options)
    if (option.positional) return OfferFor(option.value);
  return Offer::kNothing;
}

std::string ShellQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// ---------------------------------------------------------------------------------------------------------- zsh

// 'name:what it is' for _describe.
std::string Described(const std::string& name, std::string_view help) {
  std::string text;
  for (const char c : name) text += c == ':' ? std::string("\\:") : std::string(1, c);
  return ShellQuoted(fmt::format("{}:{}", text, help));
}

std::string ZshFlags(const CommandEntry& command) {
  std::vector<std::string> words;
  for (const OptionEntry& option : command.options) {
    if (option.positional) continue;
    for (const std::string& name : option.names) words.push_back(Described(name, option.help));
  }
  return Joined(words, " ");
}

std::string ZshVerbs(const CommandEntry& command) {
  std::vector<std::string> words;
  for (const CommandEntry& verb : command.verbs) words.push_back(Described(verb.name, verb.help));
  return Joined(words, " ");
}

// --------------------------------------------------------------------------------------------------------- fish

std::string FishQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return quoted + "'";
}

std::string FishOption(const std::string& where, const OptionEntry& option) {
  std::string line = "complete -c klink" + where;
  for (const std::string& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty()) {
    const Offer offer = OfferFor(option.value);
    line += offer == Offer::kFiles ? " -r -F" : " -x";
    if (offer == Offer::kFormats) line += fmt::format(" -a '{}'", kFormats);
    if (offer == Offer::kDirectories) line += " -a '(__fish_complete_directories)'";
  }
  return line + " -d " + FishQuoted(option.help) + "\n";
}

Exit Print(const Context& context, const CLI::App& app, std::string (*script)(const CommandEntry&)) {
  context.io.out << script(DescribeCommands(app));
  return Exit::kOk;
}

}  // namespace

std::string BashCompletion(const CommandEntry& root) {
  std::string out = fmt::format(
      "# bash completion for klink: source it, or write it to a file of that name in\n"
      "# ~/.local/share/bash-completion/completions/\n"
      "_klink() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} verb='' verbs='' flags='' offer='' "
      "i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$verb ${{COMP_WORDS[i]}}\" in\n"
      "      {}) verb+=\" ${{COMP_WORDS[i]}}\";;\n"
      "    esac\n"
      "  done\n"
      "  case $prev in\n",
      PathPattern(root, "|"));
  for (const auto& [offer, names] : ValuedFlags(root)) {
    std::string words = offer == Offer::kFormats ? fmt::format("-W '{}'", kFormats) : "";
    if (offer == Offer::kFiles) words = "-f";
    if (offer == Offer::kDirectories) words = "-d";
    out += fmt::format("    {}) {}return;;\n", Joined(names, "|"),
                       words.empty() ? "" : fmt::format("COMPREPLY=($(compgen {} -- \"$cur\")); ", words));
  }
  out += "  esac\n  case $verb in\n";
  for (const CommandEntry* command : Flattened(root)) {
    std::vector<std::string> verbs;
    for (const CommandEntry& verb : command->verbs) verbs.push_back(verb.name);
    out += fmt::format("    '{}') verbs='{}' flags='{}'{};;\n", command->path, Joined(verbs, " "),
                       Joined(FlagsOf(*command), " "), PositionalOffer(*command) == Offer::kFiles ? " offer=-f" : "");
  }
  out += fmt::format(
      "  esac\n"
      "  if [[ $cur == -* || -z $verbs$offer ]]; then verbs=\"$flags {}\" offer=''; fi\n"
      "  COMPREPLY=($(compgen $offer -W \"$verbs\" -- \"$cur\"))\n"
      "}}\n"
      "complete -F _klink klink\n",
      Joined(FlagsOf(root), " "));
  return out;
}

std::string ZshCompletion(const CommandEntry& root) {
  std::string out = fmt::format(
      "#compdef klink\n"
      "# zsh completion for klink: write it to a file named _klink in a folder of $fpath, or source it after compinit\n"
      "_klink() {{\n"
      "  local verb='' i offer=''\n"
      "  local -a verbs flags everywhere\n"
      "  for ((i = 2; i < CURRENT; i++)); do\n"
      "    case \"$verb $words[i]\" in\n"
      "      {}) verb+=\" $words[i]\";;\n"
      "    esac\n"
      "  done\n"
      "  case $words[CURRENT-1] in\n",
      PathPattern(root, "|"));
  for (const auto& [offer, names] : ValuedFlags(root)) {
    std::string words = offer == Offer::kFormats ? fmt::format("compadd {}; ", kFormats) : "";
    if (offer == Offer::kFiles) words = "_files; ";
    if (offer == Offer::kDirectories) words = "_files -/; ";
    out += fmt::format("    {}) {}return;;\n", Joined(names, "|"), words);
  }
  out += fmt::format("  esac\n  everywhere=({})\n  case $verb in\n", ZshFlags(root));
  for (const CommandEntry* command : Flattened(root)) {
    out += fmt::format("    '{}') verbs=({}) flags=({}){};;\n", command->path, ZshVerbs(*command), ZshFlags(*command),
                       PositionalOffer(*command) == Offer::kFiles ? " offer=files" : "");
  }
  return out +
         "  esac\n"
         "  if [[ $words[CURRENT] == -* ]] || (( ! $#verbs )) && [[ -z $offer ]]; then\n"
         "    _describe -o flag flags -- everywhere\n"
         "  elif [[ -n $offer ]]; then\n"
         "    _files\n"
         "  else\n"
         "    _describe verb verbs\n"
         "  fi\n"
         "}\n"
         "if [[ $funcstack[1] == _klink ]]; then _klink; else compdef _klink klink; fi\n";
}

std::string FishCompletion(const CommandEntry& root) {
  std::string out = fmt::format(
      "# fish completion for klink: write it to ~/.config/fish/completions/klink.fish\n"
      "function __klink_verb\n"
      "    set -l verb ''\n"
      "    for word in (commandline -opc)[2..-1]\n"
      "        switch \"$verb $word\"\n"
      "            case {}\n"
      "                set verb \"$verb $word\"\n"
      "        end\n"
      "    end\n"
      "    echo \"$verb\"\n"
      "end\n"
      "function __klink_at\n"
      "    set -l verb (__klink_verb)\n"
      "    test \"$verb\" = \"$argv[1]\"\n"
      "end\n"
      "complete -c klink -f\n",
      PathPattern(root, " "));
  for (const CommandEntry* command : Flattened(root)) {
    const std::string where = fmt::format(" -n \"__klink_at '{}'\"", command->path);
    for (const CommandEntry& verb : command->verbs)
      out += fmt::format("complete -c klink{} -a {} -d {}\n", where, verb.name, FishQuoted(verb.help));
    if (PositionalOffer(*command) == Offer::kFiles) out += fmt::format("complete -c klink{} -F\n", where);
    for (const OptionEntry& option : command->options)
      if (!option.positional) out += FishOption(command->path.empty() ? "" : where, option);
  }
  return out;
}

void AddCompletion(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("completion", "Completion script of a shell");
  noun->require_subcommand(1);
  const auto add = [&](const char* shell, std::string (*script)(const CommandEntry&)) {
    noun->add_subcommand(shell, fmt::format("For {}", shell))->callback([&app, &context, script] {
      context.action = [&app, &context, script] { return Print(context, app, script); };
    });
  };
  add("bash", BashCompletion);
  add("zsh", ZshCompletion);
  add("fish", FishCompletion);
}

}  // namespace klink::cli
