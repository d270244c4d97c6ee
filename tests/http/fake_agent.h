// An agent that tells a fixed story: one link with an ACTIVE, a translated, a FAILED and a fresh topic.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "config/group_filter.h"
#include "link/diff.h"
#include "link/explain.h"
#include "link/progress.h"

namespace klink::http {
namespace fake {

using link::MirrorSnapshot;
using link::PartitionSnapshot;

inline const WallTime kStart{std::chrono::milliseconds(1767225600000)};  // 2026-01-01T00:00:00Z

inline PartitionSnapshot Active(int32_t partition, int64_t log_start, int64_t end, int64_t lag) {
  PartitionSnapshot p;
  p.partition = partition;
  p.state = "ACTIVE";
  p.offsets = "identical";
  p.identical_from = log_start;
  p.time_lookup = "exact";
  p.source_log_start = log_start;
  p.source_high_watermark = end;
  p.source_last_stable = end;
  p.destination_log_start = log_start;
  p.destination_end = end - lag;
  p.replicated_to = end - lag;
  p.lag = lag;
  p.lag_seconds = static_cast<double>(lag) / 100;
  p.last_source_fetch_offset = end - lag;
  return p;
}

inline MirrorSnapshot Mirror(std::string topic, std::string state, std::vector<PartitionSnapshot> partitions) {
  MirrorSnapshot mirror;
  mirror.topic = topic;
  mirror.source_topic = std::move(topic);
  mirror.state = std::move(state);
  mirror.partitions = std::move(partitions);
  return mirror;
}

inline MirrorSnapshot Failed() {
  PartitionSnapshot good = Active(0, 0, 10, 0);
  PartitionSnapshot bad = Active(1, 0, 250, 50);
  bad.state = "FAILED";
  bad.reason_code = "NOT_YET_SUPPORTED";
  bad.reason = "source offset 200 holds a transactional batch, which this version does not copy";
  bad.since = kStart + 90s;
  MirrorSnapshot mirror = Mirror("payments", "FAILED", {good, bad});
  mirror.reason_code = bad.reason_code;
  mirror.reason = bad.reason;
  mirror.since = bad.since;
  return mirror;
}

inline MirrorSnapshot Translated() {
  PartitionSnapshot p = Active(0, 5, 1005, 0);
  p.offsets = "translated";
  p.identical_from.reset();
  p.destination_log_start = 0;
  p.destination_end = 1100;
  return Mirror("orders.legacy", "ACTIVE", {p});
}

inline MirrorSnapshot Fresh() {
  PartitionSnapshot p;  // nothing is known of it yet
  p.reason_code = "DESTINATION_UNAVAILABLE";
  p.reason = "creating the topic: no broker answered in 5 s";
  p.since = kStart + 100s;
  MirrorSnapshot mirror = Mirror("orders.new", "PENDING_MIRROR", {p});
  mirror.reason_code = p.reason_code;
  mirror.reason = p.reason;
  mirror.since = p.since;
  return mirror;
}

inline link::LinkSnapshot Link() {
  link::LinkSnapshot link;
  link.name = "paris-to-lyon";
  link.state = "ACTIVE";
  link.role = "owner";
  link.source.name = "paris";
  link.source.cluster_id = "5L6g3nShT-eMCtK--X86sw";
  link.source.reachable = true;
  link.destination.name = "lyon";
  link.destination.cluster_id = "MkU3OEVBNTcwNTJENDM2Qk";
  link.destination.reachable = true;
  link::TaskSnapshot sync;
  sync.name = "topic-sync";
  link.tasks.push_back(sync);
  link.sets.push_back({"tier1", 10, 5.0, 120.0, {"orders.eu", "orders.legacy"}});
  link.sets.push_back({"tier2", 0, std::nullopt, std::nullopt, {"payments"}});
  link.mirrors.push_back(Mirror("orders.eu", "ACTIVE", {Active(0, 0, 1000, 0), Active(1, 120, 900, 3)}));
  link.mirrors.push_back(Translated());
  link.mirrors.push_back(Fresh());
  link.mirrors.push_back(Failed());
  return link;
}

}  // namespace fake

class FakeAgent : public link::AgentApi {
 public:
  FakeAgent();

