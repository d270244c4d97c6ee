// What takes long and changes nothing: both logs of a link, read and compared by the agent. One reading at a time, and
// of each link and kind the newest one is kept, in memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/json_fields.h"
#include "base/task_group.h"

namespace klink::http {

// As `klink verify` and `klink mirror failback --plan` know them.
struct VerifyOrder {
  std::vector<std::string> topics;  // at the destination; none: every mirror of the link
  std::optional<int64_t> from;      // source offset; none: the log start
  std::optional<double> sample_percent;
  std::optional<int64_t> bytes_per_second;  // read from both clusters together
  bool full = false;
};
struct FailbackOrder {
  std::vector<std::string> topics;  // none: every mirror of the link that was promoted
};

enum class ReadingKind { kVerify, kFailback };

// What the answers tell of one.
struct ReadingView {
  std::string link;
  std::string state;  // RUNNING | COMPLETED | FAILED
  WallTime started{};
  std::optional<WallTime> finished;
  std::optional<std::string> error;
  Json result;  // what the command prints as JSON; null until it is COMPLETED

  static void Describe(auto& m, auto& field) {
    field("link", m.link);
    field("state", m.state);
    field("started", m.started);
    field("finished", m.finished);
    field("error", m.error);
    field("result", m.result);
  }
};

// Who can read the logs of a link. Both answer what the command prints as JSON; NotFound: there is no such link.
class LinkReader {
 public:
  virtual ~LinkReader() = default;
  virtual Async<StatusOr<Json>> Verify(std::string link, VerifyOrder order) = 0;
  virtual Async<StatusOr<Json>> Failback(std::string link, FailbackOrder order) = 0;
};

class Readings {
 public:
  // Reader and clock outlive it.
  Readings(Executor executor, Clock& clock, LinkReader& reader);

  // As it stands right after its begin. FailedPrecondition: another one runs.
  StatusOr<ReadingView> Verify(std::string link, VerifyOrder order);
  StatusOr<ReadingView> Failback(std::string link, FailbackOrder order);
  // NotFound: none was asked for since the agent was started.
  StatusOr<ReadingView> Newest(ReadingKind kind, const std::string& link) const;
  // Once, before it is destroyed; what runs is stopped.
  Async<void> Close();

 private:
  using Key = std::pair<ReadingKind, std::string>;
  StatusOr<ReadingView> Begin(Key key, Async<StatusOr<Json>> work);
  Async<void> Keep(Key key, Async<StatusOr<Json>> work);

  Clock& clock_;
  LinkReader& reader_;
  std::map<Key, ReadingView> readings_;
  std::optional<Key> running_;
  TaskGroup tasks_;
};

}  // namespace klink::http
