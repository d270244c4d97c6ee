#include "offsets/local_runs.h"

#include <utility>

namespace klink::offsets {
namespace {

constexpr char kRunsTable[] = "runs";

using RunsTable = store::Table<ChunkKey, RunChunk>;

Status ReadAll(store::Database& database, std::map<ChunkKey, RunChunk>& chunks) {
  const RunsTable table(database, kRunsTable);
  return table.ForEach("", [&](ChunkKey key, RunChunk chunk) {
    chunks.emplace(std::move(key), std::move(chunk));
    return absl::OkStatus();
  });
}

}  // namespace

struct LocalRuns::Opened {
  Status status;
  std::shared_ptr<store::Database> database;
  std::map<ChunkKey, RunChunk> chunks;
  std::string quarantined;
};

LocalRuns::LocalRuns(BlockingPool& pool, Clock& clock, std::string path)
    : pool_(pool), clock_(clock), path_(std::move(path)) {}

LocalRuns::~LocalRuns() = default;

LocalRuns::Opened LocalRuns::OpenBlocking(const std::string& path, WallTime now) {
  Opened opened;
  const auto open_and_read = [&] {
    opened.chunks.clear();
    StatusOr<std::unique_ptr<store::Database>> database = store::Database::Open(path, {kRunsTable});
    if (!database.ok()) return database.status();
    opened.database = *std::move(database);
    return ReadAll(*opened.database, opened.chunks);
  };
  opened.status = open_and_read();
  if (!absl::IsDataLoss(opened.status)) return opened;
  opened.database.reset();
  StatusOr<std::string> aside = store::Quarantine(path, now);
  if (!aside.ok()) {
    opened.status = aside.status();
    return opened;
  }
  opened.quarantined = *aside;
  opened.status = open_and_read();
  return opened;
}

Async<StatusOr<std::map<ChunkKey, RunChunk>>> LocalRuns::Open() {
  auto open = [path = path_, now = clock_.Wall(), old = std::exchange(database_, nullptr)]() mutable {
    old.reset();  // the lock of the directory is free only then
    return OpenBlocking(path, now);
  };
  Opened opened = co_await pool_.Run(std::move(open));
  status_ = opened.status;
  if (!opened.quarantined.empty()) quarantined_.push_back(opened.quarantined);
  if (!opened.status.ok()) co_return opened.status;
  database_ = std::move(opened.database);
  if (opened.chunks.empty()) fresh_ = true;
  co_return std::move(opened.chunks);
}

Async<Status> LocalRuns::Apply(std::vector<Write> writes, store::Durability durability) {
  if (database_ == nullptr) {
    auto reopened = co_await Open();
    if (!reopened.ok()) co_return reopened.status();
    fresh_ = true;
  }
  struct Done {
    Status status;
    uint64_t size_bytes = 0;
  };
  auto write = [database = database_, writes = std::move(writes), durability] {
    Done done;
    store::Batch batch;
    for (const Write& w : writes) {
      if (w.bytes.has_value()) {
        batch.Put(kRunsTable, store::EncodeKey(w.key), *w.bytes);
      } else {
        batch.Delete(kRunsTable, store::EncodeKey(w.key));
      }
    }
    done.status = database->CheckPresent();
    if (done.status.ok() && !batch.empty()) done.status = database->Write(batch, durability);
    done.size_bytes = database->SizeBytes();
    return done;
  };
  const Done done = co_await pool_.Run(std::move(write));
  size_bytes_ = done.size_bytes;
  status_ = done.status;
  if (done.status.ok()) co_return done.status;
  // A failed database refuses every further write until it is opened again.
  auto close = [old = std::exchange(database_, nullptr)]() mutable {
    old.reset();
    return absl::OkStatus();
  };
  (void)co_await pool_.Run(std::move(close));
  co_return done.status;
}

}  // namespace klink::offsets
