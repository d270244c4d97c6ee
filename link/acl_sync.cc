#include "link/acl_sync.h"

#include <algorithm>

#include "base/log.h"
#include "link/acl_list.h"
#include "link/carried_here.h"
#include "link/halt.h"
#include "link/source_door.h"

namespace klink::link {
namespace {

using admin::AclPermission;
using state::Reason;

constexpr size_t kAclsPerRequest = 500;
constexpr size_t kShown = 1000;  // of what waits or is not carried over

bool IsDeny(const Acl& acl) { return acl.permission == AclPermission::kDeny; }

// What a planned move made to keep producers away from the source must not follow them to the copy.
void LeaveOutBlocks(std::vector<Acl>& acls, const state::StateView& view) {
  if (!view.cutover()) return;
  std::set<Acl> blocks;
  for (const auto* topics : {&view.cutover()->denied, &view.cutover()->denied_before})
    for (const std::string& topic : *topics) blocks.insert(DenyOf(topic));
  std::erase_if(acls, [&](const Acl& acl) { return blocks.contains(acl); });
}

}  // namespace

state::AclRecord RecordOf(const Acl& acl, AclNote note, int64_t since_ms) {
  state::AclRecord record;
  record.holding = note == AclNote::kHeld ? state::AclHolding::kHeld : state::AclHolding::kCreated;
  record.resource = Name(acl.resource);
  record.pattern = Name(acl.pattern);
  record.name = acl.name;
  record.principal = acl.principal;
  record.host = acl.host;
  record.operation = Name(acl.operation);
  record.permission = Name(acl.permission);
  record.since_ms = since_ms;
  return record;
}

std::optional<Acl> AclOf(const state::AclRecord& record) {
  const auto resource = admin::FindAclResource(record.resource);
  const auto pattern = admin::FindAclPattern(record.pattern);
  const auto operation = admin::FindAclOperation(record.operation);
  const auto permission = admin::FindAclPermission(record.permission);
  if (!resource || !pattern || !operation || !permission) return std::nullopt;
  return Acl{*resource, *pattern, record.name, record.principal, record.host, *operation, *permission};
}

AclScope AclScopeOf(const state::StateView& state, const config::LinkConfig& link, std::set<std::string> own) {
  return {link, std::move(own), AclMirrorsOf(state)};
}

std::vector<AclMirror> AclMirrorsOf(const state::StateView& state) {
  std::vector<AclMirror> mirrors;
  for (const auto& [name, record] : state.mirrors()) mirrors.push_back({record.source_topic, name, record.phase});
  return mirrors;
}

AclLedger AclLedgerOf(const state::StateView& state) {
  AclLedger ledger;
  for (const auto& [key, record] : state.acls())
    if (auto acl = AclOf(record))
      ledger[*std::move(acl)] = record.holding == state::AclHolding::kHeld ? AclNote::kHeld : AclNote::kCreated;
  return ledger;
}

AclSnapshot SnapshotOf(const state::AclRecord& record) {
  AclSnapshot out;
  out.standing = record.holding == state::AclHolding::kHeld ? "held" : "created";
  out.permission = record.permission;
  out.principal = record.principal;
  out.operation = record.operation;
  out.resource = record.resource;
  out.pattern = record.pattern;
  out.name = record.name;
  out.host = record.host;
  out.since = WallOf(record.since_ms);
  return out;
}

AclSync::AclSync(std::unique_ptr<AclPorts> ports, Clock& clock, const config::LinkConfig& config,
                 std::set<std::string> own, kafka::Cluster& source, kafka::Cluster& destination, CarriedHere* carried)
    : ports_(std::move(ports)),
      clock_(clock),
      config_(config),
      own_(std::move(own)),
      source_(source),
      destination_(destination),
      carried_(carried),
      task_(clock, config.name, "acl-sync", Event::kAclsChanged, "ACLs are not carried over") {}

Async<void> AclSync::Run() {
  return task_.Repeat(ports_->view(), config_.acls.interval, [this] { return Round(); });
}

// Both lists are whole, or nothing is done: what a refused listing does not tell would look as if it were gone. At the
// destination ALTER is what the link has been granted, and implies DESCRIBE.
Async<Status> AclSync::Round() {
  CO_TRY(std::vector<Acl> source, co_await List(source_, "DESCRIBE"));
  LeaveOutBlocks(source, ports_->view());
  if (carried_ != nullptr) {  // asked behind the list: what a link makes, it noted before
    CO_TRY(const Carried carried, co_await carried_->Ask());
    std::erase_if(source, [&](const Acl& acl) { return carried.acls.contains(acl); });
  }
  CO_TRY(const std::vector<Acl> destination, co_await List(destination_, "ALTER"));
  const AclScope scope = AclScopeOf(ports_->view(), config_, own_);
  AclWish wish = WishedAcls(source, scope);
  const std::set<Acl> existing(destination.begin(), destination.end());
  AclSteps steps = PlanAcls(wish, existing, AclLedgerOf(ports_->view()), scope);
  skipped_ = std::move(wish.skipped);
  waiting_.clear();
  if (!steps.empty()) CO_RETURN_IF_ERROR(co_await Carry(std::move(steps), scope));
  synced_ = clock_.Wall();
  co_return absl::OkStatus();
}

Async<StatusOr<std::vector<Acl>>> AclSync::List(kafka::Cluster& cluster, std::string_view right) {
  auto listed = co_await ListCarriedAcls(cluster);
  if (!listed.ok()) co_return Refusal(listed.status(), cluster.name(), right);
  co_return *std::move(listed);
}

// DENY is in place before ALLOW is granted, and ALLOW is gone before DENY is taken away. What cannot be done now is not
// noted either: the note says whose the ACL is.
Async<Status> AclSync::Carry(AclSteps steps, const AclScope& scope) {
  std::vector<Acl> denies, grants, revoked, ends;
  for (const Acl& acl : Allowed(std::move(steps.create), scope)) (IsDeny(acl) ? denies : grants).push_back(acl);
  for (const Acl& acl : Allowed(std::move(steps.remove), scope)) (IsDeny(acl) ? ends : revoked).push_back(acl);
  std::set<std::string> exposed;  // whose DENY cannot be made yet
  for (const Waiting& waiting : waiting_)
    if (IsDeny(waiting.acl)) exposed.insert(waiting.acl.principal);
  std::erase_if(grants, [&](const Acl& acl) {
    const bool early = exposed.contains(acl.principal);
    if (early) waiting_.push_back({acl, "a DENY of the same principal comes first"});
    return early;
  });
  const auto waits = [this](const Acl& acl) {
    return std::any_of(waiting_.begin(), waiting_.end(), [&](const Waiting& w) { return w.acl == acl; });
  };
  std::erase_if(steps.note, [&](const auto& entry) { return waits(entry.first); });
  CO_RETURN_IF_ERROR(co_await Note(std::move(steps.note)));
  CO_RETURN_IF_ERROR(co_await Create(std::move(denies), scope));
  CO_RETURN_IF_ERROR(co_await Remove(std::move(revoked), scope));
  CO_RETURN_IF_ERROR(co_await Create(std::move(grants), scope));
  CO_RETURN_IF_ERROR(co_await Remove(std::move(ends), scope));
  std::erase_if(steps.rewrite, [&](const auto& entry) { return waits(entry.first); });
  CO_RETURN_IF_ERROR(co_await Note(std::move(steps.rewrite)));
  std::vector<std::string> keys;
  for (const Acl& acl : steps.forget)
    if (!waits(acl)) keys.push_back(KeyOf(RecordOf(acl, AclNote::kCreated, 0)));
  if (keys.empty()) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(ports_->MayWrite());
  co_return co_await ports_->Erase(std::move(keys));
}

// Those that may be written now; the others wait, with the reason.
std::vector<Acl> AclSync::Allowed(std::vector<Acl> acls, const AclScope& scope) {
  std::erase_if(acls, [&](const Acl& acl) {
    const Status may = May(acl, scope);
    if (!may.ok()) waiting_.push_back({acl, Text(may)});
    return !may.ok();
  });
  return acls;
}

Async<Status> AclSync::Note(std::map<Acl, AclNote> notes) {
  if (notes.empty()) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(ports_->MayWrite());
  std::vector<state::Record> records;
  for (const auto& [acl, note] : notes)
    records.emplace_back(RecordOf(acl, note, clock_.Wall().time_since_epoch().count()));
  co_return co_await ports_->Write(std::move(records));
}

// Of an ACL on topics: as every mirror allows that it covers.
Status AclSync::May(const Acl& acl, const AclScope& scope) const {
  RETURN_IF_ERROR(ports_->MayWrite());
  for (const AclMirror* mirror : CoveredBy(acl, scope.mirrors))
    RETURN_IF_ERROR(ports_->MayWrite(mirror->destination_topic));
  return absl::OkStatus();
}

Async<Status> AclSync::Create(std::vector<Acl> acls, const AclScope& scope) {
  return InParts(std::move(acls), scope, &AclPorts::Create, "granted or denied at the destination as at the source");
}

Async<Status> AclSync::Remove(std::vector<Acl> acls, const AclScope& scope) {
  return InParts(std::move(acls), scope, &AclPorts::Delete, "took away at the destination as at the source");
}

Async<Status> AclSync::InParts(std::vector<Acl> acls, const AclScope& scope, Call call, std::string_view told) {
  for (size_t at = 0; at < acls.size(); at += kAclsPerRequest) {
    const size_t end = std::min(acls.size(), at + kAclsPerRequest);
    std::vector<Acl> now(acls.begin() + static_cast<ptrdiff_t>(at), acls.begin() + static_cast<ptrdiff_t>(end));
    now = Allowed(std::move(now), scope);  // the lease may have ended meanwhile
    if (now.empty()) continue;
    const size_t count = now.size();
    const auto done = co_await (ports_.get()->*call)(std::move(now));
    if (!done.ok()) co_return Refusal(done.status(), config_.destination, "ALTER");
    for (const Status& one : *done)
      if (!one.ok()) co_return Refusal(one, config_.destination, "ALTER");
    Log(Level::kInfo, Event::kAclsChanged, told, {{"link", config_.name}, {"count", count}});
  }
  co_return absl::OkStatus();
}

// What an operator reads: the feature, the cluster, the right.
Status AclSync::Refusal(const Status& status, const std::string& cluster, std::string_view right) const {
  if (IsSecurityDisabled(status))
    return Halt(Reason::kSecurityDisabled, "acl sync: cluster {} has no authorizer, so there are no ACLs to carry over",
                cluster);
  if (status.code() == Code::kPermissionDenied)
    return Halt(Reason::kAuthorizationError, "acl sync needs {} on the cluster, which {} does not grant", right,
                cluster);
  return Annotate(status, "acl sync");
}

void AclSync::AddTo(AclsSnapshot& snapshot) const {
  snapshot.synced = synced_;
  const auto add = [&](const Acl& acl, std::string_view standing, const std::string& why) {
    if (snapshot.acls.size() >= kShown + ports_->view().acls().size()) return;
    AclSnapshot one = SnapshotOf(RecordOf(acl, AclNote::kCreated, 0));
    one.standing = standing;
    one.reason = why;
    one.since.reset();
    snapshot.acls.push_back(std::move(one));
  };
  for (const Waiting& waiting : waiting_) add(waiting.acl, "waiting", waiting.why);
  for (const SkippedAcl& skipped : skipped_) add(skipped.acl, "skipped", skipped.why);
}

}  // namespace klink::link
