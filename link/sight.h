// Which agents of a link hear of its source. Each says so with the commits that keep its lease (admin/membership.h), in
// the destination cluster, where whoever leads the link reads what all of them say (protocol.md G17). Pure.
//
// Invariants:
//  - Silence is measured while a process looked, never while it slept: one that was stopped begins anew.
//  - What an agent said counts while it goes on saying something: told by how often its mark changes on the reader's
//    clock, not by the clocks of two machines.
//  - An agent that hears of the source is believed before any number of agents that do not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/schema_link.h"

namespace klink::link {

inline constexpr Duration kSightEvery = 2s;   // how often an agent looks and says what it sees
inline constexpr Duration kSightStale = 10s;  // a mark that did not change for this long says nothing
inline constexpr Duration kBlindMost = 30s;   // then a standby that sees the source takes over
inline constexpr Duration kSeesWithin = 6s;   // heard of within this, the source is there

// How long a cluster has not answered this process, which asked it all the time.
class Silence {
 public:
  explicit Silence(Instant now) : since_(now), ticked_(now) {}
  // At least every kSightEvery, with when the cluster last answered.
  void Tick(Instant now, Instant last_answer);
  Duration lasts(Instant now) const { return now - since_; }

 private:
  Instant since_;
  Instant ticked_;
};

// "source silent for 12000 ms, mark 57": `count` grows with every mark.
std::string SightText(Duration silent, int64_t count);

struct Sight {
  std::string agent;
  Duration silent{};
};

// What the marks of all agents say.
class Sights {
 public:
  // The marks of the group's committed offsets: "held by AGENT/PROCESS; source silent for …". Others are passed over.
  void Heard(const std::vector<std::string>& marks, Instant now);
  // Of agents other than `own` (their instance ids); one entry each.
  std::vector<Sight> Fresh(Instant now, std::string_view own) const;

 private:
  struct Heard_ {
    std::string text;
    int64_t count = -1;
    Duration silent{};
    Instant changed;
    bool moved = false;  // it was seen to change: whoever wrote it is alive
  };
  std::map<std::string, Heard_, std::less<>> of_;  // by process
};

// Does this agent, which mirrors, leave its place to another one?
bool HandsOver(Duration silent, const std::vector<Sight>& others);
// May an agent that left its place come back? Not while another one sees what it does not see.
bool StaysAway(Duration silent, const std::vector<Sight>& others);

struct AutoFailoverFacts {
  const config::AutoFailover& config;
  Duration silent{};  // of the one that decides
  std::vector<Sight> others = {};
  bool inhibited = false;
  std::string inhibited_text = {};  // "inhibited by root: …"
  bool link_paused = false;
  bool promotion_runs = false;
  std::optional<std::string> done = {};  // the automatic failover there was, which nobody has cleared
  bool anything_left = true;             // of its sets, that is not STOPPED
};

enum class AutoFailoverStep { kOff, kWatch, kWait, kHeld, kDone, kGo };
struct AutoFailoverVerdict {
  AutoFailoverStep step = AutoFailoverStep::kOff;
  std::string why;
};
AutoFailoverVerdict DecideFailover(const AutoFailoverFacts& facts);

}  // namespace klink::link
