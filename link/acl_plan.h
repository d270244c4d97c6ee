// Which of the source's ACLs are wanted at the destination, and what is done about the difference. Pure.
//
// A mirror has one writer. So while a topic is mirrored, grants that would let anybody else change it (WRITE, DELETE,
// ALTER, ALTER_CONFIGS, CREATE, ALL) are held back; of ALL what reads (READ, DESCRIBE_CONFIGS) is granted at once. What
// is held is kept in the link's state, so that a promotion can release it when the source is gone. DENY is never held
// and is in place before any ALLOW. klink deletes only what it created, and nothing that concerns a promoted topic.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "admin/acls.h"
#include "config/schema_link.h"
#include "state/states.h"

namespace klink::link {

using admin::Acl;

struct AclMirror {
  std::string source_topic;
  std::string destination_topic;
  state::Phase phase = state::Phase::kActive;

  bool promoted() const { return phase == state::Phase::kPendingStopped || phase == state::Phase::kStopped; }
};

struct AclScope {
  const config::LinkConfig& link;
  std::set<std::string> own;  // klink's own principals, on both sides
  std::vector<AclMirror> mirrors;
};

struct SkippedAcl {
  Acl acl;  // at the source
  std::string why;
};

struct AclWish {
  std::set<Acl> now;
  std::set<Acl> held;
  std::vector<SkippedAcl> skipped;  // of principals that are carried over, but not wanted there
};

// `source`: the ACLs on topics and groups there.
AclWish WishedAcls(const std::vector<Acl>& source, const AclScope& scope);

// What klink noted in the link's state: created by it, or held back.
enum class AclNote { kCreated, kHeld };
using AclLedger = std::map<Acl, AclNote>;

struct AclSteps {
  std::vector<Acl> create;         // DENY first
  std::vector<Acl> remove;         // ALLOW first
  std::map<Acl, AclNote> note;     // before anything is created
  std::vector<Acl> forget;         // once nothing of it exists there
  std::map<Acl, AclNote> rewrite;  // behind the removals

  bool empty() const { return create.empty() && remove.empty() && note.empty() && forget.empty() && rewrite.empty(); }
};
AclSteps PlanAcls(const AclWish& wish, const std::set<Acl>& existing, const AclLedger& ledger, const AclScope& scope);

// The mirrors, by their name at the destination, that an ACL there covers.
std::vector<const AclMirror*> CoveredBy(const Acl& acl, const std::vector<AclMirror>& mirrors);

// Does it concern what is promoted? Then the link neither makes it nor takes it away: whoever owns that decides.
bool IsOutOfReach(const Acl& acl, const std::vector<AclMirror>& mirrors);

struct AclRelease {
  std::vector<Acl> create;
  std::vector<Acl> lifted;  // of the held ones: nothing is held of them any more
};
// What is granted when `promoted` (destination topics) stop being mirrors: what covers them, as literal grants; a
// pattern itself once no mirror is left under it.
AclRelease ReleasedFor(const std::set<std::string>& promoted, const std::vector<Acl>& held,
                       const std::vector<AclMirror>& mirrors);

struct ReleaseNotes {
  std::vector<Acl> created;  // klink makes them: when the topic is a mirror again, they are taken away again
  std::vector<Acl> forget;
};
// `existing`: the ACLs at the destination before. What somebody else granted there stays his.
ReleaseNotes NotesOf(const AclRelease& release, const std::set<Acl>& existing);

// Would this grant let its principal change a topic?
bool ChangesTopics(const Acl& acl);
// Grants of others that reach a mirror: klink cannot hold back what the destination granted itself.
std::vector<Acl> ForeignWriters(const std::vector<Acl>& destination, const AclScope& scope);

}  // namespace klink::link
