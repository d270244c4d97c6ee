#include "link/carried_here.h"

#include <algorithm>

#include "link/acl_sync.h"
#include "link/quota_sync.h"
#include "link/topic_listing.h"

namespace klink::link {
namespace {

bool IsPromoted(state::Phase phase) {
  return phase == state::Phase::kPendingStopped || phase == state::Phase::kStopped;
}

// Of states that klink may not read or does not understand nothing is known; any other trouble passes.
bool Passes(const Status& status) {
  return status.ok() || status.code() == Code::kPermissionDenied || status.code() == Code::kFailedPrecondition ||
         status.code() == Code::kNotFound;
}

}  // namespace

bool HasTurned(const state::StateView& state) {
  const auto promoted = [](const auto& mirror) { return IsPromoted(mirror.second.phase); };
  return !state.mirrors().empty() && std::all_of(state.mirrors().begin(), state.mirrors().end(), promoted);
}

void TakeCarried(const state::StateView& theirs, Carried& carried) {
  const std::vector<AclMirror> mirrors = AclMirrorsOf(theirs);
  for (const auto& [acl, note] : AclLedgerOf(theirs))
    if (note == AclNote::kCreated && !IsOutOfReach(acl, mirrors)) carried.acls.insert(acl);
  Quotas& quotas = HasTurned(theirs) ? carried.quotas.former : carried.quotas.theirs;
  quotas.merge(QuotaLedgerOf(theirs));
}

CarriedHere::CarriedHere(kafka::Cluster& source, std::string destination_id, Executor executor)
    : source_(source), destination_id_(std::move(destination_id)), links_(source, ""), turn_(std::move(executor), 1) {}

Async<Status> CarriedHere::Follow() {
  CO_TRY(const Listing listing, co_await ListTopics(source_, std::nullopt));
  std::map<std::string, kafka::Uuid> states;
  for (const auto& [name, topic] : listing.topics)
    if (!LinkOfStateTopic(name).empty()) states.emplace(name, topic.id);
  co_return co_await links_.Follow(std::move(states));
}

Async<StatusOr<Carried>> CarriedHere::Ask() {
  CO_TRY(const int64_t turn, co_await turn_.Take(1));
  const Status followed = co_await Follow();
  turn_.Give(turn);
  if (!Passes(followed)) co_return Annotate(followed, "what other links carry to the source");
  Carried carried;
  for (const state::StateView* theirs : links_.From(destination_id_)) TakeCarried(*theirs, carried);
  co_return carried;
}

}  // namespace klink::link
