// Summaries: what is unknown stays unknown, and the failover verdict never says more than is known.
#include "http/views.h"

#include <gtest/gtest.h>

#include "tests/http/fake_agent.h"

namespace klink::http {
namespace {

TEST(ViewsTest, LagIsKnownOnlyWhenEveryPartitionsIs) {
  link::LinkSnapshot link = FakeAgent().snapshot.links[0];
  EXPECT_EQ(Summarise(link.mirrors[0]).lag, 3);
  EXPECT_EQ(Summarise(link.mirrors[0]).lag_seconds, 0.03);
  EXPECT_EQ(Summarise(link).lag, std::nullopt);  // orders.new is not known
  link.mirrors.erase(link.mirrors.begin() + 2);
  EXPECT_EQ(Summarise(link).lag, 53);
}

TEST(ViewsTest, ASetIsMeasuredAgainstWhatMayBeLost) {
  link::LinkSnapshot link = FakeAgent().snapshot.links[0];
  SetView tier1 = Summarise(link).sets.at(0);
  EXPECT_EQ(tier1.name, "tier1");
  EXPECT_EQ(tier1.mirrors, 2);
  EXPECT_EQ(tier1.lag, 3);
  EXPECT_EQ(tier1.rpo_met, true);
  link.mirrors[0].partitions[1].lag_seconds = 5.1;
  EXPECT_EQ(Summarise(link).sets.at(0).rpo_met, false);
  link.mirrors[0].partitions[1].lag_seconds.reset();
  EXPECT_EQ(Summarise(link).sets.at(0).rpo_met, std::nullopt) << "what is not known is not met, nor missed";
  link.mirrors[0].state = "STOPPED";
  EXPECT_EQ(Summarise(link).sets.at(0).lag, 0) << "what was promoted is lost no more";
  link.mirrors[1].state = "STOPPED";
  EXPECT_EQ(Summarise(link).sets.at(0).lag, std::nullopt);
}

TEST(ViewsTest, AMirrorIsTranslatedAsSoonAsOnePartitionIs) {
  link::MirrorSnapshot mirror = FakeAgent().snapshot.links[0].mirrors[0];
  EXPECT_EQ(Summarise(mirror).offsets, "identical");
  mirror.partitions[0].offsets.reset();
  EXPECT_EQ(Summarise(mirror).offsets, std::nullopt);
  mirror.partitions[1].offsets = "translated";
  EXPECT_EQ(Summarise(mirror).offsets, "translated");
}

TEST(ViewsTest, ErrorsAreListedByPartitionWithWhatToDo) {
  link::LinkSnapshot link = FakeAgent().snapshot.links[0];
  ErrorsView view = ErrorsOf(link);
  ASSERT_EQ(view.errors.size(), 2u);
  EXPECT_EQ(view.errors[0].topic, "orders.new");
  EXPECT_EQ(view.errors[1].partition, 1);
  EXPECT_EQ(view.errors[1].action, "read the text; exclude the topic or use a newer version");
  link.mirrors[3].reason_code = "SOURCE_TOPIC_ID_CHANGED";  // the mirror's own
  view = ErrorsOf(link);
  ASSERT_EQ(view.errors.size(), 3u);
  EXPECT_EQ(view.errors[2].partition, std::nullopt);
}

TEST(ViewsTest, APauseIsNoError) {
  link::LinkSnapshot link = FakeAgent().snapshot.links[0];
  link.mirrors.resize(1);
  link.mirrors[0].partitions[0].state = link.mirrors[0].state = "PAUSED";
  link.mirrors[0].partitions[0].reason_code = link.mirrors[0].reason_code = "FILTERED_OUT";
  EXPECT_TRUE(ErrorsOf(link).errors.empty());
}

TEST(ViewsTest, FailoverSaysNoMoreThanIsKnown) {
  link::LinkSnapshot link = FakeAgent().snapshot.links[0];
  EXPECT_EQ(CanFailOver(link).possible, "partly");
  EXPECT_EQ(CanFailOver(link).lost_records, std::nullopt);
  link.mirrors.resize(1);
  EXPECT_EQ(CanFailOver(link).possible, "yes");
  EXPECT_EQ(CanFailOver(link).lost_records, 3);
  link.source.reachable = false;
  link.mirrors[0].state = "SOURCE_UNAVAILABLE";
  EXPECT_EQ(CanFailOver(link).possible, "yes");
  EXPECT_EQ(CanFailOver(link).as_of, "last_contact");
  link.mirrors[0].partitions[1].state = "FAILED";
  EXPECT_EQ(CanFailOver(link).possible, "no");
  link.destination.reachable = false;
  EXPECT_EQ(CanFailOver(link).possible, "no");
  link.role = "standby";
  EXPECT_EQ(CanFailOver(link).possible, "unknown");
}

}  // namespace
}  // namespace klink::http
