#include "link/diff.h"

#include "base/check.h"

namespace klink::link {
namespace {

std::string Partitions(int32_t count) { return fmt::format("{} partition{}", count, count == 1 ? "" : "s"); }

std::string Positions(int64_t count) { return fmt::format("{} position{}", count, count == 1 ? "" : "s"); }

}  // namespace

LinkDiffer::LinkDiffer(std::string link, std::string source, std::string destination) {
  out_.link = std::move(link);
  out_.source = std::move(source);
  out_.destination = std::move(destination);
  for (const char* kind : kDiffKinds) out_.kinds.emplace_back().kind = kind;
}

ComparedKind& LinkDiffer::Of(std::string_view kind) {
  for (ComparedKind& known : out_.kinds)
    if (known.kind == kind) return known;
  KLINK_CHECK(false);
  return out_.kinds.front();
}

void LinkDiffer::Compared(std::string_view kind, int64_t items) {
  ComparedKind& of = Of(kind);
  of.compared = true;
  of.items += items;
}

void LinkDiffer::NotCompared(std::string_view kind, std::string why) { Of(kind).reason = std::move(why); }

void LinkDiffer::Add(ClusterDifference difference) {
  Of(difference.kind).differences++;
  if (out_.differences.size() < kListedMost) out_.differences.push_back(std::move(difference));
}

void LinkDiffer::Topic(const DiffTopic& topic) {
  if (!topic.at_source && !topic.at_destination) return;  // gone on both sides
  Compared("topics", 1);
  const std::string why = topic.reason_code ? fmt::format("{}, {}", topic.state, *topic.reason_code) : topic.state;
  ClusterDifference missing{
      .kind = "topics", .name = topic.name, .key = {}, .source = {}, .destination = {}, .text = ""};
  if (topic.at_source) missing.source = Partitions(*topic.at_source);
  if (topic.at_destination) missing.destination = Partitions(*topic.at_destination);
  if (!topic.at_source) {
    missing.text = fmt::format("{} is not at the source any more; its copy is {}", topic.source_topic, why);
    return Add(std::move(missing));
  }
  if (!topic.at_destination) {
    missing.text = topic.mirror ? fmt::format("the mirror is not there; it is {}", why) : "it is not mirrored yet";
    return Add(std::move(missing));
  }
  if (!topic.mirror) {
    missing.text = "a topic of that name is there, which this link did not make";
    return Add(std::move(missing));
  }
  Compared("partitions", 1);
  if (topic.at_source != topic.at_destination) {
    const bool grows = *topic.at_source > *topic.at_destination;
    Add({.kind = "partitions",
         .name = topic.name,
         .key = {},
         .source = std::to_string(*topic.at_source),
         .destination = std::to_string(*topic.at_destination),
         .text = grows ? "klink adds what is missing" : "PARTITIONS_DIFFER: a topic cannot lose partitions"});
  }
  if (topic.configs) Configs(topic, *topic.configs);
}

void LinkDiffer::Configs(const DiffTopic& topic, const ConfigPlan& plan) {
  Compared("configs", 1);
  const auto add = [&](const SettingChange& change) {
    Add({.kind = "configs",
         .name = topic.name,
         .key = change.key,
         .source = change.value,
         .destination = change.was,
         .text = change.value ? "klink sets it at the mirror" : "klink takes it away at the mirror"});
  };
  for (const SettingChange& change : plan.always) add(change);
  for (const SettingChange& change : plan.others) add(change);
  for (const std::string& key : plan.unknown)
    Add({.kind = "configs",
         .name = topic.name,
         .key = key,
         .source = "set",
         .destination = {},
         .text = "the destination's brokers do not know this key"});
}

void LinkDiffer::Acls(int64_t wanted, const AclSteps& steps) {
  Compared("acls", wanted);
  for (const Acl& acl : steps.create)
    Add({.kind = "acls",
         .name = acl.principal,
         .key = AclText(acl),
         .source = "there",
         .destination = {},
         .text = "klink makes it at the destination"});
  for (const Acl& acl : steps.remove)
    Add({.kind = "acls",
         .name = acl.principal,
         .key = AclText(acl),
         .source = {},
         .destination = "there",
         .text = "klink made it, and deletes it"});
}

void LinkDiffer::ClientQuotas(const Quotas& source, const Quotas& destination, const QuotaSteps& steps) {
  Compared("quotas", static_cast<int64_t>(source.size()));
  const auto add = [&](const QuotaName& name, std::string text) {
    ClusterDifference difference{
        .kind = "quotas", .name = QuotaText(name), .key = {}, .source = {}, .destination = {}, .text = std::move(text)};
    if (const auto at = source.find(name); at != source.end()) difference.source = fmt::format("{}", at->second);
    if (const auto at = destination.find(name); at != destination.end())
      difference.destination = fmt::format("{}", at->second);
    Add(std::move(difference));
  };
  for (const auto& [name, value] : steps.set) add(name, "klink sets it at the destination");
  for (const QuotaName& name : steps.remove) add(name, "klink set it, and takes it away");
  for (const QuotaName& name : steps.local) add(name, "the destination's own limit stands");
}

// What a group would find if it were started at the destination now. Positions that are skipped are in topics that are
// no running mirrors of the link, which is no difference of the groups.
void LinkDiffer::Groups(const GroupsSnapshot& groups) {
  Compared("groups", static_cast<int64_t>(groups.groups.size()));
  for (const GroupSummary& group : groups.groups) {
    const PositionCounts& at = group.positions;
    const int64_t inexact = at.clamped + at.unknown;
    if (group.state == "ACTIVE" && inexact == 0) continue;
    ClusterDifference difference{
        .kind = "groups", .name = group.group, .key = {}, .source = {}, .destination = {}, .text = ""};
    const bool gone = group.state == "STOPPED";
    if (!gone) difference.source = Positions(at.total);
    if (gone)
      difference.destination = "kept";
    else if (at.exact + at.clamped > 0)
      difference.destination = fmt::format("{} exact, {} clamped, {} unknown", at.exact, at.clamped, at.unknown);
    difference.text = group.reason.value_or(
        at.unknown > 0 ? "where these positions stand at the destination is not known yet; klink tries on"
                       : "the copy does not hold these positions; klink raises them as far as it grows");
    if (group.reason_code) difference.text = fmt::format("{}: {}", *group.reason_code, difference.text);
    Add(std::move(difference));
  }
}

}  // namespace klink::link
