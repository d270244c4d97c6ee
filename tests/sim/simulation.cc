#include "tests/sim/simulation.h"

#include <algorithm>

#include "base/log.h"

namespace klink::sim {
namespace {

constexpr Duration kHandOver = 3s;  // between the end of a lease and the next owner: session timeout less lease
constexpr Duration kRestartMost = 3s;
constexpr int64_t kFirstTransactional = 100, kTransactionalProducers = 4;  // of the source's producers
constexpr Duration kFairFor = 60s;  // by then everything must be copied (L14: no 30 s without progress)

DestLog::Options DestOptions(const Scenario& s) {
  DestLog::Options options;
  options.start = s.dest_start;
  options.expiration = s.expiration;
  options.check_every = s.forget_every;
  options.batch_bytes = s.batch_bytes;
  return options;
}

}  // namespace

Simulation::Simulation(Scenario scenario)
    : scenario_(scenario),
      world_(scenario.seed),
      weather_(scenario.weather),
      source_(world_, scenario.source_first),
      dest_(world_, source_, DestOptions(scenario)),
      coordinator_(world_, dest_, weather_, scenario.transaction_timeout),
      oracle_(world_, scenario_, source_, dest_, durable_) {
  SetLogOptions({.level = Level::kError});  // what partitions say is not what is looked at here
  dest_.Watch(kDataProducer, [this](DestLog::Stored& stored) { return oracle_.Inspect(stored); });
  source_.LeaveHoles(scenario_.holes);
  for (int i = 0; i < scenario_.batches_before; i++) ProduceOne();
  source_.AdvanceStart(std::min(scenario_.source_first + scenario_.start_inside, source_.end()));
  if (scenario_.transactions && scenario_.kind == Kind::kPrefill) StartInsideTransaction();
  if (scenario_.other_records > 0) dest_.WriteForeign(static_cast<int>(scenario_.other_records));
  if (scenario_.taken_over)
    durable_.adoption = link::Adoption{SourceOffset(scenario_.source_first), DestOffset(scenario_.other_records)};
  KeepProducing();
  KeepLeases();
}

Simulation::~Simulation() {
  agent_.reset();
  other_.reset();
}

// --- The agents -----------------------------------------------------------------------------------------------------

Agent::Parts Simulation::Parts() {
  link::Identity identity;
  identity.producer_id = kDataProducer;
  identity.filler_producer_id = kFillerProducer;
  identity.ever_used = durable_.slot_producers;
  link::MirrorOptions options;
  options.preserve = scenario_.preserve;
  options.prefill_limit = scenario_.prefill_limit;
  options.producer_expiration = scenario_.expiration;
  options.record_foreign = scenario_.record_foreign;
  options.pipelined = scenario_.pipelined;
  options.committed = scenario_.committed;
  options.holes.markers = scenario_.markers;
  options.holes.fill_records = scenario_.fill_records;
  options.compacted = scenario_.compacted;
  const auto refused = scenario_.fills() ? SimSink::Markers::kRefused : SimSink::Markers::kKnownAsRefused;
  const auto markers = scenario_.markers_permitted ? SimSink::Markers::kPermitted : refused;
  return {world_, weather_, source_, dest_, durable_, coordinator_, identity, options, markers};
}

void Simulation::Start() {
  world_.Note("an agent starts");
  agent_ = std::make_unique<Agent>(Parts());
  agent_->KeepLease();
}

void Simulation::Kill() {
  world_.Note("the agent dies");
  agent_.reset();
}

void Simulation::Crash() {
  world_.Count(Fault::kCrash);
  if (durable_.prefill && !durable_.active) world_.Count(Fault::kCrashInPrefill);
  if (dest_.last_stable() < dest_.high_watermark()) world_.Count(Fault::kCrashInTransaction);
  Kill();
  const Duration away = world_.random().Chance(0.5) ? Duration(0) : world_.random().Within(Duration(0), kRestartMost);
  world_.After(away, [this] {
    if (!agent_) Start();
  });
}

void Simulation::KeepLeases() {
  if (agent_) agent_->KeepLease();
  if (other_ && scenario_.kind == Kind::kTwoOwners) other_->KeepLease();
  world_.After(kRenewEvery, [this] { KeepLeases(); });
}

bool Simulation::StepAgents() {
  bool any = false;
  if (agent_ && agent_->Step()) {
    any = true;
    steps_++;
    oracle_.Watch(*agent_);
    const bool struck = bad_ && scenario_.crashes && world_.random().Chance(weather_.crash);
    if (struck || steps_ == crash_at_) Crash();
  }
  if (other_ && other_->Step()) any = true;
  return any;
}

void Simulation::For(Duration d) {
  const Instant until = world_.now() + d;
  do {
    while (StepAgents()) {
    }
  } while (world_.Step(until));
  while (StepAgents()) {
  }
}

// --- The source -----------------------------------------------------------------------------------------------------

void Simulation::ProduceOne() {
  Random& random = world_.random();
  Duration age = scenario_.record_age;
  if (scenario_.age_spread > Duration(0)) age = random.Chance(0.5) ? age : Duration(0);
  const auto records = static_cast<int>(random.Between(1, scenario_.records_most));
  const int64_t timestamp_ms = world_.wall_ms() - ToMillis(age);
  if (random.Chance(scenario_.holes)) source_.Skip(random.Between(1, 30));
  if (scenario_.transactions) return ProduceTransactional(records, timestamp_ms);
  source_.Produce(records, timestamp_ms);
}

// A few producers take turns; now and then one ends a transaction that had nothing for this partition.
void Simulation::ProduceTransactional(int records, int64_t timestamp_ms) {
  Random& random = world_.random();
  const int64_t producer = kFirstTransactional + random.Below(kTransactionalProducers);
  const int64_t roll = random.Below(100);
  const auto verdict = random.Chance(0.65) ? kafka::ControlType::kCommit : kafka::ControlType::kAbort;
  if (roll < 40) return source_.ProduceWithin(producer, records, timestamp_ms);
  if (roll < 70 && source_.open().contains(producer)) return source_.End(producer, verdict);
  if (roll < 73 && !source_.open().contains(producer)) return source_.End(producer, verdict);
  source_.Produce(records, timestamp_ms);
}

void Simulation::StartInsideTransaction() {
  const int64_t first = scenario_.source_first;
  source_.AdvanceStart(world_.random().Between(first, first + (source_.end() - first) / 2));
  for (const auto& [base, batch] : source_.history()) {
    if (base >= source_.start() || !batch.transaction_of || batch.marker) continue;
    const SourceLog::Batch* end = source_.EndOf(*batch.transaction_of, base);
    if (end != nullptr && end->base < source_.start()) continue;
    return world_.Count(Fault::kStartInTransaction);
  }
}

void Simulation::StopProducing() {
  producing_ = false;
  while (source_.open().size() > (scenario_.open_at_end ? 1u : 0u))
    source_.End(source_.open().begin()->first, kafka::ControlType::kCommit);
  if (scenario_.markers) source_.Skip(world_.random().Below(4));
}

void Simulation::KeepProducing() {
  if (producing_) ProduceOne();
  world_.After(world_.random().Within(scenario_.produce_every / 2, scenario_.produce_every * 2),
               [this] { KeepProducing(); });
}

// --- Incidents ------------------------------------------------------------------------------------------------------

void Simulation::ScheduleIncidents() {
  if (scenario_.incidents_per_second <= 0) return;
  const auto mean = Duration(static_cast<int64_t>(1e9 / scenario_.incidents_per_second));
  world_.After(world_.random().Within(Duration(0), 2 * mean), [this] {
    if (!bad_) return;
    Incident();
    ScheduleIncidents();
  });
}

void Simulation::Incident() {
  Random& random = world_.random();
  switch (random.Below(6)) {
    case 0:
      return dest_.MoveLeader(random.Chance(0.5) ? Duration(0) : random.Within(100ms, 3s));
    case 1:
      return dest_.StallReplication(random.Within(100ms, 8s));
    case 2:
      return dest_.LoseReplicas(random.Within(50ms, 3s));
    case 3:
      return dest_.RefuseData(random.Within(100ms, 2s));
    case 4:  // both at once: what is lost with the leader was not replicated
      dest_.StallReplication(random.Within(100ms, 1s));
      world_.After(random.Within(20ms, 500ms), [this] { dest_.MoveLeader(Duration(0)); });
      return;
    default:  // retention at the source, of what was copied already
      if (scenario_.retention && agent_ && agent_->progress().position() && durable_.active)
        source_.AdvanceStart(agent_->progress().position()->source_next.value - random.Below(20));
  }
}

void Simulation::ScheduleStory() {
  Random& random = world_.random();
  const Duration when = random.Within(1s, 8s);
  switch (scenario_.kind) {
    case Kind::kFrozenOwner:
      return world_.After(when, [this] { FreezeAndReplace(); });
    case Kind::kTwoOwners:
      return world_.After(when, [this] { SecondOwner(); });
    case Kind::kRetention:
      for (int i = 0; i < 3; i++) world_.After(random.Within(500ms, 15s), [this] { LoseSourceRecords(); });
      return;
    case Kind::kForeign:
      if (!scenario_.record_foreign) return world_.After(when, [this] { WriteForeign(); });
      for (int i = 0; i < 6; i++) world_.After(random.Within(200ms, 18s), [this] { WriteForeign(); });
      return;
    default:
      return;
  }
}

void Simulation::WriteForeign() {
  if (!durable_.active || dest_.batches().empty()) return;
  world_.Count(Fault::kForeignWrite);
  for (int64_t i = scenario_.record_foreign ? world_.random().Between(1, 3) : 1; i > 0; i--)
    dest_.WriteForeign(static_cast<int>(world_.random().Between(1, 5)));
}

// The owner stands still with requests under way; the next one comes after its lease; then the first one wakes up.
void Simulation::FreezeAndReplace() {
  if (!agent_ || other_) return world_.After(100ms, [this] { FreezeAndReplace(); });
  world_.Count(Fault::kFreeze);
  world_.Note("the owner freezes");
  other_ = std::move(agent_);
  other_->frozen = true;
  world_.After(kLease + kHandOver, [this] {
    if (!agent_) Start();
  });
  world_.After(kLease + kHandOver + world_.random().Within(Duration(0), 5s), [this] {
    world_.Note("the former owner thaws");
    other_->frozen = false;
  });
  world_.After(kLease + kHandOver + 8s, [this] { other_.reset(); });
}

void Simulation::SecondOwner() {
  bool known = durable_.active && agent_ && !other_;
  known &= std::ranges::any_of(dest_.producers(), [](const auto& p) { return p.producer_id == kDataProducer; });
  if (!known) return world_.After(100ms, [this] { SecondOwner(); });
  world_.Count(Fault::kTwoOwners);
  world_.Note("a second owner");
  other_ = std::make_unique<Agent>(Parts());
  other_->KeepLease();
  world_.After(world_.random().Within(2s, 10s), [this] {
    world_.Note("the second owner goes");
    other_.reset();
  });
}

// The mirror cannot read for a while, and retention takes what it has not read.
void Simulation::LoseSourceRecords() {
  if (!bad_) return;
  const double fails = std::exchange(weather_.source_fails, 1.0);
  world_.After(world_.random().Within(200ms, 2s), [this, fails] {
    for (int64_t i = world_.random().Below(20); i > 0; i--) ProduceOne();
    if (agent_ && agent_->progress().position() && bad_) {
      const int64_t behind = agent_->progress().position()->source_next.value;
      const int64_t to = world_.random().Between(behind, source_.end());
      if (to > behind && to > source_.start()) world_.Count(Fault::kRetention);
      source_.AdvanceStart(to);
    }
    weather_.source_fails = bad_ ? fails : 0;
  });
}

// --- The run --------------------------------------------------------------------------------------------------------

bool Simulation::CaughtUp() const {
  if (!agent_ || agent_->progress().failed() || !agent_->progress().text().empty() || !durable_.active) return false;
  const auto at = agent_->progress().replicated_to();
  return at && at->value == source_.end() && oracle_.UntoldForeign() == 0;
}

void Simulation::Clear() {
  world_.Note("the weather clears");
  bad_ = false;
  weather_ = Weather::Fair();
  dest_.Heal();
}

std::vector<std::string> Simulation::Judge() {
  if (!agent_) {
    oracle_.Complain("no agent is left");
  } else {
    oracle_.Judge(*agent_);
  }
  return oracle_.complaints();
}

std::vector<std::string> Simulation::Run() {
  Start();
  ScheduleIncidents();
  ScheduleStory();
  For(scenario_.bad_for);
  const Duration late_most = weather_.late_most;
  Clear();
  For(late_most + 10s);  // everything late has landed, every former owner is gone
  ProduceOne();
  StopProducing();
  for (Instant until = world_.now() + kFairFor; world_.now() < until && !CaughtUp();) For(500ms);
  return Judge();
}

}  // namespace klink::sim
