#include "failover/torn_transactions.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <tuple>

namespace klink::failover {
namespace {

using Seen = TornSearch::Seen;

// Parts that are taken for one transaction.
struct Group {
  std::vector<Seen> parts;
  bool by_epoch = false;
};

// The epoch of its records, and the one behind it at its marker: no other transaction of the producer has both.
bool EpochRaised(const Seen& s) { return s.part.begin && s.part.marker_epoch == s.part.begin->epoch + 1; }

bool OneOfEachPartition(std::span<const Seen> parts) {
  std::set<size_t> places;
  return std::all_of(parts.begin(), parts.end(), [&](const Seen& s) { return places.insert(s.place).second; });
}

// Neighbours in the order of markers that may be one transaction.
class Cluster {
 public:
  explicit Cluster(const Seen& s)
      : parts_{s},
        places_{s.place},
        began_ms_(s.part.begin ? s.part.begin->time_ms : std::numeric_limits<int64_t>::min()),
        first_marker_ms_(s.part.marker_ms),
        last_marker_ms_(s.part.marker_ms),
        begins_known_(s.part.begin.has_value()) {}

  bool MayBeOneWith(const Cluster& o) const {
    const auto both = [&o](size_t place) { return o.places_.contains(place); };
    if (std::any_of(places_.begin(), places_.end(), both)) return false;
    const int64_t first = std::min(first_marker_ms_, o.first_marker_ms_);
    if (std::max(began_ms_, o.began_ms_) > first + TornSearch::kClocksApartMs) return false;
    // Of what began before all that was read the markers alone tell.
    const int64_t last = std::max(last_marker_ms_, o.last_marker_ms_);
    return (begins_known_ && o.begins_known_) || last - first <= TornSearch::kClocksApartMs;
  }

  void Absorb(Cluster& o) {
    parts_.insert(parts_.end(), std::make_move_iterator(o.parts_.begin()), std::make_move_iterator(o.parts_.end()));
    places_.merge(o.places_);
    began_ms_ = std::max(began_ms_, o.began_ms_);
    first_marker_ms_ = std::min(first_marker_ms_, o.first_marker_ms_);
    last_marker_ms_ = std::max(last_marker_ms_, o.last_marker_ms_);
    begins_known_ &= o.begins_known_;
    o.parts_.clear();
  }

  std::vector<Seen>& parts() { return parts_; }

