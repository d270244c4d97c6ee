// Child processes of a test: brokers, agents, command-line tools. Each ends with its owner, by its own pid and no
// other; the kernel ends it (PR_SET_PDEATHSIG) when the test itself dies. The harness throws std::runtime_error when it
// cannot do its work: GoogleTest reports that as the failure of the running test.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace klink::it {

using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

struct Command {
  std::vector<std::string> argv;                // argv[0] is looked up in PATH
  std::map<std::string, std::string> env = {};  // added to ours
  fs::path directory = {};                      // empty: ours
};

class Process {
 public:
  // Starts the command; both outputs are appended to `log`. Must be called on the thread that outlives the child.
  Process(const Command& command, const fs::path& log);
  ~Process();
  Process(Process&&) = delete;

  pid_t pid() const { return pid_; }
  bool Running();
  void Signal(int signal);
  // The exit code (128 + signal when killed), or nothing when it still runs after `limit`.
  std::optional<int> Wait(milliseconds limit);
  // SIGTERM, then SIGKILL after `patience`; the exit code.
  int End(milliseconds patience);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

struct Outcome {
  int exit_code = -1;
  std::string out;
  std::string err;
};
// Runs a command to its end; killed and reported with exit code 137 after `limit`.
Outcome RunToEnd(const Command& command, milliseconds limit = seconds(120));

// A directory of one's own, removed at the end unless kept.
class TempDir {
 public:
  explicit TempDir(const std::string& name);
  ~TempDir();
  TempDir(TempDir&&) = delete;
  const fs::path& path() const { return path_; }
  void Keep() { keep_ = true; }

 private:
  fs::path path_;
  bool keep_ = false;
};

// True as soon as `condition` holds; false when it does not within `limit`.
bool Eventually(milliseconds limit, const std::function<bool()>& condition);
// The same, throwing with `what` instead of false.
void Await(const std::string& what, milliseconds limit, const std::function<bool()>& condition);

std::string ReadFile(const fs::path& path);
void WriteFile(const fs::path& path, const std::string& text);
std::string LastLines(const fs::path& path, int count);
// A loopback port nobody listens on, below the range from which the kernel takes client ports: it stays free while its
// broker is down.
int FreePort();
std::string Env(const char* name, const std::string& otherwise);

}  // namespace klink::it
