// Where two logs part after a failover: each situation with real batches, compared by the code that compares clusters.
#include "failover/failback_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/link/verify_logs.h"

namespace klink::failover {
namespace {

using link::testing::Batches;
using link::testing::InTransaction;
using link::testing::Marker;
using link::testing::Records;

// Ten records a batch, the same in both logs unless `text` differs.
Batches Log(int64_t from, int64_t to, const std::string& text = "v") {
  Batches log;
  for (int64_t base = from; base < to; base += 10) {
    std::vector<link::testing::Entry> entries;
    for (int64_t o = base; o < std::min(base + 10, to); o++) entries.push_back({o, fmt::format("k{}", o), text});
    log.push_back(Records(entries));
  }
  return log;
}
Batches operator+(Batches a, const Batches& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Situation {
  std::string name;
  Batches source;
  Batches destination;
  std::optional<RecordedCut> cut = std::nullopt;
  EpochFact epoch = {};
  const offsets::Translation* map = nullptr;
  int64_t source_start = 0;
  std::optional<int64_t> source_end = std::nullopt;
  int64_t copy_start = 0;
  bool compacted = false;

  PartingFacts Facts() const {
    PartingFacts facts;
    facts.cut = cut;
    facts.epoch = epoch;
    facts.map = map;
    facts.compacted = compacted;
    facts.ends = {source_start, source_end.value_or(link::testing::EndOf(source)), copy_start,
                  link::testing::EndOf(destination)};
    return facts;
  }
};

Batches From(const Batches& log, int64_t from) {
  Batches rest;
  for (const SharedBytes& batch : log)
    if (kafka::BatchView(batch.view()).next_offset() > from) rest.push_back(batch);
  return rest;
}

// What a reader of both clusters does, on logs in memory.
std::optional<Parting> Part(const Situation& s, std::string_view& why) {
  const PartingFacts facts = s.Facts();
  if (!NeedsBatches(facts)) return SettledWithoutBatches(facts, why);
  PartingSearch search(RangeToSearch(facts));
  while (const auto window = search.Next()) {
    const int64_t copy_to = std::min(facts.ends.copy_end, ToDestination(s.map, window->to));
    Batches copy;
    for (const SharedBytes& batch : From(s.destination, ToDestination(s.map, window->from)))
      if (kafka::BatchView(batch.view()).base_offset() < copy_to) copy.push_back(batch);
    const auto proof =
        link::testing::Compare(From(s.source, window->from), copy,
                               {.map = s.map, .from = window->from, .to = window->to, .source_end = window->to});
    search.Take(proof.differences_total == 0 ? window->to : proof.proven_equal_up_to);
  }
  return Parting{search.from(), search.parted_at(), ToDestination(s.map, search.parted_at()), Evidence::kBatches};
}

std::string Say(const Situation& s) {
  std::string_view why;
  const std::optional<Parting> parting = Part(s, why);
  if (!parting) return fmt::format("unknown: {}", why);
  // Of these logs everything behind the cut was written by others, or behind where they part when nothing was cut.
  const PartingFacts facts = s.Facts();
  const int64_t others = s.cut ? s.cut->destination_end : parting->destination;
  const Beyond beyond{.source = facts.ends.source_end > std::max(parting->source, s.source_start),
                      .copied = others > parting->destination,
                      .written = facts.ends.copy_end > others};
  return fmt::format("{} at {}→{}, by {}", Name(RelationOf(*parting, s.cut, beyond)), parting->source,
                     parting->destination, Name(parting->evidence));
}

constexpr RecordedCut kCut{.replicated_to = 100, .destination_end = 100};

TEST(FailbackPlan, TellsEachSituation) {
  const EpochFact lasts{EpochFact::Kind::kLasts};
  const auto ended = [](int64_t end) { return EpochFact{EpochFact::Kind::kEnded, end}; };
  const std::vector<std::pair<Situation, std::string>> table = {
      {{"equal", Log(0, 100), Log(0, 100), kCut}, "equal at 100→100, by batches"},
      {{"source longer", Log(0, 150), Log(0, 100), kCut}, "source_ahead at 100→100, by batches"},
      {{"destination longer", Log(0, 100), Log(0, 100) + Log(100, 130, "new"), kCut},
       "destination_ahead at 100→100, by batches"},
      {{"both longer", Log(0, 150), Log(0, 100) + Log(100, 130, "new"), kCut}, "both_ahead at 100→100, by batches"},
      {{"both wrote the same behind the cut: it is beyond all the same", Log(0, 150), Log(0, 130), kCut},
       "both_ahead at 100→100, by batches"},
      {{"nothing was cut: found by comparing", Log(0, 150), Log(0, 100) + Log(100, 130, "new")},
       "both_ahead at 100→100, by batches"},
      {{"the source wrote anew below the cut", Log(0, 80) + Log(80, 150, "other"), Log(0, 100), kCut},
       "diverged at 80→80, by batches"},
      {{"the source came back shorter", Log(0, 70), Log(0, 100) + Log(100, 130, "new"), kCut},
       "diverged at 70→70, by batches"},
      {{"the leader epoch says where it was cut back, whatever stands there now", Log(0, 100), Log(0, 100), kCut,
        ended(60)},
       "diverged at 60→60, by batches"},
      {{"a later epoch behind the cut says nothing against it", Log(0, 150), Log(0, 100), kCut, ended(120)},
       "source_ahead at 100→100, by batches"},
      {{"the source came back empty", {}, Log(0, 100), kCut}, "diverged at 0→0, by nothing"},
      {{"nothing was ever written", {}, {}, RecordedCut{}}, "equal at 0→0, by nothing"},
      {{"never written and nothing was cut", {}, {}}, "equal at 0→0, by nothing"},
      {{.name = "the source's log start moved beyond the cut",
        .source = Log(120, 150),
        .destination = Log(0, 100),
        .cut = kCut,
        .source_start = 120},
       "source_ahead at 100→100, by nothing"},
      {{.name = "the same, and the leader epoch of the cut reached that far",
        .source = Log(120, 150),
        .destination = Log(0, 100),
        .cut = kCut,
        .epoch = ended(110),
        .source_start = 120},
       "source_ahead at 100→100, by leader_epoch"},
      {{.name = "the same, and nothing was cut",
        .source = Log(120, 150),
        .destination = Log(0, 100),
        .source_start = 120},
       "unknown: the two logs hold no offset in common, and no promotion recorded where the copy was cut"},
      {{.name = "the new primary removed all that was copied",
        .source = Log(0, 150),
        .destination = Log(100, 130, "new"),
        .cut = kCut,
        .epoch = lasts,
        .copy_start = 100},
       "both_ahead at 100→100, by leader_epoch"},
      {{.name = "both hold only their ends",
        .source = Log(90, 150),
        .destination = Log(90, 100),
        .cut = kCut,
        .source_start = 90,
        .copy_start = 90},
       "source_ahead at 100→100, by batches"},
      {{.name = "compacted: the leader epoch counts, records may be missing",
        .source = Log(0, 40) + Log(90, 150),
        .destination = Log(0, 100),
        .cut = kCut,
        .epoch = lasts,
        .compacted = true},
       "source_ahead at 100→100, by leader_epoch"},
      {{.name = "compacted, and cut back below the cut",
        .source = Log(0, 150),
        .destination = Log(0, 100),
        .cut = kCut,
        .epoch = ended(60),
        .compacted = true},
       "diverged at 60→60, by leader_epoch"},
      {{.name = "compacted, without the epoch",
        .source = Log(0, 150),
        .destination = Log(0, 100),
        .cut = kCut,
        .compacted = true},
       "unknown: compacted, and the source does not know the leader epoch of the cut any more"},
  };
  for (const auto& [situation, expected] : table) EXPECT_EQ(Say(situation), expected) << situation.name;
}

TEST(FailbackPlan, OffsetsThatWereTranslatedAreMapped) {
  offsets::Translation map;
  ASSERT_TRUE(map.Append({{SourceOffset(0), DestOffset(40), 1 << 30}, "START", {}, 3}).ok());
  Batches copy = Log(0, 40, "before");
  for (const SharedBytes& batch : Log(0, 100)) {
    const SharedBytes shifted = SharedBytes::CopyOf(batch.view());
    StoreBe<int64_t>(shifted.data(), kafka::BatchView(batch.view()).base_offset() + 40);
    copy.push_back(shifted);
  }
  Situation s{.name = "translated",
              .source = Log(0, 150),
              .destination = copy + Log(140, 160, "new"),
              .cut = RecordedCut{.replicated_to = 100, .destination_end = 140},
              .map = &map};
  EXPECT_EQ(Say(s), "both_ahead at 100→140, by batches");
  s.cut.reset();
  EXPECT_EQ(Say(s), "both_ahead at 100→140, by batches");
}

TEST(FailbackPlan, ATornTransactionIsEqualBelowTheCut) {
  // The source's application went on with its transaction; the copy of it was aborted by the promotion.
  Batches source = Log(0, 90) + Batches{Records({{90, "a", "1"}, {91, "b", "2"}}, InTransaction(7))};
  Batches copy = Log(0, 90) + Batches{Records({{90, "a", "1"}, {91, "b", "2"}}, InTransaction(1000)),
                                      Marker(92, 1000, kafka::ControlType::kAbort)};
  source.push_back(Records({{92, "c", "3"}}, InTransaction(7)));
  source.push_back(Marker(93, 7, kafka::ControlType::kCommit));
  const Situation s{"torn", source, copy, RecordedCut{.replicated_to = 92, .destination_end = 93}};
  std::string_view why;
  EXPECT_EQ(Part(s, why)->source, 92);
}

TEST(PartingSearch, GoesBackFartherEachTimeUntilAWindowBeginsEqual) {
  PartingSearch search({.bottom = 0, .top = 100'000});
  EXPECT_EQ(search.Next(), (link::OffsetWindow{90'000, 100'000}));
  search.Take(90'000);  // not even its first batch is equal
  EXPECT_EQ(search.Next(), (link::OffsetWindow{50'000, 90'000}));
  search.Take(50'000);
  EXPECT_EQ(search.Next(), (link::OffsetWindow{0, 50'000}));
  search.Take(12'345);
  EXPECT_EQ(search.Next(), std::nullopt);
  EXPECT_EQ(search.from(), 0);
  EXPECT_EQ(search.parted_at(), 12'345);
}

TEST(PartingSearch, EndsAtTheBottomAlsoWhenNothingIsEqual) {
  PartingSearch search({.bottom = 95'000, .top = 100'000});
  EXPECT_EQ(search.Next(), (link::OffsetWindow{95'000, 100'000}));
  search.Take(95'000);
  EXPECT_EQ(search.Next(), std::nullopt);
  EXPECT_EQ(search.parted_at(), 95'000);
}

TEST(PartingSearch, AWholeWindowThatIsEqualMeansTheTop) {
  PartingSearch search({.bottom = 0, .top = 100'000});
  search.Take(100'000);
  EXPECT_EQ(search.Next(), std::nullopt);
  EXPECT_EQ(search.from(), 90'000);
  EXPECT_EQ(search.parted_at(), 100'000);
}

}  // namespace
}  // namespace klink::failover
