#include "kafka/errors.h"

#include <charconv>
#include <string>

namespace klink::kafka {
namespace {

constexpr const char* kPayload = "klink/kafka-error";

Code CodeOf(Error error) {
  switch (VerdictOf(error)) {
    case Verdict::kNone:
      return Code::kOk;
    case Verdict::kRetry:
    case Verdict::kRefreshMetadata:
    case Verdict::kThrottle:
    case Verdict::kAppended:
    case Verdict::kCoordinator:
      return Code::kUnavailable;
    case Verdict::kReset:
      return Code::kOutOfRange;
    case Verdict::kFenced:
    case Verdict::kSequence:
    case Verdict::kAbort:
      return Code::kAborted;
    case Verdict::kRefused:
    case Verdict::kTopicChanged:
      return Code::kFailedPrecondition;
    case Verdict::kCorrupt:
      return Code::kDataLoss;
    case Verdict::kFatal:
      return Code::kInternal;
    case Verdict::kOperator:
      break;
  }
  switch (error) {
    case Error::kTopicAuthorizationFailed:
    case Error::kGroupAuthorizationFailed:
    case Error::kClusterAuthorizationFailed:
    case Error::kTransactionalIdAuthorizationFailed:
    case Error::kDelegationTokenAuthorizationFailed:
      return Code::kPermissionDenied;
    case Error::kSaslAuthenticationFailed:
    case Error::kUnsupportedSaslMechanism:
      return Code::kUnauthenticated;
    case Error::kTopicAlreadyExists:
      return Code::kAlreadyExists;
    case Error::kTransactionalIdNotFound:
      return Code::kNotFound;
    default:
      return Code::kFailedPrecondition;
  }
}

// What a person can do about it; empty where the name already says it or nobody can.
std::string_view Advice(Error error) {
  switch (error) {
    case Error::kTopicAuthorizationFailed:
      return "grant klink's principal this operation on the topic";
    case Error::kGroupAuthorizationFailed:
      return "grant klink's principal this operation on the group";
    case Error::kClusterAuthorizationFailed:
      return "grant klink's principal this operation on the cluster";
    case Error::kTransactionalIdAuthorizationFailed:
      return "grant klink's principal WRITE and DESCRIBE on its transactional ids (prefix klink.)";
    case Error::kInvalidTransactionTimeout:
      return "raise transaction.max.timeout.ms of the destination's brokers";
    case Error::kSaslAuthenticationFailed:
      return "check the user name and password of this cluster";
    case Error::kUnsupportedSaslMechanism:
      return "choose a SASL mechanism the broker has enabled";
    case Error::kMessageTooLarge:
      return "raise max.message.bytes of the destination topic";
    case Error::kRecordListTooLarge:
      return "raise segment.bytes of the destination topic";
    case Error::kInvalidTimestamp:
      return "raise message.timestamp.before.max.ms and message.timestamp.after.max.ms of the destination topic";
    case Error::kNotEnoughReplicas:
      return "fewer replicas are in sync than min.insync.replicas asks";
    case Error::kUnsupportedVersion:
      return "the broker does not offer this version of the API";
    default:
      return {};
  }
}

}  // namespace

std::string_view Name(Error error) {
  switch (error) {
#define KLINK_ROW(NAME, TEXT, CODE, VERDICT) \
  case Error::k##NAME:                       \
    return TEXT;
    KLINK_KAFKA_ERRORS(KLINK_ROW)
#undef KLINK_ROW
  }
  return "UNKNOWN";
}

Verdict VerdictOf(Error error) {
  switch (error) {
#define KLINK_ROW(NAME, TEXT, CODE, VERDICT) \
  case Error::k##NAME:                       \
    return Verdict::VERDICT;
    KLINK_KAFKA_ERRORS(KLINK_ROW)
#undef KLINK_ROW
  }
  return Verdict::kFatal;
}

std::string_view Name(Verdict verdict) {
  constexpr std::string_view kNames[] = {"none",     "retry",         "refresh metadata", "reset",    "fenced",
                                         "refused",  "topic changed", "throttle",         "operator", "appended",
                                         "sequence", "corrupt",       "coordinator",      "abort",    "fatal"};
  return kNames[static_cast<size_t>(verdict)];
}

Status ToStatus(Error error, std::string_view doing) { return ToStatus(error, doing, std::nullopt); }

Status ToStatus(Error error, std::string_view doing, const std::optional<std::string>& broker_says) {
  if (error == Error::kNone) return absl::OkStatus();
  std::string text = fmt::format("{}: {} ({})", doing, Name(error), static_cast<int16_t>(error));
  if (broker_says && !broker_says->empty()) text += fmt::format(", the broker says: {}", *broker_says);
  if (std::string_view advice = Advice(error); !advice.empty()) text += fmt::format("; {}", advice);
  Status status = MakeStatus(CodeOf(error), text);
  const std::string code = std::to_string(static_cast<int16_t>(error));
  status.SetPayload(kPayload, absl::Cord(absl::string_view(code.data(), code.size())));
  return status;
}

std::optional<Error> ErrorOf(const Status& status) {
  auto payload = status.GetPayload(kPayload);
  if (!payload) return std::nullopt;
  const std::string text(*payload);
  int16_t code = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), code).ec != std::errc()) return std::nullopt;
  return static_cast<Error>(code);
}

}  // namespace klink::kafka
