#include "failover/drill_history.h"

#include <algorithm>

#include "base/digest.h"
#include "base/limits.h"
#include "base/time_limit.h"
#include "failover/drill_read.h"
#include "link/cluster_access.h"
#include "link/link_reading.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

constexpr Duration kLimit = 20s;

// At most so many bytes, and no half character.
std::string Cut(const std::string& text, size_t most) {
  size_t end = std::min(text.size(), most);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) end--;
  return text.substr(0, end);
}

int64_t Millis(WallTime at) { return at.time_since_epoch().count(); }
WallTime TimeOf(int64_t ms) { return WallTime(std::chrono::milliseconds(ms)); }

const config::LinkConfig* Find(const config::Config& config, const std::string& link) {
  for (const config::LinkConfig& one : config.links)
    if (one.name == link) return &one;
  return nullptr;
}

// The destination of a link, for one question.
struct Destination {
  Destination(const config::Config& config, const config::LinkConfig& of, Executor executor)
      : cluster(link::OptionsOf(of.destination, config.clusters.at(of.destination)), executor, clock),
        access(link::AccessOf(of.destination, config.clusters.at(of.destination), executor, clock)) {}
  Async<void> Close() {
    co_await cluster.Close();
    co_await link::CloseAccess(access);
  }
  SystemClock clock;
  kafka::Cluster cluster;
  admin::Access access;
};

Async<StatusOr<state::StateView>> ReadView(Destination& at, std::string link) {
  const std::string topic = state::StateTopic(link);
  std::vector<std::string> one(1, topic);
  CO_TRY(const auto metadata, co_await at.cluster.Metadata(std::move(one)));
  for (const auto& told : metadata.topics)
    if (told.error_code == kafka::Error::kUnknownTopicOrPartition)
      co_return NotFound("cluster {} keeps no state of link {}: there is no topic {}", at.cluster.name(), link, topic);
  co_return co_await link::ReadState(at.access, link);
}

Async<Status> WriteHistory(Destination& at, std::string link, state::DrillRecord record) {
  CO_TRY(const state::StateView view, co_await ReadView(at, link));
  CO_TRY(auto records, HistoryWrite(view, record, at.clock.Wall()));
  CO_TRY(const link::ProducerIdentity producer, co_await NewProducer(at.cluster));
  const TopicPartition state{state::StateTopic(link), 0};
  const auto written = co_await Produce(at.cluster, state, producer, 0, std::move(records));
  co_return written.status();
}

}  // namespace

bool IsRemembered(const DrillReport& report) {
  return (report.type == "isolated" || report.type == "live") && report.outcome != Name(DrillOutcome::kPrecondition);
}

state::DrillRecord RecordOf(const DrillReport& report, const std::string& name) {
  const auto text = [](const std::string& whole) { return Cut(whole, limits::kHttpTextBytes); };
  state::DrillRecord record;
  record.id = report.id;
  record.drill = report.drill;
  record.kind = report.type;
  record.outcome = report.outcome;
  record.exit_code = report.exit_code;
  record.summary = text(report.summary);
  record.rto_seconds = report.rto.seconds;
  record.rpo_seconds = report.rpo.seconds;
  record.rpo_records = report.rpo.records;
  record.rpo_is_bound = report.rpo.is_bound;
  for (const DrillObjective& o : report.objectives) record.objectives.push_back({o.objective, o.verdict});
  for (const DrillInvariant& i : report.invariants) record.invariants.push_back({i.code, i.verdict});
  record.by = text(report.operator_name);
  record.approver = text(report.approver);
  record.text = text(report.reason);
  record.report = name;
  record.report_sha256 = Sha256Hex(std::string_view(PrettyJson(ToJson(report))));
  record.started_ms = Millis(report.started);
  if (report.finished) record.finished_ms = Millis(*report.finished);
  return record;
}

DrillReport ReportOf(const state::DrillRecord& record, const std::string& link) {
  DrillReport report;
  report.id = record.id;
  report.drill = record.drill;
  report.type = record.kind;
  report.outcome = record.outcome;
  report.exit_code = record.exit_code;
  report.summary = record.summary;
  report.operator_name = record.by;
  report.approver = record.approver;
  report.reason = record.text;
  report.started = TimeOf(record.started_ms);
  report.finished = TimeOf(record.finished_ms);
  report.scope.link = link;
  report.rto.seconds = record.rto_seconds;
  report.rpo.seconds = record.rpo_seconds;
  report.rpo.records = record.rpo_records;
  report.rpo.is_bound = record.rpo_is_bound;
  for (const auto& [name, verdict] : record.objectives) {
    DrillObjective& objective = report.objectives.emplace_back();
    objective.objective = name;
    objective.verdict = verdict;
  }
  for (const auto& [code, verdict] : record.invariants) report.invariants.push_back({code, "", verdict, ""});
  report.deviations.push_back(fmt::format("this is what the link remembers; the whole report is {}.json, SHA-256 {}",
                                          record.report, record.report_sha256));
  return report;
}

StatusOr<std::vector<kafka::Record>> HistoryWrite(const state::StateView& view, const state::DrillRecord& record,
                                                  WallTime now) {
  const admin::KeyValue entry = state::Encode(record);
  const auto read = state::Decode(entry.key, *entry.value);
  if (!read.ok()) return InvalidArgument("a report that no agent could read: {}", Text(read.status()));
  std::vector<kafka::Record> records;
  const auto add = [&](std::string key, std::optional<std::string> value) {
    kafka::Record& one = records.emplace_back();
    one.timestamp = Millis(now);
    one.offset_delta = static_cast<int32_t>(records.size()) - 1;
    one.key = std::move(key);
    one.value = std::move(value);
  };
  add(entry.key, entry.value);
  size_t there = view.drills().size() + (view.drills().contains(record.id) ? 0 : 1);
  for (auto old = view.drills().begin(); old != view.drills().end() && there > state::kDrillsKept; ++old, there--)
    add(state::KeyOf(old->second), std::nullopt);
  return records;
}

Async<Status> RememberDrill(const config::Config& config, DrillReport report, std::string name) {
  const Executor executor = co_await asio::this_coro::executor;
  const config::LinkConfig* link = Find(config, report.scope.link);
  if (link == nullptr) co_return NotFound("there is no link {}", report.scope.link);
  Destination at(config, *link, executor);
  const Status done = co_await Within(executor, at.clock, kLimit, "writing the link's state",
                                      WriteHistory(at, link->name, RecordOf(report, name)));
  co_await at.Close();
  co_return done;
}

Async<StatusOr<std::vector<DrillReport>>> RememberedDrills(const config::Config& config, std::string name) {
  const Executor executor = co_await asio::this_coro::executor;
  const config::LinkConfig* link = Find(config, name);
  if (link == nullptr) co_return NotFound("there is no link {}", name);
  Destination at(config, *link, executor);
  const auto view = co_await Within(executor, at.clock, kLimit, "reading the link's state", ReadView(at, name));
  co_await at.Close();
  CO_RETURN_IF_ERROR(view.status());
  std::vector<DrillReport> reports;
  for (const auto& [id, record] : view->drills()) reports.push_back(ReportOf(record, name));
  co_return reports;
}

}  // namespace klink::failover
