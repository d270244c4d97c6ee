// Copying ends, and the cut: nothing of klink's is under way, its transactions are over, its producers are shut out,
// and from the offset that is then recorded on the log belongs to others.
#include <algorithm>

#include "base/backoff.h"
#include "base/log.h"
#include "base/time_limit.h"
#include "failover/promoter.h"
#include "state/link_topics.h"

namespace klink::failover {
namespace {

using state::CutPartition;
using state::PromotionRecord;
using state::PromotionTopic;
using state::Reason;

constexpr Duration kStopLimit = 20s;   // what was sent is answered within its deadline
constexpr Duration kAbortLimit = 15s;  // of all transactions
constexpr Duration kFenceLimit = 30s;  // of all partitions
constexpr Duration kCutLimit = 30s;
constexpr Duration kInspectLimit = 10s;
constexpr Duration kMarkersLimit = 15s;
constexpr Duration kEndsLimit = 2s;  // of a question that only makes the report better
constexpr Duration kAgainFirst = 20ms;
constexpr Duration kAgainMost = 1s;
constexpr int64_t kTailsAtOnce = 16;

bool IsGone(const StatusOr<PartitionFacts>& facts) { return facts.status().code() == Code::kNotFound; }

Reason ReasonFor(const Status& why) {
  if (const auto reason = link::ReasonOf(why)) return *reason;
  return why.code() == Code::kPermissionDenied ? Reason::kAuthorizationError : Reason::kDestinationUnavailable;
}

// It stays PENDING_STOPPED; asked for again, the next promotion goes on with it.
void LeaveUnfinished(PromotionRecord& now, const std::string& link, const std::map<std::string, Status>& stuck) {
  for (PromotionTopic& topic : now.topics) {
    const auto why = stuck.find(topic.topic);
    if (why == stuck.end() || topic.outcome != state::PromotionOutcome::kRunning) continue;
    topic.outcome = state::PromotionOutcome::kUnfinished;
    topic.reason = ReasonFor(why->second);
    topic.text = Text(why->second);
    topic.remaining = {fmt::format("klink failover {} --link {} --yes", topic.topic, link)};
  }
}

// Where the copy ends in the log, and what of it will be aborted: of a transaction whose verdict did not cross nothing
// counts as copied, nor what stands behind its first record. Where an earlier promotion aborted them unseen, how much
// counts stays unknown.
void TakeEnd(const PartitionFacts& facts, const link::CopyStanding& standing, const state::StateView& view,
             CutPartition& partition) {
  if (partition.copied_end) return;  // by who began this
  partition.copied_end = facts.end.value;
  const std::optional<int64_t> shift = standing.shift;
  if (!shift || partition.transactions_cut > 0) return;
  int64_t end = facts.end.value - *shift;
  // Behind the last record the source may have a hole; what was copied since counts as late.
  const bool same = standing.copied_end && *standing.copied_end <= facts.end;
  if (same && standing.replicated_to) end = std::max(end, standing.replicated_to->value);
  for (const link::ProducerState& producer : facts.producers) {
    if (!producer.open_since || !view.IsOurs(producer.producer_id)) continue;
    partition.transactions_cut++;
    end = std::min(end, std::max<int64_t>(0, producer.open_since->value - *shift));
    partition.aborted_from = end;
  }
  partition.replicated_to = end;
}

// Where neither a leader said what is open nor a coordinator what it ended, there may have been one.
bool TakeAborted(const StatusOr<std::map<TopicPartition, int64_t>>& aborted, const TopicPartition& tp,
                 CutPartition& partition) {
  int64_t count = !aborted.ok() && !partition.copied_end ? 1 : 0;
  if (aborted.ok())
    if (const auto at = aborted->find(tp); at != aborted->end()) count = at->second;
  if (count <= partition.transactions_cut) return false;
  partition.transactions_cut = count;
  return true;
}

}  // namespace

Async<AllFacts> Controller::Inspect(std::set<TopicPartition> partitions) {
  struct Holder {
    static Async<StatusOr<AllFacts>> Ask(Destination& destination, std::set<TopicPartition> partitions) {
      co_return co_await destination.Inspect(std::move(partitions));
    }
  };
  auto facts = co_await Within(executor_, clock_, kInspectLimit, "asking the destination about its partitions",
                               Holder::Ask(destination_, partitions));
  if (facts.ok()) co_return *std::move(facts);
  AllFacts none;
  for (const TopicPartition& tp : partitions) none.emplace(tp, facts.status());
  co_return none;
}

// Once more, for a while, what was not answered.
Async<AllFacts> Controller::InspectAll(std::set<TopicPartition> partitions) {
  AllFacts all;
  Backoff backoff(kAgainFirst, kAgainMost, partitions.size());
  for (const Instant until = clock_.Now() + kInspectLimit;;) {
    for (auto& [tp, facts] : co_await Inspect(partitions)) {
      if (facts.ok() || IsGone(facts)) partitions.erase(tp);
      all.insert_or_assign(tp, std::move(facts));
    }
    if (partitions.empty() || clock_.Now() >= until || !(co_await clock_.Sleep(backoff.Next())).ok()) co_return all;
  }
}

// In all waves at once: slots are shared, so what the first one ends and shuts out reaches the copies of the others,
// and how far these came has to be taken down before.
Async<Status> Controller::StopCopying(PromotionRecord& now) {
  const Status stopped =
      co_await Within(executor_, clock_, kStopLimit, "ending what is under way", host_.StopCopying());
  if (IsCancelled(stopped)) co_return stopped;
  // What is still under way is refused once the fence stands.
  if (!stopped.ok())
    Log(Level::kWarning, Event::kPromotionTrouble, Text(stopped), {{"link", host_.link()}, {"operation", now.id}});
  std::vector<PromotionRecord> later = WavesBehind(now);
  std::map<std::string, const PromotionRecord*> wave_of;
  for (const std::string& topic : RunningTopics(now)) wave_of[topic] = &now;
  for (const PromotionRecord& wave : later)
    for (const std::string& topic : RunningTopics(wave)) wave_of[topic] = &wave;
  std::set<std::string> topics;
  for (const auto& [topic, wave] : wave_of) topics.insert(topic);
  const auto ends =
      co_await Within(executor_, clock_, kEndsLimit, "asking the source for its ends", host_.SourceEnds(topics));
  if (IsCancelled(ends.status())) co_return ends.status();
  const AllFacts facts = co_await InspectAll(PartitionsOf(topics));
  std::vector<state::Record> records;
  for (const auto& [topic, wave] : wave_of) {
    state::CutRecord cut = CutOf(*wave, topic);
    for (size_t p = 0; p < cut.partitions.size(); p++) {
      const TopicPartition tp{topic, static_cast<int32_t>(p)};
      CutPartition& partition = cut.partitions[p];
      const link::CopyStanding standing = host_.Standing(tp);
      if (standing.replicated_to && !partition.copied_end && partition.transactions_cut == 0)
        partition.replicated_to = standing.replicated_to->value;
      if (const auto at = facts.find(tp); at != facts.end() && at->second.ok())
        TakeEnd(*at->second, standing, host_.view(), partition);
      else
        partition.replicated_to.reset();  // a transaction may be open there
      if (standing.copied_end && partition.copied_end && standing.copied_end->value < *partition.copied_end)
        known_ends_[tp] = *standing.copied_end;
      if (!ends.ok() || !ends->contains(tp)) continue;
      partition.source_end = ends->at(tp).value;
      partition.source_end_ms = NowMs();
    }
    records.emplace_back(std::move(cut));
  }
  for (PromotionRecord& wave : later) {
    wave.step = Step::kEndTransactions;
    records.emplace_back(std::move(wave));
  }
  co_return co_await Advance(now, Step::kEndTransactions, std::move(records));
}

// Those of the same operation that have begun nothing yet.
std::vector<PromotionRecord> Controller::WavesBehind(const PromotionRecord& now) const {
  std::vector<PromotionRecord> later;
  for (const auto& [id, wave] : host_.view().promotions())
    if (id != now.id && OperationOf(wave) == OperationOf(now) && wave.step == Step::kStopCopying) later.push_back(wave);
  return later;
}

// The verdict of what is open did not cross, so it did not happen. Where no coordinator answers, the fence ends it.
Async<Status> Controller::EndTransactions(PromotionRecord& now) {
  const std::set<std::string> topics = RunningTopics(now);
  CO_RETURN_IF_ERROR(host_.MayStep());
  const auto aborted =
      co_await Within(executor_, clock_, kAbortLimit, "ending open transactions", host_.AbortTransactions(topics));
  if (IsCancelled(aborted.status())) co_return aborted.status();
  if (!aborted.ok())
    Log(Level::kWarning, Event::kPromotionTrouble, Text(aborted.status()),
        {{"link", host_.link()}, {"operation", now.id}});
  std::vector<state::Record> records;
  for (const std::string& topic : topics) {
    state::CutRecord cut = CutOf(now, topic);
    bool any = false;
    for (size_t p = 0; p < cut.partitions.size(); p++)
      any |= TakeAborted(aborted, {topic, static_cast<int32_t>(p)}, cut.partitions[p]);
    if (any) records.emplace_back(std::move(cut));
  }
  co_return co_await Advance(now, Step::kFence, std::move(records));
}

// Without an answer about transactional ids, those are shut out where a partition remembers them: an agent that begins
// with one elsewhere has to ask the same coordinator.
Async<StatusOr<std::vector<OwnProducer>>> Controller::OwnProducers(std::set<std::string> topics) {
  std::vector<OwnProducer> own;
  if (const auto& link = host_.view().link()) {
    own.push_back({link->data_pid, static_cast<int16_t>(link->data_epoch), state::DataTransactionalId(host_.link())});
    own.push_back(
        {link->filler_pid, static_cast<int16_t>(link->filler_epoch), state::FillerTransactionalId(host_.link())});
  }
  for (const std::string& topic : topics) {
    const state::MirrorRecord* mirror = host_.view().mirror(topic);
    if (mirror == nullptr || !mirror->producers) continue;
    const state::MirrorProducers& its = *mirror->producers;
    own.push_back({its.data_pid, static_cast<int16_t>(its.data_epoch),
                   state::DataTransactionalId(host_.link(), its.incarnation)});
    own.push_back({its.filler_pid, static_cast<int16_t>(its.filler_epoch),
                   state::FillerTransactionalId(host_.link(), its.incarnation)});
  }
  const auto slots = co_await Within(executor_, clock_, kAbortLimit, "asking about transactional ids", host_.Slots());
  if (IsCancelled(slots.status())) co_return slots.status();
  if (!slots.ok()) Log(Level::kWarning, Event::kPromotionTrouble, Text(slots.status()), {{"link", host_.link()}});
  for (size_t i = 0; slots.ok() && i < slots->size(); i++)
    if (const link::TransactionSlot& slot = (*slots)[i]; slot.producer_id >= 0)
      own.push_back({slot.producer_id, slot.producer_epoch, slot.id});
  co_return own;
}

// Until every leader says that it would refuse us, by what this controller wrote: what an earlier one sent may land
// late.
Async<Status> Controller::Fence(PromotionRecord& now) {
  now.times.push_back({Step::kFence, NowMs()});
  const auto fencing = [](const state::PromotionTime& time) { return time.step == Step::kFence; };
  const auto before = std::count_if(now.times.begin(), now.times.end(), fencing) - 2;  // the first came with the step
  const auto raise = static_cast<int32_t>(1 + before * kAttemptsMost);
  CO_RETURN_IF_ERROR(co_await host_.Write({now}));
  std::set<TopicPartition> left = PartitionsOf(RunningTopics(now));
  std::vector<int64_t> ever;
  for (const auto& [pid, record] : host_.view().pids()) ever.push_back(pid);
  CO_TRY(const std::vector<OwnProducer> own, co_await OwnProducers(RunningTopics(now)));
  std::map<std::string, Status> stuck;
  Status written;
  Attempted attempted;
  Backoff backoff(kAgainFirst, kAgainMost, std::hash<std::string>{}(host_.link()));
  for (const Instant until = clock_.Now() + kFenceLimit; !left.empty();) {
    const AllFacts facts = co_await Inspect(left);
    stuck.clear();
    Remembered remembered;
    for (const auto& [tp, of] : facts) {
      if (of.ok()) remembered[tp] = of->producers;
      if (of.ok() || IsGone(of)) left.erase(tp);
      if (!of.ok() && !IsGone(of)) stuck.insert_or_assign(tp.topic, of.status());
    }
    FencePlan plan = PlanFence(own, ever, remembered, raise, attempted);
    for (const auto& [marker, partitions] : plan)
      for (const TopicPartition& tp : partitions) {
        left.insert(tp);
        const Status slow = DeadlineExceeded("{}: producer {} could not be shut out", tp, marker.producer_id);
        stuck.insert_or_assign(tp.topic, written.ok() ? slow : written);
      }
    if (left.empty() || clock_.Now() >= until) break;
    CO_RETURN_IF_ERROR(host_.MayStep());
    if (!plan.empty()) written = co_await WriteFences(own, std::move(plan), attempted);
    if (IsCancelled(written)) co_return written;
    if (!written.ok() || remembered.empty()) CO_RETURN_IF_ERROR(co_await clock_.Sleep(backoff.Next()));
  }
  LeaveUnfinished(now, host_.link(), stuck);
  co_return co_await Advance(now, Step::kRecordCut);
}

Async<Status> Controller::WriteFences(const std::vector<OwnProducer>& own, FencePlan plan, Attempted& attempted) {
  if (!markers_) co_return co_await RunEmptyTransactions(own, std::move(plan), attempted);
  Note(plan, attempted);
  const Status written =
      co_await Within(executor_, clock_, kMarkersLimit, "writing fences", destination_.WriteMarkers(plan));
  if (written.code() != Code::kPermissionDenied && written.code() != Code::kFailedPrecondition) co_return written;
  markers_ = false;
  markers_refused_ = Text(written);
  attempted.clear();
  Log(Level::kInfo, Event::kPromotionTrouble, "klink may not write markers here; empty transactions fence as well",
      {{"link", host_.link()}, {"error", markers_refused_}});
  co_return co_await RunEmptyTransactions(own, std::move(plan), attempted);
}

// One of each id over all partitions it is still to be shut out of.
Async<Status> Controller::RunEmptyTransactions(const std::vector<OwnProducer>& own, FencePlan plan,
                                               Attempted& attempted) {
  std::map<std::pair<std::string, int64_t>, std::vector<TopicPartition>> by_id;
  for (const auto& [marker, partitions] : plan)
    for (const OwnProducer& producer : own)
      if (producer.producer_id == marker.producer_id) {
        auto& all = by_id[{producer.transactional_id, producer.producer_id}];
        all.insert(all.end(), partitions.begin(), partitions.end());
      }
  if (by_id.empty()) co_return PermissionDenied("{}", markers_refused_);
  Status result;
  const MayStep may = [this] { return host_.MayStep(); };
  for (auto& [id, partitions] : by_id) {
    CO_RETURN_IF_ERROR(may());
    const auto epoch = co_await Within(executor_, clock_, kMarkersLimit, fmt::format("fencing {}", id.first),
                                       destination_.EmptyTransaction(id.first, partitions, may));
    if (IsCancelled(epoch.status())) co_return epoch.status();
    result.Update(epoch.status());
    for (const TopicPartition& tp : partitions)
      if (epoch.ok()) attempted[{tp, id.second}] = *epoch;
  }
  co_return result;
}

// Behind the fence, once it is on every replica that counts.
Async<Status> Controller::RecordCut(PromotionRecord& now) {
  const std::set<std::string> topics = RunningTopics(now);
  std::set<TopicPartition> left = PartitionsOf(topics);
  std::map<std::string, state::CutRecord> cuts;
  for (const std::string& topic : topics) cuts[topic] = CutOf(now, topic);
  std::map<std::string, Status> stuck;
  std::map<TopicPartition, CutPartition*> tails;
  Backoff backoff(kAgainFirst, kAgainMost, std::hash<std::string>{}(host_.link()));
  for (const Instant until = clock_.Now() + kCutLimit; !left.empty();) {
    const AllFacts facts = co_await Inspect(left);
    stuck.clear();
    for (const auto& [tp, of] : facts) {
      CutPartition& cut = cuts[tp.topic].partitions.at(static_cast<size_t>(tp.partition));
      if (of.ok() && of->end == of->high_watermark) {
        cut.cut = of->end.value;
        tails[tp] = &cut;
        left.erase(tp);
      } else if (IsGone(of)) {
        left.erase(tp);
      } else {
        stuck[tp.topic] = of.ok() ? link::Halt(Reason::kNotEnoughReplicas, "{}: {} of its offsets are not replicated",
                                               tp, of->end - of->high_watermark)
                                  : of.status();
      }
    }
    if (left.empty() || clock_.Now() >= until) break;
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(backoff.Next()));
  }
  CO_RETURN_IF_ERROR(co_await ReadTails(std::move(tails)));
  LeaveUnfinished(now, host_.link(), stuck);
  std::vector<state::Record> records;
  for (auto& [topic, cut] : cuts) {
    cut.at_ms = NowMs();
    records.emplace_back(std::move(cut));
  }
  co_return co_await Advance(now, Step::kCommitGroups, std::move(records));
}

