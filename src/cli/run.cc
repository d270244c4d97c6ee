// klink run: the agent. One thread turns every link and the HTTP server; SIGTERM and SIGINT drain and end with 0 within
// ten seconds, a second one ends at once. SIGHUP, or a change of the file, takes a new configuration over: all of it,
// or none when anything in it is wrong. What runs is the file's links and those that were made over Kafka REST; either
// may change while the other stands.
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <unistd.h>

#include "base/log.h"
#include "base/version.h"
#include "cli/agent_file.h"
#include "cli/config_watch.h"
#include "cli/context.h"
#include "cli/link_reader.h"
#include "config/load.h"
#include "config/reload_plan.h"
#include "config/show.h"
#include "failover/kafka_definitions.h"
#include "failover/make.h"
#include "http/gate.h"
#include "http/routes.h"
#include "http/server.h"
#include "link/agent.h"
#include "link/definitions.h"

namespace klink::cli {
namespace {

constexpr Duration kDrainMost = 9s;  // then the process ends anyway; ten seconds are promised

Level LogLevelOf(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kTrace:
    case config::LogLevel::kDebug:
      return Level::kDebug;
    case config::LogLevel::kInfo:
      return Level::kInfo;
    case config::LogLevel::kWarn:
      return Level::kWarning;
    case config::LogLevel::kError:
      return Level::kError;
  }
  return Level::kInfo;
}

LogOptions LogOptionsOf(const Context& context, const config::Log& log) {
  LogOptions options;
  options.level = context.globals.verbose ? Level::kDebug : LogLevelOf(log.level);
  options.format = log.format == config::LogFormat::kJson ? LogFormat::kJson : LogFormat::kLogfmt;
  return options;
}

// Ends the process when draining takes too long, even if the executor's thread is stuck in a library. It has a thread
// of its own for that reason.
class DrainLimit {
 public:
  explicit DrainLimit(std::string data_dir) : data_dir_(std::move(data_dir)) {}
  void Begin() {
    thread_ = std::jthread([this](std::stop_token stop) {
      std::unique_lock lock(mutex_);
      ended_.wait_for(lock, stop, kDrainMost, [] { return false; });
      if (stop.stop_requested()) return;
      Log(Level::kWarning, Event::kDrainTimedOut, "work in flight did not end in time");
      RemoveAgentFile(data_dir_);
      std::_Exit(static_cast<int>(Exit::kOk));
    });
  }

 private:
  std::string data_dir_;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;  // stopped and joined when the drain ended in time
};

class Runner {
 public:
  Runner(const Context& context, config::Config config, std::string text)
      : context_(context),
        file_(std::move(config)),
        config_(file_),
        signals_(io_, SIGTERM, SIGINT, SIGHUP),
        drain_limit_(config_.agent.data_dir),
        agent_(config_, io_.get_executor(), &metrics_),
        definitions_(io_.get_executor(), clock_, MakeDefinitions(), file_),
        reader_([this]() -> const config::Config& { return config_; }),
        readings_(io_.get_executor(), clock_, reader_),
        text_(std::move(text)) {}

  Exit Run();

 private:
  Status Listen();
  StatusOr<http::Access> OpenAccess() const;
  Status OpenAudit();
  link::AgentOptions Options() const;
  Async<void> WatchSignals();
  Async<void> WatchFile();
  std::unique_ptr<link::DefinitionPort> MakeDefinitions();
  Async<void> WatchDefinitions();
  Async<void> ReloadLoop();
  Async<void> Reload();
  Async<void> FollowDefinitions();
  // A new file, and what it makes together with the definitions.
  struct Next {
    config::Config file, merged;
    config::ReloadPlan plan;
  };
  StatusOr<Next> CheckNext() const;
  Async<void> TellReload(const config::ReloadPlan& plan, std::string from);
  Async<void> Shutdown();

