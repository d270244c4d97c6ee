#include "http/gate.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

#include "http/idempotency.h"
#include "http/rate_limit.h"
#include "http/rest_shape.h"

namespace klink::http {

Need NeededFor(const RouteRow* row, const Request& request) {
  if (row == nullptr) return Need::kViewer;
  if (row->action != "mirrors.resume") return row->need;
  const StatusOr<Json> body = ParseJson(request.body);
  const Json* accept = body.ok() ? FindJson(*body, "accept") : nullptr;
  const bool deletes = accept != nullptr && accept->is_string() && TextOf(accept->get_string()) == "RESTART_AS_NEW";
  return deletes ? Need::kAdmin : row->need;
}

bool IsHostOfThisMachine(std::string_view host) {
  if (host.empty()) return true;  // HTTP/1.0: no browser
  if (host.ends_with(']') || host.starts_with('[')) {
    host = host.substr(1, host.find(']') == std::string_view::npos ? 0 : host.find(']') - 1);
  } else {
    host = host.substr(0, host.find(':'));
  }
  boost::system::error_code ec;
  asio::ip::make_address(std::string(host), ec);
  return !ec || host == "localhost";
}

namespace {

class Gate {
 public:
  Gate(Router router, GateParts parts, const Clock& clock)
      : router_(std::move(router)), parts_(std::move(parts)), clock_(clock) {}

  Async<Response> Pass(Request request) {
    const Target target = request.target;
    Response response = co_await Answer(std::move(request));
    co_return InShapeOf(target, std::move(response));
  }

 private:
  Async<Response> Answer(Request request) {
    parts_.access.Refresh();
    const Router::Match match = router_.Find(request);
    const RouteRow* row = match.pattern.empty() ? nullptr : FindRow(request.method, match.pattern);
    Need need = NeededFor(row, request);
    if (row == nullptr && !match.pattern.empty()) need = Need::kAdmin;
    if (need == Need::kNobody) co_return co_await router_(std::move(request));
    const std::string_view action = row == nullptr ? "" : row->action;
    const StatusOr<Caller> caller = Admit(request, need);
    if (!MayCallNow(request, caller.status())) {
      co_return Problem(ResourceExhausted("too many calls from {}: slow down", request.peer));
    }
    if (!caller.ok()) co_return co_await Refuse(std::move(request), match, std::string(action), caller.status());
    request.by = caller->name;
    if (action.empty() || IsDryRun(request)) co_return co_await router_(std::move(request));
    AuditedCall call{row, &request, *caller, LinkOf(match)};
    if (request.idempotency_key.empty()) co_return co_await Change(request, std::move(call));
    co_return co_await Once(request, std::move(call));
  }

  // With a key: however often it comes, it is made once. A call whose end is not seen is not taken for made.
  Async<Response> Once(const Request& request, AuditedCall call) {
    const std::string caller = call.caller.name;
    if (auto answer = idempotency_.Begin(caller, request, clock_.Now())) {
      answer->route = std::string(call.row->pattern);
      co_return *std::move(answer);
    }
    Pending pending{idempotency_, caller, request};
    Response response = co_await Change(request, std::move(call));
    idempotency_.Finish(caller, request, response, clock_.Now());
    pending.finished = true;
    co_return response;
  }
  struct Pending {
    ~Pending() {
      if (!finished) calls.Forget(caller, request);
    }
    Idempotency& calls;
    const std::string& caller;
    const Request& request;
    bool finished = false;
  };

  // The link that a call concerns: the first thing named in a path of klink's own, the second one in Kafka REST's.
  static std::string LinkOf(const Router::Match& match) {
    const size_t at = match.pattern.starts_with(kRestLinks) ? 1 : 0;
    return match.captures.size() > at && (at == 1 || !match.pattern.starts_with("/v3")) ? match.captures[at] : "";
  }

  // `request` lives in the caller's frame: what the events tell is what was asked.
  Async<Response> Change(const Request& request, AuditedCall call) {
    if (parts_.audit == nullptr) {
      Request unwritten = request;
      co_return co_await router_(std::move(unwritten));
    }
    const StatusOr<int64_t> requested = co_await parts_.audit->Requested(call);
    if (!requested.ok()) {
      Response refused = Problem(requested.status());
      refused.route = std::string(call.row->pattern);
      co_return refused;
    }
    Request copy = request;
    Response response = co_await router_(std::move(copy));
    co_await parts_.audit->Outcome(call, response, *requested);
    co_return response;
  }

  // Who is known but may not is told by name.
  Async<Response> Refuse(Request request, const Router::Match& match, std::string action, Status why) {
    Response refused = Problem(why);
    if (absl::IsUnauthenticated(why)) refused.challenge = kChallenge;
    if (!match.pattern.empty()) refused.route = std::string(match.pattern);
    if (const auto known = parts_.access.Identify(request, clock_.Wall()); known.ok()) request.by = known->name;
    if (parts_.audit != nullptr) co_await parts_.audit->Refused(request, std::move(action), std::move(why));
    co_return refused;
  }

  static constexpr std::string_view kRestLinks = "/v3/clusters/{}/links/{}";
  static constexpr std::string_view kChallenge = R"(Bearer realm="klink", Basic realm="klink")";

  // Where nobody is asked who calls, everybody is this machine.
  bool MayCallNow(const Request& request, const Status& admitted) {
    if (parts_.access.open()) return true;
    const Instant now = clock_.Now();
    if (absl::IsUnauthenticated(admitted)) return unknown_.Take(request.peer.substr(0, request.peer.rfind(':')), now);
    const StatusOr<Caller> caller = parts_.access.Identify(request, clock_.Wall());
    return !caller.ok() || known_.Take(caller->name, now);
  }

  StatusOr<Caller> Admit(const Request& request, Need need) const {
    if (parts_.access.open() && !IsHostOfThisMachine(request.host))
      return PermissionDenied(
          "the Host header names another machine; without authentication klink is asked by address");
    TRY(Caller caller, parts_.access.Identify(request, clock_.Wall()));
    if (MayCall(caller.role, need)) return caller;
    return PermissionDenied("{} has the role {}; this call needs {}", caller.name, config::ToText(caller.role),
                            ToText(need));
  }

  Router router_;
  GateParts parts_;
  const Clock& clock_;
  Idempotency idempotency_;
  RateLimit known_{kCallsOfOneCaller};
  RateLimit unknown_{kUnknownOfOneAddress};
};

}  // namespace

Service Guard(Router router, GateParts parts, const Clock& clock) {
  auto gate = std::make_shared<Gate>(std::move(router), std::move(parts), clock);
  return [gate](Request request) { return gate->Pass(std::move(request)); };
}

}  // namespace klink::http
