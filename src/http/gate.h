// What every request passes before its handler: who is it, may it, was it made before, and is it written down. 401:
// klink does not know who asks; 403: it knows, and the role does not suffice.
#pragma once

#include <memory>

#include "base/clock.h"
#include "http/access.h"
#include "http/audit_log.h"
#include "http/route_table.h"
#include "http/router.h"

namespace klink::http {

// What answers a request: a Router, or a gate in front of it.
using Service = std::function<Async<Response>(Request request)>;

struct GateParts {
  Access access;
  std::shared_ptr<AuditLog> audit;  // null: nothing is written down
};

// Pure. What the call needs: the row of its route, and more where its body asks for more (a resume that restarts a
// mirror as new deletes the copy). A path without a row needs a viewer: whoever may not look learns nothing of paths.
Need NeededFor(const RouteRow* row, const Request& request);
// Without authentication only a loopback address is served; there a page of a foreign web site must not get in by
// having its own name resolve to this machine, so the Host must be an address or localhost.
bool IsHostOfThisMachine(std::string_view host);

// `clock` outlives the service.
Service Guard(Router router, GateParts parts, const Clock& clock);

}  // namespace klink::http