  link::AgentSnapshot Snapshot() const override { return snapshot; }
  Async<StatusOr<std::vector<link::TranslationSnapshot>>> Translate(link::TranslateRequest request) override;
  Async<StatusOr<link::RunsSnapshot>> Runs(std::string link, TopicPartition partition) override;
  StatusOr<link::AclsSnapshot> Acls(const std::string& link) const override;
  Async<StatusOr<std::vector<link::OffsetAtSnapshot>>> OffsetsAt(link::OffsetsAtRequest request) override;
  // Pauses and resumes what `snapshot` holds; remembers what it was asked.
  Async<StatusOr<std::vector<link::ControlledMirror>>> ControlMirrors(link::ControlRequest request) override;
  Async<StatusOr<link::ControlledLink>> ControlLink(link::ControlRequest request) override;
  Async<StatusOr<std::vector<link::RealignedMirror>>> Realign(link::ControlRequest request) override;
  // Takes over what is asked for but orders.eu.
  Async<StatusOr<std::vector<link::AdoptedMirror>>> Adopt(link::AdoptRequest request) override;
  // The real rules over what `snapshot` holds; the file of the link stands below.
  Async<StatusOr<link::GroupsSnapshot>> Groups(std::string link) override;
  Async<StatusOr<link::GroupSnapshot>> Group(std::string link, std::string group) override;
  // Promotes what `snapshot` holds, at once; of each mirror 7 records did not cross.
  Async<StatusOr<link::PromotionSnapshot>> Promote(link::PromoteRequest request) override;
  StatusOr<link::PromotionSnapshot> Operation(const std::string& operation) const override;
  // One move of orders.eu: the first time it waits, asked again it is done.
  Async<StatusOr<link::CutoverSnapshot>> Cutover(link::CutoverRequest request) override;
  StatusOr<link::CutoverSnapshot> CutoverNow(const std::string& link) const override;
  Async<StatusOr<link::InhibitSnapshot>> Inhibit(link::InhibitRequest request) override;
  Async<StatusOr<std::vector<link::Explanation>>> Explain(link::ExplainRequest request) override;
  // Topics as `snapshot` has them; orders.eu with fewer partitions and another retention than its source, and without
  // an ACL; groups as Groups() has them.
  Async<StatusOr<std::vector<link::LinkDiff>>> Diff(std::string link) override;
  bool differs = true;
  bool Ready() const override { return ready; }
  bool Live() const override { return live; }

  link::AgentSnapshot snapshot;
  bool ready = true;
  bool live = true;
  absl::Status control_status;  // what both answer unless it is OK
  std::vector<link::ControlRequest> asked;
  std::optional<link::PromoteRequest> promoting;
  std::optional<link::AdoptRequest> adopting;
  link::PromotionSnapshot promotion;  // the last one begun
  std::optional<link::CutoverRequest> moving;
  std::optional<link::CutoverSnapshot> move;  // the last one begun
  bool inhibited = false;

