#include "failover/drill.h"

#include <random>

#include "base/version.h"
#include "failover/drill_course.h"

namespace klink::failover {
namespace {

constexpr Duration kPositionsLeast = 10s;  // that groups have to be carried over once more

std::string ScenarioOf(config::DrillKind kind, const config::LinkConfig& link) {
  if (kind == config::DrillKind::kDry) return fmt::format("could link {} be failed over now?", link.name);
  if (kind == config::DrillKind::kLive)
    return fmt::format("cluster {} is lost: the mirrors of link {} are failed over for good", link.source, link.name);
  return fmt::format("cluster {} is lost: copies of the mirrors of link {} are failed over", link.source, link.name);
}

}  // namespace

void Drill::Begin() {
  std::random_device entropy;
  report_.started = clock_.Wall();
  report_.id = NewDrillId(report_.started, entropy());
  report_.drill = drill_.name;
  report_.type = ToText(drill_.kind);
  report_.scenario = ScenarioOf(drill_.kind, link_);
  report_.operator_name = ask_.operator_name;
  report_.approver = ask_.approver;
  report_.reason = ask_.reason;
  report_.config_sha256 = ask_.config_sha256;
  report_.audit_head = ask_.audit_head;
  report_.klink_version = kVersion;
  report_.scope.link = link_.name;
  report_.scope.source = link_.source;
  report_.scope.destination = link_.destination;
  report_.scope.groups = drill_.groups;
  report_.scope.max_bytes = dry() ? 0 : drill_.max_bytes;
}

Async<DrillReport> Drill::Run() {
  Begin();
  Status ended = co_await Look();
  if (ended.ok()) {
    if (dry())
      ended = co_await RunDry();
    else if (live())
      ended = co_await RunLive();
    else
      ended = co_await RunIsolated();
  }
  co_await look_.Close();
  Conclude(ended);
  co_return std::move(report_);
}

void Drill::Note(const std::string& name, Instant began, WallTime at, DrillVerdict verdict, std::string evidence) {
  const double seconds = std::chrono::duration<double>(clock_.Now() - began).count();
  report_.steps.push_back({name, at, seconds, std::string(Name(verdict)), std::move(evidence)});
}

Async<Status> Drill::Step(std::string name, Async<Seen> work) {
  ask_.tell(name);
  const Instant began = clock_.Now();
  const WallTime at = clock_.Wall();
  const Seen done = co_await std::move(work);
  Note(name, began, at, done.ok() ? DrillVerdict::kPassed : DrillVerdict::kFailed,
       done.ok() ? *done : std::string(Text(done.status())));
  co_return done.status();
}

// What a drill needs that does more than look, and a dry one tells.
Async<Status> Drill::Check(std::string name, Async<Finding> work) {
  ask_.tell(name);
  const Instant began = clock_.Now();
  const WallTime at = clock_.Wall();
  const Finding found = co_await std::move(work);
  Note(name, began, at, found.verdict, found.evidence);
  if (dry() || found.verdict == DrillVerdict::kPassed) co_return absl::OkStatus();
  co_return FailedPrecondition("{}: {}", name, found.evidence);
}

Async<Seen> Drill::Open() {
  CO_RETURN_IF_ERROR(co_await look_.Open());
  report_.destination_cluster_id = look_.destination_id();
  for (const state::MirrorRecord& mirror : look_.mirrors())
    report_.scope.topics.push_back(
        {mirror.destination_topic, mirror.source_topic, std::nullopt, static_cast<int32_t>(mirror.partitions.size())});
  co_return fmt::format("cluster {} is {}; link {} has {} mirrors of this drill there", link_.destination,
                        look_.destination_id().value_or("?"), link_.name, look_.mirrors().size());
}

Async<Seen> Drill::NoteGroups() {
  CO_RETURN_IF_ERROR(co_await look_.NoteGroups());
  co_return drill_.groups.empty() ? "the drill names no groups" : fmt::format("{} groups", drill_.groups.size());
}

Async<Status> Drill::Look() {
  CO_RETURN_IF_ERROR(co_await Step("destination", Open()));
  CO_RETURN_IF_ERROR(co_await Check("source", look_.CheckSource()));
  report_.source_cluster_id = look_.source_id();
  if (!look_.source_answers()) report_.deviations.push_back("the source did not answer: what would be lost is a bound");
  CO_RETURN_IF_ERROR(co_await Check("mirrors", Found(look_.CheckMirrors())));
  CO_RETURN_IF_ERROR(co_await Check("partitions", look_.CheckPartitions()));
  CO_RETURN_IF_ERROR(co_await Check("agents", look_.CheckAgents()));
  const Status groups = co_await Step("groups", NoteGroups());
  co_return dry() ? absl::OkStatus() : groups;
}

Async<Seen> Drill::MeasureLoss() {
  report_.rpo = co_await look_.MeasureLoss();
  co_return report_.rpo.records ? fmt::format("{} records had not crossed", *report_.rpo.records)
                                : "how many records had not crossed is not known";
}

Async<Seen> Drill::Positions() {
  const Duration patience = kPositionsLeast + 3 * link_.groups.interval;
  report_.groups = co_await look_.ComparePositions(clock_.Now() + patience);
  co_return fmt::format("{} positions of {} groups compared", report_.groups.size(), drill_.groups.size());
}

Async<Status> Drill::RunDry() {
  CO_RETURN_IF_ERROR(co_await look_.NoteLoss());
  (void)co_await Step("loss", MeasureLoss());
  if (!drill_.groups.empty()) (void)co_await Step("positions", Positions());
  const auto of_groups = [this](DrillVerdict verdict) {
    return report_.groups.empty() ? std::string("the drill names no groups")
                                  : fmt::format("{} positions: {}", report_.groups.size(), Name(verdict));
  };
  const DrillVerdict ahead = WorstAhead(report_.groups), behind = WorstBehind(report_.groups);
  report_.invariants.push_back({"L7", "AHEAD", std::string(Name(ahead)), of_groups(ahead)});
  report_.invariants.push_back({"L8", "BEHIND", std::string(Name(behind)), of_groups(behind)});
  for (const auto& [code, name] : {std::pair("L9", "ABORTED"),
                                   {"L10", "OPEN"},
                                   {"L11", "LATE EFFECT"},
                                   {"L12", "COLLISION"},
                                   {"L13", "STALE-ACK"},
                                   {"L14", "STUCK"}})
    report_.invariants.push_back({code, name, std::string(Name(DrillVerdict::kNotChecked)),
                                  "a dry drill promotes nothing: an isolated one checks it"});
  co_return absl::OkStatus();
}

void Drill::JudgeObjectives() {
  const auto seconds = [](Duration d) { return std::chrono::duration<double>(d).count(); };
  if (drill_.rpo > 0s) {
    DrillRpo measured = report_.rpo;
    if (measured.topics.empty()) measured.seconds.reset();
    report_.objectives.push_back(JudgeRpo(seconds(drill_.rpo), measured));
  }
  if (drill_.rto > 0s) report_.objectives.push_back(JudgeRto(seconds(drill_.rto), report_.rto.seconds, drill_.kind));
}

void Drill::Conclude(const Status& ended) {
  report_.finished = clock_.Wall();
  DrillOutcome outcome = DrillOutcome::kPrecondition;
  if (ended.ok() || begun_) JudgeObjectives();
  if (ended.ok())
    outcome = JudgeAll(report_);
  else if (live())
    outcome = aborted_.value_or(DrillOutcome::kPrecondition);
  else if (begun_)
    outcome = report_.rollback.complete ? DrillOutcome::kRolledBack : DrillOutcome::kLeftOver;
  report_.outcome = Name(outcome);
  report_.exit_code = static_cast<int64_t>(outcome);
  report_.summary = SummaryOf(report_);
  if (!ended.ok()) report_.summary += fmt::format("; {}", Text(ended));
  const auto act = [this](const std::string& what, const std::string& verdict, const std::string& detail) {
    if (verdict == "FAILED" || verdict == "UNKNOWN")
      report_.remediation.push_back({fmt::format("{} is {}: {}", what, verdict, detail), "", ""});
  };
  for (const DrillStep& s : report_.steps) act("step " + s.step, s.verdict, s.evidence);
  for (const DrillObjective& o : report_.objectives) act("objective " + o.objective, o.verdict, o.detail);
  for (const DrillInvariant& i : report_.invariants) act(i.code + " " + i.name, i.verdict, i.detail);
  if (!report_.rollback.complete && !live())
    report_.remediation.push_back({"remove what the drill left: klink drill clean", "", ""});
}

Async<DrillReport> RunDrill(const config::Config& config, const config::DrillConfig& drill, DrillAsk ask,
                            DrillFolder& folder) {
  const Executor executor = co_await asio::this_coro::executor;
  for (const config::LinkConfig& link : config.links) {
    if (link.name != drill.link) continue;
    auto running = std::make_unique<Drill>(config, link, drill, std::move(ask), folder, executor);
    co_return co_await running->Run();
  }
  DrillReport nothing;  // the configuration was checked
  nothing.summary = fmt::format("there is no link {}", drill.link);
  co_return nothing;
}

}  // namespace klink::failover
