#include "link/verify.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "link/kafka_partition.h"
#include "link/verify_comparison.h"

namespace klink::link {
namespace {

constexpr int32_t kReadBytes = 8 << 20;
constexpr int32_t kSampleReadBytes = 1 << 20;
constexpr int64_t kWindowsMost = 1000;  // of a sampled log
constexpr int64_t kWindowLeast = 100;   // offsets
constexpr int kStartMovedMost = 5;

struct Places {
  kafka::Cluster& source;
  kafka::Cluster& destination;
  TopicPartition source_tp;
  TopicPartition destination_tp;
  LogEnds ends;
  const offsets::Translation* map;
};

Async<StatusOr<PartitionProof>> CompareWindow(const Places& places, OffsetWindow window, const VerifyOptions& options,
                                              Pace& pace) {
  LogComparison comparison(places.map, places.ends, window.from, window.to, options);
  const int32_t bytes = options.sample_percent ? kSampleReadBytes : kReadBytes;
  LogReader original(places.source, places.source_tp, window.from, window.to, bytes, pace);
  LogReader copy(places.destination, places.destination_tp, comparison.copy_from(), comparison.copy_to(), bytes, pace);
  for (;;) {
    switch (comparison.Run()) {
      case LogComparison::Needs::kNothing:
        co_return comparison.Finish();
      case LogComparison::Needs::kSource: {
        CO_TRY(auto batch, co_await original.Next());
        comparison.Source(std::move(batch));
        break;
      }
      case LogComparison::Needs::kCopy: {
        CO_TRY(auto batch, co_await copy.Next());
        comparison.Copy(std::move(batch));
        break;
      }
    }
  }
}

void AddSample(PartitionProof& all, PartitionProof one, size_t differences_most) {
  all.batches += one.batches;
  all.bytes += one.bytes;
  all.rebuilt_batches += one.rebuilt_batches;
  all.markers += one.markers;
  all.fillers += one.fillers;
  all.cleaned += one.cleaned;
  all.differences_total += one.differences_total;
  for (Difference& difference : one.differences)
    if (all.differences.size() < differences_most) all.differences.push_back(std::move(difference));
}

Async<StatusOr<PartitionProof>> CompareSample(const Places& places, OffsetWindow range, const VerifyOptions& options,
                                              Pace& pace) {
  PartitionProof all;
  all.from = all.proven_equal_up_to = range.from;
  all.compared_up_to = range.to;
  all.source_end = places.ends.source_end;
  all.destination_end = places.ends.copy_end;
  for (const OffsetWindow window : SampleWindows(range, *options.sample_percent, options.sample_seed)) {
    CO_TRY(PartitionProof one, co_await CompareWindow(places, window, options, pace));
    AddSample(all, std::move(one), options.differences_most);
  }
  co_return all;
}

}  // namespace

Async<StatusOr<LogEnds>> EndsOf(kafka::Cluster& source, kafka::Cluster& destination, TopicPartition source_tp,
                                TopicPartition destination_tp) {
  LogEnds ends;
  CO_TRY(ends.copy_start, co_await OffsetOf(destination, destination_tp, LogPoint::kStart));
  CO_TRY(ends.copy_end, co_await OffsetOf(destination, destination_tp, LogPoint::kHighWatermark));
  CO_TRY(ends.source_start, co_await OffsetOf(source, source_tp, LogPoint::kStart));
  CO_TRY(ends.source_end, co_await OffsetOf(source, source_tp, LogPoint::kHighWatermark));
  co_return ends;
}

Async<StatusOr<PartitionProof>> VerifyPartition(kafka::Cluster& source, kafka::Cluster& destination,
                                                TopicPartition source_tp, TopicPartition destination_tp, LogEnds ends,
                                                const offsets::Translation* map, VerifyOptions options, Pace& pace) {
  for (int tries = 0;; tries++) {
    const Places places{source, destination, source_tp, destination_tp, ends, map};
    const OffsetWindow range{VerifyFrom(ends, map, options.from), ends.source_end};
    StatusOr<PartitionProof> proof;
    if (options.sample_percent)
      proof = co_await CompareSample(places, range, options, pace);
    else
      proof = co_await CompareWindow(places, range, options, pace);
    if (proof.status().code() != Code::kOutOfRange || tries == kStartMovedMost) co_return proof;
    // Retention removed the head of a log meanwhile: what both logs still hold is compared.
    CO_TRY(ends.copy_start, co_await OffsetOf(destination, destination_tp, LogPoint::kStart));
    CO_TRY(ends.source_start, co_await OffsetOf(source, source_tp, LogPoint::kStart));
  }
}

int64_t VerifyFrom(const LogEnds& ends, const offsets::Translation* map, std::optional<int64_t> asked) {
  int64_t back = ends.copy_start;  // the copy's start as a source offset
  if (map != nullptr) {
    const offsets::Answer answer = map->ToSource(DestOffset(ends.copy_start));
    back = answer.kind == offsets::Answer::Kind::kUnknown ? ends.source_start : answer.value;
    if (!map->empty()) back = std::max(back, map->runs().front().run.source.value);
  }
  return std::max({ends.source_start, back, asked.value_or(0)});
}

std::vector<OffsetWindow> SampleWindows(OffsetWindow range, double percent, uint64_t seed) {
  std::vector<OffsetWindow> windows;
  const int64_t length = range.to - range.from;
  if (length <= 0) return windows;
  const int64_t count = std::clamp(length / kWindowLeast, int64_t{1}, kWindowsMost);
  const auto wanted = static_cast<int64_t>(std::ceil(static_cast<double>(count) * percent / 100));
  std::vector<int64_t> all(static_cast<size_t>(count)), chosen;
  for (int64_t i = 0; i < count; i++) all[static_cast<size_t>(i)] = i;
  std::mt19937_64 random(seed);
  std::sample(all.begin(), all.end(), std::back_inserter(chosen), std::clamp(wanted, int64_t{1}, count), random);
  const auto place = [&](int64_t i) { return range.from + i * (length / count) + std::min(i, length % count); };
  for (const int64_t i : chosen) {
    if (!windows.empty() && windows.back().to == place(i))
      windows.back().to = place(i + 1);
    else
      windows.push_back({place(i), place(i + 1)});
  }
  return windows;
}

}  // namespace klink::link
