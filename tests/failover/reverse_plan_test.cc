// Which old sources may become mirrors, and from where on.
#include "failover/reverse_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/failover/links_both_ways.h"

namespace klink::failover {
namespace {

using testing::HasSubstr;

FailbackView Equal() {
  FailbackView view;
  view.link = "paris-to-lyon";
  view.old_source = "paris";
  view.new_primary = "lyon";
  view.mirrors = {{"orders", "orders", "STOPPED", "lyon's id", "paris' id"}};
  FailbackPartition& p = view.partitions.emplace_back();
  p.topic = p.source_topic = "orders";
  p.relation = "destination_ahead";
  p.cut = 102;
  p.copied_end = p.replicated_to = p.parted_at = p.parted_at_destination = p.source_end = 100;
  p.never_crossed = TailView{};
  return view;
}

void AddTail(FailbackView& view) {
  view.partitions[0].source_end = 125;
  view.partitions[0].never_crossed->records = 25;
}

FailbackAction Plan(const FailbackView& view, OldTail tail = OldTail::kNone,
                    const config::Config& config = BothWays()) {
  return PlanReverse(view, config, config.links.front(), tail).at(0);
}

TEST(ReversePlan, WhatIsEqualIsTakenOverWhereItEnds) {
  FailbackView view = Equal();
  view.actions = PlanReverse(view, BothWays(), BothWays().links.front(), OldTail::kNone);
  const FailbackAction& action = view.actions.at(0);
  EXPECT_EQ(action.outcome, "would_reverse") << action.error.value_or("");
  EXPECT_EQ(action.link_back, "lyon-to-paris");
  ASSERT_EQ(action.partitions.size(), 1u);
  EXPECT_EQ(action.partitions[0].from, 100);
  EXPECT_EQ(action.partitions[0].at, 100);
  const auto orders = ReverseOrders(view);
  ASSERT_TRUE(orders.contains("lyon-to-paris"));
  const link::AdoptTopic& topic = orders.at("lyon-to-paris").at(0);
  EXPECT_EQ(topic.topic_id, "paris' id");
  EXPECT_EQ(topic.source_topic_id, "lyon's id");
}

TEST(ReversePlan, ATailIsKeptByWordAlone) {
  FailbackView view = Equal();
  AddTail(view);
  EXPECT_THAT(Plan(view).error.value_or(""), HasSubstr("25 records behind offset 100"));
  const FailbackAction kept = Plan(view, OldTail::kKept);
  EXPECT_EQ(kept.outcome, "would_reverse") << kept.error.value_or("");
  EXPECT_EQ(kept.partitions.at(0).from, 100);
  EXPECT_EQ(kept.partitions.at(0).at, 125);
}

TEST(ReversePlan, ATailOfMarkersAloneIsATail) {
  FailbackView view = Equal();
  view.partitions[0].source_end = 101;
  EXPECT_EQ(Plan(view).outcome, "refused");
}

TEST(ReversePlan, IsRefusedWithoutWhatMakesItSafe) {
  struct Row {
    std::string name;
    void (*spoil)(FailbackView& view);
    std::string says;
  };
  const std::vector<Row> table = {
      {"not promoted", [](FailbackView& v) { v.mirrors[0].state = "ACTIVE"; }, "ACTIVE, not STOPPED: promote it first"},
      {"not known", [](FailbackView& v) { v.partitions[0].reason = "no answer"; }, "is not known: no answer"},
      {"no cut", [](FailbackView& v) { v.partitions[0].cut.reset(); }, "recorded no cut"},
      {"translated", [](FailbackView& v) { v.partitions[0].parted_at_destination = 140; }, "--recreate"},
      {"a hole at the end", [](FailbackView& v) { v.partitions[0].copied_end = 97; }, "100 there stands at 97"},
      {"lost its end", [](FailbackView& v) { v.partitions[0].parted_at = v.partitions[0].parted_at_destination = 80; },
       "lost what was copied from offset 80 on"},
  };
  for (const Row& row : table) {
    FailbackView view = Equal();
    row.spoil(view);
    const FailbackAction action = Plan(view);
    EXPECT_EQ(action.outcome, "refused") << row.name;
    EXPECT_THAT(action.error.value_or(""), HasSubstr(row.says)) << row.name;
  }
}

TEST(ReversePlan, AnOpenTransactionInTheTailIsWaitedFor) {
  FailbackView view = Equal();
  AddTail(view);
  view.partitions[0].never_crossed->transactions_open = 1;
  EXPECT_THAT(Plan(view, OldTail::kKept).error.value_or(""), HasSubstr("wait until they are over"));
}

TEST(ReversePlan, WhatALinkBackMirrorsAlreadyIsLeftAlone) {
  FailbackView view = Equal();
  AddTail(view);
  view.mirrors[0].mirrored_by = "lyon-to-paris";
  EXPECT_EQ(Plan(view).outcome, "unchanged");
  EXPECT_TRUE(ReverseOrders(view).empty());
}

TEST(ReversePlan, NeedsALinkOfTheOtherDirection) {
  config::Config config = BothWays();
  config.links.pop_back();
  EXPECT_THAT(Plan(Equal(), OldTail::kNone, config).error.value_or(""),
              HasSubstr("no link of the file mirrors orders from lyon to paris as orders"));
}

}  // namespace
}  // namespace klink::failover
