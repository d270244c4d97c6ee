#include "integration/agent.h"

#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

namespace klink::it {
namespace {

constexpr seconds kStartLimit(30);
constexpr seconds kDrainLimit(15);  // SIGTERM promises 10
constexpr int kSocketLimitSeconds = 5;

void SendAll(int fd, const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const ssize_t sent = send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += static_cast<size_t>(sent);
  }
}

std::string Further(const std::string& keys) { return keys.empty() ? "" : ", " + keys; }

}  // namespace

std::string KlinkBinary() {
  const std::string path = Env("KLINK_BINARY", "build/release/klink");
  if (!fs::exists(path)) throw std::runtime_error("no klink at " + path + ": set KLINK_BINARY");
  return fs::absolute(path).string();
}

std::string Yaml(const LinkFile& file, const fs::path& data_dir, int port) {
  return fmt::format(R"(agent:
  id: {id}
  data_dir: {data}
  memory: {memory}
  http: {{listen: "127.0.0.1:{port}"{http}}}
clusters:
  paris: {{bootstrap.servers: "{source}"{source_security}}}
  lyon: {{bootstrap.servers: "{destination}"{destination_security}}}
links:
  - name: {link}
    source: paris
    destination: lyon
    topics:
      include: [{include}]
      refresh: 1s
{extra_topics}{extra_link})",
                     fmt::arg("id", file.agent_id), fmt::arg("data", data_dir.string()),
                     fmt::arg("memory", file.memory), fmt::arg("port", port), fmt::arg("source", file.source),
                     fmt::arg("destination", file.destination), fmt::arg("link", file.link),
                     fmt::arg("include", file.include), fmt::arg("source_security", Further(file.source_security)),
                     fmt::arg("destination_security", Further(file.destination_security)),
                     fmt::arg("http", Further(file.extra_http)),
                     fmt::arg("extra_topics", file.extra_topics.empty() ? "" : "      " + file.extra_topics + "\n"),
                     fmt::arg("extra_link", file.extra_link.empty() ? "" : "    " + file.extra_link + "\n"));
}

Agent::Agent(LinkFile file, const std::string& name) : dir_(name), file_(std::move(file)), port_(FreePort()) {
  SetFile(file_);
}

Agent::~Agent() {
  if (process_) process_->Signal(SIGKILL);
}

void Agent::SetFile(const LinkFile& file) {
  file_ = file;
  WriteFile(config(), Yaml(file_, data_dir(), port_));
}

void Agent::Launch() {
  process_ = std::make_unique<Process>(Command{{KlinkBinary(), "run", "-c", config().string()}}, log());
}

void Agent::Start() {
  Launch();
  const bool answered =
      Eventually(kStartLimit, [&] { return !process_->Running() || GetStatus("/livez").value_or(0) == 200; });
  if (answered && process_->Running()) return;
  KeepFiles();
  throw std::runtime_error("klink did not start; the end of its log:\n" + LastLines(log(), 20));
}

void Agent::Kill() {
  process_->Signal(SIGKILL);
  process_->Wait(kDrainLimit);
}

void Agent::Freeze() { process_->Signal(SIGSTOP); }
void Agent::Thaw() { process_->Signal(SIGCONT); }
int Agent::Terminate() { return process_->End(kDrainLimit); }

void Agent::Restart() {
  Kill();
  Start();
}

Outcome Agent::Cli(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), KlinkBinary());
  arguments.insert(arguments.end(), {"-c", config().string(), "--url", url()});
  return RunToEnd({arguments});
}

std::optional<std::string> Agent::Get(const std::string& path) const {
  const auto answer = HttpGet(port_, path);
  if (!answer || answer->status != 200) return std::nullopt;
  return answer->body;
}

std::optional<int> Agent::GetStatus(const std::string& path) const {
  const auto answer = HttpGet(port_, path);
  return answer ? std::optional(answer->status) : std::nullopt;
}

std::optional<HttpAnswer> HttpGet(int port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{.tv_sec = kSocketLimitSeconds, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  std::string text;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    SendAll(fd, fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path));
    char part[16384];
    for (ssize_t got = 0; (got = recv(fd, part, sizeof part, 0)) > 0;) text.append(part, static_cast<size_t>(got));
  }
  close(fd);
  const size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos || text.size() < 12) return std::nullopt;
  return HttpAnswer{.status = std::atoi(text.c_str() + 9), .body = text.substr(head + 4)};
}

std::optional<double> Sample(const std::string& metrics, const std::string& series) {
  size_t at = 0;
  while ((at = metrics.find(series + " ", at)) != std::string::npos) {
    if (at == 0 || metrics[at - 1] == '\n') return std::strtod(metrics.c_str() + at + series.size(), nullptr);
    ++at;
  }
  return std::nullopt;
}

}  // namespace klink::it