// What cannot be read stays unknown: the cut stands without it.
Async<Status> Controller::ReadTails(std::map<TopicPartition, CutPartition*> tails) {
  std::set<int64_t> own;
  for (const auto& [pid, record] : host_.view().pids()) own.insert(pid);
  Permits permits(executor_, kTailsAtOnce);
  TaskGroup reading(executor_);
  for (const auto& [tp, cut] : tails) reading.Spawn(ReadTailOf(tp, *cut, permits, own));
  co_await reading.Join();
  co_return absl::OkStatus();
}

// Where somebody else wrote behind the copy, the end of the log is not the end of what was copied.
Async<void> Controller::LeaveOutOthers(TopicPartition tp, CutPartition& cut, const std::set<int64_t>& own) {
  const auto known = known_ends_.find(tp);
  if (known == known_ends_.end() || !cut.copied_end || cut.aborted_from) co_return;
  const auto between = co_await Within(executor_, clock_, kInspectLimit, "reading behind the copy",
                                       destination_.ReadTail(tp, known->second, DestOffset(*cut.copied_end), own));
  if (!between.ok() || between->foreign == 0) co_return;
  if (cut.replicated_to) *cut.replicated_to -= between->foreign;
  cut.copied_end = between->copied_end.value;
}

Async<void> Controller::ReadTailOf(TopicPartition tp, CutPartition& cut, Permits& permits,
                                   const std::set<int64_t>& own) {
  const auto permit = co_await permits.Take(1);
  if (!permit.ok()) co_return;
  co_await LeaveOutOthers(tp, cut, own);
  const DestOffset copied_end(cut.copied_end.value_or(*cut.cut)), end(*cut.cut);
  const auto tail = co_await Within(executor_, clock_, kInspectLimit, "reading the end of the copy",
                                    destination_.ReadTail(tp, copied_end, end, own));
  permits.Give(*permit);
  if (!tail.ok()) co_return;
  // A batch that landed after copying ended here: of an agent that had not heard of it, and copied all the same.
  if (cut.replicated_to && !cut.aborted_from) *cut.replicated_to += tail->late;
  if (cut.copied_end) cut.copied_end = tail->copied_end.value;
  if (tail->last_base) cut.tail_offset = tail->last_base->value;
  if (tail->last_crc) cut.tail_crc = *tail->last_crc;
}

}  // namespace klink::failover
