#include "link/trouble.h"

#include "link/halt.h"

namespace klink::link {

Trouble TroubleOf(std::string source_topic, const Status& status, WallTime now, std::optional<state::Reason> passing) {
  Trouble trouble{std::move(source_topic), ReasonOf(status), Text(status), now};
  trouble.passing = !trouble.reason && (IsUnavailable(status) || status.code() == Code::kDeadlineExceeded);
  if (trouble.passing) trouble.reason = passing;
  const bool refused = status.code() == Code::kFailedPrecondition || status.code() == Code::kInvalidArgument;
  if (!trouble.reason && refused) trouble.reason = state::Reason::kPolicyViolation;
  return trouble;
}

bool EndsTheMirror(const Trouble& trouble) {
  using enum state::Reason;
  const auto reason = trouble.reason;
  return reason == kSourceTopicMayBeDeleted || reason == kSourceTopicIdChanged || reason == kDestinationTopicDeleted ||
         reason == kDestinationTopicIdChanged || reason == kMirrorLoop || reason == kMirroredByAnotherLink;
}

}  // namespace klink::link
