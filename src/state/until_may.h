// For an effect that somebody asked for once and would have to ask for again. A round needs none of this: it comes
// back.
#pragma once

#include "base/clock.h"

namespace klink::state {

inline constexpr Duration kUntilMay = 5s;  // beside what a caller of the HTTP interface waits for already

// `may`, asked again while it is Unavailable, which says that the effect waits (effects.h): the state is about to be
// read, or the lease to run.
template <class May>
Async<Status> UntilMay(Clock& clock, May may, Duration limit = kUntilMay) {
  constexpr Duration kLookAgain = 20ms;
  const Instant last = clock.Now() + limit;
  Status now = may();
  while (absl::IsUnavailable(now) && clock.Now() < last) {
    CO_RETURN_IF_ERROR(co_await clock.Sleep(kLookAgain));
    now = may();
  }
  co_return now;
}

}  // namespace klink::state
