#include "cli/app.h"

#include <algorithm>
#include <iostream>
#include <map>

#include <CLI/CLI.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/handle.h"
#include "base/log.h"
#include "config/secret.h"

namespace klink::cli {
namespace {

constexpr const char* kAbout =
    "klink mirrors Kafka topics from one cluster to another, byte for byte, at the same offsets.";
constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 failed or a difference found, 64 usage, 65 bad data, 69 agent or cluster unreachable,\n"
    "70 bug, 75 try later, 77 not authorised, 78 configuration";

void AddGlobals(CLI::App& app, Globals& globals) {
  static const std::map<std::string, Output> kOutputs = {
      {"human", Output::kHuman}, {"json", Output::kJson}, {"yaml", Output::kYaml}};
  app.add_option("-c,--config", globals.config, "Configuration; else $KLINK_CONFIG, else /etc/klink/klink.yaml")
      ->type_name("FILE");
  app.add_option("--url", globals.url, "The agent; else $KLINK_URL, else from the configuration")->type_name("URL");
  app.add_option("--token-file", globals.token_file, "File with the token to call with; else $KLINK_TOKEN_FILE")
      ->type_name("FILE");
  app.add_option("--ca-file", globals.ca_file, "PEM: whom to trust at an https URL; else $KLINK_CA_FILE")
      ->type_name("FILE");
  app.add_option("--link", globals.link, "Which link; needed when there are several")->type_name("LINK");
  app.add_option("--reason", globals.reason, "Why, kept with what a verb changes")->type_name("TEXT");
  app.add_option("-o,--output", globals.output, "human, json or yaml")
      ->transform(CLI::CheckedTransformer(kOutputs).description(""))
      ->type_name("FORMAT");
  app.add_flag("--no-color", globals.no_color, "No colours; also $NO_COLOR");
  app.add_flag("-v,--verbose", globals.verbose, "More on stderr");
}

// Global flags may stand anywhere, also behind the verb.
void FallThrough(CLI::App& app) {
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    if (sub->get_group().empty()) continue;  // a verb of later versions takes whatever follows it
    sub->fallthrough();
    if (sub->get_footer() == kFooter) sub->footer("Global flags: klink --help");
    FallThrough(*sub);
  }
}

constexpr Duration kGoodbyeMost = 1s;  // for librdkafka's threads; the process then ends without them

// Passwords stand in this process's memory: it leaves none of it on a disk, and no process of the same user reads it.
void KeepMemoryPrivate() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace

Exit RunCommand(std::vector<std::string> arguments, Io io) {
  Context context{io, {}, {}};
  CLI::App app(kAbout, "klink");
  app.footer(kFooter);
  app.require_subcommand(1);
  AddGlobals(app, context.globals);
  AddRun(app, context);
  AddValidate(app, context);
  AddStatus(app, context);
  AddLink(app, context);
  AddMirror(app, context);
  AddPromote(app, context);
  AddReverse(app, context);
  AddCutover(app, context);
  AddVerify(app, context);
  AddOffsets(app, context);
  AddExplain(app, context);
  AddAcl(app, context);
  AddDiff(app, context);
  AddDrill(app, context);
  AddLag(app, context);
  AddCheck(app, context);
  AddConfig(app, context);
  AddAudit(app, context);
  AddCompletion(app, context);
  AddMan(app, context);
  AddVersion(app, context);
  AddLaterVerbs(app, context);
  FallThrough(app);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& e) {
    if (app.exit(e, io.out, io.err) == 0) return Exit::kOk;
    return app.got_subcommand("check") ? kCheckUsage : Exit::kUsage;
  }
  if (context.globals.verbose) {
    LogOptions everything;
    everything.level = Level::kDebug;
    SetLogOptions(everything);
  }
  return context.action();
}

int Main(int argc, char** argv) {
  KeepMemoryPrivate();
  LogOptions quiet;
  quiet.level = Level::kWarning;  // commands speak through their results; `run` and -v set their own
  SetLogOptions(quiet);
  Io io{std::cout, std::cerr, config::ProcessEnvironment(), isatty(STDOUT_FILENO) == 1};
  if (isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1) io.in = &std::cin;
  const Exit exit = RunCommand(std::vector<std::string>(argv + 1, argv + argc), io);
  std::cout.flush();
  std::cerr.flush();
  if (!admin::WaitUntilHandlesAreGone(kGoodbyeMost)) std::_Exit(static_cast<int>(exit));
  return static_cast<int>(exit);
}

}  // namespace klink::cli
