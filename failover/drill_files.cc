#include "failover/drill_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/digest.h"
#include "failover/drill_text.h"

namespace klink::failover {
namespace {

namespace fs = std::filesystem;

constexpr char kLock[] = ".klink-drill.lock";
constexpr char kRunning[] = ".klink-drill.running";
constexpr size_t kReportBytesMost = 64 << 20;

// Whole, or not there: a reader of the folder finds no half report.
Status WriteWhole(const fs::path& file, const std::string& text) {
  const fs::path next = file.string() + ".new";
  {
    std::ofstream out(next, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) return FailedPrecondition("writing {}: {}", next.string(), std::strerror(errno));
  }
  std::error_code ec;
  fs::rename(next, file, ec);
  if (ec) return FailedPrecondition("writing {}: {}", file.string(), ec.message());
  return absl::OkStatus();
}

std::string ReadText(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

StatusOr<DrillFolder> DrillFolder::Open(std::string path) {
  if (!fs::is_directory(path))
    return NotFound("report_dir {} is not there: create it, and give klink's user rwx on it", path);
  const std::string file = (fs::path(path) / kLock).string();
  const int lock = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0)
    return FailedPrecondition("report_dir {} cannot be written: {}; give klink's user rwx on it", path,
                              std::strerror(errno));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    close(lock);
    if (reason != EWOULDBLOCK) return FailedPrecondition("locking {}: {}", file, std::strerror(reason));
    return FailedPrecondition("another drill works in {}: wait for its end, or give this one a report_dir of its own",
                              path);
  }
  return DrillFolder(std::move(path), lock);
}

DrillFolder::DrillFolder(DrillFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DrillFolder::~DrillFolder() {
  if (lock_ >= 0) close(lock_);  // gives the lock back
}

std::optional<std::string> DrillFolder::unfinished() const {
  std::string id = ReadText(fs::path(path_) / kRunning);
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id.empty() ? std::nullopt : std::optional(id);
}

Status DrillFolder::Begin(const std::string& id) { return WriteWhole(fs::path(path_) / kRunning, id + "\n"); }

void DrillFolder::End() {
  std::error_code ignored;
  fs::remove(fs::path(path_) / kRunning, ignored);
}

std::string ReportName(const DrillReport& report) {
  return fmt::format("klink-drill-{}-{}", report.scope.link, report.id.substr(0, report.id.find('-')));
}

StatusOr<std::string> DrillFolder::Write(const DrillReport& report) const {
  std::string name = ReportName(report);
  if (fs::exists(fs::path(path_) / (name + ".json"))) name += report.id.substr(report.id.find('-'));
  std::string sums;
  for (const auto& [ending, text] : {std::pair(".json", PrettyJson(ToJson(report))), std::pair(".xml", JUnitOf(report)),
                                     std::pair(".html", HtmlOf(report))}) {
    RETURN_IF_ERROR(WriteWhole(fs::path(path_) / (name + ending), text));
    sums += fmt::format("{}  {}{}\n", Sha256Hex(std::string_view(text)), name, ending);
  }
  RETURN_IF_ERROR(WriteWhole(fs::path(path_) / (name + ".sha256"), sums));
  return (fs::path(path_) / name).string();
}

StatusOr<DrillHistory> ReadHistory(const std::string& path) {
  if (!fs::is_directory(path)) return NotFound("report_dir {} is not there", path);
  DrillHistory history;
  std::error_code ec;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, ec)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("klink-drill-") || !name.ends_with(".json")) continue;
    DrillReport report;
    const auto json = ParseJson(ReadText(entry.path()), {.bytes = kReportBytesMost});
    if (json.ok() && FromJson(*json, report).ok() && !report.id.empty())
      history.reports.push_back(std::move(report));
    else
      history.unreadable.push_back(name);
  }
  if (ec) return FailedPrecondition("reading {}: {}", path, ec.message());
  std::sort(history.reports.begin(), history.reports.end(),
            [](const DrillReport& a, const DrillReport& b) { return a.id < b.id; });
  return history;
}

}  // namespace klink::failover
