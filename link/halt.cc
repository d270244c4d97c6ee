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
  if (!payload.has_value())
    return status.code() == Code::kPermissionDenied ? std::optional(state::Reason::kAuthorizationError) : std::nullopt;
  return state::FindReason(std::string(*payload));
}

std::optional<state::Reason> TroubleOf(kafka::Error error) {
  switch (error) {
    case kafka::Error::kNotEnoughReplicas:
    case kafka::Error::kNotEnoughReplicasAfterAppend:
      return state::Reason::kNotEnoughReplicas;
    case kafka::Error::kKafkaStorageError:
    case kafka::Error::kLogDirNotFound:
      return state::Reason::kDestinationStorageError;
    default:
      return std::nullopt;
  }
}

Status NeedsRight(Status status, std::string_view feature, std::string_view right, std::string_view cluster) {
  if (status.code() != Code::kPermissionDenied) return status;
  return Annotate(std::move(status),
                  fmt::format("{} needs {}, which cluster {} does not grant", feature, right, cluster));
}

Status NeedsOwnRight(Status status, std::string_view operation, std::string_view link, std::string_view cluster) {
  const std::string text = Text(status);
  const auto says = [&text](std::string_view error) { return text.find(error) != std::string::npos; };
  if (says("TRANSACTIONAL_ID_AUTHORIZATION_FAILED"))
    return NeedsRight(std::move(status), "the link's state", fmt::format("WRITE on transactional ids klink.{}*", link),
                      cluster);
  if (says("GROUP_AUTHORIZATION_FAILED"))
    return NeedsRight(std::move(status), "leadership", fmt::format("READ on groups _klink.{}.*", link), cluster);
  return NeedsRight(std::move(status), "the link's state", fmt::format("{} on topics _klink.{}.*", operation, link),
                    cluster);
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
