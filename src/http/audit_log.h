// What the gate writes down: of every call that changes something a `requested` event before it is made and a
// `completed` or `failed` one after it, and a `refused` one of every call that was not let in. Who, from where, what,
// why, what came of it. A dry run changes nothing and is not written down. What klink deletes of itself is an event,
// too.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "config/schema_agent.h"
#include "http/access.h"
#include "http/audit_topics.h"
#include "http/rate_limit.h"
#include "http/route_table.h"
#include "link/auditor.h"
#include "state/audit_file.h"

namespace klink::http {

inline constexpr size_t kAuditAnswerBytesMost = 256 << 10;  // beyond: its digest stands for it
inline constexpr size_t kAuditTextBytesMost = 1000;         // of what a caller wrote
// Refused calls of one caller (who is not known: of one address) at one route. Those beyond are counted.
inline constexpr Rate kRefusalsTold = {1.0 / 6, 30};

// A call that changes something, as the events tell it.
struct AuditedCall {
  const RouteRow* row = nullptr;
  const Request* request = nullptr;
  Caller caller;
  std::string link;
};

// Pure.
state::AuditEvent RequestedEvent(const AuditedCall& call);
state::AuditEvent OutcomeEvent(const AuditedCall& call, const Response& response, int64_t requested);
state::AuditEvent RefusedEvent(const Request& request, std::string_view action, const Status& why, int64_t repeated);

class AuditLog final : public link::Auditor {
 public:
  AuditLog(std::unique_ptr<state::AuditFile> file, config::OnAuditFailure on_failure, Metrics& metrics,
           const Clock& clock, std::unique_ptr<AuditTopics> topics = nullptr);

  // The event that says that this agent runs; with what a crash tore.
  Async<void> Started(std::string version);
  // Answers the sequence number. An error only where a change must not be made without its event.
  Async<StatusOr<int64_t>> Requested(AuditedCall call);
  Async<void> Outcome(AuditedCall call, const Response& response, int64_t requested);
  Async<void> Refused(const Request& request, std::string action, Status why);
  // What klink does of itself.
  Async<Status> Before(state::AuditEvent event) override;
  Async<void> After(state::AuditEvent event) override;
  // Nothing hangs on it.
  Async<void> Told(state::AuditEvent event);

  // The links of a reloaded configuration have their topics.
  void Follow(const config::Config& config);
  // The event that says that this agent ends by itself. Copies under way are given up.
  Async<void> Close();
  state::AuditFile& file() { return *file_; }

 private:
  enum class Copy { kAwaited, kLater };
  // The copy in the topics is awaited where something hangs on it.
  Async<StatusOr<int64_t>> Write(state::AuditEvent event, Copy copy);

  std::unique_ptr<state::AuditFile> file_;
  config::OnAuditFailure on_failure_;
  const Clock& clock_;
  std::unique_ptr<AuditTopics> topics_;  // null: the file alone
  Gauge sequence_;
  RateLimit told_{kRefusalsTold};
  int64_t untold_ = 0;  // refusals since the last that was told
};

}  // namespace klink::http
