// Real Kafka clusters for tests: KRaft in combined mode, one or three brokers, on free loopback ports in a temporary
// directory, from the jars under $KLINK_KAFKA_JARS/VERSION. A broker keeps its port and its data over Kill and Restart.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integration/process.h"
#include "integration/proxy.h"

namespace klink::it {

// A door of every broker beside the plain one that the harness itself uses.
struct Listener {
  std::string name;                                    // upper case
  std::string protocol;                                // SSL, SASL_PLAINTEXT, SASL_SSL
  std::map<std::string, std::string> properties = {};  // without the prefix listener.name.NAME.
};

struct ClusterOptions {
  std::string name = "cluster";
  int brokers = 1;
  std::string version = Env("KLINK_KAFKA_VERSION", "4.3.0");
  std::map<std::string, std::string> properties = {};  // override the harness's own
  std::string heap = "512m";
  std::vector<std::string> jvm = {};  // further options; they override
  bool proxied = false;               // clients reach the brokers through a Proxy each
  bool racks = false;                 // broker N stands in rack-N, and consumers are sent to their rack (KIP-392)
  std::vector<Listener> listeners = {};
  std::vector<std::string> format = {};  // further arguments of Kafka's format, e.g. --add-scram …
};

class Cluster {
 public:
  // Launches the brokers and returns at once; AwaitReady() waits for them, so that a pair starts side by side.
  explicit Cluster(ClusterOptions options);
  ~Cluster();
  Cluster(Cluster&&) = delete;

  void AwaitReady();

  const std::string& bootstrap() const { return bootstrap_; }
  std::string bootstrap(const std::string& listener) const;
  const std::string& version() const { return options_.version; }
  int brokers() const { return options_.brokers; }
  int port(int broker) const { return brokers_.at(broker)->port; }
  pid_t pid(int broker) const { return brokers_.at(broker)->process->pid(); }
  fs::path DataDir(int broker) const;
  fs::path LogFile(int broker) const;

  // Brokers are numbered from 0.
  void Kill(int broker);      // SIGKILL
  void Freeze(int broker);    // SIGSTOP
  void Thaw(int broker);      // SIGCONT
  void Shutdown(int broker);  // SIGTERM and wait
  void Restart(int broker);   // killed if it runs; ready afterwards
  void Launch(int broker);    // Restart without waiting

  Proxy& proxy(int broker) { return *brokers_.at(broker)->proxy; }

  // Runs one of Kafka's own command-line tools.
  Outcome Tool(const std::string& java_class, const std::vector<std::string>& arguments,
               milliseconds limit = seconds(120));
  // Keeps logs and data after the end.
  void KeepFiles() { dir_.Keep(); }

 private:
  struct Broker {
    int port = 0;         // what clients use
    int listen_port = 0;  // another one behind a proxy
    int controller_port = 0;
    std::map<std::string, int> ports;  // of the further listeners
    std::unique_ptr<Proxy> proxy;
    std::unique_ptr<Process> process;
    size_t log_at_launch = 0;
  };

  std::string Voters() const;
  std::string Properties(int broker) const;
  void AddListeners(const Broker& broker, std::map<std::string, std::string>& all) const;
  void Format();
  void AwaitStarted(int broker);

  ClusterOptions options_;
  TempDir dir_;
  std::vector<std::unique_ptr<Broker>> brokers_;
  std::string bootstrap_;
};

// Two clusters started side by side.
struct ClusterPair {
  ClusterPair(ClusterOptions source, ClusterOptions destination);
  ClusterPair();
  Cluster source;
  Cluster destination;
};

// java with a version's jars: what a tool or a broker is started with.
Command Java(const std::string& version, const std::string& java_class, const std::vector<std::string>& options,
             const std::vector<std::string>& arguments);
// The JVM option that makes that version's logging write `level` and above to standard output.
std::string LoggingOption(const std::string& version, const fs::path& dir, const std::string& level);

}  // namespace klink::it
