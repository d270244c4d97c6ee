#include "cli/agent_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/json_fields.h"

namespace klink::cli {
namespace {

namespace fs = std::filesystem;

std::string FileIn(const std::string& data_dir) { return (fs::path(data_dir) / "agent.json").string(); }

}  // namespace

Status WriteAgentFile(const std::string& data_dir, const AgentFile& agent) {
  const std::string file = FileIn(data_dir);
  const std::string next = file + ".new";
  {
    std::ofstream out(next, std::ios::trunc);
    out << PrettyJson(ToJson(agent));
    out.close();
    if (!out) return FailedPrecondition("writing {}: {}", next, std::strerror(errno));
  }
  std::error_code ec;
  fs::rename(next, file, ec);
  if (ec) return FailedPrecondition("writing {}: {}", file, ec.message());
  return absl::OkStatus();
}

StatusOr<AgentFile> ReadAgentFile(const std::string& data_dir) {
  const std::string file = FileIn(data_dir);
  std::ifstream in(file);
  if (!in) return NotFound("{} does not exist: no agent runs with this configuration on this machine", file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  TRY(const Json json, ParseJson(text));
  AgentFile agent;
  RETURN_IF_ERROR(Annotate(FromJson(json, agent), file));
  if (kill(static_cast<pid_t>(agent.pid), 0) != 0 && errno == ESRCH) {
    return NotFound("{} names process {}, which has ended: the agent does not run", file, agent.pid);
  }
  return agent;
}

void RemoveAgentFile(const std::string& data_dir) {
  std::error_code ignored;
  fs::remove(FileIn(data_dir), ignored);
}

StatusOr<DataDir> DataDir::Open(const std::string& path) {
  std::error_code ec;
  fs::create_directories(path, ec);
  if (ec && !fs::is_directory(path)) {
    return FailedPrecondition("agent.data_dir {}: {}; create it and give klink's user rwx on it", path, ec.message());
  }
  const std::string lock_file = (fs::path(path) / "agent.lock").string();
  const int lock = open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) {
    return FailedPrecondition("agent.data_dir {}: cannot be written: {}; give klink's user rwx on it", path,
                              std::strerror(errno));
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    close(lock);
    if (reason != EWOULDBLOCK) return FailedPrecondition("locking {}: {}", lock_file, std::strerror(reason));
    return FailedPrecondition("agent.data_dir {} is used by another running agent; give each agent its own data_dir",
                              path);
  }
  return DataDir(lock);
}

DataDir::~DataDir() {
  if (lock_ >= 0) close(lock_);  // gives the lock back
}

}  // namespace klink::cli
