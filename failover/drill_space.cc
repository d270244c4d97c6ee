#include "failover/drill_space.h"

#include <algorithm>
#include <map>

#include "kafka/messages/describe_log_dirs.h"

namespace klink::failover {
namespace {

constexpr Duration kDeadline = 15s;
constexpr int64_t kMiB = 1 << 20;

int64_t Needed(const SpaceFacts& facts, int64_t max_bytes) {
  const int64_t copied = std::min(max_bytes, facts.mirrors.value_or(max_bytes));
  return copied + copied / 10;
}

kafka::DescribeLogDirsRequest RequestFor(const std::set<TopicPartition>& mirrors) {
  kafka::DescribeLogDirsRequest request;
  request.topics.emplace();
  for (const TopicPartition& tp : mirrors) {
    if (request.topics->empty() || request.topics->back().topic != tp.topic) {
      kafka::DescribeLogDirsTopic& topic = request.topics->emplace_back();
      topic.topic = tp.topic;
    }
    request.topics->back().partitions.push_back(tp.partition);
  }
  return request;
}

// The largest replica of each partition is what a copy of it may take.
void TakeSizes(const kafka::DescribeLogDirsResult& folder, std::map<TopicPartition, int64_t>& sizes) {
  for (const auto& topic : folder.topics)
    for (const auto& partition : topic.partitions) {
      int64_t& size = sizes[{topic.name, partition.partition_index}];
      size = std::max(size, partition.partition_size);
    }
}

Async<Status> AskBroker(kafka::Cluster& cluster, int32_t broker, kafka::DescribeLogDirsRequest request,
                        std::map<TopicPartition, int64_t>& sizes, SpaceFacts& facts) {
  CO_TRY(const auto response, co_await cluster.Call(broker, kafka::Lane::kControl, std::move(request), kDeadline));
  CO_RETURN_IF_ERROR(kafka::ToStatus(response.error_code, fmt::format("asking broker {} for its folders", broker)));
  for (const kafka::DescribeLogDirsResult& folder : response.results) {
    if (folder.error_code != kafka::Error::kNone) continue;  // offline: nothing new is put there
    TakeSizes(folder, sizes);
    LogDirSpace& one = facts.folders.emplace_back();
    one.broker = broker;
    one.folder = folder.log_dir;
    if (folder.usable_bytes >= 0) one.usable = folder.usable_bytes;
  }
  co_return absl::OkStatus();
}

}  // namespace

Finding JudgeSpace(const SpaceFacts& facts, int64_t max_bytes) {
  const int64_t needed = Needed(facts, max_bytes);
  const LogDirSpace* least = nullptr;
  bool all = facts.untold.empty();
  for (const LogDirSpace& folder : facts.folders) {
    all &= folder.usable.has_value();
    if (folder.usable && (least == nullptr || *folder.usable < *least->usable)) least = &folder;
  }
  if (least != nullptr && *least->usable < needed)
    return {
        DrillVerdict::kFailed,
        fmt::format("broker {} has {} MiB free in {}, and the copies may take {} MiB there: make room, or lower "
                    "max_bytes, which is {} MiB now",
                    least->broker, *least->usable / kMiB, least->folder, (needed + kMiB - 1) / kMiB, max_bytes / kMiB)};
  const std::string bound = fmt::format("max_bytes, {}, is the bound", max_bytes);
  if (least == nullptr)
    return {DrillVerdict::kPassed,
            fmt::format("free space is not told{}: {}", facts.untold.empty() ? "" : " (" + facts.untold + ")", bound)};
  return {DrillVerdict::kPassed,
          fmt::format("{} MiB are free where the least is, {} MiB are needed{}", *least->usable / kMiB,
                      (needed + kMiB - 1) / kMiB, all ? "" : "; not every broker tells")};
}

Async<SpaceFacts> ReadSpace(kafka::Cluster& cluster, std::set<TopicPartition> mirrors) {
  SpaceFacts facts;
  std::map<TopicPartition, int64_t> sizes;
  const std::vector<int32_t> brokers = cluster.Brokers();
  for (const int32_t broker : brokers) {
    const Status asked = co_await AskBroker(cluster, broker, RequestFor(mirrors), sizes, facts);
    if (!asked.ok() && facts.untold.empty()) facts.untold = Text(asked);
  }
  if (!facts.untold.empty() || brokers.empty()) co_return facts;  // replicas may stand on the one that does not tell
  facts.mirrors = 0;
  for (const auto& [tp, size] : sizes) *facts.mirrors += size;
  co_return facts;
}

}  // namespace klink::failover
