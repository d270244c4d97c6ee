#include "link/halt.h"

namespace klink::link {
namespace {
constexpr char kReasonUrl[] = "klink/reason";

void Attach(Status& status, state::Reason reason) {
  const std::string_view name = state::Name(reason);
  status.SetPayload(kReasonUrl, absl::Cord(absl::string_view(name.data(), name.size())));
}
}  // namespace

Status HaltWith(state::Reason reason, std::string_view text) {
  Status status = MakeStatus(Code::kFailedPrecondition, text);
  Attach(status, reason);
  return status;
}

std::optional<state::Reason> ReasonOf(const Status& status) {
  auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return std::nullopt;
  return state::FindReason(std::string(*payload));
}

bool Halts(const Status& status) { return status.code() == Code::kFailedPrecondition && ReasonOf(status).has_value(); }

Status Hindered(Status status, kafka::Error error) {
  std::optional<state::Reason> reason;
  if (error == kafka::Error::kNotEnoughReplicas || error == kafka::Error::kNotEnoughReplicasAfterAppend)
    reason = state::Reason::kNotEnoughReplicas;
  if (error == kafka::Error::kKafkaStorageError) reason = state::Reason::kDestinationStorageError;
  if (reason) Attach(status, *reason);
  return status;
}

Status WithReason(Status ended) {
  if (ended.code() == Code::kPermissionDenied && !ReasonOf(ended))
    return HaltWith(state::Reason::kAuthorizationError, Text(ended));
  return ended;
}

state::Reason RefusalReason(kafka::Error error) {
  switch (error) {
    case kafka::Error::kMessageTooLarge:
    case kafka::Error::kRecordListTooLarge:
      return state::Reason::kRecordTooLarge;
    case kafka::Error::kInvalidTimestamp:
      return state::Reason::kTimestampRejected;
    default:
      return state::Reason::kPolicyViolation;
  }
}

}  // namespace klink::link