 private:
  std::vector<Seen> parts_;
  std::set<size_t> places_;
  int64_t began_ms_;  // the latest beginning
  int64_t first_marker_ms_;
  int64_t last_marker_ms_;
  bool begins_known_;
};

// `parts` in order of their markers.
std::vector<Group> GroupByTimes(std::span<const Seen> parts) {
  std::vector<Cluster> clusters(parts.begin(), parts.end());
  std::vector<size_t> cluster_of(parts.size());
  std::iota(cluster_of.begin(), cluster_of.end(), 0);
  std::vector<size_t> gaps(parts.empty() ? 0 : parts.size() - 1);  // each by the part before it
  std::iota(gaps.begin(), gaps.end(), 0);
  const auto width = [&](size_t i) { return std::pair(parts[i + 1].part.marker_ms - parts[i].part.marker_ms, i); };
  std::sort(gaps.begin(), gaps.end(), [&](size_t a, size_t b) { return width(a) < width(b); });
  for (const size_t gap : gaps) {
    const size_t left = cluster_of[gap], right = cluster_of[gap + 1];
    if (!clusters[left].MayBeOneWith(clusters[right])) continue;
    const size_t moved = clusters[right].parts().size();
    clusters[left].Absorb(clusters[right]);
    std::fill_n(cluster_of.begin() + static_cast<std::ptrdiff_t>(gap) + 1, moved, left);
  }
  std::vector<Group> groups;
  for (Cluster& cluster : clusters)
    if (!cluster.parts().empty()) groups.push_back({.parts = std::move(cluster.parts())});
  return groups;
}

// All of one producer id and marker epoch. Where some have the epoch of their markers, a part whose records were not
// read may be either's.
std::vector<Group> GroupsOf(std::span<const Seen> run) {
  std::vector<Seen> raised, others;
  for (const Seen& s : run) (EpochRaised(s) ? raised : others).push_back(s);
  const auto begin_known = [](const Seen& s) { return s.part.begin.has_value(); };
  if (!raised.empty() && std::none_of(others.begin(), others.end(), begin_known)) {
    raised.insert(raised.end(), others.begin(), others.end());
    others.clear();
  }
  if (!OneOfEachPartition(raised)) return GroupByTimes(run);
  std::vector<Group> groups = GroupByTimes(others);
  if (!raised.empty()) groups.push_back({.parts = std::move(raised), .by_epoch = true});
  return groups;
}

bool IsTorn(std::span<const Seen> parts) {
  const auto crossed = [](const Seen& s) { return s.part.crossed; };
  return std::any_of(parts.begin(), parts.end(), crossed) && !std::all_of(parts.begin(), parts.end(), crossed);
}

// A marker alone may have been written twice, or to a partition that got nothing else (T6, T7).
bool IsCertain(const Group& group, std::span<const PartsPlace> places) {
  if (!group.by_epoch) return false;
  bool crossed = false, not_crossed = false;
  for (const Seen& s : group.parts) {
    if (!s.part.begin) continue;
    crossed |= s.part.crossed;
    not_crossed |= !s.part.crossed && !places[s.place].source_lost_end;
  }
  return crossed && not_crossed;
}

// For the order of the list.
auto Place(const Group& group) {
  const auto& first = *std::min_element(group.parts.begin(), group.parts.end(), [](const Seen& a, const Seen& b) {
    return a.part.marker_ms < b.part.marker_ms;
  });
  return std::tuple(first.part.marker_ms, first.part.producer_id, first.place, first.part.marker);
}

TornPart ViewOf(const Seen& s, const PartsPlace& place) {
  TornPart view;
  view.topic = place.topic;
  view.source_topic = place.source_topic;
  view.partition = place.partition;
  if (s.part.begin) view.first_offset = s.part.begin->offset;
  view.marker_offset = s.part.marker;
  view.marker_time = WallOf(s.part.marker_ms);
  return view;
}

TornTransaction ViewOf(Group group, std::span<const PartsPlace> places) {
  std::sort(group.parts.begin(), group.parts.end(), [](const Seen& a, const Seen& b) { return a.place < b.place; });
  TornTransaction view;
  view.producer_id = group.parts.front().part.producer_id;
  view.producer_epoch = group.parts.front().part.marker_epoch;
  view.certain = IsCertain(group, places);
  for (const Seen& s : group.parts) {
    if (s.part.begin) view.producer_epoch = s.part.begin->epoch;
    (s.part.crossed ? view.crossed : view.not_crossed).push_back(ViewOf(s, places[s.place]));
  }
  return view;
}

}  // namespace

void TornSearch::Take(PartsPlace place, TransactionParts parts) {
  const size_t taken = std::min(parts.parts.size(), kPartsMost - seen_.size());
  for (const TransactionPart& part : std::span(parts.parts).first(taken)) {
    seen_.push_back({.place = places_.size(), .part = part});
    not_crossed_ |= !part.crossed;
  }
  left_out_ += parts.left_out + static_cast<int64_t>(parts.parts.size() - taken);
  places_.push_back(std::move(place));
}

TornTransactions TornSearch::Find() {
  const auto producer = [](const Seen& s) { return std::tuple(s.part.producer_id, s.part.marker_epoch); };
  std::sort(seen_.begin(), seen_.end(), [&](const Seen& a, const Seen& b) {
    return std::tuple(producer(a), a.part.marker_ms, a.place, a.part.marker) <
           std::tuple(producer(b), b.part.marker_ms, b.place, b.part.marker);
  });
  std::vector<Group> torn;
  for (auto from = seen_.begin(); from != seen_.end();) {
    const auto to = std::find_if(from, seen_.end(), [&](const Seen& s) { return producer(s) != producer(*from); });
    const std::span<const Seen> run(from, to);
    from = to;
    if (!IsTorn(run)) continue;
    for (Group& group : GroupsOf(run))
      if (IsTorn(group.parts)) torn.push_back(std::move(group));
  }
  std::sort(torn.begin(), torn.end(), [](const Group& a, const Group& b) { return Place(a) < Place(b); });
  TornTransactions found{.total = static_cast<int64_t>(torn.size()), .left_out = left_out_, .listed = {}};
  size_t parts = 0;
  for (Group& group : torn) {
    if (parts >= kPartsListed) break;
    parts += group.parts.size();
    found.listed.push_back(ViewOf(std::move(group), places_));
  }
  return found;
}

}  // namespace klink::failover
