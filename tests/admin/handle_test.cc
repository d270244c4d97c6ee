// Opening handles, waiting for their events, and the meaning of their errors.
#include "admin/handle.h"

#include <gtest/gtest.h>

#include "admin/errors.h"
#include "admin/event_queue.h"
#include "admin/topics.h"
#include "tests/admin/mock.h"

namespace klink::admin {
namespace {

TEST(Errors, TheCodeSaysWhoActs) {
  EXPECT_EQ(CodeOf(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS), Code::kAlreadyExists);
  EXPECT_EQ(CodeOf(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), Code::kNotFound);
  EXPECT_EQ(CodeOf(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED), Code::kPermissionDenied);
  EXPECT_EQ(CodeOf(RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED), Code::kUnauthenticated);
  EXPECT_EQ(CodeOf(RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf(RD_KAFKA_RESP_ERR_POLICY_VIOLATION), Code::kFailedPrecondition);
  EXPECT_EQ(CodeOf(RD_KAFKA_RESP_ERR__TIMED_OUT), Code::kUnavailable);
}

TEST(Errors, KafkasOwnTextIsKept) {
  const Status status = ToStatus(RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "creating topic t", "only 3 replicas here");
  EXPECT_EQ(Text(status), "creating topic t: only 3 replicas here (POLICY_VIOLATION)");
}

TEST(Handles, APropertyLibrdkafkaRefusesIsNamedWithItsCluster) {
  Access access;
  access.cluster = "lyon";
  access.properties = {{"bootstrap.servers", "l1:9092"}, {"security.protocol", "carrier-pigeon"}};
  auto handle = Handle::Open(access, Kind::kProducer, {});
  EXPECT_EQ(handle.status().code(), Code::kInvalidArgument);
  EXPECT_NE(Text(handle.status()).find("cluster lyon (l1:9092): property security.protocol"), std::string::npos)
      << handle.status();
}

// A thread of librdkafka that outlives main takes the process down: klink ended well with a crash.
TEST(Handles, NothingOfOursIsCalledOnceADroppedOneIsGone) {
  const auto used = std::make_shared<int>(0);
  Access access;
  access.cluster = "lyon";
  access.properties = {{"bootstrap.servers", "127.0.0.1:1"}};
  access.log = [used](int, std::string_view) {};
  std::vector<std::unique_ptr<Handle>> handles;
  for (int n = 0; n < 5; ++n) handles.push_back(*Handle::Open(access, Kind::kProducer, {}));
  access.log = nullptr;
  EXPECT_GT(used.use_count(), 1);
  handles.clear();
  ASSERT_TRUE(WaitUntilHandlesAreGone(10s));
  EXPECT_EQ(used.use_count(), 1);
}

using EventQueueTest = MockClusterTest;

Async<void> AwaitNothing(Handle& handle, Status& out) {
  EventQueue queue = EventQueue::ForReply(co_await asio::this_coro::executor, handle.get());
  auto event = co_await queue.NextWithin(20ms, "asking nobody");
  out = event.status();
}

TEST_F(EventQueueTest, AnAnswerThatNeverComesIsADeadlineWithItsStory) {
  auto handle = Handle::Open(To(), Kind::kProducer, {});
  ASSERT_TRUE(handle.ok());
  Status out;
  Run(AwaitNothing(**handle, out));
  EXPECT_EQ(out.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(Text(out), "asking nobody: no answer within 20 ms");
}

Async<void> AwaitForever(Handle& handle, Status& out) {
  EventQueue queue = EventQueue::ForReply(co_await asio::this_coro::executor, handle.get());
  auto event = co_await queue.Next();
  out = event.status();
}

TEST_F(EventQueueTest, AStoppedWaitIsCancelled) {
  auto handle = Handle::Open(To(), Kind::kProducer, {});
  ASSERT_TRUE(handle.ok());
  Status out;
  TaskGroup tasks(io_.get_executor());
  tasks.Spawn(AwaitForever(**handle, out));
  io_.poll();
  tasks.Stop();
  io_.restart();
  io_.run();
  EXPECT_TRUE(IsCancelled(out)) << out;
}

Async<void> Create(Access access, TopicSpec spec, Status& out) {
  auto topics = Topics::Open(co_await asio::this_coro::executor, access);
  out = topics.ok() ? co_await (*topics)->CreateTopic(std::move(spec)) : topics.status();
}

TEST_F(EventQueueTest, ATopicThatCannotBeIsRefusedBeforeAnythingIsSent) {
  Status out;
  TopicSpec nameless;
  Run(Create(To(), nameless, out));
  EXPECT_EQ(out.code(), Code::kInvalidArgument) << out;
  TopicSpec negative;
  negative.name = "orders";
  negative.partitions = -7;
  Run(Create(To(), negative, out));
  EXPECT_EQ(out.code(), Code::kInvalidArgument) << out;
  EXPECT_TRUE(Text(out).starts_with("creating topic orders (-7 partitions, replication factor -1) on cluster lyon ("))
      << out;
}

}  // namespace
}  // namespace klink::admin
