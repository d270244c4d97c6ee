#include "link/acl_plan.h"

#include <algorithm>
#include <tuple>

#include "config/principal.h"
#include "config/topic_filter.h"

namespace klink::link {
namespace {

using admin::AclOperation;
using admin::AclPattern;
using admin::AclPermission;
using admin::AclResource;
using config::Pattern;

bool Together(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

// How every name that the ACL covers begins; nothing for one that covers all.
std::string BeginOf(const Acl& acl) { return acl.name == admin::kEveryName ? "" : acl.name; }
bool IsPattern(const Acl& acl) { return acl.pattern == AclPattern::kPrefixed || acl.name == admin::kEveryName; }

// Could a name that begins so be excluded?
bool MayExclude(const std::vector<Pattern>& exclude, std::string_view begin) {
  return std::any_of(exclude.begin(), exclude.end(), [&](const Pattern& pattern) {
    const std::string common = config::CommonPrefix(pattern);
    const bool one = !pattern.literal.empty() && pattern.literal != "*";
    return one ? common.starts_with(begin) : Together(common, begin);
  });
}

// The beginnings that an ACL's pattern and the filter's prefixes share, as far as nothing under them is excluded.
std::set<std::string> SharedPrefixes(const Acl& acl, const std::vector<Pattern>& include,
                                     const std::vector<Pattern>& exclude) {
  std::set<std::string> shared;
  const std::string begin = BeginOf(acl);
  for (const Pattern& pattern : include) {
    if (pattern.prefix.empty() && pattern.literal != "*") continue;
    if (!Together(begin, pattern.prefix)) continue;
    const std::string both = std::max(begin, pattern.prefix, [](auto& a, auto& b) { return a.size() < b.size(); });
    if (!MayExclude(exclude, both)) shared.insert(both);
  }
  return shared;
}

Acl Renamed(Acl acl, AclPattern pattern, std::string name) {
  acl.pattern = pattern;
  acl.name = std::move(name);
  return acl;
}

// The same grant on the mirrors. Where the destination's pattern would take in what is not mirrored, it becomes one
// grant for each mirror that there is.
std::vector<Acl> OnMirrors(const Acl& acl, const AclScope& scope) {
  std::vector<Acl> mapped;
  const config::TopicsConfig& topics = scope.link.topics;
  std::set<std::string> prefixes;
  if (IsPattern(acl) && topics.rename.suffix.empty())
    for (const std::string& begin : SharedPrefixes(acl, topics.include, topics.exclude))
      if (!Together(begin, "__") && !Together(begin, "_klink.")) prefixes.insert(begin);
  for (const std::string& begin : prefixes)
    mapped.push_back(Renamed(acl, AclPattern::kPrefixed, topics.rename.prefix + begin));
  for (const AclMirror& mirror : scope.mirrors) {
    if (!admin::Covers(acl.pattern, acl.name, mirror.source_topic)) continue;
    const bool within = std::any_of(prefixes.begin(), prefixes.end(),
                                    [&](const std::string& p) { return mirror.source_topic.starts_with(p); });
    if (!within) mapped.push_back(Renamed(acl, AclPattern::kLiteral, mirror.destination_topic));
  }
  return mapped;
}

bool NamesGroup(const std::vector<Pattern>& patterns, const std::string& group) {
  const Pattern one{.literal = group};
  return std::any_of(patterns.begin(), patterns.end(), [&](const Pattern& p) { return SurelyOverlap(p, one); });
}

std::vector<Acl> OnGroups(const Acl& acl, const config::Groups& groups, AclWish& wish) {
  std::vector<Acl> mapped;
  const std::vector<Pattern> include(groups.include.begin(), groups.include.end());
  const std::vector<Pattern> exclude(groups.exclude.begin(), groups.exclude.end());
  if (!IsPattern(acl)) {
    if (NamesGroup(include, acl.name) && !NamesGroup(exclude, acl.name)) mapped.push_back(acl);
    return mapped;
  }
  for (const std::string& begin : SharedPrefixes(acl, include, exclude))
    mapped.push_back(begin.empty() ? Renamed(acl, AclPattern::kLiteral, std::string(admin::kEveryName))
                                   : Renamed(acl, AclPattern::kPrefixed, begin));
  for (const Pattern& pattern : include) {
    const bool one = !pattern.literal.empty() && pattern.literal != "*";
    if (one && admin::Covers(acl.pattern, acl.name, pattern.literal) && !NamesGroup(exclude, pattern.literal))
      mapped.push_back(Renamed(acl, AclPattern::kLiteral, pattern.literal));
  }
  const bool unclear = std::any_of(include.begin(), include.end(), [&](const Pattern& pattern) {
    const bool open = pattern.literal.empty() || pattern.literal == "*";
    return open && Together(BeginOf(acl), config::CommonPrefix(pattern)) &&
           (!pattern.regex.empty() || MayExclude(exclude, config::CommonPrefix(pattern)));
  });
  if (unclear)
    wish.skipped.push_back({acl,
                            "the link carries only some of the groups under this pattern; grant it at the destination "
                            "yourself, or on single groups at the source"});
  return mapped;
}

void WishTopic(const Acl& acl, const AclScope& scope, AclWish& wish) {
  for (const Acl& there : OnMirrors(acl, scope)) {
    const auto covered = CoveredBy(there, scope.mirrors);
    const auto promoted = [](const AclMirror* mirror) { return mirror->promoted(); };
    if (!covered.empty() && std::all_of(covered.begin(), covered.end(), promoted)) continue;  // no longer ours to say
    if (!ChangesTopics(there)) {
      wish.now.insert(there);
      continue;
    }
    wish.held.insert(there);
    if (there.operation != AclOperation::kAll) continue;
    for (const AclOperation reads : {AclOperation::kRead, AclOperation::kDescribeConfigs}) {
      Acl part = there;
      part.operation = reads;
      wish.now.insert(std::move(part));
    }
  }
}

}  // namespace

bool ChangesTopics(const Acl& acl) {
  if (acl.resource != AclResource::kTopic || acl.permission != AclPermission::kAllow) return false;
  switch (acl.operation) {
    case AclOperation::kAll:
    case AclOperation::kWrite:
    case AclOperation::kCreate:
    case AclOperation::kDelete:
    case AclOperation::kAlter:
    case AclOperation::kAlterConfigs:
      return true;
    default:
      return false;
  }
}

std::vector<const AclMirror*> CoveredBy(const Acl& acl, const std::vector<AclMirror>& mirrors) {
  std::vector<const AclMirror*> covered;
  if (acl.resource != AclResource::kTopic) return covered;
  for (const AclMirror& mirror : mirrors)
    if (admin::Covers(acl.pattern, acl.name, mirror.destination_topic)) covered.push_back(&mirror);
  return covered;
}

// An ACL on a group concerns all topics.
bool IsOutOfReach(const Acl& acl, const std::vector<AclMirror>& mirrors) {
  const auto promoted = [](const AclMirror& mirror) { return mirror.promoted(); };
  if (acl.resource != AclResource::kTopic) return std::any_of(mirrors.begin(), mirrors.end(), promoted);
  const auto covered = CoveredBy(acl, mirrors);
  return std::any_of(covered.begin(), covered.end(), [](const AclMirror* mirror) { return mirror->promoted(); });
}

AclWish WishedAcls(const std::vector<Acl>& source, const AclScope& scope) {
  AclWish wish;
  for (const Acl& acl : source) {
    if (scope.own.contains(acl.principal) || !config::CarriesPrincipal(scope.link.acls, acl.principal)) continue;
    if (acl.permission == AclPermission::kDeny && acl.principal == admin::kEverybody) {
      wish.skipped.push_back({acl, "it denies everybody, klink as well; deny it to single principals"});
      continue;
    }
    if (acl.resource == AclResource::kTopic) WishTopic(acl, scope, wish);
    if (acl.resource == AclResource::kGroup)
      for (Acl& there : OnGroups(acl, scope.link.groups, wish)) wish.now.insert(std::move(there));
  }
  return wish;
}

AclSteps PlanAcls(const AclWish& wish, const std::set<Acl>& existing, const AclLedger& ledger, const AclScope& scope) {
  AclSteps steps;
  for (const Acl& acl : wish.now) {
    const auto noted = ledger.find(acl);
    if (!existing.contains(acl)) {
      steps.create.push_back(acl);
      if (noted == ledger.end() || noted->second != AclNote::kCreated) steps.note[acl] = AclNote::kCreated;
    } else if (noted != ledger.end() && noted->second == AclNote::kHeld) {
      steps.forget.push_back(acl);  // somebody else granted it, and it needs no holding now
    }
  }
  for (const Acl& acl : wish.held) {
    const auto noted = ledger.find(acl);
    if (noted == ledger.end()) {
      steps.note[acl] = AclNote::kHeld;
    } else if (noted->second == AclNote::kCreated && !IsOutOfReach(acl, scope.mirrors)) {
      if (existing.contains(acl)) steps.remove.push_back(acl);
      steps.rewrite[acl] = AclNote::kHeld;
    }
  }
  for (const auto& [acl, noted] : ledger) {
    if (wish.now.contains(acl) || wish.held.contains(acl) || IsOutOfReach(acl, scope.mirrors)) continue;
    if (noted == AclNote::kCreated && existing.contains(acl)) steps.remove.push_back(acl);
    steps.forget.push_back(acl);
  }
  const auto permission = [](const Acl& acl) { return std::tie(acl.permission, acl); };
  std::sort(steps.create.begin(), steps.create.end(),
            [&](const Acl& a, const Acl& b) { return permission(a) < permission(b); });
  std::sort(steps.remove.begin(), steps.remove.end(),
            [&](const Acl& a, const Acl& b) { return permission(b) < permission(a); });
  return steps;
}

AclRelease ReleasedFor(const std::set<std::string>& promoted, const std::vector<Acl>& held,
                       const std::vector<AclMirror>& mirrors) {
  AclRelease release;
  for (const Acl& acl : held) {
    std::vector<Acl> literal;
    bool all = true;
    for (const AclMirror* mirror : CoveredBy(acl, mirrors)) {
      const bool now = promoted.contains(mirror->destination_topic);
      if (now) literal.push_back(Renamed(acl, AclPattern::kLiteral, mirror->destination_topic));
      all = all && (now || mirror->promoted());
    }
    if (literal.empty()) continue;
    if (all) {
      release.create.push_back(acl);
      release.lifted.push_back(acl);
    } else {
      release.create.insert(release.create.end(), literal.begin(), literal.end());
    }
  }
  return release;
}

ReleaseNotes NotesOf(const AclRelease& release, const std::set<Acl>& existing) {
  ReleaseNotes notes;
  for (const Acl& acl : release.create)
    if (!existing.contains(acl)) notes.created.push_back(acl);
  for (const Acl& acl : release.lifted)
    if (existing.contains(acl)) notes.forget.push_back(acl);
  return notes;
}

std::vector<Acl> ForeignWriters(const std::vector<Acl>& destination, const AclScope& scope) {
  std::vector<Acl> writers;
  for (const Acl& acl : destination) {
    if (!ChangesTopics(acl) || scope.own.contains(acl.principal)) continue;
    const auto covered = CoveredBy(acl, scope.mirrors);
    if (std::any_of(covered.begin(), covered.end(), [](const AclMirror* mirror) { return !mirror->promoted(); }))
      writers.push_back(acl);
  }
  return writers;
}

}  // namespace klink::link
