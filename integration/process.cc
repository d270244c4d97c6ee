#include "integration/process.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace klink::it {
namespace {

using Clock = std::chrono::steady_clock;
constexpr milliseconds kPoll(20);
constexpr milliseconds kKillPatience(10000);

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  std::stringstream path(Env("PATH", "/usr/bin:/bin"));
  for (std::string folder; std::getline(path, folder, ':');) {
    const std::string candidate = folder + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  throw std::runtime_error("no program called " + name);
}

std::vector<std::string> Environment(const Command& command) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!command.env.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : command.env) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int OpenForAppend(const fs::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  return fd;
}

// Everything is prepared before fork: between fork and exec only async-signal-safe calls are allowed, for librdkafka's
// threads may hold any lock.
pid_t Spawn(const Command& command, int out, int err) {
  const std::string program = FindProgram(command.argv.at(0));
  std::vector<std::string> argv = command.argv;
  std::vector<std::string> env = Environment(command);
  const std::vector<char*> argv_pointers = Pointers(argv);
  const std::vector<char*> env_pointers = Pointers(env);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error(fmt::format("fork: {}", std::strerror(errno)));
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // the parent died before the line above
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, 0);
  dup2(out, 1);
  dup2(err, 2);
  if (!command.directory.empty() && chdir(command.directory.c_str()) != 0) _exit(126);
  execve(program.c_str(), argv_pointers.data(), env_pointers.data());
  _exit(127);
}

}  // namespace

Process::Process(const Command& command, const fs::path& log) {
  const int fd = OpenForAppend(log);
  pid_ = Spawn(command, fd, fd);
  close(fd);
}

Process::~Process() {
  if (!Running()) return;
  kill(pid_, SIGKILL);  // ends a stopped process too
  Wait(kKillPatience);
}

bool Process::Running() { return !Wait(milliseconds(0)).has_value(); }

void Process::Signal(int signal) {
  if (Running()) kill(pid_, signal);
}

std::optional<int> Process::Wait(milliseconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  while (!exit_code_) {
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (Clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kPoll);
  }
  return exit_code_;
}

int Process::End(milliseconds patience) {
  Signal(SIGTERM);
  if (auto code = Wait(patience)) return *code;
  Signal(SIGKILL);
  return Wait(kKillPatience).value_or(-1);
}

Outcome RunToEnd(const Command& command, milliseconds limit) {
  TempDir dir("run");
  const int out = OpenForAppend(dir.path() / "out");
  const int err = OpenForAppend(dir.path() / "err");
  const pid_t pid = Spawn(command, out, err);
  close(out);
  close(err);
  Outcome outcome;
  int status = 0;
  const bool ended = Eventually(limit, [&] { return waitpid(pid, &status, WNOHANG) == pid; });
  if (!ended) {
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = ReadFile(dir.path() / "out");
  outcome.err = ReadFile(dir.path() / "err");
  return outcome;
}

TempDir::TempDir(const std::string& name) {
  std::string pattern = Env("TMPDIR", "/tmp") + "/klink-" + name + "-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a directory like " + pattern);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (keep_ || std::uncaught_exceptions() > 0) {
    fmt::print(stderr, "kept for a look: {}\n", path_.string());
  } else {
    fs::remove_all(path_, ignored);
  }
}

bool Eventually(milliseconds limit, const std::function<bool()>& condition) {
  const Clock::time_point deadline = Clock::now() + limit;
  for (;;) {
    if (condition()) return true;
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPoll);
  }
}

void Await(const std::string& what, milliseconds limit, const std::function<bool()>& condition) {
  if (Eventually(limit, condition)) return;
  throw std::runtime_error(fmt::format("waited {} ms in vain: {}", limit.count(), what));
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::string LastLines(const fs::path& path, int count) {
  const std::string text = ReadFile(path);
  size_t at = text.size();
  while (count-- >= 0 && at > 0 && at != std::string::npos) at = text.rfind('\n', at - 1);
  return at == std::string::npos ? text : text.substr(at);
}

int FreePort() {
  static std::mt19937 random{std::random_device{}()};
  static std::set<int> given;  // a broker of many listeners asks for all of them before it takes one
  std::uniform_int_distribution<int> port(11000, 31999);
  for (int attempt = 0; attempt < 200; ++attempt) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port(random)));
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(fd);
    if (free && given.insert(ntohs(address.sin_port)).second) return ntohs(address.sin_port);
  }
  throw std::runtime_error("no free port in 200 attempts");
}

std::string Env(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

}  // namespace klink::it
