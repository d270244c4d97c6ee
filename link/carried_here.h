// What a link of the other direction carries to our source must not be carried back to where it comes from: an ACL or a
// quota that somebody takes away there would be made again by its own copy. Told by the states of those links.
//
// Invariant: of two links that go both ways, one at most carries an ACL or a quota. Of the ACLs of a promoted topic,
// and of quotas once all mirrors of a link were promoted, it is the other one.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/permits.h"
#include "link/acl_plan.h"
#include "link/foreign_links.h"
#include "link/quota_plan.h"

namespace klink::link {

struct Carried {
  std::set<Acl> acls;  // at our source
  OtherQuotas quotas;
};
// Adds what the state of one such link says. Pure.
void TakeCarried(const state::StateView& theirs, Carried& carried);

// Were all mirrors of a link promoted? Then it carries no quotas any more: they are not of topics, and its destination
// is where they are set.
bool HasTurned(const state::StateView& state);

class CarriedHere {
 public:
  // `source` outlives it; `destination_id`: where such links come from.
  CarriedHere(kafka::Cluster& source, std::string destination_id, Executor executor);

  // As it is now. Unavailable when that cannot be read; what klink may not see counts as nothing, as the task
  // `loop-check` says then.
  Async<StatusOr<Carried>> Ask();

 private:
  Async<Status> Follow();

  kafka::Cluster& source_;
  std::string destination_id_;
  ForeignLinks links_;
  Permits turn_;  // of those who ask
};

}  // namespace klink::link
