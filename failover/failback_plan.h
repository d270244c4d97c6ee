// After a failover the old source is back: up to where are the two logs of a partition equal, and what does each have
// beyond? Pure.
//
// What was copied before the cut is equal unless the source lost its end since (it came back from an older replica, or
// empty) or wrote something else there. The leader epoch of the cut tells where it may have been cut back; raw batches
// below tell where the logs are equal. A log of one leader epoch and one batch is one log: equal batches at the end of
// a range stand for what lies before. Where they differ the search goes back, farther each time, until they do not.
//
// Offsets are the source's unless they say otherwise.
#pragma once

#include <optional>
#include <string_view>

#include "link/verify.h"
#include "offsets/translation.h"

namespace klink::failover {

// What the promotion recorded of a partition when the mirror became STOPPED.
struct RecordedCut {
  int64_t replicated_to = 0;    // everything below stands at the destination
  int64_t destination_end = 0;  // the new primary writes from here on
};

// What is known of the leader epoch that was copied last, at the source as it is now.
struct EpochFact {
  enum class Kind : uint8_t { kUnknown, kLasts, kEnded } kind = Kind::kUnknown;
  int64_t end = 0;  // of kEnded: where its records end
};

struct PartingFacts {
  std::optional<RecordedCut> cut;
  link::LogEnds ends;                         // the copy is the new primary's log
  const offsets::Translation* map = nullptr;  // null: the same offsets
  EpochFact epoch;
  bool compacted = false;  // then records below the cut may be missing on one side alone
};

// What tells that the logs are equal below where they part.
enum class Evidence : uint8_t { kNothing, kLeaderEpoch, kBatches };
constexpr std::string_view Name(Evidence e) {
  return e == Evidence::kBatches ? "batches" : e == Evidence::kLeaderEpoch ? "leader_epoch" : "nothing";
}

// [from, source) was compared and is equal; with no batches compared it is empty.
struct Parting {
  int64_t from = 0;
  int64_t source = 0;
  int64_t destination = 0;  // where that offset stands, or would
  Evidence evidence = Evidence::kNothing;
};

// Where the comparison may take place: nothing at or beyond `top` can be equal, nothing below `bottom` is in both logs.
struct SearchRange {
  int64_t bottom = 0;
  int64_t top = 0;
};
SearchRange RangeToSearch(const PartingFacts& facts);

// Is there anything to compare? Otherwise SettledWithoutBatches answers.
bool NeedsBatches(const PartingFacts& facts);
// Where they part, as far as the cut and its epoch say; nothing when that cannot be told, `why` says what is missing.
std::optional<Parting> SettledWithoutBatches(const PartingFacts& facts, std::string_view& why);

int64_t ToDestination(const offsets::Translation* map, int64_t source);

// Goes back from the top, window by window, until one begins with equal batches.
class PartingSearch {
 public:
  explicit PartingSearch(SearchRange range) : bottom_(range.bottom), window_{range.top, range.top} { GoBack(); }
  // To be compared next; nothing when the search is over.
  std::optional<link::OffsetWindow> Next() const { return done_ ? std::nullopt : std::optional(window_); }
  // How far the window is equal.
  void Take(int64_t equal_up_to);
  // Everything in [from(), parted_at()) is equal.
  int64_t from() const { return window_.from; }
  int64_t parted_at() const { return parted_at_; }

  static constexpr int64_t kFirstWindow = 10'000;  // offsets

 private:
  void GoBack();
  int64_t bottom_;
  link::OffsetWindow window_;
  int64_t length_ = kFirstWindow;
  int64_t parted_at_ = 0;
  bool done_ = false;
};

enum class Relation : uint8_t {
  kEqual,             // neither side has anything of its own
  kSourceAhead,       // records of the old source never crossed
  kDestinationAhead,  // the new primary was written to
  kBothAhead,
  kDiverged,  // what had been copied is not at the old source any more
  kUnknown,
};
constexpr std::string_view Name(Relation r) {
  constexpr std::string_view kNames[] = {"equal",      "source_ahead", "destination_ahead",
                                         "both_ahead", "diverged",     "unknown"};
  return kNames[static_cast<size_t>(r)];
}

struct Beyond {
  bool source = false;   // the old source holds something at or behind where they part
  bool copied = false;   // klink's copies at the new primary do
  bool written = false;  // others' records there do
};
Relation RelationOf(const Parting& parting, const std::optional<RecordedCut>& cut, Beyond beyond);

}  // namespace klink::failover
