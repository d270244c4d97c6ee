// The model of what outlives every agent: the mirror's record in the state topic and the runs topic; and the two ports
// over it. A write is durable when it is acknowledged, and may be durable although the answer was lost.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "link/ports.h"
#include "offsets/rebuild.h"
#include "offsets/translation.h"
#include "tests/sim/weather.h"

namespace klink::sim {

struct Durable {
  std::optional<link::Prefill> prefill;
  std::optional<link::Adoption> adoption;
  bool active = false;
  int64_t shift = 0;                         // the first one
  std::optional<offsets::Translation> runs;  // as published; nothing: identical
  bool sequences_are_offsets = true;
  std::optional<int32_t> source_epoch;
  state::Accept accepted = state::Accept::kNone;
  // The transaction slots there are, and their producers; the state topic's readers learn of new ones.
  int64_t slots = 0;
  std::shared_ptr<std::set<int64_t>> slot_producers = std::make_shared<std::set<int64_t>>();
};

// One transaction or publication.
template <class Change>
Async<Status> Write(World& world, Clock& clock, const Weather& weather, Change change) {
  CO_RETURN_IF_ERROR(co_await clock.Sleep(weather.Latency(world)));
  if (world.random().Chance(weather.store_refused)) {
    world.Count(Fault::kStoreRefused);
    co_return Unavailable("the state cannot be written now");
  }
  change();
  CO_RETURN_IF_ERROR(co_await clock.Sleep(weather.Latency(world)));
  if (world.random().Chance(weather.store_unclear)) {
    world.Count(Fault::kStoreUnclear);
    co_return Unavailable("it is unknown whether the state was written");
  }
  co_return absl::OkStatus();
}

class SimPhase final : public link::PartitionPhase {
 public:
  SimPhase(World& world, Clock& clock, const Weather& weather, Durable& durable)
      : world_(world), clock_(clock), weather_(weather), durable_(durable) {}
  bool was_mirrored() const override { return durable_.active; }
  std::optional<link::Prefill> prefill() const override { return durable_.active ? std::nullopt : durable_.prefill; }
  std::optional<link::Adoption> adoption() const override { return durable_.adoption; }
  bool sequences_are_offsets() const override { return durable_.sequences_are_offsets; }
  Async<Status> LeaveOffsetSequences() override;
  std::optional<int32_t> source_epoch() const override { return durable_.source_epoch; }
  Async<Status> NoteSourceEpoch(int32_t epoch) override;
  state::Accept accepted() const override { return durable_.accepted; }
  Async<Status> ForgetAccepted() override;
  Async<Status> BeginPrefill(link::Prefill prefill) override;
  Async<Status> Activate(int64_t shift, std::string why) override;

 private:
  World& world_;
  Clock& clock_;
  const Weather& weather_;
  Durable& durable_;
};

// The agent's living map, begun from what was published, as link/partition_runner binds it to offsets.
class SimMap final : public link::OffsetMap {
 public:
  SimMap(World& world, Clock& clock, const Weather& weather, Durable& durable)
      : world_(world), clock_(clock), weather_(weather), durable_(durable) {}
  std::optional<int64_t> shift() const override;
  std::optional<DestOffset> shift_since() const override;
  std::optional<SourceOffset> ToSource(DestOffset at) const override;
  Async<Status> Truncate(SourceOffset since, DestOffset dest) override;
  Async<Status> ChangeShift(SourceOffset since, DestOffset dest, std::string why, int32_t leader_epoch) override;
  Async<Status> Resume(DestOffset dest_start, SourceOffset source_next, DestOffset dest_next) override;
  Async<Status> Record(SourceOffset source, DestOffset dest, int64_t length) override;

  const offsets::Translation& map() const { return map_; }

 private:
  Async<Status> Settle(offsets::LogFacts facts);
  Async<Status> Change(offsets::ShiftChange change);
  Async<Status> Publish(offsets::Translation map);
  const offsets::Translation* Known() const;

  World& world_;
  Clock& clock_;
  const Weather& weather_;
  Durable& durable_;
  bool living_ = false;
  offsets::Translation map_;
};

}  // namespace klink::sim
