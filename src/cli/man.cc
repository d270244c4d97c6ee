// klink man: the manual, from the same descriptions that parse the command line and the configuration. One page for
// each verb, one for klink itself, and klink.yaml(5).
#include <filesystem>
#include <fstream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/version.h"
#include "cli/command_tree.h"
#include "config/reference.h"

namespace klink::cli {
namespace {

struct Page {
  std::string name;  // "klink-mirror"
  int section = 1;
  std::string text;
};

// Text between requests: a backslash and a hyphen have meanings of their own, and a line that begins with a dot or a
// quote would be a request.
std::string Roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool first = out.empty() || out.back() == '\n';
    if (first && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Head(const std::string& name, int section, std::string_view help) {
  std::string upper = name;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return fmt::format(".TH {} {} \"\" \"klink {}\" \"klink manual\"\n.SH NAME\n{} \\- {}\n", Roff(upper), section,
                     kVersion, Roff(name), Roff(help));
}

std::string Term(const OptionEntry& option) {
  std::string names;
  for (const std::string& name : option.names) names += (names.empty() ? "\\fB" : "\\fR, \\fB") + Roff(name);
  names += "\\fR";
  if (!option.value.empty() && !option.positional) names += fmt::format(" \\fI{}\\fR", Roff(option.value));
  if (option.positional && option.repeated) names += " ...";
  return names;
}

std::string Options(const CommandEntry& command) {
  std::string out;
  for (const OptionEntry& option : command.options)
    out += fmt::format(".TP\n{}\n{}\n", Term(option), Roff(option.help));
  return out;
}

std::string Synopsis(const CommandEntry& command) {
  std::string line = fmt::format("\\fBklink{}\\fR [\\fIoptions\\fR]", Roff(command.path));
  if (!command.verbs.empty()) line += " \\fIverb\\fR";
  for (const OptionEntry& option : command.options)
    if (option.positional) line += fmt::format(" \\fI{}\\fR{}", Roff(option.names[0]), option.repeated ? "..." : "");
  return line + "\n";
}

// A verb with all below it.
Page VerbPage(const CommandEntry& verb, const CommandEntry& root) {
  Page page;
  page.name = "klink-" + verb.name;
  std::string synopsis, description;
  for (const CommandEntry* command : Flattened(verb)) {
    if (!command->verbs.empty()) continue;
    synopsis += (synopsis.empty() ? "" : ".br\n") + Synopsis(*command);
    description += fmt::format(".SS klink{}\n{}.\n{}", Roff(command->path), Roff(command->help), Options(*command));
  }
  page.text = Head(page.name, 1, verb.help) + ".SH SYNOPSIS\n" + synopsis + ".SH DESCRIPTION\n" + description;
  if (verb.footer.starts_with("Exit codes")) page.text += ".SH EXIT STATUS\n" + Roff(verb.footer) + "\n";
  page.text += ".SH GLOBAL OPTIONS\n" + Options(root);
  page.text += ".SH SEE ALSO\n\\fBklink\\fR(1), \\fBklink.yaml\\fR(5)\n";
  return page;
}

Page MainPage(const CommandEntry& root) {
  Page page;
  page.name = "klink";
  page.text = Head("klink", 1, "mirror Kafka topics from one cluster to another, at the same offsets");
  page.text += ".SH SYNOPSIS\n" + Synopsis(root) + ".SH DESCRIPTION\n" + Roff(root.help) + "\n.SH VERBS\n";
  for (const CommandEntry& verb : root.verbs)
    page.text += fmt::format(".TP\n\\fBklink\\-{}\\fR(1)\n{}\n", Roff(verb.name), Roff(verb.help));
  page.text += ".SH OPTIONS\n" + Options(root) + ".SH EXIT STATUS\n" + Roff(root.footer) + "\n";
  page.text +=
      ".SH ENVIRONMENT\n"
      "\\fBKLINK_CONFIG\\fR, \\fBKLINK_URL\\fR, \\fBKLINK_TOKEN_FILE\\fR, \\fBKLINK_CA_FILE\\fR: in place of the "
      "options.\n"
      "\\fBNO_COLOR\\fR: no colours.\n"
      ".SH FILES\n.TP\n/etc/klink/klink.yaml\nthe configuration, unless another is named\n"
      ".SH SEE ALSO\n\\fBklink.yaml\\fR(5)\n";
  return page;
}

Page ConfigPage() {
  Page page;
  page.name = "klink.yaml";
  page.section = 5;
  page.text = Head("klink.yaml", 5, "configuration of klink");
  page.text +=
      ".SH DESCRIPTION\nOne YAML file; an unknown or duplicate key is refused. \\fBklink config init\\fR writes one to "
      "begin with, \\fBklink validate\\fR checks it. Secrets stand in it by reference alone: ${env:NAME}, "
      "${env:NAME:\\-default}, ${file:/path}, ${file:/path:key}, ${dir:/path:key}.\n.SH KEYS\n";
  for (const config::ReferenceRow& row : config::ReferenceRows()) {
    std::string about = row.form + (row.required ? ", required" : "");
    if (!row.preset.empty()) about += ", default " + row.preset;
    if (row.state != "supported") about += "; " + row.state;
    page.text += fmt::format(".TP\n\\fB{}\\fR\n{}.\n.br\n({})\n", Roff(row.key), Roff(row.help), Roff(about));
  }
  page.text += ".SH SEE ALSO\n\\fBklink\\fR(1)\n";
  return page;
}

std::vector<Page> Pages(const CLI::App& app) {
  const CommandEntry root = DescribeCommands(app);
  std::vector<Page> pages = {MainPage(root)};
  for (const CommandEntry& verb : root.verbs) pages.push_back(VerbPage(verb, root));
  pages.push_back(ConfigPage());
  return pages;
}

// DIR/man1/klink.1 and so on.
Status WriteAll(const std::string& dir, const std::vector<Page>& pages) {
  for (const Page& page : pages) {
    const std::filesystem::path folder = std::filesystem::path(dir) / fmt::format("man{}", page.section);
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const std::string file = (folder / fmt::format("{}.{}", page.name, page.section)).string();
    std::ofstream out(file);
    out << page.text;
    out.close();
    if (!out) return FailedPrecondition("{} cannot be written", file);
  }
  return absl::OkStatus();
}

struct ManChoice {
  std::string page = "klink";
  std::string dir;
};

Exit Man(const Context& context, const CLI::App& app, const ManChoice& choice) {
  const std::vector<Page> pages = Pages(app);
  if (!choice.dir.empty()) {
    const Status written = WriteAll(choice.dir, pages);
    return written.ok() ? Exit::kOk : context.Fail(written);
  }
  for (const Page& page : pages) {
    if (page.name != choice.page && page.name != "klink-" + choice.page) continue;
    context.io.out << page.text;
    return Exit::kOk;
  }
  return context.Fail(InvalidArgument("there is no page {}; every verb has one, and klink.yaml", choice.page));
}

}  // namespace

void AddMan(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("man", "The manual: klink man mirror | man -l -");
  auto choice = std::make_shared<ManChoice>();
  verb->add_option("PAGE", choice->page, "A verb, or klink.yaml; klink itself unless said")->type_name("");
  verb->add_option("--dir", choice->dir, "Write every page below this folder: man1/klink.1 and so on")
      ->type_name("DIR");
  verb->callback(
      [&app, &context, choice] { context.action = [&app, &context, choice] { return Man(context, app, *choice); }; });
}

}  // namespace klink::cli
