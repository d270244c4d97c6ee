#include "state/audit_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace klink::state {
namespace {

constexpr int64_t kEndBytesMost = 4 << 20;  // of what Tail looks at

// Can this be an event of ours that a crash tore? Some file systems leave zeros.
bool MayBeTorn(std::string_view text) {
  constexpr std::string_view kBegin = R"({"specversion":"1.0")";
  return kBegin.starts_with(text.substr(0, kBegin.size())) || text.find_first_not_of('\0') == std::string_view::npos;
}

Status Failure(std::string_view doing, const std::string& path) {
  return FailedPrecondition("{} the audit log {}: {}", doing, path, std::strerror(errno));
}

}  // namespace

AuditFile::AuditFile(Executor executor, Options options, int file)
    : options_(std::move(options)), file_(file), turn_(std::move(executor), 1), pool_(1) {}

AuditFile::~AuditFile() {
  pool_.reset();  // a write under way ends before its file is closed
  close(file_);
}

StatusOr<std::unique_ptr<AuditFile>> AuditFile::Open(Executor executor, Options options) {
  const int file = open(options.path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (file < 0) return Failure("opening", options.path);
  std::unique_ptr<AuditFile> audit(new AuditFile(std::move(executor), std::move(options), file));
  RETURN_IF_ERROR(audit->FindHead());
  return audit;
}

// Whatever was on disk before the crash is kept; only what stands behind the last newline was never said to be written.
Status AuditFile::FindHead() {
  struct stat info{};
  if (fstat(file_, &info) != 0) return Failure("reading", options_.path);
  size_ = info.st_size;
  TRY(std::string end, ReadEnd());
  const size_t newline = end.rfind('\n');
  const size_t whole = newline == std::string::npos ? 0 : newline + 1;
  torn_bytes_ = static_cast<int64_t>(end.size() - whole);
  if (torn_bytes_ > 0) {
    if (!MayBeTorn(std::string_view(end).substr(whole)))
      return FailedPrecondition("the end of {} is no audit event: move the file away, a new chain begins",
                                options_.path);
    if (ftruncate(file_, size_ - torn_bytes_) != 0 || fsync(file_) != 0) return Failure("repairing", options_.path);
    size_ -= torn_bytes_;
  }
  if (whole == 0) return absl::OkStatus();
  const size_t before = whole < 2 ? std::string::npos : end.rfind('\n', whole - 2);
  const size_t begin = before == std::string::npos ? 0 : before + 1;
  const std::string_view last = std::string_view(end).substr(begin, whole - 1 - begin);
  const StatusOr<int64_t> sequence = AuditSequence(last);
  if (!sequence.ok()) {
    return FailedPrecondition("the last line of {} is no audit event ({}): move the file away, a new chain begins",
                              options_.path, Text(sequence.status()));
  }
  AuditHead previous;
  previous.sequence = *sequence - 1;
  head_ = HeadAfter(previous, last);
  return absl::OkStatus();
}

StatusOr<std::string> AuditFile::ReadEnd() const {
  std::string end(static_cast<size_t>(std::min(size_, kEndBytesMost)), '\0');
  const ssize_t got = pread(file_, end.data(), end.size(), size_ - static_cast<int64_t>(end.size()));
  if (got < 0) return Failure("reading", options_.path);
  end.resize(static_cast<size_t>(got));  // shorter where somebody cut it under us
  return end;
}

Status AuditFile::Write(const std::string& line) {
  errno = 0;
  const off_t before = lseek(file_, 0, SEEK_END);
  const ssize_t written = write(file_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size()) && fsync(file_) == 0) return absl::OkStatus();
  if (errno == 0) errno = ENOSPC;  // a short write
  const Status failed = Failure("writing", options_.path);
  if (before < 0 || ftruncate(file_, before) != 0) return Annotate(failed, "and it cannot be repaired");
  return failed;
}

Async<StatusOr<AuditWritten>> AuditFile::Append(WallTime time, AuditEvent event) {
  CO_RETURN_IF_ERROR(co_await turn_.Take(1));
  AuditWritten done;
  done.line = AuditLine(head_, options_.agent, time, event);
  const std::string& line = done.line;
  Status written = Internal("an audit event of {} bytes", line.size());
  if (line.size() <= kAuditLineBytesMost) {
    auto write = [this, &line] { return Write(line + "\n"); };
    written = co_await pool_->Run(std::move(write));
  }
  if (written.ok()) {
    head_ = HeadAfter(head_, line);
    size_ += static_cast<int64_t>(line.size()) + 1;
  }
  done.sequence = head_.sequence;
  turn_.Give(1);
  if (!written.ok()) co_return written;
  co_return done;
}

Async<StatusOr<std::vector<std::string>>> AuditFile::Tail(size_t most) {
  CO_RETURN_IF_ERROR(co_await turn_.Take(1));
  auto read = [this] { return ReadEnd(); };
  const StatusOr<std::string> end = co_await pool_->Run(std::move(read));
  turn_.Give(1);
  if (!end.ok()) co_return end.status();
  std::vector<std::string> lines;
  std::string_view rest = *end;
  if (static_cast<int64_t>(rest.size()) < size_) rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
  for (size_t newline; (newline = rest.find('\n')) != std::string_view::npos; rest.remove_prefix(newline + 1))
    lines.emplace_back(rest.substr(0, newline));
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<ptrdiff_t>(most));
  co_return lines;
}

StatusOr<AuditVerdict> VerifyAuditFile(const std::string& path, std::vector<AuditHead> anchors) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return NotFound("the audit log {} cannot be read: {}", path, std::strerror(errno));
  AuditVerifier verifier(std::move(anchors));
  std::vector<char> line(kAuditLineBytesMost + 2);
  while (in.getline(line.data(), static_cast<std::streamsize>(line.size()))) {
    const std::string_view text(line.data(), static_cast<size_t>(in.gcount()) - (in.eof() ? 0 : 1));
    if (in.eof()) return verifier.Finish(text);  // no newline behind it
    verifier.Take(text);
  }
  if (in.bad()) return PermissionDenied("reading the audit log {}: {}", path, std::strerror(errno));
  if (!in.eof()) verifier.Take("");  // longer than any event: no event
  return verifier.Finish("");
}

}  // namespace klink::state
