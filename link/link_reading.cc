#include "link/link_reading.h"

#include "admin/log_tailer.h"
#include "base/blocking.h"
#include "offsets/rebuild.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

constexpr Duration kReadDeadline = 30s;

// Stored maps end where they were last announced; the run in force reaches to the end of the log.
offsets::Translation ReachingToTheEnd(offsets::Translation map) {
  constexpr int64_t kEndless = 1LL << 60;
  offsets::Segment last = map.runs().back();
  map.Cut({last.run.source, last.run.dest});
  last.run.length = kEndless;
  (void)map.Append(std::move(last));  // fits: it stood there
  return map;
}

Async<Status> ReadAll(admin::Access access, std::string topic, admin::LogTailer::OnRecord on_record) {
  SystemClock clock;
  BlockingPool pool(1);
  const Executor executor = co_await asio::this_coro::executor;
  co_return co_await admin::ReadWholeLog(executor, clock, pool, std::move(access), std::move(topic),
                                         std::move(on_record), kReadDeadline);
}

}  // namespace

Async<StatusOr<AnnouncedMaps>> ReadAnnouncedMaps(admin::Access destination, std::string link) {
  offsets::RunLogReader reader;
  admin::LogTailer::OnRecord add = [&reader](const admin::LogRecord& r) { reader.Add({r.key, r.value}); };
  CO_RETURN_IF_ERROR(co_await ReadAll(std::move(destination), state::RunsTopic(link), std::move(add)));
  std::vector<Status> refused;
  AnnouncedMaps maps = std::move(reader).Finish(refused);
  for (const Status& damaged : refused) co_return DataLoss("{}", Text(damaged));
  co_return maps;
}

std::optional<offsets::Translation> MapOf(const AnnouncedMaps& maps, const TopicPartition& mirror,
                                          const std::string& topic_id) {
  const auto announced = maps.find(mirror);
  if (announced == maps.end() || announced->second.map.empty()) return std::nullopt;
  const std::string& of_topic = announced->second.ids.dest;
  if (!of_topic.empty() && of_topic != topic_id) return std::nullopt;
  return ReachingToTheEnd(announced->second.map);
}

Async<StatusOr<state::StateView>> ReadState(admin::Access destination, std::string link) {
  state::StateView view;
  admin::LogTailer::OnRecord apply = [&view](const admin::LogRecord& r) { view.Apply(r.key, r.value); };
  CO_RETURN_IF_ERROR(co_await ReadAll(std::move(destination), state::StateTopic(link), std::move(apply)));
  CO_RETURN_IF_ERROR(view.status());
  co_return view;
}

VerifyOptions ComparisonOf(const config::LinkConfig& link) {
  VerifyOptions options;
  if (link.timestamps == config::Timestamps::kBytes) options.times = VerifyOptions::Times::kBytes;
  if (link.transactions == config::Transactions::kCommitted)
    options.transactions = VerifyOptions::Transactions::kCommitted;
  return options;
}

}  // namespace klink::link
