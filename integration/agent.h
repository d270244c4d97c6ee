// klink as its users have it: a YAML file, a process, the command line and HTTP. The program is $KLINK_BINARY.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integration/cluster.h"

namespace klink::it {

// The operator's file, as far as tests vary it; everything else stands at its default.
struct LinkFile {
  std::string link = "paris-to-lyon";
  std::string source;  // bootstrap.servers
  std::string destination;
  std::string include = "{prefix: t-}";  // the inner part of the list
  std::string extra_topics;              // further lines under `topics:`, e.g. "start: latest"
  std::string extra_link;                // further lines of the link
  std::string memory = "64MiB";
  std::string agent_id = "agent-1";
  std::string source_security;  // further keys of the cluster, e.g. "security.protocol: SSL, ssl.ca.location: …"
  std::string destination_security;
  std::string extra_http;  // further keys of `http:`, e.g. "rest: {status_names: compat}"
};

class Agent {
 public:
  explicit Agent(LinkFile file, const std::string& name = "agent");
  ~Agent();
  Agent(Agent&&) = delete;

  void Start();     // launches and waits until HTTP answers
  void Launch();    // launches alone
  void Kill();      // SIGKILL
  void Freeze();    // SIGSTOP
  void Thaw();      // SIGCONT
  int Terminate();  // SIGTERM; the exit code
  void Restart();   // Kill and Start
  bool Running() { return process_ && process_->Running(); }
  std::optional<int> Wait(milliseconds limit) { return process_->Wait(limit); }
  pid_t pid() const { return process_->pid(); }

  // `klink ARGS… -c FILE --url URL`
  Outcome Cli(std::vector<std::string> arguments) const;
  // The body of GET path, or nothing when nobody answers with 200.
  std::optional<std::string> Get(const std::string& path) const;
  std::optional<int> GetStatus(const std::string& path) const;

  const std::string& link() const { return file_.link; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  const fs::path& dir() const { return dir_.path(); }
  fs::path config() const { return dir_.path() / "klink.yaml"; }
  fs::path data_dir() const { return dir_.path() / "data"; }
  fs::path log() const { return dir_.path() / "klink.log"; }
  std::string LogText() const { return ReadFile(log()); }
  void SetFile(const LinkFile& file);  // for the next start
  void KeepFiles() { dir_.Keep(); }

 private:
  TempDir dir_;
  LinkFile file_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
};

std::string Yaml(const LinkFile& file, const fs::path& data_dir, int port);
std::string KlinkBinary();

struct HttpAnswer {
  int status = 0;
  std::string body;
};
std::optional<HttpAnswer> HttpGet(int port, const std::string& path);
// The value of one sample in a Prometheus text, or nothing. `series`: the name with its labels as printed.
std::optional<double> Sample(const std::string& metrics, const std::string& series);

}  // namespace klink::it
