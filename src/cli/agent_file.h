// data_dir/agent.json: how commands on this machine find the running agent when it listens on a port of its own choice.
// Written whole when the agent listens, removed when it ends cleanly.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/status.h"

namespace klink::cli {

struct AgentFile {
  std::string url;
  int64_t pid = 0;
  std::string id;

  static void Describe(auto& m, auto& field) {
    field("url", m.url);
    field("pid", m.pid);
    field("id", m.id);
  }
};

Status WriteAgentFile(const std::string& data_dir, const AgentFile& agent);
// NotFound when there is none; a file whose process has ended counts as none.
StatusOr<AgentFile> ReadAgentFile(const std::string& data_dir);
void RemoveAgentFile(const std::string& data_dir);

// data_dir exists (made if need be), can be written, and no other agent uses it, until this object ends.
class DataDir {
 public:
  // FailedPrecondition with what to do about it.
  static StatusOr<DataDir> Open(const std::string& path);
  DataDir(DataDir&& other) noexcept : lock_(std::exchange(other.lock_, -1)) {}
  DataDir(const DataDir&) = delete;
  DataDir& operator=(DataDir&&) = delete;
  ~DataDir();

 private:
  explicit DataDir(int lock) : lock_(lock) {}
  int lock_;
};

}  // namespace klink::cli