  const Context& context_;
  config::Config file_;
  config::Config config_;  // in force: the file's, and the links made over Kafka REST
  asio::io_context io_{1};
  asio::signal_set signals_;
  DrainLimit drain_limit_;
  SystemClock clock_;
  Metrics metrics_;
  Gauge config_loaded_;
  link::Agent agent_;
  link::Definitions definitions_;
  AgentLinkReader reader_;
  http::Readings readings_;
  std::shared_ptr<http::AuditLog> audit_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<ConfigWatch> watch_;
  std::string text_;  // of the file as it was last read
  bool reload_asked_ = false;
  bool definitions_changed_ = false;
  bool reload_anyway_ = false;  // by SIGHUP: also when the file's text is the same, as what it refers to may not be
  Signal reload_due_{io_.get_executor()};
  Exit exit_ = Exit::kOk;
  bool stopping_ = false;
};

StatusOr<http::Access> Runner::OpenAccess() const {
  const std::string& file = config_.agent.http.auth.tokens_file;
  if (!file.empty()) return http::Access::Open(context_.FileOfConfig(file));
  Log(Level::kWarning, Event::kHttpOpen,
      "everybody on this machine may change links: set agent.http.auth.tokens_file to ask who calls");
  return http::Access();
}

Status Runner::OpenAudit() {
  const config::Audit& audit = config_.agent.audit;
  if (audit.file.empty()) return absl::OkStatus();
  state::AuditFile::Options options;
  options.path = (std::filesystem::path(config_.agent.data_dir) / audit.file).string();
  options.agent = config_.agent.id;
  TRY(auto file, state::AuditFile::Open(io_.get_executor(), std::move(options)));
  std::unique_ptr<http::AuditTopics> topics;
  if (audit.topic) topics = std::make_unique<http::AuditTopics>(io_.get_executor(), config_);
  audit_ = std::make_shared<http::AuditLog>(std::move(file), audit.on_failure, metrics_, clock_, std::move(topics));
  Detach(io_.get_executor(), audit_->Started(std::string(kVersion)));
  return absl::OkStatus();
}

Status Runner::Listen() {
  const config::Http& http = config_.agent.http;
  http::GateParts parts;
  TRY(parts.access, OpenAccess());
  RETURN_IF_ERROR(OpenAudit());
  parts.audit = audit_;
  http::ShowConfig show = [this] { return config::ToJson(config_); };
  const auto detail = config_.agent.metrics.per_partition ? http::Detail::kPartitions : http::Detail::kTopics;
  http::RestParts rest;
  rest.config = [this]() -> const config::Config& { return config_; };
  rest.made = &definitions_;
  rest.dropper = &agent_;
  http::Router routes =
      http::MakeRoutes(agent_, metrics_, audit_, std::move(show), detail, std::move(rest), &readings_);
  http::Service service = http::Guard(std::move(routes), std::move(parts), clock_);
  http::ServerOptions options;
  if (!http.tls.cert.empty()) {
    http::TlsPaths paths{context_.FileOfConfig(http.tls.cert), context_.FileOfConfig(http.tls.key), ""};
    if (!http.tls.client_ca.empty()) paths.client_ca = context_.FileOfConfig(http.tls.client_ca);
    TRY(options.tls, http::TlsFiles::Open(std::move(paths)));
  }
  TRY(server_, http::Server::Listen(io_.get_executor(), http.listen.host, http.listen.port, std::move(service),
                                    metrics_, std::move(options)));
  AgentFile file;
  file.url = (http.tls.cert.empty() ? "http://" : "https://") + server_->address();
  file.pid = getpid();
  file.id = config_.agent.id;
  return WriteAgentFile(config_.agent.data_dir, file);
}

Exit Runner::Run() {
  if (const Status listening = Listen(); !listening.ok()) return context_.Fail(listening, Exit::kConfiguration);
  config_loaded_ = metrics_.Get(metric::kConfigLastReloadSuccessful);
  config_loaded_.Set(1);
  server_->Start();
  Log(Level::kInfo, Event::kAgentStarted, "klink runs",
      {{"listen", server_->address()},
       {"id", config_.agent.id},
       {"version", kVersion},
       {"links", config_.links.size()},
       {"config", context_.ConfigPath()},
       {"pid", getpid()}});
  Detach(io_.get_executor(), WatchSignals());
  Detach(io_.get_executor(), WatchFile());
  Detach(io_.get_executor(), WatchDefinitions());
  Detach(io_.get_executor(), ReloadLoop());
  if (const Status started = agent_.Start(Options()); !started.ok()) {
    Log(Level::kError, Event::kAgentFailed, "the agent cannot start", {{"error", Text(started)}});
    exit_ = Exit::kConfiguration;
    Detach(io_.get_executor(), Shutdown());
  }
  definitions_.Start();
  io_.run();
  RemoveAgentFile(config_.agent.data_dir);
  Log(Level::kInfo, Event::kAgentStopped, "klink ended", {{"id", config_.agent.id}});
  FlushRepeatedLogLines();
  return exit_;
}

Async<void> Runner::WatchSignals() {
  for (;;) {
    auto [ec, signal] = co_await signals_.async_wait(kAsTuple);
    if (ec) co_return;
    if (signal == SIGHUP) {
      reload_anyway_ = reload_asked_ = true;
      reload_due_.NotifyAll();
    } else if (stopping_) {
      RemoveAgentFile(config_.agent.data_dir);
      std::_Exit(static_cast<int>(Exit::kFailed));
    } else {
      Detach(io_.get_executor(), Shutdown());
    }
  }
}

// The hold of topics.delete: mirror is a day; tests cannot wait for it.
link::AgentOptions Runner::Options() const {
  link::AgentOptions options;
  options.auditor = audit_.get();
  options.promoters = failover::Promoters();
  if (const auto hold = context_.io.env("KLINK_TEST_DELETE_HOLD"))
    options.delete_hold = config::ParseDuration(*hold).value_or(options.delete_hold);
  return options;
}

Async<void> Runner::WatchFile() {
  auto watch = ConfigWatch::Open(io_.get_executor(), clock_, context_.ConfigPath());
  Status ended = watch.status();
  if (ended.ok()) watch_ = *std::move(watch);
  while (ended.ok()) {
    ended = co_await watch_->Changed();
    reload_asked_ = true;
    reload_due_.NotifyAll();
  }
  if (!stopping_)
    Log(Level::kWarning, Event::kConfigReload, "changes of the file are not noticed any more: send SIGHUP",
        {{"error", Text(ended)}});
}

Async<void> Runner::ReloadLoop() {
  while (!stopping_) {
    if (!reload_asked_ && !definitions_changed_ && !(co_await reload_due_.Wait()).ok()) co_return;
    if (std::exchange(reload_asked_, false) && !stopping_) co_await Reload();
    if (std::exchange(definitions_changed_, false) && !stopping_) co_await FollowDefinitions();
  }
}

std::unique_ptr<link::DefinitionPort> Runner::MakeDefinitions() {
  return std::make_unique<failover::KafkaDefinitions>(io_.get_executor(), clock_,
                                                      [this]() -> const config::Config& { return file_; });
}

Async<void> Runner::WatchDefinitions() {
  while (!stopping_ && (co_await definitions_.changed().Wait()).ok()) {
    definitions_changed_ = true;
    reload_due_.NotifyAll();
  }
}

// Only links come and go by it.
Async<void> Runner::FollowDefinitions() {
  const int64_t version = definitions_.version();
  link::MergedConfig merged = definitions_.Merged(file_);
  StatusOr<config::ReloadPlan> plan = config::PlanReload(config_, merged.config);
  if (plan.ok() && !plan->empty()) {
    config_ = merged.config;
    const std::string changed = config::SummaryOf(*plan);
    Log(Level::kInfo, Event::kConfigReload,
        fmt::format("links made over Kafka REST are followed; changed: {}", changed));
    if (audit_ != nullptr) co_await TellReload(*plan, "links made over Kafka REST");
    co_await agent_.Follow(std::move(merged.config), *std::move(plan));
  }
  definitions_.Followed(version);
}

StatusOr<Runner::Next> Runner::CheckNext() const {
  Next next;
  TRY(next.file, config::LoadText(text_, context_.ConfigPath(), context_.io.env));
  next.merged = definitions_.Merged(next.file).config;
  TRY(next.plan, config::PlanReload(config_, next.merged));
  return next;
}

// Everything that can be wrong is found before anything is changed.
Async<void> Runner::Reload() {
  const StatusOr<std::string> text = config::ReadConfigFile(context_.ConfigPath());
  if (!std::exchange(reload_anyway_, false) && text.ok() && *text == text_) co_return;  // another file's change
  text_ = text.value_or("");
  StatusOr<Next> checked = text.ok() ? CheckNext() : text.status();
  config_loaded_.Set(checked.ok() ? 1 : 0);
  if (!checked.ok()) {
    // In the message, as each is told: lines that differ in fields alone are counted.
    Log(Level::kError, Event::kConfigReload,
        fmt::format("the configuration in force stays, the new one is not taken over: {}", Text(checked.status())),
        {{"config", context_.ConfigPath()}});
    co_return;
  }
  for (const config::Finding& finding : config::Load(text_, context_.ConfigPath(), context_.io.env).findings)
    Log(Level::kWarning, Event::kConfigFinding, config::ToString(finding));
  file_ = std::move(checked->file);
  config_ = checked->merged;
  definitions_.Follow(file_);
  const config::ReloadPlan& plan = checked->plan;
  Log(Level::kInfo, Event::kConfigReload,
      fmt::format("the new configuration is taken over; changed: {}", config::SummaryOf(plan)),
      {{"config", context_.ConfigPath()}});
  if (plan.log) SetLogOptions(LogOptionsOf(context_, config_.agent.log));
  if (audit_ != nullptr && !plan.empty()) co_await TellReload(plan, context_.ConfigPath());
  co_await agent_.Follow(std::move(checked->merged), std::move(checked->plan));
}

Async<void> Runner::TellReload(const config::ReloadPlan& plan, std::string from) {
  audit_->Follow(config_);
  state::AuditEvent event;
  event.type = "klink.config.reloaded";
  event.data["action"] = "config.reload";
  event.data["from"] = from;
  event.data["changed"] = config::SummaryOf(plan);
  co_await audit_->Told(std::move(event));
}

Async<void> Runner::Shutdown() {
  if (std::exchange(stopping_, true)) co_return;
  Log(Level::kInfo, Event::kAgentStopping, "draining", {{"id", config_.agent.id}});
  drain_limit_.Begin();
  reload_due_.NotifyAll();
  definitions_.changed().NotifyAll();
  co_await definitions_.Stop();
  co_await readings_.Close();
  co_await agent_.Stop();
  co_await server_->Stop();
  if (audit_ != nullptr) co_await audit_->Close();
  io_.stop();
}

Exit RunAgent(const Context& context) {
  const std::string path = context.ConfigPath();
  const StatusOr<std::string> text = config::ReadConfigFile(path);
  if (!text.ok()) return context.Fail(text.status(), Exit::kConfiguration);
  StatusOr<config::Config> config = config::LoadText(*text, path, context.io.env);
  if (!config.ok()) return context.Fail(config.status(), Exit::kConfiguration);
  SetLogOptions(LogOptionsOf(context, config->agent.log));
  for (const config::Finding& finding : config::Load(*text, path, context.io.env).findings) {
    Log(Level::kWarning, Event::kConfigFinding, config::ToString(finding));
  }
  const StatusOr<DataDir> data_dir = DataDir::Open(config->agent.data_dir);
  if (!data_dir.ok()) return context.Fail(data_dir.status(), Exit::kConfiguration);
  std::signal(SIGPIPE, SIG_IGN);  // a closed stderr or socket is an error value, not the end
  Runner runner(context, *std::move(config), *text);
  return runner.Run();
}

}  // namespace

void AddRun(CLI::App& app, Context& context) {
  CLI::App* verb = app.add_subcommand("run", "Run the agent: mirror every link of the configuration");
  verb->callback([&context] { context.action = [&context] { return RunAgent(context); }; });
}

}  // namespace klink::cli
