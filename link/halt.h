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
std::optional<state::Reason> ReasonOf(const Status& status);

}  // namespace klink::link
