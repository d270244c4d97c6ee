// The folder of a drill's reports, which are its history. One drill at a time works in it; the name of the one under
// way stands there before anything of it is made, so that the next one knows whose remains it finds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "failover/drill_report.h"

namespace klink::failover {

class DrillFolder {
 public:
  // NotFound: there is no such folder; FailedPrecondition: it cannot be written to, or another drill works in it.
  static StatusOr<DrillFolder> Open(std::string path);
  DrillFolder(DrillFolder&& other) noexcept;
  DrillFolder& operator=(DrillFolder&&) = delete;
  ~DrillFolder();

  // The drill whose process died here.
  std::optional<std::string> unfinished() const;
  Status Begin(const std::string& id);
  void End();
  // As JSON, JUnit XML, HTML, and their checksums; the name they share, with its folder.
  StatusOr<std::string> Write(const DrillReport& report) const;

 private:
  DrillFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_ = -1;
};

// `klink-drill-<link>-<UTC>`
std::string ReportName(const DrillReport& report);

struct DrillHistory {
  std::vector<DrillReport> reports;     // the oldest first
  std::vector<std::string> unreadable;  // files that are no reports
};
// NotFound: there is no such folder.
StatusOr<DrillHistory> ReadHistory(const std::string& path);

}  // namespace klink::failover
