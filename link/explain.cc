#include "link/explain.h"

#include "state/reasons.h"

namespace klink::link {
namespace {

constexpr std::string_view kYes = "yes", kNo = "no", kNotYet = "not yet";
constexpr std::string_view kOk = "ok", kWait = "wait", kUnknown = "unknown";
constexpr std::string_view kNothing = "nothing";

std::string_view ActionOf(const std::optional<std::string>& code) {
  const auto reason = code ? state::FindReason(*code) : std::nullopt;
  return reason ? state::RowOf(*reason).action : std::string_view();
}

// The answer as it grows, step by step.
class Walk {
 public:
  Walk(const LinkFacts& link, std::string at_source, std::string at_destination) : link_(link) {
    out_.link = link.name;
    out_.name_at_source = std::move(at_source);
    out_.name_at_destination = std::move(at_destination);
    out_.mirrored = kYes;
    out_.what_to_do = kNothing;
  }

  bool decided() const { return decided_; }
  void Step(std::string rule, std::string_view answer, std::string text) {
    out_.steps.push_back({std::move(rule), std::string(answer), std::move(text)});
  }
  // The step just made is why it is so; an earlier one stays the reason.
  void Decide(std::string_view mirrored, std::string decided_by, std::string what_to_do,
              std::optional<std::string> reason_code = std::nullopt) {
    if (decided_) return;
    decided_ = true;
    out_.mirrored = mirrored;
    out_.decided_by = std::move(decided_by);
    out_.what_to_do = std::move(what_to_do);
    out_.reason_code = std::move(reason_code);
  }

  // The link, and which agent carries it: both kinds of things pass here.
  void Link() {
    if (link_.state == "ACTIVE") {
      Step("link", kOk, fmt::format("{} is ACTIVE", link_.name));
    } else {
      const bool waits = link_.state == "UNAVAILABLE";
      const std::string why = link_.reason.value_or("no reason is known");
      Step("link", waits ? kWait : kNo, fmt::format("{} is {}: {}", link_.name, link_.state, why));
      const std::string_view action = ActionOf(link_.reason_code);
      Decide(waits ? kNotYet : kNo, fmt::format("link {}", link_.name),
             std::string(action.empty() ? "klink link describe shows what the link waits for" : action),
             link_.reason_code);
    }
    if (link_.leads)
      Step("agent", kOk, fmt::format("{}, this agent, carries the link", link_.agent));
    else if (link_.leader && *link_.leader != link_.agent)
      Step("agent", kOk,
           fmt::format("{} carries the link; this agent, {}, stands by and knows less: ask that one", *link_.leader,
                       link_.agent));
    else
      Step("agent", kWait, fmt::format("no agent carries the link as far as {} knows", link_.agent));
  }

  Explanation Take() { return std::move(out_); }

