#include "failover/failback_recreate.h"

#include <fmt/ranges.h>

#include "admin/topics.h"
#include "config/topic_filter.h"
#include "link/cluster_access.h"
#include "link/kafka_partition.h"
#include "link/topic_listing.h"

namespace klink::failover {
namespace {

constexpr Duration kGoneWithin = 30s;
constexpr Duration kAskEvery = 200ms;

// Why nothing of this mirror may be deleted; empty: it may.
std::string Forbidden(const FailbackView& view, const FailbackMirror& mirror) {
  if (mirror.state != "STOPPED") return fmt::format("the mirror is {}, not STOPPED: fail over first", mirror.state);
  if (mirror.mirrored_by) return fmt::format("link {} mirrors it already", *mirror.mirrored_by);
  if (!mirror.readers.empty())
    return fmt::format("consumers of group {} read it at {}: stop them first", fmt::join(mirror.readers, ", "),
                       view.old_source);
  for (const FailbackPartition& p : view.partitions) {
    if (p.topic != mirror.topic) continue;
    if (p.reason) return fmt::format("partition {} is not known: {}", p.partition, *p.reason);
    if (!p.cut) return fmt::format("the promotion recorded no cut of partition {}", p.partition);
    if (p.never_crossed->records > 0 && !view.exported_to)
      return fmt::format("{} records of partition {} never crossed: say --export DIR to keep them",
                         p.never_crossed->records, p.partition);
  }
  return "";
}

class Recreation {
 public:
  Recreation(const config::Config& config, const config::LinkConfig& link, const FailbackView& view, Executor executor)
      : view_(view),
        executor_(executor),
        cluster_(link::OptionsOf(link.source, config.clusters.at(link.source)), executor, clock_),
        access_(link::AccessOf(link.source, config.clusters.at(link.source), executor, clock_)) {}

  Async<Status> Run(std::vector<FailbackAction>& actions);
  Async<void> Close() {
    co_await link::CloseAccess(access_);
    co_await cluster_.Close();
  }

 private:
  Async<Status> Delete(const std::string& topic, std::string source_topic);
  Async<Status> StandsAsPlanned(const std::string& topic);
  Async<Status> UntilGone(std::string source_topic);

  const FailbackView& view_;
  Executor executor_;
  SystemClock clock_;
  kafka::Cluster cluster_;
  admin::Access access_;
};

Async<Status> Recreation::Run(std::vector<FailbackAction>& actions) {
  for (FailbackAction& action : actions) {
    if (action.outcome != "would_delete") continue;
    const Status deleted = co_await Delete(action.topic, action.source_topic);
    if (IsCancelled(deleted)) co_return deleted;
    action.outcome = deleted.ok() ? "deleted" : "refused";
    if (!deleted.ok()) action.error = Text(deleted);
  }
  co_return absl::OkStatus();
}

Async<Status> Recreation::Delete(const std::string& topic, std::string source_topic) {
  CO_RETURN_IF_ERROR(co_await StandsAsPlanned(topic));
  CO_TRY(const std::unique_ptr<admin::Topics> topics, admin::Topics::Open(executor_, access_));
  CO_RETURN_IF_ERROR(co_await topics->DeleteTopic(source_topic));
  co_return co_await UntilGone(source_topic);
}

// What was written after the plan is neither in it nor in the export.
Async<Status> Recreation::StandsAsPlanned(const std::string& topic) {
  for (const FailbackPartition& p : view_.partitions) {
    if (p.topic != topic) continue;
    const TopicPartition tp{p.source_topic, p.partition};
    CO_TRY(const int64_t end, co_await link::OffsetOf(cluster_, tp, link::LogPoint::kEnd));
    if (end != p.source_end)
      co_return FailedPrecondition(
          "{} at {} was written to since: its end is {}, not {}; stop its producers and look again", tp,
          view_.old_source, end, *p.source_end);
  }
  co_return absl::OkStatus();
}

Async<Status> Recreation::UntilGone(std::string source_topic) {
  const Instant until = clock_.Now() + kGoneWithin;
  for (;;) {
    CO_TRY(const link::Listing listing, co_await link::ListTopics(cluster_, std::nullopt));
    if (!listing.topics.contains(source_topic) && !listing.unclear.contains(source_topic)) co_return absl::OkStatus();
    if (clock_.Now() > until)
      co_return DeadlineExceeded("{} took the deletion of {}, and still shows it", view_.old_source, source_topic);
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kAskEvery));
  }
}

}  // namespace

const config::LinkConfig* LinkBack(const config::Config& config, const config::LinkConfig& link,
                                   const FailbackMirror& mirror) {
  for (const config::LinkConfig& back : config.links) {
    if (back.source != link.destination || back.destination != link.source) continue;
    const StatusOr<config::TopicFilter> filter = config::TopicFilter::Compile(back.topics);
    if (filter.ok() && filter->Includes(mirror.topic) && filter->DestinationName(mirror.topic) == mirror.source_topic)
      return &back;
  }
  return nullptr;
}

std::vector<FailbackAction> PlanRecreate(const FailbackView& view, const config::Config& config,
                                         const config::LinkConfig& link) {
  std::vector<FailbackAction> actions;
  for (const FailbackMirror& mirror : view.mirrors) {
    FailbackAction& action = actions.emplace_back();
    action.topic = mirror.topic;
    action.source_topic = mirror.source_topic;
    if (const config::LinkConfig* back = LinkBack(config, link, mirror)) action.link_back = back->name;
    const bool absent = !mirror.source_topic_id && mirror.state == "STOPPED";
    std::string error = absent ? "" : Forbidden(view, mirror);
    if (error.empty() && !action.link_back)
      error = fmt::format("no link of the file mirrors {} from {} to {} as {}: add one first, it makes the topic again",
                          mirror.topic, link.destination, link.source, mirror.source_topic);
    if (!error.empty()) {
      action.outcome = "refused";
      action.error = error;
    } else {
      action.outcome = absent ? "absent" : "would_delete";
    }
  }
  return actions;
}

Async<StatusOr<std::vector<FailbackAction>>> Recreate(const config::Config& config, const config::LinkConfig& link,
                                                      const FailbackView& view, std::vector<FailbackAction> plan) {
  Recreation recreation(config, link, view, co_await asio::this_coro::executor);
  const Status ran = co_await recreation.Run(plan);
  co_await recreation.Close();
  CO_RETURN_IF_ERROR(ran);
  co_return plan;
}

}  // namespace klink::failover
