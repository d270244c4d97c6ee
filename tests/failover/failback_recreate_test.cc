// What --recreate would delete, and everything that keeps it from that.
#include "failover/failback_recreate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/failover/links_both_ways.h"

namespace klink::failover {
namespace {

using testing::HasSubstr;

FailbackView Ready() {
  FailbackView view;
  view.link = "paris-to-lyon";
  view.old_source = "paris";
  view.new_primary = "lyon";
  view.mirrors = {{"orders", "orders", "STOPPED", "its id", "an id"}};
  FailbackPartition& p = view.partitions.emplace_back();
  p.topic = p.source_topic = "orders";
  p.relation = "equal";
  p.cut = 101;
  p.source_end = 100;
  p.never_crossed = TailView{};
  return view;
}

FailbackAction Plan(const FailbackView& view, const config::Config& config = BothWays()) {
  return PlanRecreate(view, config, config.links.front()).at(0);
}

TEST(FailbackRecreate, DeletesWhatIsKnownAndWillBeMadeAgain) {
  const FailbackAction action = Plan(Ready());
  EXPECT_EQ(action.outcome, "would_delete");
  EXPECT_EQ(action.link_back, "lyon-to-paris");
  EXPECT_EQ(action.error, std::nullopt);
}

TEST(FailbackRecreate, IsRefusedWithoutWhatMakesItSafe) {
  struct Row {
    std::string name;
    void (*spoil)(FailbackView& view);
    std::string says;
  };
  const std::vector<Row> table = {
      {"not promoted", [](FailbackView& v) { v.mirrors[0].state = "ACTIVE"; }, "ACTIVE, not STOPPED"},
      {"read by consumers", [](FailbackView& v) { v.mirrors[0].readers = {"app"}; }, "consumers of group app read it"},
      {"mirrored", [](FailbackView& v) { v.mirrors[0].mirrored_by = "back"; }, "link back mirrors it already"},
      {"not known", [](FailbackView& v) { v.partitions[0].reason = "no answer"; }, "is not known: no answer"},
      {"no cut", [](FailbackView& v) { v.partitions[0].cut.reset(); }, "recorded no cut"},
      {"stray records not kept", [](FailbackView& v) { v.partitions[0].never_crossed->records = 3; },
       "3 records of partition 0 never crossed: say --export DIR"},
  };
  for (const Row& row : table) {
    FailbackView view = Ready();
    row.spoil(view);
    const FailbackAction action = Plan(view);
    EXPECT_EQ(action.outcome, "refused") << row.name;
    EXPECT_THAT(action.error.value_or(""), HasSubstr(row.says)) << row.name;
  }
}

TEST(FailbackRecreate, StrayRecordsOnDiskAreNoObstacle) {
  FailbackView view = Ready();
  view.partitions[0].never_crossed->records = 3;
  view.exported_to = "/backup";
  EXPECT_EQ(Plan(view).outcome, "would_delete");
}

TEST(FailbackRecreate, NeedsALinkThatMakesTheTopicAgainUnderItsOldName) {
  config::Config config = BothWays();
  config.links.pop_back();
  EXPECT_THAT(Plan(Ready(), config).error.value_or(""),
              HasSubstr("no link of the file mirrors orders from lyon to paris"));
  config.links.push_back(LinkOf("other-topic", "lyon", "paris", "payments"));
  config.links.push_back(LinkOf("other-way", "paris", "lyon", "orders"));
  config.links.push_back(LinkOf("renames", "lyon", "paris", "orders"));
  config.links.back().topics.rename.prefix = "old.";
  EXPECT_EQ(Plan(Ready(), config).outcome, "refused");
  config.links.push_back(LinkOf("back", "lyon", "paris", "orders"));
  EXPECT_EQ(Plan(Ready(), config).link_back, "back");
}

TEST(FailbackRecreate, ATopicThatIsGoneAlreadyIsAbsent) {
  FailbackView view = Ready();
  view.mirrors[0].source_topic_id.reset();
  view.partitions[0].reason = "cluster paris has no orders-0";
  EXPECT_EQ(Plan(view).outcome, "absent");
}

}  // namespace
}  // namespace klink::failover
