#include "tests/failover/world.h"

#include <gtest/gtest.h>

#include "kafka/record_batch.h"
#include "link/batch_patch.h"

namespace klink::failover::sim {

using kafka::ControlType;
using kafka::Error;
using state::Phase;

namespace {

constexpr Duration kTransactionTimeout = 15min;

SharedBytes CopyOf(const SourceLog::Batch& batch, const link::Stamp& stamp, link::Keep keep) {
  SharedBytes copy = SharedBytes::CopyOf(batch.bytes.view());
  link::PatchBatch(copy, stamp, keep);
  return copy;
}

// Everything of the source below is there, for readers of what is committed.
int64_t CopiedTo(const Partition& p) {
  for (const auto& [base, batch] : p.source.history()) {
    bool there = false;
    for (const DestLog::Stored& stored : p.dest.batches()) {
      if (stored.source_base != base) continue;
      const DestLog::Stored* end = stored.transactional ? p.dest.EndOf(stored.producer_id, stored.base) : nullptr;
      there |= !stored.transactional || (end != nullptr && end->marker == ControlType::kCommit);
    }
    if (!there) return base;
  }
  return p.source.end();
}

}  // namespace

admin::Acl EverybodyMayAll() {
  admin::Acl grant;
  grant.name = admin::kEveryName;
  grant.principal = admin::kEverybody;
  grant.operation = admin::AclOperation::kAll;
  return grant;
}

Partition::Partition(klink::sim::World& world, const Weather& weather, TopicPartition name)
    : tp(std::move(name)),
      source(world, 0),
      dest(world, source, {}),
      coordinator(world, dest, weather, kTransactionTimeout) {
  slot.id = fmt::format("klink.l.{}", tp.topic[0] * 10 + tp.partition);
}

PromotionWorld::PromotionWorld(uint64_t seed) : world(seed) {
  for (const TopicPartition& tp : {TopicPartition{"a", 0}, TopicPartition{"a", 1}, TopicPartition{"b", 0}})
    partitions.push_back(std::make_unique<Partition>(world, weather, tp));
  state::LinkRecord link;
  link.data_pid = kDataPid;
  link.filler_pid = kFillerPid;
  Append(link);
  for (const auto& [pid, use] : {std::pair(kDataPid, state::PidUse::kData), {kFillerPid, state::PidUse::kFiller}})
    Append(state::PidRecord{pid, use, 0});
  for (const std::string topic : {"a", "b"}) Append(Mirror(topic));
  for (const auto& p : partitions) {
    const int64_t batches = world.random().Between(1, 6);
    for (int64_t i = 0; i < batches; i++) CopyOne(*p, 0s);
    Run(50ms);
    if (!world.random().Chance(0.5)) continue;
    EXPECT_EQ(p->coordinator.InitProducerId(p->slot.id, p->slot), Error::kNone);
    Append(state::PidRecord{p->slot.producer_id, state::PidUse::kSlot, 0, p->tp.topic[0] * 10 + p->tp.partition});
    EXPECT_EQ(p->coordinator.AddPartition(p->slot), Error::kNone);
    CopyWithin(*p, 0s);
    Run(50ms);
  }
}

state::MirrorRecord PromotionWorld::Mirror(const std::string& topic) const {
  state::MirrorRecord mirror;
  mirror.source_topic = mirror.destination_topic = topic;
  mirror.destination_topic_id = "id-of-" + topic;
  mirror.phase = Phase::kActive;
  for (const auto& p : partitions)
    if (p->tp.topic == topic) {
      mirror.partitions.emplace_back().phase = Phase::kActive;
      mirror.partitions.back().shift = 0;
    }
  return mirror;
}

void PromotionWorld::CopyOne(Partition& p, Duration late) {
  p.source.Produce(static_cast<int>(world.random().Between(1, 5)), world.wall_ms());
  const SourceLog::Batch& batch = *p.source.Find(p.source.end() - 1);
  const SharedBytes copy = CopyOf(batch, {kDataPid, 0, p.next_sequence}, link::Keep::kPlain);
  p.next_sequence = link::AdvanceSequence(p.next_sequence, batch.next - batch.base);
  world.After(late, [this, &p, copy] {
    p.dest.Produce(p.dest.leader(), copy.view(), "",
                   [this](Error error, int64_t) { refused += error == Error::kInvalidProducerEpoch; });
  });
}

void PromotionWorld::CopyWithin(Partition& p, Duration late) {
  p.source.ProduceWithin(77, 2, world.wall_ms());
  const SourceLog::Batch& batch = *p.source.Find(p.source.end() - 1);
  const SharedBytes copy = CopyOf(batch, {p.slot.producer_id, p.slot.producer_epoch, 0}, link::Keep::kTransactional);
  world.After(late, [this, &p, copy] {
    p.dest.Produce(p.dest.leader(), copy.view(), p.slot.id,
                   [this](Error error, int64_t) { refused += error == Error::kInvalidProducerEpoch; });
  });
}

void PromotionWorld::WriteFiller(Partition& p, Duration late) {
  world.After(late, [this, &p] {
    p.dest.WriteMarker(p.dest.leader(), kFillerPid, 0, ControlType::kAbort, 0,
                       [this](Error error, int64_t) { refused += error == Error::kInvalidProducerEpoch; });
  });
}

void PromotionWorld::Commit(Partition& p, Duration late) {
  if (p.slot.producer_id < 0) return;
  const link::TransactionSlot as_known = p.slot;
  world.After(late, [this, &p, as_known] {
    refused += p.coordinator.EndTxn(as_known, ControlType::kCommit) == Error::kProducerFenced;
  });
}

void PromotionWorld::Run(Duration d) {
  for (const Instant until = world.now() + d; world.Step(until);) {
  }
}

Partition* PromotionWorld::Find(const TopicPartition& tp) {
  for (const auto& p : partitions)
    if (p->tp == tp) return p.get();
  return nullptr;
}

void PromotionWorld::Append(const state::Record& record) {
  const admin::KeyValue entry = Encode(record);
  log.push_back(entry);
  view.Apply(entry.key, entry.value);
  const auto* mirror = std::get_if<state::MirrorRecord>(&record);
  if (mirror == nullptr || mirror->phase != Phase::kStopped) return;
  for (const auto& p : partitions)
    if (p->tp.topic == mirror->destination_topic) {
      if (p->cut) stopped_twice.push_back(p->tp.topic);
      p->cut = p->dest.end();
    }
}

void PromotionWorld::TakeControl() {
  generation++;
  state::ControllerRecord stamp;
  stamp.session = std::to_string(generation);
  Append(stamp);
}

const state::PromotionTopic* PromotionWorld::LastOf(const std::string& topic, bool& planned) const {
  const state::PromotionTopic* last = nullptr;
  int64_t started = -1;
  for (const auto& [id, promotion] : view.promotions())
    for (const state::PromotionTopic& of : promotion.topics)
      if (of.topic == topic && promotion.started_ms > started) {
        last = &of;
        started = promotion.started_ms;
        planned = promotion.kind == state::PromotionKind::kPromote;
      }
  return last;
}

std::string PromotionWorld::Complaint() {
  if (view.promotion() != nullptr) return fmt::format("the journal is not done: {}", Name(view.promotion()->step));
  if (!stopped_twice.empty()) return fmt::format("{} became STOPPED twice", stopped_twice.front());
  for (const Effect& effect : effects)
    if (effect.after_the_end) return fmt::format("L11: {} after the end", effect.what);
  for (const auto& p : partitions) {
    const state::MirrorRecord* mirror = view.mirror(p->tp.topic);
    bool planned = false;
    const state::PromotionTopic* last = LastOf(p->tp.topic, planned);
    if (last != nullptr && last->outcome == state::PromotionOutcome::kRefused) {
      if (mirror->phase != Phase::kActive || p->cut) return fmt::format("{} was given back, and cut", p->tp);
      continue;
    }
    const state::CutRecord* cut = view.cut(p->tp.topic);
    if (mirror->phase != Phase::kStopped || cut == nullptr || !p->cut)
      return fmt::format("{} is {}", p->tp, Name(mirror->phase));
    const state::CutPartition& recorded = cut->partitions.at(static_cast<size_t>(p->tp.partition));
    if (recorded.cut != p->cut)
      return fmt::format("{}: the cut is {}, recorded is {}", p->tp, *p->cut, recorded.cut.value_or(-1));
    if (p->dest.end() != *p->cut)
      return fmt::format("L11: {} has {} offsets beyond its cut", p->tp, p->dest.end() - *p->cut);
    if (p->dest.last_stable() != p->dest.high_watermark()) return fmt::format("L10: a transaction pins {}", p->tp);
    for (const DestLog::Stored& batch : p->dest.batches())
      if (!batch.wrong.empty()) return batch.wrong;
    const int64_t copied = CopiedTo(*p);
    if (recorded.replicated_to.value_or(-1) > copied)
      return fmt::format("L13: {} says {}, holds {}", p->tp, *recorded.replicated_to, copied);
    if (planned && recorded.transactions_cut == 0 && copied < p->source.end())
      return fmt::format("L1: a planned promotion of {} left {} records behind", p->tp, p->source.end() - copied);
    p->dest.WriteForeign(1);
    if (p->dest.end() != *p->cut + 1)
      return fmt::format("L12: the first record of others in {} stands elsewhere", p->tp);
  }
  return "";
}

}  // namespace klink::failover::sim