 private:
  Status Check(const std::string& link, const TopicPartition& partition) const;
};

inline FakeAgent::FakeAgent() {
  snapshot.id = "klink-0";
  snapshot.version = "0.1.0";
  snapshot.started = fake::kStart;
  snapshot.links.push_back(fake::Link());
}

inline Status FakeAgent::Check(const std::string& link, const TopicPartition& partition) const {
  if (link != "paris-to-lyon") return NotFound("there is no link {}", link);
  if (partition.topic != "orders.legacy") return NotFound("link {} has no mirror topic {}", link, partition.topic);
  if (partition.partition != 0) return NotFound("topic {} has no partition {}", partition.topic, partition.partition);
  return absl::OkStatus();
}

// Source offset s in [5, 1005) stands at s + 95.
inline Async<StatusOr<std::vector<link::TranslationSnapshot>>> FakeAgent::Translate(link::TranslateRequest request) {
  CO_RETURN_IF_ERROR(Check(request.link, request.partition));
  const bool back = request.direction == link::Direction::kToSource;
  std::vector<link::TranslationSnapshot> answers;
  for (const int64_t offset : request.offsets) {
    link::TranslationSnapshot answer;
    answer.offset = offset;
    const int64_t source = back ? offset - 95 : offset;
    if (source > 1005) {
      answer.reason = "not replicated yet";
    } else {
      const int64_t clamped = std::max<int64_t>(source, 5);
      answer.translated = back ? clamped : clamped + 95;
      answer.answer = clamped == source ? "exact" : "clamped";
      if (clamped != source) answer.reason = "below the first record that was copied";
    }
    answers.push_back(answer);
  }
  co_return answers;
}

inline Async<StatusOr<link::RunsSnapshot>> FakeAgent::Runs(std::string link, TopicPartition partition) {
  CO_RETURN_IF_ERROR(Check(link, partition));
  link::RunSnapshot run;
  run.source_start = 5;
  run.destination_start = 100;
  run.length = 1000;
  run.reason = "the destination topic already had 100 records";
  run.source_leader_epoch = 3;
  co_return link::RunsSnapshot{{run}, link::FilledSnapshot{fake::kStart, 12, 3}};
}

inline StatusOr<link::AclsSnapshot> FakeAgent::Acls(const std::string& link) const {
  if (link != "paris-to-lyon") return NotFound("there is no link {}", link);
  const auto acl = [](std::string standing, std::string operation, std::string resource, std::string name) {
    link::AclSnapshot one{std::move(standing), "ALLOW",         "User:app", std::move(operation), std::move(resource),
                          "LITERAL",           std::move(name), "*",        std::nullopt,         fake::kStart};
    return one;
  };
  link::AclsSnapshot acls;
  acls.enabled = true;
  acls.synced = fake::kStart + 60s;
  acls.acls = {acl("created", "READ", "TOPIC", "orders.eu"), acl("held", "WRITE", "TOPIC", "orders."),
               acl("skipped", "READ", "GROUP", "app-")};
  acls.acls[0].principal = "User:CN=app,O=Example";
  acls.acls[1].pattern = acls.acls[2].pattern = "PREFIXED";
  acls.acls[2].reason = "the link carries only some of the groups under this pattern";
  acls.acls[2].since.reset();
  return acls;
}

// One record every second since kStart, from source offset 5 on, 1000 of them, the last 100 not copied yet.
inline Async<StatusOr<std::vector<link::OffsetAtSnapshot>>> FakeAgent::OffsetsAt(link::OffsetsAtRequest request) {
  CO_RETURN_IF_ERROR(Check(request.link, {request.topic, 0}));
  link::OffsetAtSnapshot answer;
  answer.source_offset =
      std::clamp<int64_t>(5 + std::chrono::ceil<std::chrono::seconds>(request.time - fake::kStart).count(), 5, 1005);
  if (*answer.source_offset > 905) {
    answer.reason = "copied up to source offset 905";
  } else {
    answer.destination_offset = *answer.source_offset + 95;
    answer.answer = "exact";
  }
  std::vector<link::OffsetAtSnapshot> answers;
  answers.push_back(std::move(answer));
  co_return answers;
}

inline Async<StatusOr<std::vector<link::ControlledMirror>>> FakeAgent::ControlMirrors(link::ControlRequest request) {
  asked.push_back(request);
  if (!control_status.ok()) co_return control_status;
  if (request.link != "paris-to-lyon") co_return NotFound("there is no link {}", request.link);
  const bool pause = request.verb == link::ControlVerb::kPause;
  std::vector<link::ControlledMirror> answers;
  if (request.all)
    for (const link::MirrorSnapshot& mirror : snapshot.links[0].mirrors) request.topics.push_back(mirror.topic);
  for (const std::string& topic : request.topics) {
    link::ControlledMirror& answer = answers.emplace_back();
    answer.topic = topic;
    answer.error = fmt::format("link {} has no mirror topic {}", request.link, topic);
    for (link::MirrorSnapshot& mirror : snapshot.links[0].mirrors) {
      if (mirror.topic != topic) continue;
      answer.state_before = mirror.state;
      answer.state = pause ? "PAUSED" : "ACTIVE";
      answer.outcome = mirror.state == answer.state ? "unchanged" : pause ? "paused" : "resumed";
      answer.error.reset();
      if (!request.dry_run) mirror.state = *answer.state;
    }
  }
  co_return answers;
}

namespace fake {

inline link::GroupPositionSnapshot GroupPosition(std::string topic, int64_t source, std::string answer) {
  link::GroupPositionSnapshot p;
  p.topic = topic;
  p.destination_topic = std::move(topic);
  p.source_offset = source;
  p.answer = std::move(answer);
  return p;
}

}  // namespace fake

// app-pay is carried over; app-web was moved and is at work at the destination.
inline Async<StatusOr<link::GroupsSnapshot>> FakeAgent::Groups(std::string link) {
  if (link != "paris-to-lyon") co_return NotFound("there is no link {}", link);
  link::GroupsSnapshot out;
  out.read_at = fake::kStart + 60s;
  link::GroupSummary pay;
  pay.group = "app-pay";
  pay.committed = fake::kStart + 55s;
  pay.positions = {3, 1, 1, 1, 0};
  link::GroupSummary web;
  web.group = "app-web";
  web.state = "PAUSED";
  web.reason_code = "GROUP_IN_USE";
  web.reason = "group app-web has members at lyon";
  web.positions = {1, 0, 0, 0, 1};
  out.groups = {pay, web};
  co_return out;
}

inline Async<StatusOr<link::GroupSnapshot>> FakeAgent::Group(std::string link, std::string group) {
  if (link != "paris-to-lyon") co_return NotFound("there is no link {}", link);
  if (group != "app-pay") co_return NotFound("neither paris nor lyon has a group {}", group);
  link::GroupSnapshot out;
  out.group = group;
  out.selected = true;
  out.filter = "included by {prefix: app-}";
  out.source.state = "Stable";
  out.source.type = "classic";
  out.source.members.push_back({"pay-1", "/10.0.0.7"});
  out.destination.state = "Empty";
  out.destination.type = "classic";
  link::GroupPositionSnapshot exact = fake::GroupPosition("orders.eu", 998, "exact");
  exact.translated = 998;
  exact.destination_offset = 990;
  exact.delta = -8;
  link::GroupPositionSnapshot clamped = fake::GroupPosition("orders.legacy", 3, "clamped");
  clamped.translated = clamped.destination_offset = 100;
  clamped.delta = 0;
  clamped.reason = "the copy starts at source offset 5";
  link::GroupPositionSnapshot unknown = fake::GroupPosition("orders.new", 7, "unknown");
  unknown.reason = "nothing of the partition has been copied yet";
  link::GroupPositionSnapshot skipped = fake::GroupPosition("internal-log", 12, "skipped");
  skipped.destination_topic.reset();
  skipped.reason = "topic internal-log is not mirrored by this link";
  out.positions = {exact, clamped, unknown, skipped};
  co_return out;
}

inline Async<StatusOr<link::PromotionSnapshot>> FakeAgent::Promote(link::PromoteRequest request) {
  promoting = request;
  if (!control_status.ok()) co_return control_status;
  link::PromotionSnapshot out;
  out.link = request.link;
  out.verb = request.kind == state::PromotionKind::kPromote ? "promote" : "failover";
  out.dry_run = request.dry_run;
  out.lost = 0;
  out.source_end_age = 3.5;
  out.groups_read_at = fake::kStart + 60s;
  out.groups_age = 4.25;
  if (!request.by.empty()) out.by = request.by;
  if (!request.reason.empty()) out.reason = request.reason;
  if (request.all)
    for (const link::MirrorSnapshot& mirror : snapshot.links[0].mirrors) request.topics.push_back(mirror.topic);
  for (const std::string& set : request.sets) {
    if (set != "tier1") co_return NotFound("link {} has no set {}; did you mean tier1?", request.link, set);
    request.topics = {"orders.eu", "orders.legacy"};
  }
  bool all = true, any = false;
  for (const std::string& topic : request.topics) {
    link::PromotedMirror& mirror = out.mirrors.emplace_back();
    mirror.topic = topic;
    mirror.error = fmt::format("link {} has no mirror topic {}", request.link, topic);
    for (link::MirrorSnapshot& known : snapshot.links[0].mirrors) {
      if (known.topic != topic) continue;
      mirror.error.reset();
      mirror.outcome = request.dry_run ? "would_stop" : known.state == "STOPPED" ? "already_stopped" : "stopped";
      any |= mirror.outcome != "already_stopped";
      if (!request.dry_run) known.state = "STOPPED";
      mirror.state = known.state;
      mirror.lost = 7;
      *out.lost += 7;
      link::PromotedPartition partition;
      partition.replicated_to = 998;
      partition.source_end = 1005;
      partition.source_end_at = fake::kStart + 60s;
      partition.lost = 7;
      if (!request.dry_run) partition.cut = 1000, partition.tail_offset = 990, partition.tail_crc = "0badcafe";
      mirror.partitions.push_back(partition);
    }
    all = all && !mirror.error;
  }
  if (!request.dry_run) out.state = all ? "COMPLETED" : "PARTIAL";
  if (!request.dry_run && any) {
    out.operation = "20260101T000100Z-ab12";
    out.step = "DONE";
    out.started = fake::kStart + 60s;
    out.finished = fake::kStart + 61s;
    out.seconds = 1.25;
    out.steps = {{"STOP_COPYING", 0.5}, {"FENCE", 0.25}};
    link::PromotedGroup group{"app-pay", request.topics.front(), 0, 1003, 5};
    out.groups.push_back(group);
    promotion = out;
    out.state = "RUNNING";
    out.step = "FENCE";
  }
  co_return out;
}

inline StatusOr<link::PromotionSnapshot> FakeAgent::Operation(const std::string& operation) const {
  if (promotion.operation != operation) return NotFound("no link of this agent knows an operation {}", operation);
  return promotion;
}

inline Async<StatusOr<link::CutoverSnapshot>> FakeAgent::Cutover(link::CutoverRequest request) {
  moving = request;
  if (!control_status.ok()) co_return control_status;
  const bool undo = request.order == link::CutoverOrder::kUndo;
  if (undo && !move) co_return FailedPrecondition("link {}: no planned move is under way", request.link);
  link::CutoverSnapshot out = move.value_or(link::CutoverSnapshot());
  out.link = request.link;
  out.dry_run = request.dry_run;
  if (!move) {
    out.block = request.block;
    out.settle_seconds = static_cast<double>(ToMillis(request.settle)) / 1000;
    for (const std::string& topic : request.topics) {
      link::MovedMirror& mirror = out.mirrors.emplace_back();
      mirror.topic = topic;
      if (topic != "orders.eu") mirror.error = fmt::format("link {} has no mirror topic {}", request.link, topic);
      if (topic != "orders.eu") out.state = "REFUSED";
      if (topic == "orders.eu") mirror.state = "ACTIVE", mirror.outcome = "would_move", mirror.lag = 3;
    }
    if (request.block) out.denied = {"orders.eu"};
  }
  if (request.dry_run || out.state == "REFUSED") co_return out;
  out.operation = "20260101T000100Z-ab12";
  out.started = fake::kStart + 60s;
  if (!move) {
    out.state = "HALTED";
    out.step = "DRAIN";
    out.mirrors[0].outcome = "waiting";
    out.halted = "1 of 1 mirrors are not ready: orders.eu: orders.eu-1: 3 offsets are not copied yet";
    out.remaining = {"klink cutover orders.eu", "klink cutover --undo"};
  } else {
    out.state = undo ? "UNDONE" : "COMPLETED";
    out.step = "DONE";
    out.halted.reset();
    out.remaining.clear();
    out.finished = fake::kStart + 75s;
    out.seconds = 15;
    if (undo) out.denied.clear();
    if (!undo) out.mirrors[0].state = "STOPPED", out.mirrors[0].outcome = "stopped", out.mirrors[0].lag.reset();
  }
  move = out;
  co_return out;
}

inline StatusOr<link::CutoverSnapshot> FakeAgent::CutoverNow(const std::string& link) const {
  if (!move) return NotFound("link {} knows of no planned move", link);
  return *move;
}

inline Async<StatusOr<link::InhibitSnapshot>> FakeAgent::Inhibit(link::InhibitRequest request) {
  if (!control_status.ok()) co_return control_status;
  link::InhibitSnapshot out;
  out.enabled = true;
  out.inhibited_before = inhibited;
  out.inhibited = request.inhibit;
  if (inhibited != request.inhibit) out.outcome = request.inhibit ? "inhibited" : "lifted";
  if (!request.dry_run) inhibited = request.inhibit;
  co_return out;
}

// Realigns orders.legacy, which is translated; refuses orders.eu, which a group reads.
inline Async<StatusOr<std::vector<link::RealignedMirror>>> FakeAgent::Realign(link::ControlRequest request) {
  asked.push_back(request);
  if (!control_status.ok()) co_return control_status;
  std::vector<link::RealignedMirror> answers;
  for (const std::string& topic : request.topics) {
    link::RealignedMirror& mirror = answers.emplace_back();
    mirror.topic = topic;
    mirror.state = "ACTIVE";
    mirror.deletes = 1100;
    mirror.only_in_copy = 95;
    mirror.copies = 1000;
    mirror.prefills = 5;
    if (topic == "orders.eu") mirror.error = "GROUP_IN_USE: the mirror is read by app-pay; stop these consumers first";
    if (topic == "orders.legacy") mirror.outcome = "realigning", mirror.groups_not_told.push_back("app-new");
  }
  co_return answers;
}

inline Async<StatusOr<std::vector<link::AdoptedMirror>>> FakeAgent::Adopt(link::AdoptRequest request) {
  adopting = request;
  if (!control_status.ok()) co_return control_status;
  std::vector<link::AdoptedMirror> answers;
  for (const link::AdoptTopic& topic : request.topics) {
    link::AdoptedMirror& mirror = answers.emplace_back();
    mirror.topic = topic.topic;
    if (topic.topic == "orders.eu")
      mirror.error = "orders.eu is mirrored by this link already";
    else
      mirror.outcome = "adopting";
  }
  co_return answers;
}

namespace fake {

inline config::LinkConfig File() {
  config::LinkConfig file;
  file.topics.include = {{.prefix = "orders."}, {.literal = "payments"}};
  file.topics.exclude = {{.prefix = "orders.tmp."}};
  file.groups.include.resize(1);
  file.groups.include[0].prefix = "app-";
  return file;
}

inline link::LinkFacts FactsOf(const link::LinkSnapshot& link) {
  link::LinkFacts facts;
  facts.name = link.name;
  facts.source = link.source.name;
  facts.destination = link.destination.name;
  facts.state = link.state;
  facts.reason_code = link.reason_code;
  facts.reason = link.reason;
  facts.agent = "klink-0";
  facts.leads = link.role == "owner";
  facts.leader = "klink-1";
  return facts;
}

inline link::Explanation ExplainTopic(const link::LinkSnapshot& link, const std::string& name) {
  link::TopicFacts facts;
  facts.link = FactsOf(link);
  facts.names = {name, name};
  facts.decision = config::TopicFilter::Compile(File().topics)->Decide(name);
  facts.at_source.is = link::Presence::Is::kThere;
  facts.at_source.partitions = 2;
  facts.at_destination.is = link::Presence::Is::kMissing;
  for (const MirrorSnapshot& mirror : link.mirrors)
    if (mirror.topic == name) facts.mirror = mirror, facts.at_destination = facts.at_source;
  if (name == "orders.none") facts.at_source.is = link::Presence::Is::kMissing;
  return link::ExplainTopic(facts);
}

}  // namespace fake

inline Async<StatusOr<std::vector<link::Explanation>>> FakeAgent::Explain(link::ExplainRequest request) {
  std::vector<link::Explanation> answers;
  for (const link::LinkSnapshot& link : snapshot.links) {
    if (!request.link.empty() && request.link != link.name) continue;
    if (request.kind == link::ExplainKind::kTopic) {
      answers.push_back(fake::ExplainTopic(link, request.name));
      continue;
    }
    link::GroupFacts facts{fake::FactsOf(link), request.name, {}};
    facts.decision = config::GroupFilter::Compile(fake::File().groups)->Decide(request.name);
    const auto groups = co_await Groups(link.name);
    for (const link::GroupSummary& group : groups->groups)
      if (group.group == request.name) facts.standing = group;
    answers.push_back(link::ExplainGroup(facts));
  }
  if (answers.empty()) co_return NotFound("there is no link {}", request.link);
  co_return answers;
}

inline Async<StatusOr<std::vector<link::LinkDiff>>> FakeAgent::Diff(std::string name) {
  if (!name.empty() && name != snapshot.links[0].name) co_return NotFound("there is no link {}", name);
  const link::LinkSnapshot& link = snapshot.links[0];
  link::LinkDiffer differ(link.name, link.source.name, link.destination.name);
  for (const link::MirrorSnapshot& mirror : link.mirrors) {
    link::DiffTopic topic;
    topic.source_topic = topic.name = mirror.topic;
    topic.mirror = true;
    topic.state = mirror.state;
    topic.reason_code = mirror.reason_code;
    topic.at_source = static_cast<int32_t>(mirror.partitions.size());
    if (mirror.topic != "orders.new" || !differs) topic.at_destination = topic.at_source;
    topic.configs.emplace();
    if (mirror.topic == "orders.eu" && differs) {
      topic.at_source = 6;
      topic.configs->always.push_back({"retention.ms", "604800000", "86400000"});
      topic.configs->others.push_back({"flush.ms", std::nullopt, "10"});
    }
    differ.Topic(topic);
  }
  if (differs) {
    link::AclSteps acls;
    acls.create.push_back({.name = "orders.eu", .principal = "User:app"});
    differ.Acls(3, acls);
    const auto groups = co_await Groups(link.name);
    differ.Groups(*groups);
  } else {
    differ.Compared("acls", 3);
    differ.Compared("groups", 2);
  }
  differ.NotCompared("quotas", "quotas.enabled is false");
  std::vector<link::LinkDiff> diffs;
  diffs.push_back(differ.Take());
  co_return diffs;
}

inline Async<StatusOr<link::ControlledLink>> FakeAgent::ControlLink(link::ControlRequest request) {
  asked.push_back(request);
  if (!control_status.ok()) co_return control_status;
  if (request.link != "paris-to-lyon") co_return NotFound("there is no link {}", request.link);
  link::LinkSnapshot& link = snapshot.links[0];
  link::ControlledLink answer;
  answer.state_before = link.state;
  answer.state = request.verb == link::ControlVerb::kPause ? "PAUSED" : "ACTIVE";
  answer.mirrors = static_cast<int64_t>(link.mirrors.size());
  if (answer.state != link.state) answer.outcome = answer.state == "PAUSED" ? "paused" : "resumed";
  if (!request.dry_run) link.state = answer.state;
  co_return answer;
}

}  // namespace klink::http
