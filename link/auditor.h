// Who writes down what klink does of itself to what operators own. Implemented where the audit log is.
#pragma once

#include "base/async.h"
#include "state/audit.h"

namespace klink::link {

class Auditor {
 public:
  virtual ~Auditor() = default;
  // Before the change. An error: it must not be made, as it could not be written down.
  virtual Async<Status> Before(state::AuditEvent event) = 0;
  // What came of it.
  virtual Async<void> After(state::AuditEvent event) = 0;
};

}  // namespace klink::link
