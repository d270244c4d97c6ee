// What keeps a topic from being mirrored, or from being like its source, now. The topic's mirror may go on all the
// same.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "state/reasons.h"

namespace klink::link {

struct Trouble {
  std::string source_topic;
  std::optional<state::Reason> reason;
  std::string text;
  WallTime since{};
  bool passing = false;  // nobody has to act: it is tried again
};

// `passing`: whose fault it is when it passes by itself.
Trouble TroubleOf(std::string source_topic, const Status& status, WallTime now,
                  std::optional<state::Reason> passing = std::nullopt);

// Troubles after which nothing may be written to the mirror; with the others it goes on as it is.
bool EndsTheMirror(const Trouble& trouble);

}  // namespace klink::link
