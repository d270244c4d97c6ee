// A partition that cannot go on says why, by name: a Status that carries its reason of state/reasons.h.
#pragma once

#include <optional>

#include "base/status.h"
#include "kafka/errors.h"
#include "state/reasons.h"

namespace klink::link {

// FailedPrecondition with the reason attached.
Status HaltWith(state::Reason reason, std::string_view text);
template <class... A>
Status Halt(state::Reason reason, fmt::format_string<A...> format, A&&... args) {
  return HaltWith(reason, fmt::format(format, std::forward<A>(args)...));
}
// A produce error that refuses the data itself.
state::Reason RefusalReason(kafka::Error error);
// A refusal by an authorizer has one also where nobody attached it.
std::optional<state::Reason> ReasonOf(const Status& status);
// What passes by itself has a name too, for those who wait.
std::optional<state::Reason> TroubleOf(kafka::Error error);

// "data needs READ on topic t, which cluster paris does not grant: …" where that is what the status says; any other
// one as it is.
Status NeedsRight(Status status, std::string_view feature, std::string_view right, std::string_view cluster);
// The same of what the link keeps about itself in topics, a group and transactional ids of its own: the error says
// which of them it was, `operation` is what the topics are needed for.
Status NeedsOwnRight(Status status, std::string_view operation, std::string_view link, std::string_view cluster);

}  // namespace klink::link
