// The records that never crossed, as files: per partition the raw batches as they lie in the log of the old source, and
// the same records as JSON, one a line. Every file is on the disk (fsync) before it counts; SHA256SUMS is written last,
// so a folder without it is not complete.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/json_fields.h"
#include "base/types.h"
#include "failover/failback_tail.h"

namespace klink::failover {

struct ExportedFile {
  std::string name;  // in the folder
  int64_t bytes = 0;
  std::string sha256;

  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("bytes", m.bytes);
    field("sha256", m.sha256);
  }
  friend bool operator==(const ExportedFile&, const ExportedFile&) = default;
};

// A new file in the folder; what was written of it stays when it is not finished.
class ExportFile {
 public:
  static StatusOr<std::unique_ptr<ExportFile>> Create(const std::string& folder, std::string name);
  ~ExportFile();
  ExportFile(const ExportFile&) = delete;

  Status Write(ByteView bytes);
  // On the disk.
  StatusOr<ExportedFile> Finish();

 private:
  ExportFile(int file, std::string path, std::string name)
      : file_(file), path_(std::move(path)), done_{std::move(name), 0, {}} {}
  Status Flush();
  int file_;
  std::string path_;
  std::string pending_;
  Sha256Sum sum_;
  ExportedFile done_;
};

// Makes the folder. FailedPrecondition: there are files in it, or it cannot be written.
Status OpenExportFolder(const std::string& folder);
// Writes SHA256SUMS, as sha256sum checks it, and has the folder itself on the disk.
Status CloseExportFolder(const std::string& folder, const std::vector<ExportedFile>& files);

// One partition: TOPIC-PARTITION.batches and TOPIC-PARTITION.jsonl. A batch that begins before `from` is written whole,
// its records from there on.
class TailExport {
 public:
  static StatusOr<TailExport> Create(const std::string& folder, const TopicPartition& tp, int64_t from);
  // `tally` has seen the whole tail.
  Status Take(const kafka::BatchView& batch, const TailTally& tally);
  StatusOr<std::vector<ExportedFile>> Finish();

 private:
  TailExport(std::unique_ptr<ExportFile> batches, std::unique_ptr<ExportFile> lines, int64_t from)
      : batches_(std::move(batches)), lines_(std::move(lines)), from_(from) {}
  std::unique_ptr<ExportFile> batches_;
  std::unique_ptr<ExportFile> lines_;
  int64_t from_;
};

// Bytes as text where they are UTF-8, else in base64 under NAME_base64; nothing is null.
void PutBytes(JsonObject& object, const std::string& name, const std::optional<std::string>& bytes);

}  // namespace klink::failover
