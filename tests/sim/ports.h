// The engine's ports of one simulated agent over the model logs. Every question and effect travels: it happens at the
// far end half way, and an agent that dies on the way has asked nevertheless.
#pragma once

#include "link/ports.h"
#include "tests/sim/dest_log.h"
#include "tests/sim/source_log.h"
#include "tests/sim/weather.h"
#include "tests/sim/wire.h"

namespace klink::sim {

class SimSource final : public link::Source {
 public:
  SimSource(World& world, Clock& clock, const Weather& weather, const SourceLog& log)
      : world_(world), clock_(clock), weather_(weather), log_(log) {}
  Async<StatusOr<link::Fetched>> Next(SourceOffset at) override;
  Async<StatusOr<link::SourceBounds>> Bounds() override;
  Async<StatusOr<std::optional<SharedBytes>>> BatchAt(SourceOffset at) override;
  Async<StatusOr<std::optional<SourceOffset>>> EndOf(int32_t leader_epoch) override;

 private:
  Async<Status> Travel();
  link::SourceBounds BoundsNow() const;

  World& world_;
  Clock& clock_;
  const Weather& weather_;
  const SourceLog& log_;
};

// May write until a moment that is moved on from outside while the agent is a member.
class SimGate final : public link::Gate {
 public:
  SimGate(World& world, Clock& clock) : world_(world), clock_(clock) {}
  bool MayWrite() const override { return world_.now() < lease_until_; }
  Async<Status> UntilOpen() override;
  void Extend(Instant until) { lease_until_ = until; }

 private:
  World& world_;
  Clock& clock_;
  Instant lease_until_{};
};

class SimSink final : public link::Sink {
 public:
  // Without the right to write markers the first one is refused, unless that is known.
  enum class Markers : uint8_t { kPermitted, kRefused, kKnownAsRefused };
  SimSink(World& world, Clock& clock, const Weather& weather, DestLog& log, const link::Gate& gate, Executor executor,
          Markers markers)
      : world_(world),
        clock_(clock),
        weather_(weather),
        log_(log),
        gate_(gate),
        executor_(executor),
        wire_(world, log, weather),
        permitted_(markers == Markers::kPermitted),
        takes_markers_(markers != Markers::kKnownAsRefused) {}
  std::shared_ptr<link::PendingAppend> Send(SharedBytes batch, std::optional<link::TransactionSlot> slot,
                                            link::Acks acks) override;
  Async<StatusOr<link::DestLog>> Inspect() override;
  Async<StatusOr<std::optional<SharedBytes>>> BatchAt(DestOffset at) override;
  Async<Status> DeleteBelow(DestOffset offset) override;
  bool TakesMarkers() const override { return takes_markers_; }
  Async<Status> WriteMarkers(int64_t count, link::MarkerStamp stamp) override;

  bool busy() const { return wire_.busy(); }

 private:
  Async<Status> Ask(int leader);

  World& world_;
  Clock& clock_;
  const Weather& weather_;
  DestLog& log_;
  const link::Gate& gate_;
  Executor executor_;
  int leader_ = 0;  // as of the last Inspect
  Wire wire_;
  bool permitted_;
  bool takes_markers_;
};

}  // namespace klink::sim
