#include "http/audit_log.h"

#include "base/log.h"
#include "http/rest_changes.h"

namespace klink::http {
namespace {

// Bounded, and never a broken character: cut at the start of one.
std::string Cut(std::string_view text) {
  if (text.size() <= kAuditTextBytesMost) return std::string(text);
  size_t end = kAuditTextBytesMost;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

Json Known(const std::string& text) { return text.empty() ? Json(nullptr) : ToJson(text); }

std::string PathOf(const Request& request) {
  std::string path;
  for (const std::string& segment : request.target.segments) path += "/" + Escape(segment);
  return path.empty() ? "/" : path;
}

JsonObject DataOf(const AuditedCall& call) {
  const StatusOr<Json> body = ParseJson(call.request->body.empty() ? "{}" : call.request->body);
  JsonObject data;
  data["action"] = call.row->action;
  data["principal"] = Known(call.caller.name);
  data["role"] = config::ToText(call.caller.role);
  data["authenticated_by"] = call.caller.how;
  data["from"] = call.request->peer;
  std::string reason = call.request->reason;
  if (body.ok()) {
    if (const auto text = JsonText(*body, "reason"); text.ok() && !text->empty()) reason = *text;
    if (const auto text = JsonText(*body, "by"); text.ok() && !text->empty()) data["says_to_be"] = Cut(*text);
  }
  data["reason"] = Known(Cut(reason));
  return data;
}

std::string TypeOf(const AuditedCall& call, std::string_view what) {
  return fmt::format("klink.{}.{}", call.row->action, what);
}

// As JSON where it is, and not too large.
void PutBounded(JsonObject& data, const std::string& key, const std::string& text) {
  const StatusOr<Json> json = ParseJson(text.empty() ? "{}" : text);
  if (json.ok() && text.size() <= kAuditAnswerBytesMost) {
    data[key] = *json;
  } else {
    data[key + "_sha256"] = Sha256Hex(std::string_view(text));
    data[key + "_bytes"] = text.size();
  }
}

// Bodies of Kafka REST may hold the password of a cluster; of what is no JSON not even a digest is kept.
void PutRequest(JsonObject& data, const Request& request) {
  if (!IsKafkaRest(request.target)) return PutBounded(data, "request", request.body);
  const StatusOr<Json> json = ParseJson(request.body.empty() ? "{}" : request.body);
  const auto& segments = request.target.segments;
  if (json.ok() && request.body.size() <= kAuditAnswerBytesMost)
    data["request"] = WithoutSecrets(*json, segments.empty() ? "" : segments.back());
  else
    data["request_bytes"] = request.body.size();
}

}  // namespace

state::AuditEvent RequestedEvent(const AuditedCall& call) {
  state::AuditEvent event;
  event.type = TypeOf(call, "requested");
  event.subject = call.link;
  event.data = DataOf(call);
  PutRequest(event.data, *call.request);
  return event;
}

// The answer tells the state before and after of everything the call concerned.
state::AuditEvent OutcomeEvent(const AuditedCall& call, const Response& response, int64_t requested) {
  state::AuditEvent event;
  event.type = TypeOf(call, response.status / 100 == 2 ? "completed" : "failed");
  event.subject = call.link;
  event.data = DataOf(call);
  event.data["requested"] = requested;
  event.data["status"] = response.status;
  PutBounded(event.data, "answer", response.body);
  return event;
}

state::AuditEvent RefusedEvent(const Request& request, std::string_view action, const Status& why, int64_t repeated) {
  state::AuditEvent event;
  event.type = "klink.call.refused";
  event.data["action"] = action.empty() ? Json(nullptr) : Json(action);
  event.data["method"] = ToText(request.method);
  event.data["path"] = Cut(PathOf(request));
  event.data["principal"] = Known(request.by);
  event.data["from"] = request.peer;
  event.data["reason"] = Known(Cut(request.reason));
  event.data["status"] = absl::IsUnauthenticated(why) ? 401 : 403;
  event.data["error"] = Text(why);
  event.data["untold_before"] = repeated;
  return event;
}

AuditLog::AuditLog(std::unique_ptr<state::AuditFile> file, config::OnAuditFailure on_failure, Metrics& metrics,
                   const Clock& clock, std::unique_ptr<AuditTopics> topics)
    : file_(std::move(file)),
      on_failure_(on_failure),
      clock_(clock),
      topics_(std::move(topics)),
      sequence_(metrics.Get(metric::kAuditSequence)) {
  sequence_.Set(static_cast<double>(file_->head().sequence));
}

Async<StatusOr<int64_t>> AuditLog::Write(state::AuditEvent event, Copy copy) {
  const std::string link = event.subject;
  StatusOr<state::AuditWritten> written = co_await file_->Append(clock_.Wall(), std::move(event));
  Status status = written.status();
  if (written.ok()) sequence_.Set(static_cast<double>(written->sequence));
  if (written.ok() && topics_ != nullptr) {
    if (copy == Copy::kLater) topics_->PublishLater(link, std::move(written->line));
    if (copy == Copy::kAwaited) status = co_await topics_->Publish(link, std::move(written->line));
  }
  if (status.ok()) co_return written->sequence;
  Log(Level::kError, Event::kAuditError, "an audit event could not be written", {{"error", Text(status)}});
  co_return status;
}

Async<void> AuditLog::Close() {
  state::AuditEvent event;
  event.type = "klink.agent.stopped";
  event.data["untold_before"] = std::exchange(untold_, 0);
  (void)co_await Write(std::move(event), Copy::kLater);
  if (topics_ != nullptr) co_await topics_->Close();
}

Async<void> AuditLog::Started(std::string version) {
  state::AuditEvent event;
  event.type = "klink.agent.started";
  event.data["version"] = version;
  event.data["torn_bytes"] = file_->torn_bytes();
  if (file_->torn_bytes() > 0) {
    Log(Level::kWarning, Event::kAuditError, "the last audit event was torn by a crash and taken off",
        {{"file", file_->path()}, {"bytes", file_->torn_bytes()}});
  }
  const StatusOr<int64_t> written = co_await Write(std::move(event), Copy::kLater);
  if (!written.ok()) co_return;
  Log(Level::kInfo, Event::kAuditStarted, "the audit log goes on", {{"file", file_->path()}, {"sequence", *written}});
}

Async<StatusOr<int64_t>> AuditLog::Requested(AuditedCall call) {
  state::AuditEvent event = RequestedEvent(call);
  StatusOr<int64_t> written = co_await Write(std::move(event), Copy::kAwaited);
  if (written.ok()) co_return written;
  if (on_failure_ == config::OnAuditFailure::kContinue) co_return int64_t{0};
  co_return Unavailable("nothing was changed, because it could not be written down: {}; see agent.audit.on_failure",
                        Text(written.status()));
}

Async<Status> AuditLog::Before(state::AuditEvent event) {
  const StatusOr<int64_t> written = co_await Write(std::move(event), Copy::kAwaited);
  if (written.ok() || on_failure_ == config::OnAuditFailure::kContinue) co_return absl::OkStatus();
  co_return Unavailable("nothing was changed, because it could not be written down: {}; see agent.audit.on_failure",
                        Text(written.status()));
}

Async<void> AuditLog::After(state::AuditEvent event) { (void)co_await Write(std::move(event), Copy::kAwaited); }

Async<void> AuditLog::Told(state::AuditEvent event) { (void)co_await Write(std::move(event), Copy::kLater); }

void AuditLog::Follow(const config::Config& config) {
  if (topics_ != nullptr) topics_->Follow(config);
}

Async<void> AuditLog::Outcome(AuditedCall call, const Response& response, int64_t requested) {
  state::AuditEvent event = OutcomeEvent(call, response, requested);
  (void)co_await Write(std::move(event), Copy::kAwaited);
}

// Whoever is refused may call again and again: the log and the topics must not fill up with it, and no count is lost.
Async<void> AuditLog::Refused(const Request& request, std::string action, Status why) {
  const std::string who = request.by.empty() ? request.peer.substr(0, request.peer.rfind(':')) : request.by;
  if (!told_.Take(fmt::format("{} {} {}", who, action, static_cast<int>(why.code())), clock_.Now())) {
    untold_++;
    co_return;
  }
  state::AuditEvent event = RefusedEvent(request, action, why, std::exchange(untold_, 0));
  (void)co_await Write(std::move(event), Copy::kLater);
}

}  // namespace klink::http
