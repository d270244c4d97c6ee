// A planned move of mirrors: what is asked for, and what is answered. Plain values, each also its JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace klink::link {

enum class CutoverOrder { kMove, kUndo };

struct CutoverRequest {
  std::string link;
  CutoverOrder order = CutoverOrder::kMove;
  std::vector<std::string> topics;  // at the destination; `*` and `?` stand for any characters and any one
  std::vector<std::string> sets;
  bool block = false;        // deny producers writing at the source
  Duration settle = 10s;     // how long nobody may have written
  Duration timeout = 10min;  // of the wait for that
  std::string by;
  std::string reason;
  bool dry_run = false;
};

struct MovedMirror {
  std::string topic;
  std::optional<std::string> state;  // now
  std::string outcome = "refused";   // planned: would_move; waiting | moving | stopped | already_stopped | refused
  std::optional<int64_t> lag;        // offsets that are not copied; null: not known now
  std::optional<std::string> error;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("state", m.state);
    field("outcome", m.outcome);
    field("lag", m.lag);
    field("error", m.error);
  }
};

struct CutoverSnapshot {
  std::optional<std::string> operation;  // its id; none of a plan
  std::string link;
  bool dry_run = false;
  std::string state = "PLANNED";    // PLANNED REFUSED RUNNING HALTED COMPLETED UNDONE
  std::optional<std::string> step;  // BLOCK DRAIN PROMOTE UNDO DONE
  std::optional<std::string> halted;
  bool block = false;
  std::vector<std::string> denied;  // topics at the source that nobody may write to, by this or an earlier move
  double settle_seconds = 0;
  std::optional<std::string> by;
  std::optional<std::string> reason;
  std::optional<WallTime> started;
  std::optional<WallTime> finished;
  std::optional<double> seconds;
  std::vector<MovedMirror> mirrors;  // in the order they are promoted
  std::vector<std::string> remaining;

  static void Describe(auto& m, auto& field) {
    field("operation", m.operation);
    field("link", m.link);
    field("dry_run", m.dry_run);
    field("state", m.state);
    field("step", m.step);
    field("halted", m.halted);
    field("block", m.block);
    field("denied", m.denied);
    field("settle_seconds", m.settle_seconds);
    field("by", m.by);
    field("reason", m.reason);
    field("started", m.started);
    field("finished", m.finished);
    field("seconds", m.seconds);
    field("mirrors", m.mirrors);
    field("remaining", m.remaining);
  }
};

// May klink fail over by itself?
struct InhibitRequest {
  std::string link;
  bool inhibit = true;
  std::string by;
  std::string reason;
  bool dry_run = false;
};

struct InhibitSnapshot {
  bool enabled = false;  // auto_failover.enabled of the agent that was asked
  bool inhibited_before = false;
  bool inhibited = false;
  std::string outcome = "unchanged";      // inhibited | lifted | unchanged
  std::optional<std::string> rearmed_of;  // the automatic failover that counted until now

  static void Describe(auto& m, auto& field) {
    field("enabled", m.enabled);
    field("inhibited_before", m.inhibited_before);
    field("inhibited", m.inhibited);
    field("outcome", m.outcome);
    field("rearmed_of", m.rearmed_of);
  }
};

}  // namespace klink::link
