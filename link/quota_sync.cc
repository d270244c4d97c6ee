#include "link/quota_sync.h"

#include "base/log.h"
#include "kafka/messages/alter_client_quotas.h"
#include "link/carried_here.h"
#include "link/halt.h"

namespace klink::link {
namespace {

using state::Effect;
using state::Reason;

constexpr Duration kDeadline = 15s;
constexpr size_t kShown = 5;  // of the destination's own limits, in one line

state::QuotaRecord RecordOf(const QuotaName& name, double value, int64_t now_ms) {
  return {name.user, name.client_id, name.key, value, now_ms};
}

// As a broker answers, of the quotas of a whole cluster or of one.
Status ToStatus(kafka::Error error, const kafka::Cluster& cluster, const std::optional<std::string>& text) {
  return kafka::ToStatus(error, fmt::format("client quotas of cluster {}", cluster.name()), text);
}

kafka::AlterClientQuotasEntry EntryOf(const QuotaName& name, std::optional<double> value) {
  kafka::AlterClientQuotasEntry entry;
  if (name.user) entry.entity.push_back({"user", name.user});
  if (name.client_id) entry.entity.push_back({"client-id", name.client_id});
  entry.ops.push_back({name.key, value.value_or(0), !value});
  return entry;
}

}  // namespace

Async<StatusOr<Quotas>> ListQuotas(kafka::Cluster& cluster, OwnClients own) {
  kafka::DescribeClientQuotasRequest request;
  CO_TRY(const auto response, co_await cluster.CallAny(std::move(request), kDeadline));
  CO_RETURN_IF_ERROR(ToStatus(response.error_code, cluster, response.error_message));
  co_return response.entries ? QuotasOf(*response.entries, own) : Quotas{};
}

Quotas QuotaLedgerOf(const state::StateView& state) {
  Quotas ledger;
  for (const auto& [key, record] : state.quotas()) ledger[{record.user, record.client_id, record.key}] = record.value;
  return ledger;
}

QuotaSync::QuotaSync(Clock& clock, const config::LinkConfig& config, OwnClients own, kafka::Cluster& source,
                     kafka::Cluster& destination, state::LinkState& state, Gate& gate, CarriedHere& carried)
    : clock_(clock),
      config_(config),
      own_(std::move(own)),
      source_(source),
      destination_(destination),
      state_(state),
      gate_(gate),
      carried_(carried),
      task_(clock, config.name, "quota-sync", Event::kQuotasChanged, "client quotas are not carried over") {}

Async<void> QuotaSync::Run() {
  return task_.Repeat(state_.view(), config_.quotas.interval, [this] { return Round(); });
}

Async<Status> QuotaSync::Round() {
  if (HasTurned(state_.view())) co_return absl::OkStatus();
  CO_TRY(const Quotas source, co_await List(source_));
  CO_TRY(const Quotas destination, co_await List(destination_));
  CO_TRY(const Carried carried, co_await carried_.Ask());
  QuotaSteps steps = PlanQuotas(source, destination, QuotaLedgerOf(state_.view()), carried.quotas);
  TellLocal(std::move(steps.local));
  if (steps.empty()) co_return absl::OkStatus();
  co_return co_await Carry(std::move(steps));
}

Async<StatusOr<Quotas>> QuotaSync::List(kafka::Cluster& cluster) {
  auto listed = co_await ListQuotas(cluster, own_);
  if (!listed.ok()) co_return Refusal(listed.status(), cluster.name(), "DESCRIBE_CONFIGS");
  co_return *std::move(listed);
}

Async<Status> QuotaSync::Carry(QuotaSteps steps) {
  const auto may = [this] { return state_.MayDoForLink(Effect::kWriteQuotas, gate_.MayWrite()); };
  if (!steps.set.empty()) {
    CO_RETURN_IF_ERROR(may());
    std::vector<state::Record> records;
    for (const auto& [name, value] : steps.set)
      records.emplace_back(RecordOf(name, value, clock_.Wall().time_since_epoch().count()));
    CO_RETURN_IF_ERROR(co_await state_.Write(std::move(records)));
  }
  CO_RETURN_IF_ERROR(may());
  if (!steps.set.empty() || !steps.remove.empty()) CO_RETURN_IF_ERROR(co_await Alter(steps.set, steps.remove));
  std::vector<std::string> done;
  for (const auto* names : {&steps.remove, &steps.forget})
    for (const QuotaName& name : *names) done.push_back(KeyOf(RecordOf(name, 0, 0)));
  if (done.empty()) co_return absl::OkStatus();
  CO_RETURN_IF_ERROR(may());
  co_return co_await state_.EraseAll(std::move(done));
}

Async<Status> QuotaSync::Alter(const Quotas& set, const std::vector<QuotaName>& remove) {
  kafka::AlterClientQuotasRequest request;
  for (const auto& [name, value] : set) request.entries.push_back(EntryOf(name, value));
  for (const QuotaName& name : remove) request.entries.push_back(EntryOf(name, std::nullopt));
  CO_TRY(const auto response, co_await destination_.CallAny(std::move(request), kDeadline));
  for (const kafka::AlterClientQuotasResult& result : response.entries)
    if (const Status one = ToStatus(result.error_code, destination_, result.error_message); !one.ok())
      co_return Refusal(one, config_.destination, "ALTER_CONFIGS");
  Log(Level::kInfo, Event::kQuotasChanged, "client quotas follow the source's",
      {{"link", config_.name}, {"set", set.size()}, {"removed", remove.size()}});
  co_return absl::OkStatus();
}

// What an operator reads: the feature, the cluster, the right.
Status QuotaSync::Refusal(const Status& status, const std::string& cluster, std::string_view right) const {
  if (status.code() != Code::kPermissionDenied) return Annotate(status, "quota sync");
  return Halt(Reason::kAuthorizationError, "quota sync needs {} on the cluster, which {} does not grant: {}", right,
              cluster, Text(status));
}

void QuotaSync::TellLocal(std::vector<QuotaName> local) {
  if (local == local_) return;
  local_ = std::move(local);
  std::string names;
  for (size_t i = 0; i < std::min(local_.size(), kShown); i++) names += (i == 0 ? "" : "; ") + QuotaText(local_[i]);
  if (!local_.empty())
    Log(Level::kInfo, Event::kQuotasChanged,
        "limits that the destination gave itself stand, although the source's differ",
        {{"link", config_.name}, {"count", local_.size()}, {"first", names}});
}

}  // namespace klink::link
