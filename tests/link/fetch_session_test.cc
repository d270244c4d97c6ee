#include "link/fetch_session.h"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace klink::link {
namespace {

using Wanted = FetchSession::Wanted;

constexpr int32_t kBytes = 1 << 20;

TopicPartition Tp(const std::string& topic, int32_t partition) { return {topic, partition}; }

// "topic-partition@offset …" of what is asked, then " -topic-partition …" of what is forgotten.
std::string Shown(const kafka::FetchRequest& request) {
  std::string shown = fmt::format("{}/{}:", request.session_id, request.session_epoch);
  for (const auto& topic : request.topics)
    for (const auto& p : topic.partitions) shown += fmt::format(" {}-{}@{}", topic.topic, p.partition, p.fetch_offset);
  for (const auto& topic : request.forgotten_topics_data)
    for (int32_t p : topic.partitions) shown += fmt::format(" -{}-{}", topic.topic, p);
  return shown;
}

TEST(FetchSession, TheFirstRequestIsFull) {
  FetchSession session;
  const Wanted wanted{{Tp("a", 0), {10, 4}}, {Tp("a", 1), {20, -1}}, {Tp("b", 0), {30, -1}}};
  const kafka::FetchRequest request = session.Request(wanted, kBytes);
  EXPECT_EQ(Shown(request), "0/0: a-0@10 a-1@20 b-0@30");
  EXPECT_EQ(request.topics.size(), 2u);
  EXPECT_EQ(request.topics[0].partitions[0].current_leader_epoch, 4);
  EXPECT_EQ(request.topics[0].partitions[0].partition_max_bytes, kBytes);
}

TEST(FetchSession, ThenOnlyWhatChangedIsAsked) {
  FetchSession session;
  session.Request({{Tp("a", 0), {10, -1}}, {Tp("a", 1), {20, -1}}}, kBytes);
  session.Accepted(77);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {10, -1}}, {Tp("a", 1), {25, -1}}}, kBytes)), "77/1: a-1@25");
  session.Accepted(77);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {10, -1}}, {Tp("a", 1), {25, -1}}}, kBytes)), "77/2:");
}

TEST(FetchSession, ANewLeaderEpochIsAChange) {
  FetchSession session;
  session.Request({{Tp("a", 0), {10, 3}}}, kBytes);
  session.Accepted(77);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {10, 4}}}, kBytes)), "77/1: a-0@10");
}

TEST(FetchSession, APartitionThatJoinsIsAsked) {
  FetchSession session;
  session.Request({{Tp("a", 0), {10, -1}}}, kBytes);
  session.Accepted(77);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {10, -1}}, {Tp("c", 5), {0, -1}}}, kBytes)), "77/1: c-5@0");
}

TEST(FetchSession, WhatIsNoLongerWantedIsForgottenOnce) {
  FetchSession session;
  session.Request({{Tp("a", 0), {10, -1}}, {Tp("b", 0), {0, -1}}, {Tp("b", 1), {0, -1}}}, kBytes);
  session.Accepted(77);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {10, -1}}}, kBytes)), "77/1: -b-0 -b-1");
  session.Accepted(77);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {10, -1}}}, kBytes)), "77/2:");
}

TEST(FetchSession, AForgottenPartitionThatComesBackIsAskedAgain) {
  FetchSession session;
  session.Request({{Tp("a", 0), {10, -1}}, {Tp("b", 0), {7, -1}}}, kBytes);
  session.Accepted(77);
  session.Request({{Tp("a", 0), {10, -1}}}, kBytes);
  session.Accepted(77);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {10, -1}}, {Tp("b", 0), {7, -1}}}, kBytes)), "77/2: b-0@7");
}

TEST(FetchSession, AfterAResetEverythingIsAskedAgain) {
  FetchSession session;
  const Wanted wanted{{Tp("a", 0), {10, -1}}, {Tp("b", 0), {7, -1}}};
  session.Request(wanted, kBytes);
  session.Accepted(77);
  session.Request(wanted, kBytes);
  session.Reset();
  EXPECT_EQ(session.id(), 0);
  EXPECT_EQ(Shown(session.Request(wanted, kBytes)), "0/0: a-0@10 b-0@7");
}

TEST(FetchSession, ABrokerWithoutRoomForASessionIsAskedInFullEveryTime) {
  FetchSession session;
  const Wanted wanted{{Tp("a", 0), {10, -1}}};
  session.Request(wanted, kBytes);
  session.Accepted(0);
  EXPECT_EQ(Shown(session.Request(wanted, kBytes)), "0/0: a-0@10");
}

TEST(FetchSession, AnUnansweredRequestChangesNothing) {
  FetchSession session;
  session.Request({{Tp("a", 0), {10, -1}}}, kBytes);
  session.Accepted(77);
  session.Request({{Tp("a", 0), {50, -1}}}, kBytes);
  EXPECT_EQ(Shown(session.Request({{Tp("a", 0), {50, -1}}}, kBytes)), "77/1: a-0@50");
}

TEST(FetchSession, ALeaderThatCouldHideATruncationIsComparedWith) {
  EXPECT_FALSE(MustCompare(-1, 4, -1)) << "the first leader";
  EXPECT_FALSE(MustCompare(4, 4, -1));
  EXPECT_FALSE(MustCompare(4, 5, 4)) << "the fetch itself tells where the logs part";
  EXPECT_TRUE(MustCompare(4, 5, -1));
  EXPECT_TRUE(MustCompare(4, 0, 4)) << "a topic made again begins at 0";
}

TEST(FetchSession, TheEpochWrapsToOneAndNeverAsksForANewSession) {
  EXPECT_EQ(NextSessionEpoch(0), 1);
  EXPECT_EQ(NextSessionEpoch(41), 42);
  EXPECT_EQ(NextSessionEpoch(std::numeric_limits<int32_t>::max()), 1);
}

}  // namespace
}  // namespace klink::link
