// Lines as operators see them: both formats, and repeated lines counted instead of printed.
#include "base/log.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/log_tail.h"

namespace klink {
namespace {

class LogTest : public testing::Test {
 protected:
  Logger Make(LogFormat format = LogFormat::kLogfmt) {
    LogOptions options;
    options.format = format;
    return Logger(
        options, [this](Level, std::string_view line) { lines_.emplace_back(line); }, [this] { return now_; });
  }
  WallTime now_{std::chrono::milliseconds(1767225600123)};
  std::vector<std::string> lines_;
};

TEST_F(LogTest, LogfmtQuotesOnlyWhatNeedsIt) {
  Logger logger = Make();
  logger.Log(Level::kWarning, Event::kPartitionFailed, "partition stopped",
             {{"link", "a-to-b"}, {"topic", "orders"}, {"partition", 3}, {"error", "x=1 \"y\"\nz"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0],
            "ts=2026-01-01T00:00:00.123Z level=warning event=KL1212 msg=\"partition stopped\" link=a-to-b topic=orders "
            "partition=3 error=\"x=1 \\\"y\\\"\\nz\"");
}

TEST_F(LogTest, JsonHasTheSameFieldsInTheSameOrder) {
  Logger logger = Make(LogFormat::kJson);
  logger.Log(Level::kInfo, Event::kAgentStarted, "klink", {{"listen", "127.0.0.1:1"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(
      lines_[0],
      R"({"ts":"2026-01-01T00:00:00.123Z","level":"info","event":"KL1001","msg":"klink","listen":"127.0.0.1:1"})");
}

TEST_F(LogTest, LinesBelowTheLevelAreNotPrinted) {
  Logger logger = Make();
  logger.Log(Level::kDebug, Event::kAgentStarted, "x", {});
  EXPECT_TRUE(lines_.empty());
}

TEST_F(LogTest, TheSameEventOfTheSameThingIsPrintedOnceAMinuteWithItsCount) {
  Logger logger = Make();
  auto fail = [&](int partition, int attempt) {
    logger.Log(Level::kWarning, Event::kPartitionRetry, "again", {{"partition", partition}, {"error", attempt}});
  };
  fail(0, 1), fail(0, 2), fail(1, 1), fail(0, 3);
  EXPECT_EQ(lines_.size(), 2u);
  now_ += 61s;
  fail(0, 4);
  ASSERT_EQ(lines_.size(), 3u);
  EXPECT_NE(lines_[2].find("error=4 repeated=2"), std::string::npos) << lines_[2];
}

TEST_F(LogTest, HeldBackLinesAreToldEvenWhenTheEventDoesNotComeAgain) {
  Logger logger = Make();
  for (int i = 0; i < 4; i++) logger.Log(Level::kWarning, Event::kClusterUnreachable, "no", {{"cluster", "paris"}});
  now_ += 2min;
  logger.Log(Level::kInfo, Event::kClusterReachable, "yes", {{"cluster", "paris"}});
  ASSERT_EQ(lines_.size(), 3u);
  EXPECT_NE(lines_[1].find("KL1302"), std::string::npos);
  EXPECT_NE(lines_[1].find("repeated=3"), std::string::npos);
  logger.Log(Level::kInfo, Event::kClusterReachable, "yes", {{"cluster", "paris"}});
  logger.FlushRepeated();
  EXPECT_EQ(lines_.size(), 4u);
}

TEST(EventTableTest, EveryIdIsGivenOnceAndEveryRowSaysWhatToDo) {
  std::set<Event> seen;
  for (const EventRow& row : kEventTable) {
    EXPECT_TRUE(seen.insert(row.event).second) << row.name;
    EXPECT_FALSE(row.cause.empty() || row.remedy.empty()) << row.name;
  }
}

TEST(DigestTest, Sha256OfTheKnownText) {
  EXPECT_EQ(Sha256Hex(AsBytes("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(LogTailTest, TheNewestLinesAreKeptWithinLimits) {
  LogTail tail;
  EXPECT_TRUE(tail.Newest(10).empty());
  for (size_t i = 0; i < LogTail::kLinesMost + 5; i++) tail.Add(std::to_string(i));
  EXPECT_EQ(tail.Newest(2), (std::vector<std::string>{"1003", "1004"}));
  EXPECT_EQ(tail.Newest(5000).size(), LogTail::kLinesMost);
  EXPECT_EQ(tail.Newest(5000).front(), "5");
  tail.Add(std::string(LogTail::kBytesMost, 'x'));
  EXPECT_EQ(tail.Newest(5000).size(), 1u);
}

}  // namespace
}  // namespace klink
