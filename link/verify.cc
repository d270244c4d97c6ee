#include "link/verify.h"

#include <algorithm>
#include <array>
#include <deque>

#include "base/crc32c.h"
#include "kafka/messages/fetch.h"
#include "kafka/record_batch.h"
#include "link/kafka_partition.h"

namespace klink::link {
namespace {

using kafka::BatchView;

constexpr int32_t kReadBytes = 8 << 20;
constexpr Duration kReadDeadline = 30s;
constexpr int16_t kMayDiffer = kafka::kLogAppendTimeBit | kafka::kDeleteHorizonBit;

// Reads one log forward, whole batches at a time, up to an end fixed beforehand.
class LogReader {
 public:
  LogReader(kafka::Cluster& cluster, TopicPartition tp, int64_t next, int64_t end)
      : cluster_(cluster), tp_(std::move(tp)), next_(next), end_(end) {}

  // The next batch that ends beyond what was read; nothing at the end.
  Async<StatusOr<std::optional<SharedBytes>>> Next() {
    while (batches_.empty() && next_ < end_) CO_RETURN_IF_ERROR(co_await Fill());
    if (batches_.empty()) co_return std::nullopt;
    SharedBytes batch = std::move(batches_.front());
    batches_.pop_front();
    co_return batch;
  }

 private:
  Async<Status> Fill();
  kafka::Cluster& cluster_;
  TopicPartition tp_;
  int64_t next_;
  int64_t end_;
  std::deque<SharedBytes> batches_;
};

Async<Status> LogReader::Fill() {
  CO_TRY(const kafka::PartitionLeader leader, co_await cluster_.Leader(tp_));
  kafka::FetchPartition partition;
  partition.partition = tp_.partition;
  partition.fetch_offset = next_;
  partition.partition_max_bytes = kReadBytes;
  kafka::FetchTopic topic;
  topic.topic = tp_.topic;
  topic.partitions.push_back(partition);
  kafka::FetchRequest request;
  request.max_wait_ms = 500;
  request.min_bytes = 1;
  request.max_bytes = kReadBytes;
  request.topics.push_back(std::move(topic));
  CO_TRY(auto response, co_await cluster_.Call(leader.broker, kafka::Lane::kFetch, std::move(request), kReadDeadline,
                                               kafka::FetchRequest::kMaxByName));
  if (response.responses.size() != 1 || response.responses[0].partitions.size() != 1)
    co_return DataLoss("reading {}: the answer leaves the partition out", tp_);
  auto& answer = response.responses[0].partitions[0];
  if (answer.error_code != kafka::Error::kNone) {
    cluster_.ForgetLeader(tp_);
    co_return kafka::ToStatus(answer.error_code, fmt::format("reading {} at offset {}", tp_, next_));
  }
  kafka::BatchWalker walker(std::move(answer.records));
  const int64_t before = next_;
  for (;;) {
    CO_TRY(auto batch, walker.Next());
    if (!batch) break;
    if (batch->magic != 2)
      co_return DataLoss("{}: a batch of message format v{} at offset {}", tp_, batch->magic, batch->base_offset);
    const BatchView view = batch->view();
    if (view.next_offset() <= next_) continue;
    if (view.base_offset() >= end_) {
      next_ = end_;
      break;
    }
    next_ = view.next_offset();
    batches_.push_back(batch->bytes);
  }
  if (next_ == before) co_return Unavailable("reading {} at offset {}: the log ends before {}", tp_, next_, end_);
  co_return absl::OkStatus();
}

struct Comparison {
  PartitionProof proof;
  const VerifyOptions& options;
  bool proven = true;  // no difference so far

