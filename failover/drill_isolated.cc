// The isolated drill: what is made, broken off, failed over, looked at, and removed whatever came of it.
#include <boost/asio/signal_set.hpp>

#include "base/time_limit.h"
#include "failover/drill_clean.h"
#include "failover/drill_course.h"
#include "failover/drill_space.h"

namespace klink::failover {
namespace {

constexpr Duration kCopyLimit = 10min;
constexpr Duration kBodyLimit = 25min;
constexpr Duration kDrillMost = 30min;  // none lasts longer: what is older is a remainder

}  // namespace

// Of drills whose process died. One that may still run elsewhere is left alone.
Async<Seen> Drill::RemoveLeftovers() {
  CO_TRY(const AllLeftovers all, co_await FindLeftovers(look_.destination()));
  const std::optional<std::string> ours = folder_.unfinished();
  for (const auto& [id, left] : all) {
    const auto began = BeganAt(id);
    const bool old = began && clock_.Wall() - *began > kDrillMost;
    if (id != ours && !old)
      co_return FailedPrecondition(
          "drill {} runs from another folder, or was killed there within the last {} minutes: wait for its end, or "
          "remove what it made with klink drill clean",
          id, ToMillis(kDrillMost) / 60'000);
    const DrillRollback removed = co_await RemoveDrill(look_.destination(), clock_, executor_, look_.access(), id);
    if (!removed.complete)
      co_return FailedPrecondition("what drill {} left cannot be removed: {}", id, removed.left.back());
    report_.deviations.push_back(fmt::format("drill {} had been killed: {} topics and {} groups of it were removed", id,
                                             removed.topics_removed, removed.groups_removed));
  }
  folder_.End();
  co_return all.empty() ? "nothing was left" : fmt::format("what {} drills had left was removed", all.size());
}

Async<Seen> Drill::Plan() {
  CO_TRY(copies_, co_await look_.PlanCopies(report_.id, begins_));
  for (size_t i = 0; i < copies_.size() && i < report_.scope.topics.size(); i++)
    report_.scope.topics[i].drill_topic = copies_[i].drill_topic;
  co_return fmt::format("{} topics, at most {} bytes", copies_.size(), drill_.max_bytes);
}

Async<Finding> Drill::CheckSpace() {
  co_return JudgeSpace(co_await ReadSpace(look_.destination(), look_.partitions()), drill_.max_bytes);
}

// Both its clusters are the destination: the copies are made from the mirrors.
config::LinkConfig Drill::OwnLink() const {
  config::LinkConfig own = link_;
  own.name = "drill." + report_.id;
  own.source = link_.destination;
  own.groups = {};
  own.acls = {};
  own.quotas = {};
  return own;
}

Async<Seen> Drill::Make() {
  CO_RETURN_IF_ERROR(co_await copy_->Make(copies_, begins_));
  co_return fmt::format("{} topics {}*", copies_.size(), DrillPrefix(report_.id));
}

Async<Seen> Drill::Copy() {
  CO_TRY(const auto ends, co_await look_.StableEnds());
  CO_RETURN_IF_ERROR(co_await copy_->CopyTo(ends, kCopyLimit));
  if (copy_->cut_short())
    report_.deviations.push_back(
        fmt::format("max_bytes was reached before the end of the mirrors: {} bytes were copied", copy_->bytes()));
  co_return fmt::format("{} bytes", copy_->bytes());
}

Async<Seen> Drill::BreakOff() {
  CO_RETURN_IF_ERROR(co_await look_.NoteLoss());
  CO_RETURN_IF_ERROR(co_await copy_->Break());
  co_return fmt::format("copying ended where it stood, {} transactions are open", copy_->open_transactions());
}

Async<Seen> Drill::FailOver() {
  CO_RETURN_IF_ERROR(co_await rehearsal_->FailOver(report_));
  co_return "the copies are topics of their own";
}
Async<Seen> Drill::Write() {
  CO_RETURN_IF_ERROR(co_await rehearsal_->Write(report_));
  co_return "a new producer wrote to every partition";
}
Async<Seen> Drill::Read() {
  CO_RETURN_IF_ERROR(co_await rehearsal_->Read(report_.groups, report_));
  co_return "it was read back";
}
Async<Seen> Drill::WakeUp() {
  co_await rehearsal_->WakeUp();
  co_return "the agent that had copied tried to go on";
}
Async<Seen> Drill::Verify() {
  CO_RETURN_IF_ERROR(co_await rehearsal_->Verify(report_));
  co_return fmt::format("{} batches, {} bytes, {} differences", report_.verification.batches_equal,
                        report_.verification.bytes_compared, report_.verification.differences);
}

Async<Status> Drill::Body() {
  CO_RETURN_IF_ERROR(co_await Step("make", Make()));
  CO_RETURN_IF_ERROR(co_await Step("copy", Copy()));
  if (!drill_.groups.empty()) CO_RETURN_IF_ERROR(co_await Step("positions", Positions()));
  CO_RETURN_IF_ERROR(co_await Step("incident", BreakOff()));
  co_return co_await AfterIncident();
}

// What goes wrong from here on is what the drill was run for: the rest is looked at all the same.
Async<Status> Drill::AfterIncident() {
  rehearsal_ = std::make_unique<DrillRehearsal>(config_, own_link_, report_.id, look_, *copy_, executor_, clock_);
  const Status failed_over = co_await Step("failover", FailOver());
  if (IsCancelled(failed_over)) co_return failed_over;
  if (failed_over.ok()) {
    const Status written = co_await Step("write", Write());
    if (IsCancelled(written)) co_return written;
    const Status read = co_await Step("read", Read());
    if (IsCancelled(read)) co_return read;
    (void)co_await Step("late", WakeUp());
    const Status verified = co_await Step("verify", Verify());
    if (IsCancelled(verified)) co_return verified;
  }
  (void)co_await Step("loss", MeasureLoss());
  report_.invariants = rehearsal_->Judge(report_.groups, report_);
  co_return co_await IsStopping() ? Cancelled("interrupted") : absl::OkStatus();
}

// What was made is removed as after any other end.
Async<Status> Drill::UntilInterrupted(Async<Status> body, Duration limit) {
  struct Keep {
    static Async<void> In(std::optional<Status>& result, Async<Status> work) { result = co_await std::move(work); }
  };
  std::optional<Status> result;
  TaskGroup running(executor_);
  asio::signal_set signals(executor_, SIGINT, SIGTERM);
  signals.async_wait([this, &running](const boost::system::error_code& ec, int) {
    if (ec) return;
    interrupted_ = true;
    running.Stop();
  });
  running.Spawn(Keep::In(result, Within(executor_, clock_, limit, "the drill", std::move(body))));
  co_await running.Join();
  signals.cancel();
  if (interrupted_) co_return Cancelled("it was interrupted");
  co_return result.value_or(Cancelled("it was interrupted"));
}

Async<Status> Drill::RunIsolated() {
  CO_RETURN_IF_ERROR(co_await Step("leftovers", RemoveLeftovers()));
  CO_RETURN_IF_ERROR(co_await Step("plan", Plan()));
  CO_RETURN_IF_ERROR(co_await Check("space", CheckSpace()));
  CO_RETURN_IF_ERROR(folder_.Begin(report_.id));
  begun_ = true;
  own_link_ = OwnLink();
  DrillCopy::Parts parts{config_, own_link_, executor_, clock_, look_.destination(), look_.access(), drill_.max_bytes};
  copy_ = std::make_unique<DrillCopy>(std::move(parts));
  const Status ended = co_await UntilInterrupted(Body(), kBodyLimit);
  co_await copy_->Close();
  ask_.tell("clean");
  report_.rollback = co_await RemoveDrill(look_.destination(), clock_, executor_, look_.access(), report_.id);
  if (report_.rollback.complete) folder_.End();
  co_return ended;
}

}  // namespace klink::failover
