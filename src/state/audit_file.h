// The audit log on disk: each event is on the disk (fsync) before it counts as written. A restart goes on with the
// chain; a last line that a crash tore is taken off, and the next event says so. One writer, one event at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/blocking.h"
#include "base/permits.h"
#include "state/audit.h"

namespace klink::state {

struct AuditWritten {
  int64_t sequence = 0;
  std::string line;
};

class AuditFile {
 public:
  struct Options {
    std::string path;
    std::string agent;
  };
  // FailedPrecondition: the file cannot be written, or its last line is no event of ours.
  static StatusOr<std::unique_ptr<AuditFile>> Open(Executor executor, Options options);
  ~AuditFile();

  // On an error nothing of the event is left in the file.
  Async<StatusOr<AuditWritten>> Append(WallTime time, AuditEvent event);
  // The last lines, oldest first, at most `most` of them.
  Async<StatusOr<std::vector<std::string>>> Tail(size_t most);

  const AuditHead& head() const { return head_; }
  const std::string& path() const { return options_.path; }
  // Bytes of a torn line that were taken off when it was opened.
  int64_t torn_bytes() const { return torn_bytes_; }

 private:
  AuditFile(Executor executor, Options options, int file);
  Status FindHead();
  Status Write(const std::string& line);
  StatusOr<std::string> ReadEnd() const;

  Options options_;
  int file_;
  int64_t size_ = 0;
  int64_t torn_bytes_ = 0;
  AuditHead head_;
  Permits turn_;
  std::optional<BlockingPool> pool_;
};

// The whole file, line by line. NotFound, PermissionDenied: it cannot be read.
StatusOr<AuditVerdict> VerifyAuditFile(const std::string& path, std::vector<AuditHead> anchors = {});

}  // namespace klink::state
