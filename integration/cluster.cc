#include "integration/cluster.h"

#include <algorithm>
#include <cctype>
#include <random>
#include <stdexcept>

#include <fmt/format.h>
#include <signal.h>

namespace klink::it {
namespace {

constexpr seconds kStartLimit(90);  // a cold machine with two cores starting six brokers
constexpr seconds kShutdownLimit(30);
const char kStartedLine[] = "Kafka Server started";

bool Is3(const std::string& version) { return version.starts_with("3."); }

std::string JarFolder(const std::string& version) {
  const std::string root = Env("KLINK_KAFKA_JARS", Env("XDG_CACHE_HOME", Env("HOME", "") + "/.cache") + "/klink/jars");
  const fs::path folder = fs::path(root) / version;
  if (!fs::exists(folder)) {
    throw std::runtime_error(fmt::format("no Kafka jars in {}: './x test integration' fetches them", folder.string()));
  }
  return folder.string();
}

std::string RandomClusterId() {
  static const char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string id(21, 'A');
  for (char& c : id) c = kAlphabet[random() % (sizeof kAlphabet - 1)];
  return id + "A";  // 22 characters of base64 are 132 bits; the last one carries only the two highest of its six
}

}  // namespace

std::string LoggingOption(const std::string& version, const fs::path& dir, const std::string& level) {
  const fs::path file = dir / ("logging-" + level + ".properties");
  if (Is3(version)) {
    WriteFile(file, fmt::format(R"(log4j.rootLogger={}, C
log4j.logger.kafka.server.KafkaRaftServer=INFO
log4j.appender.C=org.apache.log4j.ConsoleAppender
log4j.appender.C.layout=org.apache.log4j.PatternLayout
log4j.appender.C.layout.ConversionPattern=[%d] %p %m (%c)%n
)",
                                level));
    return "-Dlog4j.configuration=file:" + file.string();
  }
  WriteFile(file, fmt::format(R"(appender.c.type=Console
appender.c.name=c
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=[%d] %p %m (%c)%n
rootLogger.appenderRef.c.ref=c
rootLogger.level={}
logger.started.name=kafka.server.KafkaRaftServer
logger.started.level=INFO
)",
                              level));
  return "-Dlog4j2.configurationFile=" + file.string();
}

Command Java(const std::string& version, const std::string& java_class, const std::vector<std::string>& options,
             const std::vector<std::string>& arguments) {
  // The first compiler alone and the serial collector: a broker of a test lives for a minute and shares two cores.
  Command command{{"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"}};
  auto& argv = command.argv;
  argv.insert(argv.end(), options.begin(), options.end());
  argv.insert(argv.end(), {"-cp", JarFolder(version) + "/*", java_class});
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return command;
}

Cluster::Cluster(ClusterOptions options) : options_(std::move(options)), dir_("kafka-" + options_.name) {
  for (int i = 0; i < options_.brokers; ++i) {
    auto broker = std::make_unique<Broker>();
    broker->port = FreePort();
    broker->listen_port = options_.proxied ? FreePort() : broker->port;
    if (options_.proxied) broker->proxy = std::make_unique<Proxy>(broker->port);
    if (options_.proxied) broker->proxy->SetTarget(broker->listen_port);
    broker->controller_port = FreePort();
    for (const Listener& listener : options_.listeners) broker->ports[listener.name] = FreePort();
    bootstrap_ += fmt::format("{}127.0.0.1:{}", i == 0 ? "" : ",", broker->port);
    brokers_.push_back(std::move(broker));
  }
  for (int i = 0; i < options_.brokers; ++i) WriteFile(dir_.path() / fmt::format("b{}.properties", i), Properties(i));
  Format();
  for (int i = 0; i < options_.brokers; ++i) Launch(i);
}

Cluster::~Cluster() {
  for (auto& broker : brokers_) {
    if (broker->process) broker->process->Signal(SIGKILL);
  }
}

fs::path Cluster::DataDir(int broker) const { return dir_.path() / fmt::format("data{}", broker); }
fs::path Cluster::LogFile(int broker) const { return dir_.path() / fmt::format("b{}.log", broker); }

std::string Cluster::Voters() const {
  std::string voters;
  for (size_t i = 0; i < brokers_.size(); ++i) {
    voters += fmt::format("{}{}@127.0.0.1:{}", i == 0 ? "" : ",", i + 1, brokers_[i]->controller_port);
  }
  return voters;
}