  void Differ(Difference difference) {
    proven = false;
    proof.differences_total++;
    if (proof.differences.size() < options.differences_most) proof.differences.push_back(std::move(difference));
  }
  void Matched(const BatchView& source) {
    proof.batches++;
    proof.bytes += static_cast<int64_t>(source.size_bytes());
    if (proven) proof.proven_equal_up_to = source.next_offset();
  }
};

// Where the source batch that begins at `base` stands; nothing when it was not copied.
std::optional<int64_t> Expected(const offsets::Translation* map, int64_t base) {
  if (map == nullptr) return base;
  const offsets::Answer answer = map->ToDest(SourceOffset(base));
  if (answer.kind != offsets::Answer::Kind::kExact) return std::nullopt;
  return answer.value;
}

Async<Status> Compare(LogReader& source, LogReader& copy, const offsets::Translation* map, int64_t copy_from,
                      Comparison& c) {
  CO_TRY(auto theirs, co_await copy.Next());
  while (theirs && BatchView(theirs->view()).next_offset() <= copy_from) {
    CO_TRY(theirs, co_await copy.Next());
  }
  for (;;) {
    CO_TRY(const auto ours, co_await source.Next());
    if (!ours) break;
    const BatchView original(ours->view());
    const auto expected = Expected(map, original.base_offset());
    if (!expected) continue;                                               // in a gap that the map records
    if (*expected >= c.proof.destination_end) co_return absl::OkStatus();  // not copied yet
    while (theirs && BatchView(theirs->view()).next_offset() <= *expected) {
      const BatchView extra(theirs->view());
      c.Differ(
          {std::nullopt, extra.base_offset(), "PHANTOM", "the copy holds a batch that the source does not have there"});
      CO_TRY(theirs, co_await copy.Next());
    }
    if (!theirs || BatchView(theirs->view()).base_offset() > *expected) {
      c.Differ({original.base_offset(), *expected, "LOST", "the source's batch is missing in the copy"});
      continue;
    }
    const BatchView found(theirs->view());
    std::string what = found.base_offset() == *expected
                           ? CompareBatches(original.bytes(), found.bytes(), c.options.depth)
                           : fmt::format("it begins at offset {}", found.base_offset());
    if (what.empty())
      c.Matched(original);
    else
      c.Differ({original.base_offset(), found.base_offset(), "CORRUPT", std::move(what)});
    CO_TRY(theirs, co_await copy.Next());
  }
  for (; theirs;) {
    const BatchView extra(theirs->view());
    c.Differ({std::nullopt, extra.base_offset(), "PHANTOM", "the copy goes on behind the source's end"});
    CO_TRY(theirs, co_await copy.Next());
  }
  co_return absl::OkStatus();
}

}  // namespace

std::string CompareBatches(ByteView original, ByteView copy, VerifyOptions::Depth depth) {
  const BatchView a(original), b(copy);
  if (a.size_bytes() != b.size_bytes()) return fmt::format("{} bytes, not {}", b.size_bytes(), a.size_bytes());
  if (a.count() != b.count() || a.last_offset_delta() != b.last_offset_delta())
    return fmt::format("{} records, not {}", b.count(), a.count());
  if (a.base_timestamp() != b.base_timestamp() || a.max_timestamp() != b.max_timestamp())
    return "other timestamps in the header";
  if (((a.attributes() ^ b.attributes()) & ~kMayDiffer) != 0)
    return fmt::format("attributes {:#x}, not {:#x}", b.attributes(), a.attributes());
  if (!a.crc_ok()) return "the source's batch does not match its own checksum";
  if (!b.crc_ok()) return "the copy does not match its own checksum";
  constexpr size_t kChecked = kafka::kHeaderSize - kafka::kAttributesAt;
  std::array<std::byte, kChecked> difference;
  for (size_t i = 0; i < kChecked; i++)
    difference[i] = original[kafka::kAttributesAt + i] ^ copy[kafka::kAttributesAt + i];
  const uint32_t correction =
      Crc32cShift(Crc32cRaw(0, ByteView(difference.data(), difference.size())), a.body().size());
  if ((a.crc() ^ correction) != b.crc()) return "other records (by checksum)";
  if (depth == VerifyOptions::Depth::kBytes && a.body() != b.body()) return "other records (byte by byte)";
  return "";
}

Async<StatusOr<PartitionProof>> VerifyPartition(kafka::Cluster& source, kafka::Cluster& destination,
                                                TopicPartition source_tp, TopicPartition destination_tp,
                                                const offsets::Translation* map, VerifyOptions options) {
  Comparison c{.proof = {}, .options = options};
  CO_TRY(const int64_t source_start, co_await OffsetOf(source, source_tp, LogPoint::kStart));
  CO_TRY(const int64_t copy_start, co_await OffsetOf(destination, destination_tp, LogPoint::kStart));
  // The copy's end first: what it holds then, the source held before.
  CO_TRY(c.proof.destination_end, co_await OffsetOf(destination, destination_tp, LogPoint::kHighWatermark));
  CO_TRY(c.proof.source_end, co_await OffsetOf(source, source_tp, LogPoint::kHighWatermark));
  int64_t back = copy_start;  // the copy's start as a source offset
  if (map != nullptr) {
    const offsets::Answer answer = map->ToSource(DestOffset(copy_start));
    if (answer.kind != offsets::Answer::Kind::kUnknown) back = answer.value;
  }
  c.proof.from = std::max({source_start, back, options.from.value_or(0)});
  c.proof.proven_equal_up_to = c.proof.from;
  const int64_t copy_from = Expected(map, c.proof.from).value_or(copy_start);
  LogReader original(source, source_tp, c.proof.from, c.proof.source_end);
  LogReader copy(destination, destination_tp, std::max(copy_from, copy_start), c.proof.destination_end);
  CO_RETURN_IF_ERROR(co_await Compare(original, copy, map, copy_from, c));
  co_return std::move(c.proof);
}

}  // namespace klink::link
