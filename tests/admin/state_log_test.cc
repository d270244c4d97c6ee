// The writers and the reader of a link's own topics.
#include "admin/state_log.h"

#include <gtest/gtest.h>

#include "tests/admin/mock.h"

namespace klink::admin {
namespace {

constexpr const char* kTopic = "_klink.l.state";

class StateLogTest : public MockClusterTest {
 protected:
  StateLogTest() { MakeTopic(kTopic, 1); }

  LogTailer::OnRecord Collect() {
    return [this](const LogRecord& r) { seen_.push_back(r.key + "=" + r.value.value_or("(none)")); };
  }
  StateWriter NewWriter() { return {io_.get_executor(), pool_, To(), "klink.l.controller", kTopic}; }

  std::vector<std::string> seen_;
};

KeyValue Entry(std::string key, std::optional<std::string> value) {
  KeyValue entry;
  entry.key = std::move(key);
  entry.value = std::move(value);
  return entry;
}
std::vector<KeyValue> One(std::string key, std::string value) {
  std::vector<KeyValue> entries;
  entries.push_back(Entry(std::move(key), std::move(value)));
  return entries;
}

Async<void> TakeAndCommit(StateWriter& writer, std::vector<Status>& out) {
  std::vector<KeyValue> first = One("controller", "1");
  out.push_back(co_await writer.TakeControl(std::move(first)));
  std::vector<KeyValue> more = One("a", "1");
  more.push_back(Entry("b", std::nullopt));
  out.push_back(co_await writer.Commit(std::move(more)));
}
Async<void> ReadAll(asio::io_context& io, Clock& clock, BlockingPool& pool, Access access, LogTailer::OnRecord on,
                    Status& out) {
  out = co_await ReadWholeLog(io.get_executor(), clock, pool, access, kTopic, on, 10s);
}

TEST_F(StateLogTest, WhatTheControllerCommitsIsReadInOrder) {
  StateWriter writer = NewWriter();
  std::vector<Status> out;
  Run(TakeAndCommit(writer, out));
  EXPECT_TRUE(out[0].ok()) << out[0];
  EXPECT_TRUE(out[1].ok()) << out[1];
  Status read;
  Run(ReadAll(io_, clock_, pool_, To(), Collect(), read));
  EXPECT_TRUE(read.ok()) << read;
  EXPECT_EQ(seen_, (std::vector<std::string>{"controller=1", "a=1", "b=(none)"}));
}

Async<void> CommitOnly(StateWriter& writer, Status& out) {
  std::vector<KeyValue> entries = One("a", "1");
  out = co_await writer.Commit(std::move(entries));
}

TEST_F(StateLogTest, NobodyWritesWithoutTakingControl) {
  StateWriter writer = NewWriter();
  Status out;
  Run(CommitOnly(writer, out));
  EXPECT_EQ(out.code(), Code::kFailedPrecondition) << out;
}

TEST_F(StateLogTest, AFencedControllerStaysFencedUntilItTakesControlAgain) {
  StateWriter writer = NewWriter();
  std::vector<Status> out;
  Run(TakeAndCommit(writer, out));
  FailNext(kEndTxn, RD_KAFKA_RESP_ERR_PRODUCER_FENCED);
  Status fenced;
  Run(CommitOnly(writer, fenced));
  EXPECT_EQ(fenced.code(), Code::kFailedPrecondition);
  EXPECT_TRUE(Text(fenced).ends_with("another controller took over")) << fenced;
  Status again;
  Run(CommitOnly(writer, again));
  EXPECT_EQ(again, fenced);
  EXPECT_FALSE(writer.in_control());
  Run(TakeAndCommit(writer, out));
  EXPECT_TRUE(out[2].ok()) << out[2];
  EXPECT_TRUE(out[3].ok()) << out[3];
}

// Seen with WRITE on the state topic taken away: the broker adds no partition, so it has no transaction to abort.
TEST_F(StateLogTest, ARefusedPartitionIsToldNotTheAbortThatFailsBehindIt) {
  StateWriter writer = NewWriter();
  std::vector<Status> out;
  Run(TakeAndCommit(writer, out));
  FailNext(kAddPartitionsToTxn, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  FailNext(kEndTxn, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
  Status refused;
  Run(CommitOnly(writer, refused));
  EXPECT_EQ(refused.code(), Code::kPermissionDenied) << refused;
  EXPECT_NE(Text(refused).find("TOPIC_AUTHORIZATION_FAILED"), std::string::npos) << refused;
  EXPECT_FALSE(writer.in_control());
  Run(TakeAndCommit(writer, out));
  EXPECT_TRUE(out[2].ok()) << out[2];
}

Async<void> FollowThenAppend(LogTailer& tailer, StateWriter& writer, Clock& clock, std::vector<Status>& out) {
  out.push_back(tailer.Start());
  out.push_back(co_await tailer.CatchUp());
  const Instant before = clock.Now();
  std::vector<KeyValue> first = One("controller", "1");
  out.push_back(co_await writer.TakeControl(std::move(first)));
  out.push_back(co_await tailer.CatchUp());
  EXPECT_TRUE(tailer.FreshWithin(clock.Now() - before));
  EXPECT_FALSE(tailer.FreshWithin(Duration(0)));
  co_await tailer.Close();
}

TEST_F(StateLogTest, ATailerThatCaughtUpHasSeenEverythingWrittenBefore) {
  LogTailer tailer(io_.get_executor(), clock_, pool_, To(), kTopic, Collect());
  StateWriter writer = NewWriter();
  std::vector<Status> out;
  Run(FollowThenAppend(tailer, writer, clock_, out));
  for (const Status& status : out) EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(seen_, std::vector<std::string>{"controller=1"});
}

Async<void> Publish(RunLogWriter& runs, std::vector<Status>& out) {
  for (int i = 0; i < 3; i++) out.push_back(co_await runs.Publish(fmt::format("k{}", i), fmt::format("{}", i)));
  co_await runs.Close();
  out.push_back(co_await runs.Publish("late", "x"));
}

TEST_F(StateLogTest, ARunIsPublishedWhenThePublishAnswers) {
  auto runs = RunLogWriter::Open(io_.get_executor(), pool_, To(), kTopic);
  ASSERT_TRUE(runs.ok());
  std::vector<Status> out;
  Run(Publish(**runs, out));
  for (int i = 0; i < 3; i++) EXPECT_TRUE(out[i].ok()) << out[i];
  EXPECT_TRUE(IsCancelled(out[3]));
  Status read;
  Run(ReadAll(io_, clock_, pool_, To(), Collect(), read));
  EXPECT_EQ(seen_, (std::vector<std::string>{"k0=0", "k1=1", "k2=2"}));
}

}  // namespace
}  // namespace klink::admin
