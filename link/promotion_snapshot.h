// The promotion of mirrors: what is asked for, and what is answered. Plain values, each also its JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "state/promotion.h"

namespace klink::link {

struct PromoteRequest {
  std::string link;
  state::PromotionKind kind = state::PromotionKind::kFailover;
  std::vector<std::string> topics;  // at the destination; `*` and `?` stand for any characters and any one
  std::vector<std::string> sets;    // the mirrors of these sets, instead of `topics`
  bool all = false;                 // every mirror of the link, instead of both; pauses the link
  bool automatic = false;           // nobody asks for it: klink does
  Duration timeout = 60s;           // of a planned promotion's wait for the source's end
  std::string by;
  std::string reason;
  bool dry_run = false;
};

// What is lost is a bound where the source went on after it was last heard of; null is not known.
struct PromotedPartition {
  int32_t partition = 0;
  std::optional<int64_t> replicated_to;  // source offset: everything below is at the destination
  std::optional<int64_t> source_end;     // as last told by the source
  std::optional<WallTime> source_end_at;
  std::optional<int64_t> lost;  // source offsets from replicated_to to source_end
  std::optional<int64_t> cut;   // destination offset: what others write begins here
  std::optional<int64_t> tail_offset;
  std::optional<std::string> tail_crc;  // of the records of the last copied batch, in hexadecimal
  int64_t transactions_cut = 0;         // that were being copied, and are aborted in the copy

  static void Describe(auto& m, auto& field) {
    field("partition", m.partition);
    field("replicated_to", m.replicated_to);
    field("source_end", m.source_end);
    field("source_end_at", m.source_end_at);
    field("lost", m.lost);
    field("cut", m.cut);
    field("tail_offset", m.tail_offset);
    field("tail_crc", m.tail_crc);
    field("transactions_cut", m.transactions_cut);
  }
};

struct PromotedMirror {
  std::string topic;
  std::optional<std::string> state;  // now
  std::string outcome = "refused";   // running | stopped | already_stopped | unfinished | refused; planned: would_stop
  std::optional<std::string> reason_code;
  std::optional<std::string> error;
  std::optional<int64_t> lost;         // the sum over its partitions, when all are known
  std::vector<std::string> remaining;  // commands that bring about what could not be done
  std::vector<PromotedPartition> partitions;

  static void Describe(auto& m, auto& field) {
    field("topic", m.topic);
    field("state", m.state);
    field("outcome", m.outcome);
    field("reason_code", m.reason_code);
    field("error", m.error);
    field("lost", m.lost);
    field("remaining", m.remaining);
    field("partitions", m.partitions);
  }
};

// A group that starts below where it stood at the source, as the copy does not reach that.
struct PromotedGroup {
  std::string group;
  std::string topic;
  int32_t partition = 0;
  int64_t source_offset = 0;
  std::optional<int64_t> behind;  // source offsets it would have to read again, were they not lost

  static void Describe(auto& m, auto& field) {
    field("group", m.group);
    field("topic", m.topic);
    field("partition", m.partition);
    field("source_offset", m.source_offset);
    field("behind", m.behind);
  }
};

struct PromotionStepTime {
  std::string step;
  double seconds = 0;

  static void Describe(auto& m, auto& field) {
    field("step", m.step);
    field("seconds", m.seconds);
  }
};

// One promotion, planned, under way or over; also the loss report.
struct PromotionSnapshot {
  std::optional<std::string> operation;  // its id; none of a plan
  std::string link;
  std::string verb;        // promote | failover
  bool automatic = false;  // begun by klink itself
  bool dry_run = false;
  std::string state = "PLANNED";  // PLANNED RUNNING COMPLETED PARTIAL
  std::optional<std::string> step;
  std::optional<std::string> by;
  std::optional<std::string> reason;
  std::optional<WallTime> started;
  std::optional<WallTime> finished;
  std::optional<double> seconds;
  std::vector<PromotionStepTime> steps;
  std::optional<int64_t> lost;           // over all mirrors, when all are known
  std::optional<double> source_end_age;  // seconds: the oldest of the source's ends when it started
  std::optional<WallTime> groups_read_at;
  std::optional<double> groups_age;  // seconds, when it started
  std::vector<PromotedGroup> groups;
  std::vector<PromotedMirror> mirrors;
  std::vector<std::string> remaining;

  static void Describe(auto& m, auto& field) {
    field("operation", m.operation);
    field("link", m.link);
    field("verb", m.verb);
    field("automatic", m.automatic);
    field("dry_run", m.dry_run);
    field("state", m.state);
    field("step", m.step);
    field("by", m.by);
    field("reason", m.reason);
    field("started", m.started);
    field("finished", m.finished);
    field("seconds", m.seconds);
    field("steps", m.steps);
    field("lost", m.lost);
    field("source_end_age", m.source_end_age);
    field("groups_read_at", m.groups_read_at);
    field("groups_age", m.groups_age);
    field("groups", m.groups);
    field("mirrors", m.mirrors);
    field("remaining", m.remaining);
  }
};

}  // namespace klink::link