std::string Cluster::Properties(int i) const {
  const Broker& broker = *brokers_.at(i);
  const int replicas = options_.brokers >= 3 ? 3 : 1;
  const std::string listener = fmt::format("PLAINTEXT://127.0.0.1:{}", broker.listen_port);
  std::map<std::string, std::string> all = {
      {"process.roles", "broker,controller"},
      {"node.id", std::to_string(i + 1)},
      {"controller.quorum.voters", Voters()},
      {"listeners", fmt::format("{},CONTROLLER://127.0.0.1:{}", listener, broker.controller_port)},
      {"advertised.listeners", fmt::format("PLAINTEXT://127.0.0.1:{}", broker.port)},
      {"controller.listener.names", "CONTROLLER"},
      {"listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"},
      {"log.dirs", DataDir(i).string()},
      {"offsets.topic.replication.factor", std::to_string(replicas)},
      {"offsets.topic.num.partitions", "4"},
      {"transaction.state.log.replication.factor", std::to_string(replicas)},
      {"transaction.state.log.min.isr", replicas > 1 ? "2" : "1"},
      {"transaction.state.log.num.partitions", "4"},
      {"group.initial.rebalance.delay.ms", "0"},
      {"auto.create.topics.enable", "false"},
      {"broker.session.timeout.ms", "3000"},  // a killed broker may register again after this
      {"broker.heartbeat.interval.ms", "500"},
      {"num.network.threads", "2"},
      {"num.io.threads", "4"},
      {"num.recovery.threads.per.data.dir", "2"},
      {"log.cleaner.threads", "1"},
      {"log.cleaner.backoff.ms", "300"},
      {"log.cleaner.dedupe.buffer.size", "16777216"},
  };
  if (!Is3(options_.version)) {
    all["share.coordinator.state.topic.replication.factor"] = std::to_string(replicas);
    all["share.coordinator.state.topic.min.isr"] = "1";
  }
  if (options_.racks) {
    all["broker.rack"] = fmt::format("rack-{}", i);
    all["replica.selector.class"] = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
  }
  AddListeners(broker, all);
  for (const auto& [key, value] : options_.properties) all[key] = value;
  std::string text;
  for (const auto& [key, value] : all) text += key + "=" + value + "\n";
  return text;
}

void Cluster::AddListeners(const Broker& broker, std::map<std::string, std::string>& all) const {
  for (const Listener& listener : options_.listeners) {
    const std::string address = fmt::format(",{}://127.0.0.1:{}", listener.name, broker.ports.at(listener.name));
    all["listeners"] += address;
    all["advertised.listeners"] += address;
    all["listener.security.protocol.map"] += fmt::format(",{}:{}", listener.name, listener.protocol);
    std::string prefix = fmt::format("listener.name.{}.", listener.name);
    std::transform(prefix.begin(), prefix.end(), prefix.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const auto& [key, value] : listener.properties) all[prefix + key] = value;
  }
}

std::string Cluster::bootstrap(const std::string& listener) const {
  std::string all;
  for (const auto& broker : brokers_) {
    all += fmt::format("{}127.0.0.1:{}", all.empty() ? "" : ",", broker->ports.at(listener));
  }
  return all;
}

void Cluster::Format() {
  const std::string id = RandomClusterId();
  const std::string logging = LoggingOption(options_.version, dir_.path(), "WARN");
  for (int i = 0; i < options_.brokers; ++i) {
    const fs::path file = dir_.path() / fmt::format("b{}.properties", i);
    std::vector<std::string> arguments = {"format", "-t", id, "-c", file.string()};
    arguments.insert(arguments.end(), options_.format.begin(), options_.format.end());
    const Command format = Java(options_.version, "kafka.tools.StorageTool", {"-Xmx128m", logging}, arguments);
    const Outcome outcome = RunToEnd(format);
    if (outcome.exit_code != 0) throw std::runtime_error("Kafka's format failed: " + outcome.out + outcome.err);
  }
}

void Cluster::Launch(int i) {
  Broker& broker = *brokers_.at(i);
  const fs::path log = LogFile(i);
  broker.log_at_launch = fs::exists(log) ? fs::file_size(log) : 0;
  std::vector<std::string> options = {"-Xms256m", "-Xmx" + options_.heap,
                                      LoggingOption(options_.version, dir_.path(), "WARN"),
                                      "-Dkafka.logs.dir=" + dir_.path().string()};
  options.insert(options.end(), options_.jvm.begin(), options_.jvm.end());
  const std::string properties = (dir_.path() / fmt::format("b{}.properties", i)).string();
  broker.process = std::make_unique<Process>(Java(options_.version, "kafka.Kafka", options, {properties}), log);
}

void Cluster::AwaitReady() {
  for (int i = 0; i < options_.brokers; ++i) AwaitStarted(i);
}

void Cluster::AwaitStarted(int i) {
  Broker& broker = *brokers_.at(i);
  const bool started = Eventually(kStartLimit, [&] {
    if (!broker.process->Running()) return true;
    return ReadFile(LogFile(i)).find(kStartedLine, broker.log_at_launch) != std::string::npos;
  });
  if (started && broker.process->Running()) return;
  dir_.Keep();
  throw std::runtime_error(fmt::format("broker {} of {} did not start; the end of its log:\n{}", i, options_.name,
                                       LastLines(LogFile(i), 20)));
}

void Cluster::Kill(int i) {
  Process& process = *brokers_.at(i)->process;
  process.Signal(SIGKILL);
  process.Wait(kShutdownLimit);
}

void Cluster::Freeze(int i) { brokers_.at(i)->process->Signal(SIGSTOP); }
void Cluster::Thaw(int i) { brokers_.at(i)->process->Signal(SIGCONT); }
void Cluster::Shutdown(int i) { brokers_.at(i)->process->End(kShutdownLimit); }

void Cluster::Restart(int i) {
  Kill(i);
  Launch(i);
  AwaitStarted(i);
}

Outcome Cluster::Tool(const std::string& java_class, const std::vector<std::string>& arguments, milliseconds limit) {
  const std::string logging = LoggingOption(options_.version, dir_.path(), "ERROR");
  return RunToEnd(Java(options_.version, java_class, {"-Xmx256m", logging}, arguments), limit);
}

ClusterPair::ClusterPair(ClusterOptions source_options, ClusterOptions destination_options)
    : source(std::move(source_options)), destination(std::move(destination_options)) {
  source.AwaitReady();
  destination.AwaitReady();
}

ClusterPair::ClusterPair() : ClusterPair({.name = "source"}, {.name = "destination"}) {}

}  // namespace klink::it
