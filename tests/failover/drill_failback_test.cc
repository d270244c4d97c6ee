// Which commands bring a live drill back, by what both logs hold.
#include "failover/drill_failback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::failover {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

config::LinkConfig Link(std::string name, std::string source, std::string destination) {
  config::LinkConfig link;
  link.name = std::move(name);
  link.source = std::move(source);
  link.destination = std::move(destination);
  for (const char* topic : {"orders", "payments"}) link.topics.include.emplace_back().literal = topic;
  return link;
}

config::Config BothWays() {
  config::Config config;
  config.links = {Link("paris-to-lyon", "paris", "lyon"), Link("lyon-to-paris", "lyon", "paris")};
  return config;
}

FailbackPartition Same(const std::string& topic) {
  FailbackPartition p;
  p.topic = p.source_topic = topic;
  p.relation = "equal";
  p.cut = 102;
  p.copied_end = p.replicated_to = p.parted_at = p.parted_at_destination = p.source_end = 100;
  p.never_crossed = p.written_since = TailView{};
  return p;
}

WayBackAsk Ask() {
  WayBackAsk ask;
  ask.mirrors = {{"orders", "orders", "STOPPED", "a", "b"}, {"payments", "payments", "STOPPED", "c", "d"}};
  ask.export_folder = "kept";
  ask.view.emplace();
  ask.view->old_source = "paris";
  ask.view->new_primary = "lyon";
  ask.view->mirrors = ask.mirrors;
  ask.view->partitions = {Same("orders"), Same("payments")};
  return ask;
}

std::vector<std::string> CommandsOf(const DrillFailback& back) {
  std::vector<std::string> commands;
  for (const DrillCommand& one : back.commands) {
    EXPECT_NE(one.purpose, "");
    commands.push_back(one.command);
  }
  return commands;
}

DrillFailback Plan(WayBackAsk ask, const config::Config& config = BothWays()) {
  return PlanWayBack(config, config.links.front(), std::move(ask));
}

TEST(WayBack, EqualLogsAreTakenOverAndMovedBack) {
  const DrillFailback back = Plan(Ask());
  EXPECT_TRUE(back.compared);
  EXPECT_EQ(back.topics[0].way, "reverse");
  EXPECT_EQ(back.topics[0].link_back, "lyon-to-paris");
  EXPECT_EQ(back.topics[0].never_crossed, 0);
  EXPECT_THAT(CommandsOf(back), ElementsAre("klink mirror reverse orders payments --link paris-to-lyon --yes",
                                            "klink verify orders payments --link lyon-to-paris",
                                            "klink promote orders payments --link lyon-to-paris --yes",
                                            "klink mirror reverse orders payments --link lyon-to-paris --yes"));
}

TEST(WayBack, WhatTheOldSourceAloneHasIsExportedFirst) {
  WayBackAsk ask = Ask();
  ask.view->partitions[1].source_end = 125;
  ask.view->partitions[1].never_crossed->records = 25;
  const DrillFailback back = Plan(ask);
  EXPECT_EQ(back.topics[1].way, "recreate");
  EXPECT_EQ(back.topics[1].never_crossed, 25);
  EXPECT_THAT(back.topics[1].detail, HasSubstr("25 records behind offset 100"));
  EXPECT_THAT(CommandsOf(back),
              ElementsAre("klink mirror reverse orders --link paris-to-lyon --yes",
                          "klink mirror failback payments --recreate --export kept --link paris-to-lyon --yes",
                          "klink verify orders payments --link lyon-to-paris",
                          "klink promote orders payments --link lyon-to-paris --yes",
                          "klink mirror reverse orders payments --link lyon-to-paris --yes"));
}

TEST(WayBack, WithoutTheOldSourceItIsLookedAtFirst) {
  WayBackAsk ask = Ask();
  ask.view.reset();
  ask.mirrors.pop_back();
  const DrillFailback back = Plan(ask);
  EXPECT_FALSE(back.compared);
  EXPECT_EQ(back.topics[0].way, "look");
  EXPECT_EQ(back.topics[0].detail, "paris does not answer");
  EXPECT_EQ(back.topics[0].never_crossed, std::nullopt);
  EXPECT_THAT(CommandsOf(back),
              ElementsAre("klink mirror failback orders --plan --link paris-to-lyon",
                          "klink mirror reverse orders --link paris-to-lyon --yes",
                          "klink verify orders --link lyon-to-paris", "klink promote orders --link lyon-to-paris --yes",
                          "klink mirror reverse orders --link lyon-to-paris --yes"));
  EXPECT_THAT(back.commands[1].purpose, HasSubstr("--recreate --export kept"));
}

TEST(WayBack, ATopicOfWhichNotAllIsKnownIsLookedAtToo) {
  WayBackAsk ask = Ask();
  ask.view->partitions[0].reason = "no answer";
  const DrillFailback back = Plan(ask);
  EXPECT_EQ(back.topics[0].way, "look");
  EXPECT_THAT(back.topics[0].detail, HasSubstr("no answer"));
  EXPECT_EQ(back.topics[0].never_crossed, std::nullopt);
  EXPECT_EQ(back.commands[0].command, "klink mirror failback orders --plan --link paris-to-lyon");
}

TEST(WayBack, WhatIsMirroredOrGoneNeedsNoWord) {
  WayBackAsk ask = Ask();
  ask.view->mirrors[0].mirrored_by = "lyon-to-paris";
  ask.view->mirrors[1].source_topic_id.reset();
  ask.view->partitions[1].reason = "cluster paris has no payments-0";
  const DrillFailback back = Plan(ask);
  EXPECT_EQ(back.topics[0].way, "mirrored");
  EXPECT_EQ(back.topics[1].way, "made_again");
  EXPECT_EQ(back.commands.front().command, "klink verify orders payments --link lyon-to-paris");
}

TEST(WayBack, ALinkThatIsMissingIsTheFirstThingToAdd) {
  config::Config config = BothWays();
  config.links.pop_back();
  EXPECT_THAT(WithoutWayBack(config, config.links.front(), Ask().mirrors), ElementsAre("orders", "payments"));
  EXPECT_THAT(WithoutWayBack(BothWays(), BothWays().links.front(), Ask().mirrors), testing::IsEmpty());
  const DrillFailback back = Plan(Ask(), config);
  EXPECT_EQ(back.topics[0].link_back, std::nullopt);
  EXPECT_THAT(back.topics[0].detail, HasSubstr("no link of the configuration mirrors orders from lyon to paris"));
  EXPECT_EQ(back.commands[0].command,
            "- {name: back-paris-to-lyon, source: lyon, destination: paris, topics: {include: [{literal: orders}, "
            "{literal: payments}]}}");
  EXPECT_EQ(back.commands.back().command, "klink mirror reverse orders payments --link back-paris-to-lyon --yes");
}

}  // namespace
}  // namespace klink::failover
