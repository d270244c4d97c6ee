#include "tests/sim/dest_log.h"

#include <algorithm>

#include "base/crc32c.h"
#include "kafka/record_batch.h"

namespace klink::sim {

using kafka::BatchView;
using kafka::Error;

namespace {
constexpr size_t kBatchesRemembered = 5;
constexpr Duration kProduceTimeout = 5s;
constexpr int32_t Successor(int32_t sequence, int64_t n) {
  return static_cast<int32_t>((int64_t{sequence} + n) & 0x7fffffff);
}
}  // namespace

DestLog::DestLog(World& world, const SourceLog& source, Options options)
    : world_(world), source_(source), options_(options) {
  start_ = end_ = hw_ = committed_ = options.start;
  world_.After(options_.check_every, [this] { ForgetProducers(); });
}

void DestLog::Produce(int leader, ByteView batch, const std::string& transactional_id, Answer answer, link::Acks acks) {
  if (!Leads(leader)) {
    world_.Count(Fault::kNotLeader);
    return answer(Error::kNotLeaderOrFollower, -1);
  }
  if (acks == link::Acks::kAll && world_.now() < short_until_) {
    world_.Count(Fault::kNotEnoughReplicas);
    return answer(Error::kNotEnoughReplicas, -1);
  }
  const Outcome outcome = Append(batch, transactional_id);
  if (outcome.error != Error::kNone) return answer(outcome.error, -1);
  if (acks == link::Acks::kAll) return AnswerWhenReplicated(outcome, std::move(answer));
  told_ = std::max(told_, outcome.end);
  AnswerWhenReplicated(outcome, [](Error, int64_t) {});
  answer(Error::kNone, outcome.base);
}

void DestLog::AnswerWhenReplicated(Outcome outcome, Answer answer) {
  auto waiting = std::make_shared<Waiting>(Waiting{outcome.end, outcome.base, std::move(answer)});
  waiting_.push_back(waiting);
  world_.After(world_.random().Within(options_.replication_least, options_.replication_most), [this] { Replicate(); });
  world_.After(kProduceTimeout, [this, weak = std::weak_ptr(waiting)] {
    auto w = weak.lock();
    if (!w || !w->answer) return;
    world_.Count(Fault::kTimedOut);
    std::exchange(w->answer, nullptr)(Error::kRequestTimedOut, -1);
    waiting_.remove(w);
  });
}

DestLog::Outcome DestLog::Append(ByteView batch, const std::string& transactional_id) {
  const BatchView view(batch);
  if (const Error error = CheckTransaction(view, transactional_id); error != Error::kNone) return {error};
  if (view.base_offset() != 0 || view.count() != view.last_offset_delta() + 1) return {Error::kInvalidRecord};
  if (view.control()) return {Error::kInvalidRecord};
  if (!view.crc_ok()) return {Error::kCorruptMessage};
  if (refuses_data()) {
    world_.Count(Fault::kRefused);
    return {Error::kMessageTooLarge};
  }
  if (batch.size() > options_.batch_bytes) return {Error::kMessageTooLarge};
  std::optional<int64_t> duplicate_of;
  if (const Error error = CheckSequence(view, duplicate_of); error != Error::kNone) {
    if (error == Error::kOutOfOrderSequenceNumber) world_.Count(Fault::kOutOfOrder);
    return {error};
  }
  if (duplicate_of) {
    world_.Count(Fault::kDuplicate);
    return {Error::kNone, *duplicate_of, *duplicate_of + view.count()};
  }
  if (const auto known = producers_.find(view.producer_id());
      known != producers_.end() && known->second.open_since && !view.transactional())
    return {Error::kInvalidTxnState};
  const int64_t base = end_;
  if (view.producer_id() >= 0) Remember(producers_[view.producer_id()], view, base);
  const Plant plant = std::exchange(plant_, Plant::kNone);
  if (plant == Plant::kSwapVerdict) plant_ = plant;  // for a marker
  if (plant != Plant::kDropSilently) Store(batch);
  if (plant == Plant::kAppendTwice) Store(batch);
  if (plant == Plant::kDropSilently) end_ += view.count();  // the offsets are spent, the batch is not there
  if (plant == Plant::kSwapRecords) {
    Stored& stored = batches_.back();
    stored.bytes.data()[stored.bytes.size() - 1] ^= std::byte{1};
  }
  if (plant == Plant::kClearTransactional) {
    if (!view.transactional()) plant_ = plant;  // for a later one
    SharedBytes& bytes = batches_.back().bytes;
    StoreBe<int16_t>(bytes.data() + kafka::kAttributesAt, static_cast<int16_t>(view.attributes() & kafka::kCodecMask));
    StoreBe(bytes.data() + kafka::kCrcAt, Crc32c(bytes.view().substr(kafka::kAttributesAt)));
  }
  return {Error::kNone, base, base + view.count()};
}

// Before anything else of the batch is looked at.
Error DestLog::CheckTransaction(const BatchView& view, const std::string& transactional_id) {
  if (!view.transactional()) return Error::kNone;
  if (transactional_id.empty()) return Error::kTransactionalIdAuthorizationFailed;
  const auto found = producers_.find(view.producer_id());
  if (found != producers_.end() && found->second.open_since) {
    if (view.producer_epoch() == found->second.epoch) return Error::kNone;
    if (view.producer_epoch() < found->second.epoch) return Error::kInvalidProducerEpoch;
  }
  Verifying& verifying =
      verifying_.try_emplace(view.producer_id(), Verifying{view.producer_epoch(), view.base_sequence()}).first->second;
  if (view.producer_epoch() > verifying.epoch) verifying = {view.producer_epoch(), view.base_sequence()};
  if (view.producer_epoch() == verifying.epoch) verifying.lowest = std::min(verifying.lowest, view.base_sequence());
  const Error error =
      verify_ ? verify_(transactional_id, view.producer_id(), view.producer_epoch()) : Error::kInvalidTxnState;
  if (error != Error::kNone) world_.Count(Fault::kNotVerified);
  return error;
}

Error DestLog::CheckSequence(const BatchView& view, std::optional<int64_t>& duplicate_of) const {
  auto found = producers_.find(view.producer_id());
  const int32_t first = view.base_sequence();
  if (view.producer_id() < 0) return Error::kNone;
  const auto verifying = verifying_.find(view.producer_id());
  const bool ahead = verifying != verifying_.end() && first > verifying->second.lowest;
  if (found == producers_.end()) return ahead ? Error::kOutOfOrderSequenceNumber : Error::kNone;
  const Producer& known = found->second;
  if (view.producer_epoch() < known.epoch) return Error::kInvalidProducerEpoch;
  if (view.producer_epoch() > known.epoch)
    return first == 0 && !ahead ? Error::kNone : Error::kOutOfOrderSequenceNumber;
  const int32_t last = Successor(first, view.last_offset_delta());
  for (const Producer::Batch& b : known.batches)
    if (b.first == first && b.last == last) duplicate_of = b.base;
  if (duplicate_of || (!ahead && first == Successor(known.last_sequence(), 1))) return Error::kNone;
  return Error::kOutOfOrderSequenceNumber;
}

void DestLog::Remember(Producer& producer, const BatchView& view, int64_t base) {
  if (producer.epoch != view.producer_epoch()) producer.batches.clear();
  producer.epoch = view.producer_epoch();
  producer.last_timestamp = view.max_timestamp();
  if (view.control()) {
    producer.open_since.reset();
    producer.generation = LoadBe<int32_t>(view.body().data() + view.body().size() - 5);
    return;
  }
  if (view.transactional() && !producer.open_since) producer.open_since = base;
  const int32_t first = view.base_sequence();
  producer.batches.push_back({first, Successor(first, view.last_offset_delta()), base});
  if (producer.batches.size() > kBatchesRemembered) producer.batches.pop_front();
}

void DestLog::WriteMarker(int leader, int64_t producer_id, int16_t epoch, kafka::ControlType verdict,
                          int64_t transaction, Answer answer) {
  if (!Leads(leader)) return answer(Error::kNotLeaderOrFollower, -1);
  if (world_.now() < short_until_) return answer(Error::kNotEnoughReplicas, -1);
  const auto known = producers_.find(producer_id);
  if (known != producers_.end() && epoch < known->second.epoch) return answer(Error::kInvalidProducerEpoch, -1);
  if (plant_ == Plant::kSwapVerdict) {
    plant_ = Plant::kNone;
    verdict = verdict == kafka::ControlType::kCommit ? kafka::ControlType::kAbort : kafka::ControlType::kCommit;
  }
  const int64_t base = end_;
  Store(BuildMarker(0, producer_id, epoch, verdict, leader_epoch_, world_.wall_ms()).view(), transaction);
  Remember(producers_[producer_id], BatchView(batches_.back().bytes.view()), base);
  AnswerWhenReplicated({Error::kNone, base, end_}, std::move(answer));
}

void DestLog::WriteFillers(int leader, int64_t count, const link::MarkerStamp& stamp, Answer answer) {
  if (!Leads(leader)) return answer(Error::kNotLeaderOrFollower, -1);
  if (world_.now() < short_until_) return answer(Error::kNotEnoughReplicas, -1);
  Producer& producer = producers_[stamp.producer_id];
  if (stamp.generation < producer.generation) {
    world_.Count(Fault::kFillersFenced);
    return answer(Error::kTransactionCoordinatorFenced, -1);
  }
  producer.generation = stamp.generation;
  const int64_t base = end_;
  for (int64_t i = 0; i < count; i++) {
    const int64_t at = end_;
    Store(BuildMarker(0, stamp.producer_id, stamp.producer_epoch, kafka::ControlType::kAbort, stamp.generation,
                      world_.wall_ms())
              .view(),
          -1 - at);
    Remember(producer, BatchView(batches_.back().bytes.view()), at);
  }
  AnswerWhenReplicated({Error::kNone, base, end_}, std::move(answer));
}

void DestLog::Store(ByteView batch, int64_t transaction) {
  Stored stored;
  stored.bytes = SharedBytes::CopyOf(batch);
  StoreBe<int64_t>(stored.bytes.data() + kafka::kBaseOffsetAt, end_);
  StoreBe<int32_t>(stored.bytes.data() + kafka::kLeaderEpochAt, leader_epoch_);
  const BatchView view(stored.bytes.view());
  stored.base = end_;
  stored.next = view.next_offset();
  stored.producer_id = view.producer_id();
  stored.transactional = view.transactional();
  if (view.control()) {
    stored.marker = kafka::ReadControlType(view).value();
    stored.transaction = transaction;
  } else if (const SourceLog::Batch* whose = source_.Recognise(view.body())) {
    stored.source_base = whose->base;
  }
  if (watcher_) stored.wrong = watcher_(stored);
  world_.Note("dest: {}–{} producer {}/{} {} {} source {}{}{}{}", stored.base, stored.next - 1, stored.producer_id,
              view.producer_epoch(),
              stored.marker ? (*stored.marker == kafka::ControlType::kCommit ? "COMMIT" : "ABORT") : "sequence",
              view.base_sequence(), stored.source_base.value_or(-1), stored.extra ? " extra" : "",
              stored.wrong.empty() ? "" : " WRONG: ", stored.wrong);
  if (!stored.wrong.empty()) world_.Count(Fault::kMisplaced);
  end_ = stored.next;
  if (stored.transactional || stored.marker) verifying_.erase(stored.producer_id);
  batches_.push_back(std::move(stored));
}

void DestLog::Replicate() {
  if (world_.now() < stalled_until_) return;
  hw_ = end_;
  committed_ = std::max(committed_, hw_);
  for (auto w = waiting_.begin(); w != waiting_.end();) {
    if ((*w)->end > hw_) {
      ++w;
      continue;
    }
    auto answered = *w;
    w = waiting_.erase(w);
    std::exchange(answered->answer, nullptr)(Error::kNone, answered->base);
  }
}

void DestLog::AnswerAll(Error error) {
  for (auto waiting = std::exchange(waiting_, {}); auto& w : waiting) std::exchange(w->answer, nullptr)(error, -1);
}

const DestLog::Stored* DestLog::Find(int64_t offset) const {
  if (offset < start_) return nullptr;
  auto after = std::upper_bound(batches_.begin(), batches_.end(), offset,
                                [](int64_t o, const Stored& stored) { return o < stored.base; });
  if (after == batches_.begin()) return nullptr;
  const Stored& stored = *std::prev(after);
  return offset < stored.next ? &stored : nullptr;
}

std::vector<link::ProducerState> DestLog::producers() const {
  std::vector<link::ProducerState> states;
  for (const auto& [id, p] : producers_) {
    states.push_back({id, p.epoch, p.last_sequence(), p.last_timestamp, std::nullopt, p.generation});
    if (p.open_since) states.back().open_since = DestOffset(*p.open_since);
  }
  return states;
}

int64_t DestLog::last_stable() const {
  int64_t stable = hw_;
  for (const auto& [id, p] : producers_) stable = std::min(stable, p.open_since.value_or(stable));
  return stable;
}

const DestLog::Stored* DestLog::EndOf(int64_t producer_id, int64_t offset) const {
  for (const Stored& stored : batches_)
    if (stored.base > offset && stored.producer_id == producer_id && stored.marker) return &stored;
  return nullptr;
}

Error DestLog::DeleteRecords(int leader, int64_t offset) {
  if (!Leads(leader)) return Error::kNotLeaderOrFollower;
  if (offset > hw_) return Error::kOffsetOutOfRange;
  start_ = std::max(start_, offset);
  while (!batches_.empty() && batches_.front().next <= start_) batches_.pop_front();
  world_.Note("dest: log start {}", start_);
  return Error::kNone;
}

void DestLog::ForgetProducers() {
  for (auto p = producers_.begin(); p != producers_.end();) {
    if (p->second.open_since || world_.wall_ms() - p->second.last_timestamp < ToMillis(options_.expiration)) {
      ++p;
      continue;
    }
    if (p->first == our_producer_id_) world_.Count(Fault::kForgotten);
    world_.Note("dest: producer {} forgotten", p->first);
    p = producers_.erase(p);
  }
  world_.After(options_.check_every, [this] { ForgetProducers(); });
}

void DestLog::MoveLeader(Duration away) {
  if (end_ > options_.start) world_.Count(Fault::kLeaderMove);
  leader_ = 3 - leader_;
  leader_epoch_++;
  away_until_ = world_.now() + away;
  stalled_until_ = {};
  // The new leader has everything that was acknowledged, and any part of the rest.
  int64_t kept = committed_;
  for (const Stored& stored : batches_)
    if (stored.next > committed_ && world_.random().Chance(0.5))
      kept = stored.next;
    else if (stored.next > committed_)
      break;
  if (kept < end_) Truncate(kept);
  // Its own high watermark follows a little later.
  for (const Stored& stored : batches_)
    if (stored.next == committed_ && world_.random().Chance(0.3)) hw_ = stored.base;
  hw_ = std::min(hw_, end_);
  world_.Note("dest: leader {} end {} high watermark {}", leader_, end_, hw_);
  AnswerAll(Error::kNotLeaderOrFollower);
  world_.After(away + options_.replication_most, [this] { Replicate(); });
}

void DestLog::Truncate(int64_t end) {
  if (end < std::exchange(told_, std::min(told_, end))) world_.Count(Fault::kAnsweredLost);
  world_.Count(Fault::kTruncated);
  world_.Note("dest: truncated from {} to {}", end_, end);
  while (!batches_.empty() && batches_.back().base >= end) {
    if (batches_.back().marker) world_.Count(Fault::kMarkerLost);
    batches_.pop_back();
  }
  end_ = end;
  // The new leader remembers what its own log says; what was trimmed, it has seen.
  for (auto p = producers_.begin(); p != producers_.end();) {
    Producer seen;
    for (const Producer::Batch& batch : p->second.batches)
      if (batch.base < (batches_.empty() ? end : batches_.front().base)) seen.batches.push_back(batch);
    bool known = !seen.batches.empty();
    if (known) seen.epoch = p->second.epoch, seen.last_timestamp = p->second.last_timestamp;
    for (const Stored& stored : batches_) {
      if (stored.producer_id != p->first) continue;
      Remember(seen, BatchView(stored.bytes.view()), stored.base);
      known = true;
    }
    p->second = std::move(seen);
    p = known ? std::next(p) : producers_.erase(p);
  }
}

void DestLog::StallReplication(Duration d) {
  world_.Note("dest: replication stands still");
  stalled_until_ = world_.now() + d;
  world_.After(d, [this] { Replicate(); });
}

void DestLog::LoseReplicas(Duration d) {
  world_.Note("dest: too few replicas");
  short_until_ = world_.now() + d;
  world_.Count(Fault::kAfterAppend, static_cast<int64_t>(waiting_.size()));
  AnswerAll(Error::kNotEnoughReplicasAfterAppend);
  world_.After(d, [this] { Replicate(); });
}

void DestLog::WriteForeign(int records) {
  std::vector<kafka::Record> built(static_cast<size_t>(records));
  for (int i = 0; i < records; i++) {
    built[static_cast<size_t>(i)] = {world_.wall_ms(), i, std::string("foreign"), fmt::format("{}", end_ + i), {}};
  }
  Store(kafka::BuildBatch({}, built).view());
  Replicate();
}

void DestLog::Heal() {
  stalled_until_ = short_until_ = refuse_until_ = {};
  Replicate();
}

}  // namespace klink::sim
