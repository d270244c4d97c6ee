#include "failover/failback_export.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "kafka/sasl_scram.h"

namespace klink::failover {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBufferBytes = 1 << 20;

Status Failure(std::string_view doing, const std::string& path) {
  return FailedPrecondition("{} {}: {}", doing, path, std::strerror(errno));
}

JsonObject LineOf(const kafka::BatchView& batch, const kafka::Record& record, const TailTally& tally) {
  JsonObject line;
  const int64_t offset = batch.base_offset() + record.offset_delta;
  line["offset"] = offset;
  line["timestamp_ms"] = batch.log_append_time() ? batch.max_timestamp() : record.timestamp;
  PutBytes(line, "key", record.key);
  PutBytes(line, "value", record.value);
  JsonArray headers;
  for (const auto& [name, value] : record.headers) {
    JsonObject header;
    PutBytes(header, "name", name);
    PutBytes(header, "value", value);
    headers.push_back(std::move(header));
  }
  line["headers"] = std::move(headers);
  line["transaction"] = nullptr;
  if (batch.transactional()) line["transaction"] = Name(tally.OutcomeOf(batch.producer_id(), offset));
  return line;
}

// A name that was made is lost with the power unless its folder is on the disk, too.
Status SyncFolder(const std::string& folder) {
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return Failure("opening the folder", folder);
  const bool synced = fsync(opened) == 0;
  const Status failed = synced ? absl::OkStatus() : Failure("syncing the folder", folder);
  close(opened);
  return failed;
}

}  // namespace

void PutBytes(JsonObject& object, const std::string& name, const std::optional<std::string>& bytes) {
  if (!bytes)
    object[name] = nullptr;
  else if (IsUtf8(*bytes))
    object[name] = *bytes;
  else
    object[name + "_base64"] = kafka::EncodeBase64(*bytes);
}

StatusOr<std::unique_ptr<ExportFile>> ExportFile::Create(const std::string& folder, std::string name) {
  std::string path = (fs::path(folder) / name).string();
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
  if (file < 0) return Failure("making the file", path);
  return std::unique_ptr<ExportFile>(new ExportFile(file, std::move(path), std::move(name)));
}

ExportFile::~ExportFile() { close(file_); }

Status ExportFile::Flush() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t written = write(file_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return Failure("writing", path_);
    rest.remove_prefix(static_cast<size_t>(written));
  }
  pending_.clear();
  return absl::OkStatus();
}

Status ExportFile::Write(ByteView bytes) {
  sum_.Add(bytes);
  done_.bytes += static_cast<int64_t>(bytes.size());
  pending_.append(AsText(bytes));
  return pending_.size() < kBufferBytes ? absl::OkStatus() : Flush();
}

StatusOr<ExportedFile> ExportFile::Finish() {
  RETURN_IF_ERROR(Flush());
  if (fsync(file_) != 0) return Failure("syncing", path_);
  done_.sha256 = sum_.Hex();
  return done_;
}

Status OpenExportFolder(const std::string& folder) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  if (ec) return FailedPrecondition("making the folder {}: {}", folder, ec.message());
  const bool empty = fs::is_empty(folder, ec);
  if (ec) return FailedPrecondition("looking into the folder {}: {}", folder, ec.message());
  if (!empty) return FailedPrecondition("the folder {} has files in it: name a new or an empty one", folder);
  if (access(folder.c_str(), W_OK | X_OK) != 0) return Failure("writing to the folder", folder);
  return absl::OkStatus();
}

Status CloseExportFolder(const std::string& folder, const std::vector<ExportedFile>& files) {
  TRY(auto sums, ExportFile::Create(folder, "SHA256SUMS"));
  for (const ExportedFile& file : files)
    RETURN_IF_ERROR(sums->Write(AsBytes(fmt::format("{}  {}\n", file.sha256, file.name))));
  RETURN_IF_ERROR(sums->Finish().status());
  return SyncFolder(folder);
}

StatusOr<TailExport> TailExport::Create(const std::string& folder, const TopicPartition& tp, int64_t from) {
  TRY(auto batches, ExportFile::Create(folder, fmt::format("{}.batches", tp)));
  TRY(auto lines, ExportFile::Create(folder, fmt::format("{}.jsonl", tp)));
  return TailExport(std::move(batches), std::move(lines), from);
}

Status TailExport::Take(const kafka::BatchView& batch, const TailTally& tally) {
  if (batch.next_offset() <= from_) return absl::OkStatus();
  RETURN_IF_ERROR(batches_->Write(batch.bytes()));
  if (batch.control()) return absl::OkStatus();
  TRY(const std::vector<kafka::Record> records, kafka::ReadRecords(batch, limits::kVerifiedBatchBytes));
  for (const kafka::Record& record : records) {
    if (batch.base_offset() + record.offset_delta < from_) continue;
    RETURN_IF_ERROR(lines_->Write(AsBytes(CompactJson(LineOf(batch, record, tally)) + "\n")));
  }
  return absl::OkStatus();
}

StatusOr<std::vector<ExportedFile>> TailExport::Finish() {
  std::vector<ExportedFile> files;
  TRY(files.emplace_back(), batches_->Finish());
  TRY(files.emplace_back(), lines_->Finish());
  return files;
}

}  // namespace klink::failover
