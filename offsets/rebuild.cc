#include "offsets/rebuild.h"

#include <algorithm>

namespace klink::offsets {
namespace {

// Is everything `topic` says also in `local`, and is what `local` says beyond it of a kind that is not announced: more
// length, and gaps inside one shift?
bool SaysTheSameAndMore(const Translation& local, const Translation& topic) {
  if (local.head() == Head::kUnknown && topic.head() == Head::kStart) return false;
  if (local.empty() || *local.shift() != *topic.shift() || local.end()->source < topic.end()->source) return false;
  auto announced = topic.runs().begin();
  // What the local map trimmed away it need not repeat.
  while (announced != topic.runs().end() && announced->run.source < local.runs().front().run.source) announced++;
  if (announced == topic.runs().end()) return false;
  std::optional<int64_t> shift;
  for (const Segment& segment : local.runs()) {
    if (announced != topic.runs().end() && segment.run.source == announced->run.source &&
        segment.run.dest == announced->run.dest) {
      shift = segment.run.shift();
      announced++;
    } else if (segment.run.shift() != shift) {
      return false;
    }
  }
  return announced == topic.runs().end();
}

Status CheckFacts(const LogFacts& facts) {
  if (facts.matched.empty()) return InvalidArgument("no position of the two logs is known to correspond");
  for (size_t i = 0; i < facts.matched.size(); i++) {
    const Position& at = facts.matched[i];
    if (at.source.value < 0 || at.dest.value < 0)
      return InvalidArgument("source offset {} = destination offset {}: negative", at.source, at.dest);
    if (i == 0) continue;
    const Position& before = facts.matched[i - 1];
    if (at.source < before.source || at.dest < before.dest)
      return InvalidArgument("positions out of order: {} = {} before {} = {}", before.source, before.dest, at.source,
                             at.dest);
  }
  return absl::OkStatus();
}

// The stored map, ending where the logs end; nothing when they contradict each other.
std::optional<Translation> FromStored(const Translation& stored, const LogFacts& facts) {
  if (stored.empty()) return std::nullopt;
  const Position end = facts.matched.back();
  // The run in force is the last one on whose line the end of the copy lies. Later ones were announced and then either
  // never appended to, or appended to a log that has lost it since.
  Translation map = stored;
  for (;;) {
    if (map.empty()) return std::nullopt;
    const Run last = map.runs().back().run;
    if (last.shift() == end.shift() && last.source <= end.source) break;
    if (last.length > 0 && last.dest < end.dest) return std::nullopt;
    map.Cut({last.source, last.dest});
  }
  Segment last = map.runs().back();
  map.Cut({last.run.source, last.run.dest});
  last.run.length = end.source - last.run.source;
  if (!map.Append(std::move(last)).ok()) return std::nullopt;
  const Run first = map.runs().front().run;
  for (const Position& at : facts.matched) {
    if (at.source < first.source && at.dest < first.dest) {
      if (map.head() == Head::kStart) return std::nullopt;  // copied before what is stored as the start
    } else if (map.ToDest(at.source).value != at.dest.value && map.ToSource(at.dest).value != at.source.value) {
      return std::nullopt;
    }
  }
  return map;
}

// Only what the logs themselves tell: neighbours of equal shift span a run; where only one of the logs moved on, the
// gap is certain; anything else makes all that lies before it unknown.
StatusOr<Translation> FromLogs(const LogFacts& facts) {
  const auto& matched = facts.matched;
  size_t first = matched.size() - 1;
  const auto certain = [](const Position& a, const Position& b) {
    return a.shift() == b.shift() || a.source == b.source || a.dest == b.dest;
  };
  while (first > 0 && certain(matched[first - 1], matched[first])) first--;
  Translation map;
  const auto begin_at = [&](const Position& at) {
    ShiftChange change{at.source, at.dest, {}};
    if (at.shift() != 0) change.reason = "REBUILT";
    return map.Begin(change);
  };
  RETURN_IF_ERROR(begin_at(matched[first]));
  for (size_t i = first + 1; i < matched.size(); i++) {
    const Position& from = matched[i - 1];
    if (from.shift() == matched[i].shift()) {
      RETURN_IF_ERROR(map.Record({from.source, from.dest, matched[i].source - from.source}));
    } else {
      RETURN_IF_ERROR(begin_at(matched[i]));
    }
  }
  const bool whole = first == 0 && facts.covers == LogFacts::Covers::kFromTheStart;
  map.set_head(whole ? Head::kStart : Head::kUnknown);
  return map;
}

// What is stored knows more (gaps, reasons) than the logs tell, except about a head that was lost.
bool KnowsMore(const Translation& stored, const Translation& from_logs) {
  if (stored.head() == Head::kStart) return true;
  if (from_logs.head() == Head::kStart) return false;
  return stored.runs().front().run.source <= from_logs.runs().front().run.source;
}

}  // namespace

void RunLogReader::Add(const RunRecord& record) {
  StatusOr<ChunkKey> key = ParseKeyText(record.key);
  if (!key.ok()) {
    ChunkKey named{{record.key, -1}, 0};
    damaged_[named] = key.status();
    return;
  }
  chunks_.erase(*key);
  damaged_.erase(*key);
  if (!record.value.has_value()) return;
  StatusOr<RunChunk> chunk = DecodeChunk(*record.value);
  if (chunk.ok()) {
    chunks_[*key] = *std::move(chunk);
  } else {
    damaged_[*key] = Annotate(chunk.status(), fmt::format("runs of {}, chunk {}", key->tp, key->chunk));
  }
}

std::map<TopicPartition, PartitionRuns> RunLogReader::Finish(std::vector<Status>& refused) && {
  std::map<TopicPartition, std::map<int64_t, RunChunk>> by_partition;
  for (auto& [key, chunk] : chunks_) by_partition[key.tp][key.chunk] = std::move(chunk);
  for (const auto& [key, status] : damaged_) {
    by_partition.erase(key.tp);
    refused.push_back(status);
  }
  std::map<TopicPartition, PartitionRuns> all;
  for (const auto& [tp, chunks] : by_partition) {
    StatusOr<PartitionRuns> runs = FromChunks(chunks);
    if (runs.ok()) {
      all[tp] = *std::move(runs);
    } else {
      refused.push_back(Annotate(runs.status(), fmt::format("runs of {}", tp)));
    }
  }
  return all;
}

PartitionRuns Choose(PartitionRuns local, PartitionRuns from_topic) {
  if (from_topic.map.empty()) return local;
  const bool keep = local.ids == from_topic.ids && SaysTheSameAndMore(local.map, from_topic.map);
  return keep ? local : from_topic;
}

StatusOr<Translation> Reconcile(const Translation& stored, const LogFacts& facts) {
  RETURN_IF_ERROR(CheckFacts(facts));
  TRY(Translation from_logs, FromLogs(facts));
  std::optional<Translation> map = FromStored(stored, facts);
  if (!map.has_value() || !KnowsMore(*map, from_logs)) {
    map = std::move(from_logs);
    map->set_first_index(stored.first_index());
  }
  map->TrimBelow(facts.dest_log_start);
  return *std::move(map);
}

}  // namespace klink::offsets
