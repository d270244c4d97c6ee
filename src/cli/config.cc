// klink config init|show|schema|diff: a file to begin with, what is in force, what may stand in it, and whether the
// agent runs with it.
#include <cerrno>
#include <cstring>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/agent_client.h"
#include "cli/config_diff.h"
#include "cli/table.h"
#include "cli/yaml.h"
#include "config/example.h"
#include "config/reference.h"
#include "config/show.h"
#include "config/text.h"

namespace klink::cli {
namespace {

struct InitChoice {
  std::string file;
  config::ExampleBrokers brokers;
};

// A file that exists is never written over.
Status WriteNew(const std::string& file, std::string_view text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (fd < 0 && errno == EEXIST) return AlreadyExists("{} exists already; it is left as it is", file);
  if (fd < 0) return FailedPrecondition("{} cannot be written: {}", file, std::strerror(errno));
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (close(fd) == 0 && written) return absl::OkStatus();
  return FailedPrecondition("writing {}: {}", file, std::strerror(error));
}

Exit Init(const Context& context, const InitChoice& choice) {
  for (const std::string& brokers : {choice.brokers.source, choice.brokers.destination})
    if (const Status status = config::CheckEndpoints(brokers); !status.ok()) return context.Fail(status, Exit::kUsage);
  if (choice.brokers.source == choice.brokers.destination)
    return context.Fail(InvalidArgument("--source and --destination are the same brokers; a link needs two clusters"));
  const std::string text = config::ExampleYaml(choice.brokers);
  if (choice.file.empty()) {
    context.io.out << text;
    return Exit::kOk;
  }
  if (const Status written = WriteNew(choice.file, text); !written.ok()) return context.Fail(written);
  context.io.err << fmt::format("{}: written; klink validate -c {} --connect says what it still lacks\n", choice.file,
                                choice.file);
  return Exit::kOk;
}

// The agent's, with every default written out.
StatusOr<Json> Running(const Context& context, Exit& exit) {
  StatusOr<AgentClient> agent = AgentClient::Find(context, exit);
  if (!agent.ok()) return agent.status();
  StatusOr<Json> json = agent->Ask("/v1/config");
  if (!json.ok()) exit = context.Fail(json.status(), agent->ExitFor(json.status()));
  return json;
}

Exit Show(const Context& context, bool running) {
  if (running) {
    Exit exit = Exit::kOk;
    const StatusOr<Json> json = Running(context, exit);
    if (!json.ok()) return exit;
    context.io.out << (context.globals.output == Output::kJson ? PrettyJson(*json) : ToYaml(*json));
    return Exit::kOk;
  }
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  if (context.globals.output == Output::kJson) {
    context.Print(config::ToJson(*config));
  } else {
    context.io.out << config::ToYaml(*config);
  }
  return Exit::kOk;
}

Exit Schema(const Context& context) {
  const std::string schema = config::JsonSchema();
  if (context.globals.output != Output::kYaml) {
    context.io.out << schema;
    return Exit::kOk;
  }
  const StatusOr<Json> json = ParseJson(schema);
  if (!json.ok()) return context.Fail(Internal("the schema is no JSON: {}", Text(json.status())));
  context.Print(*json);
  return Exit::kOk;
}

// Of a value that is shown in a table: what is empty in it is left out, and a whole link or cluster is not spelt out.
Json Briefly(const Json& value) {
  if (value.is_array()) {
    JsonArray array;
    for (const Json& entry : value.get_array()) array.push_back(Briefly(entry));
    return array;
  }
  if (!value.is_object()) return value;
  JsonObject object;
  for (const auto& [key, part] : value.get_object())
    if (part != Json("")) object[key] = part;
  return object;
}

std::string ValueOf(const Json& value) {
  if (value.is_null()) return std::string(kUnknown);
  if (value.is_object()) return "all of it";
  return value.is_string() ? std::string(TextOf(value.get_string())) : CompactJson(Briefly(value));
}

std::string DiffText(const ConfigDiffView& view, bool color) {
  if (view.differences.empty()) return fmt::format("{}: the agent runs with it\n", view.file);
  Table table({{"Key"}, {"In the file"}, {"In force"}});
  for (const ConfigDifference& one : view.differences) table.Add({one.key, ValueOf(one.file), ValueOf(one.agent)});
  return fmt::format(
      "{}\nAn agent takes a changed file over by itself or on SIGHUP, as a whole; where it did not, its log says "
      "why.\n",
      table.ToText(color));
}

Exit Diff(const Context& context) {
  const StatusOr<config::Config> config = context.LoadConfig();
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  Exit exit = Exit::kOk;
  const StatusOr<Json> running = Running(context, exit);
  if (!running.ok()) return exit;
  ConfigDiffView view;
  view.file = context.ConfigPath();
  // As it comes over the wire: equal values are then of one type.
  const StatusOr<Json> file = ParseJson(CompactJson(config::ToJson(*config)));
  if (!file.ok()) return context.Fail(Internal("{}", Text(file.status())));
  view.differences = DiffConfigs(*file, *running);
  if (context.globals.output == Output::kHuman) {
    context.io.out << DiffText(view, context.color());
  } else {
    context.Print(ToJson(view));
  }
  return view.differences.empty() ? Exit::kOk : Exit::kFailed;
}

}  // namespace

void AddConfig(CLI::App& app, Context& context) {
  CLI::App* noun = app.add_subcommand("config", "The configuration: a file to begin with, and what is in force");
  noun->require_subcommand(1);
  CLI::App* init = noun->add_subcommand("init", "A commented file to begin with, which klink validate accepts");
  auto choice = std::make_shared<InitChoice>();
  init->add_option("FILE", choice->file, "Where to write it, unless it exists; else it is printed")->type_name("");
  init->add_option("--source", choice->brokers.source, "host:port of some brokers to copy from")->type_name("BROKERS");
  init->add_option("--destination", choice->brokers.destination, "host:port of some brokers to copy to")
      ->type_name("BROKERS");
  init->callback([&context, choice] { context.action = [&context, choice] { return Init(context, *choice); }; });

  CLI::App* show = noun->add_subcommand("show", "The file with every default written out; secrets by their references");
  auto running = std::make_shared<bool>(false);
  show->add_flag("--running", *running, "What the running agent has in force, in place of the file");
  show->callback([&context, running] { context.action = [&context, running] { return Show(context, *running); }; });

  noun->add_subcommand("schema", "JSON Schema of the file, for editors and other tools")->callback([&context] {
    context.action = [&context] { return Schema(context); };
  });
  noun->add_subcommand("diff", "Where the file differs from what the running agent has in force; exit 1 when it does")
      ->callback([&context] { context.action = [&context] { return Diff(context); }; });
}

}  // namespace klink::cli
