#include "link/halt.h"

namespace klink::link {
namespace {
constexpr char kReasonUrl[] = "klink/reason";
}

Status HaltWith(state::Reason reason, std::string_view text) {
  Status status = MakeStatus(Code::kFailedPrecondition, text);
  const std::string_view name = state::Name(reason);
  status.SetPayload(kReasonUrl, absl::Cord(absl::string_view(name.data(), name.size())));
  return status;
}

std::optional<state::Reason> ReasonOf(const Status& status) {
  auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return std::nullopt;
  return state::FindReason(std::string(*payload));
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