 private:
  const LinkFacts& link_;
  Explanation out_;
  bool decided_ = false;
};

void Filter(Walk& walk, const LinkFacts& link, const std::string& name, const config::Decision& decision,
            const std::string& list) {
  const std::string by = decision.rule.empty() ? decision.why : decision.rule;
  if (decision.included) return walk.Step("filter", kOk, fmt::format("{} takes {}", by, name));
  std::string text = decision.rule.empty() || decision.rule == "topics.rename"
                         ? decision.why
                         : fmt::format("{} leaves {} out", by, name);
  walk.Step("filter", kNo, std::move(text));
  std::string todo;
  if (config::ClassifyInternal(name) == config::InternalTopic::kNever && list == "topics")
    todo = kNothing;
  else if (decision.rule == "topics.rename")
    todo = fmt::format("give link {} a shorter topics.rename, or the topic a shorter name", link.name);
  else if (!decision.rule.empty())
    todo =
        fmt::format("take {} out of link {}, or make it narrower: exclude wins over include", decision.rule, link.name);
  else
    todo = fmt::format("add {{literal: {}}} to {}.include of link {}", name, list, link.name);
  walk.Decide(kNo, by, std::move(todo));
}

void AtSource(Walk& walk, const TopicFacts& facts) {
  const std::string &cluster = facts.link.source, &topic = facts.names.source;
  switch (facts.at_source.is) {
    case Presence::Is::kThere:
      return walk.Step("source", kOk,
                       fmt::format("{} is at {}, with {} partition{}", topic, cluster, facts.at_source.partitions,
                                   facts.at_source.partitions == 1 ? "" : "s"));
    case Presence::Is::kMissing:
      walk.Step("source", kNo, fmt::format("there is no topic {} at {}", topic, cluster));
      return walk.Decide(kNo, "source", fmt::format("create it at {}, or correct the name", cluster),
                         facts.mirror ? facts.mirror->reason_code : std::nullopt);
    case Presence::Is::kForbidden:
      walk.Step("source", kNo, fmt::format("{} does not let klink see {}: DESCRIBE is missing", cluster, topic));
      return walk.Decide(kNo, "source", fmt::format("grant klink DESCRIBE and READ on topic {} at {}", topic, cluster),
                         std::string(Name(state::Reason::kAuthorizationError)));
    case Presence::Is::kUnknown:
      return walk.Step("source", kUnknown, fmt::format("{} cannot be asked: {}", cluster, facts.at_source.text));
  }
}

void AtDestination(Walk& walk, const TopicFacts& facts) {
  const std::string &cluster = facts.link.destination, &topic = facts.names.destination;
  const bool ours = facts.mirror && !facts.mirror->partitions.empty();
  switch (facts.at_destination.is) {
    case Presence::Is::kThere:
      return walk.Step(
          "destination", kOk,
          fmt::format("{} is at {}, with {} partition{}{}", topic, cluster, facts.at_destination.partitions,
                      facts.at_destination.partitions == 1 ? "" : "s", ours ? "" : "; this link did not make it"));
    case Presence::Is::kMissing:
      return walk.Step("destination", ours ? kNo : kWait,
                       fmt::format("there is no topic {} at {}{}", topic, cluster, ours ? " any more" : " yet"));
    case Presence::Is::kForbidden:
      walk.Step("destination", kNo, fmt::format("{} does not let klink see {}: DESCRIBE is missing", cluster, topic));
      return walk.Decide(kNo, "destination", fmt::format("grant what klink acl plan prints for {}", cluster),
                         std::string(Name(state::Reason::kAuthorizationError)));
    case Presence::Is::kUnknown:
      return walk.Step("destination", kUnknown,
                       fmt::format("{} cannot be asked: {}", cluster, facts.at_destination.text));
  }
}

// "partition 1 of 3 is FAILED: FOREIGN_WRITE: …" of the first one that is as bad as the mirror.
std::string WorstText(const MirrorSnapshot& mirror) {
  std::string reason = mirror.reason.value_or("");
  if (mirror.reason_code) reason = *mirror.reason_code + (reason.empty() ? "" : ": " + reason);
  std::string where;
  size_t as_bad = 0;
  for (const PartitionSnapshot& partition : mirror.partitions) {
    if (partition.state != mirror.state) continue;
    if (as_bad++ == 0) where = fmt::format("partition {}", partition.partition);
  }
  if (as_bad == mirror.partitions.size() || as_bad == 0) return reason;
  if (as_bad > 1) where = fmt::format("{} partitions", as_bad);
  return fmt::format("{} of {}{}{}", where, mirror.partitions.size(), reason.empty() ? "" : ": ", reason);
}

void Mirror(Walk& walk, const TopicFacts& facts) {
  if (!facts.mirror) {
    if (walk.decided()) return;
    const int64_t seconds = ToMillis(facts.link.refresh) / 1000;
    walk.Step("mirror", kWait,
              fmt::format("not begun: topics are looked for every {} s", std::max<int64_t>(1, seconds)));
    return walk.Decide(kNotYet, "mirror", "nothing: wait for the next look");
  }
  const MirrorSnapshot& mirror = *facts.mirror;
  const std::string worst = WorstText(mirror);
  const std::string text = fmt::format("{} is {}{}{}", mirror.topic, mirror.state, worst.empty() ? "" : ": ", worst);
  const bool copied = mirror.state == "ACTIVE" || mirror.state == "PENDING_SYNCHRONIZE";
  if (copied) return walk.Step("mirror", kOk, text);
  // Without a reason klink is under way to it, or tries again by itself.
  const bool waits = mirror.state.starts_with("PENDING_MIRROR") || mirror.state == "SOURCE_UNAVAILABLE" ||
                     (mirror.state == "FAILED" && mirror.partitions.empty() && !mirror.reason_code);
  walk.Step("mirror", waits ? kWait : kNo, text);
  std::string todo(ActionOf(mirror.reason_code));
  if (todo.empty()) todo = waits ? "nothing: wait" : mirror.state == "STOPPED" ? kNothing : "klink mirror describe";
  walk.Decide(waits ? kNotYet : kNo, mirror.reason_code.value_or("mirror"), std::move(todo), mirror.reason_code);
}

std::string PositionsText(const PositionCounts& at) {
  return fmt::format("{} position{}: {} exact, {} clamped, {} unknown, {} skipped", at.total, at.total == 1 ? "" : "s",
                     at.exact, at.clamped, at.unknown, at.skipped);
}

// Its positions were read in the last round, and nothing is wrong with the group as a whole.
void Positions(Walk& walk, const GroupFacts& facts, const PositionCounts& at) {
  if (at.total == 0) {
    walk.Step("offsets", kWait, fmt::format("{} has committed nothing at {}", facts.group, facts.link.source));
    return walk.Decide(kNotYet, "offsets", "nothing: what it commits is carried over");
  }
  const std::string text = PositionsText(at);
  if (at.exact + at.clamped > 0) return walk.Step("offsets", kOk, text);
  if (at.unknown > 0) {
    walk.Step("offsets", kWait, text + ": the copies do not tell yet where these stand");
    return walk.Decide(kNotYet, "offsets", "nothing: klink tries on");
  }
  walk.Step("offsets", kNo, text + ": they are in topics that are no running mirrors of this link");
  walk.Decide(kNo, "offsets", fmt::format("klink offsets group {} shows why, position by position", facts.group));
}

void Offsets(Walk& walk, const GroupFacts& facts) {
  if (!facts.unknown.empty()) {
    walk.Step("offsets", kUnknown, facts.unknown);
    return walk.Decide(kNotYet, facts.decision.rule,
                       fmt::format("klink offsets group {} shows its offsets", facts.group));
  }
  if (!facts.standing) {
    walk.Step(
        "source", kNo,
        fmt::format("{} lists no group {}, or does not let klink see it: DESCRIBE", facts.link.source, facts.group));
    return walk.Decide(
        kNo, "source",
        fmt::format("correct the name, or grant klink DESCRIBE on group {} at {}", facts.group, facts.link.source));
  }
  const GroupSummary& group = *facts.standing;
  if (group.state == "ACTIVE") return Positions(walk, facts, group.positions);
  const std::string text = group.reason.value_or(group.state);
  if (group.state == "STOPPED") {
    walk.Step("source", kNo, text);
    return walk.Decide(kNo, "source", std::string(kNothing));
  }
  const bool waits = group.state == "FAILED" && !group.reason_code;  // it is tried again every round
  walk.Step("offsets", waits ? kWait : kNo, fmt::format("{}: {}", group.reason_code.value_or(group.state), text));
  const std::string_view action = ActionOf(group.reason_code);
  walk.Decide(
      waits ? kNotYet : kNo, group.reason_code.value_or("offsets"),
      action.empty() ? fmt::format("klink offsets group {} shows both sides", facts.group) : std::string(action),
      group.reason_code);
}

}  // namespace

TopicNames ReadTopicName(const std::string& asked, const config::Rename& rename, const NameFacts& facts) {
  if (facts.source_of_record) return {*facts.source_of_record, asked};
  const auto original = config::DestinationToSourceName(rename, asked);
  if (!facts.there && facts.there_without_rename && original) return {*original, asked};
  return {asked, config::SourceToDestinationName(rename, asked)};
}

Explanation ExplainTopic(const TopicFacts& facts) {
  Walk walk(facts.link, facts.names.source, facts.names.destination);
  Filter(walk, facts.link, facts.names.source, facts.decision, "topics");
  AtSource(walk, facts);
  walk.Link();
  AtDestination(walk, facts);
  Mirror(walk, facts);
  walk.Decide(kYes, facts.decision.rule, std::string(kNothing),
              facts.mirror ? facts.mirror->reason_code : std::nullopt);
  return walk.Take();
}

Explanation ExplainGroup(const GroupFacts& facts) {
  Walk walk(facts.link, facts.group, facts.group);
  Filter(walk, facts.link, facts.group, facts.decision, "groups");
  walk.Link();
  if (!walk.decided()) Offsets(walk, facts);
  walk.Decide(kYes, facts.decision.rule, std::string(kNothing));
  return walk.Take();
}

}  // namespace klink::link
