// The audit chain: whatever is done to the file, the verifier names the event; a crash at any byte is repaired.
#include "state/audit.h"

#include <filesystem>
#include <fstream>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "state/audit_file.h"

namespace klink::state {
namespace {

using testing::HasSubstr;

const WallTime kNow{std::chrono::milliseconds(1767225600000)};

AuditEvent Event(int n) {
  AuditEvent event;
  event.type = "klink.mirrors.pause.requested";
  event.subject = "paris-to-lyon";
  event.data["reason"] = fmt::format("reason {}", n);
  return event;
}

struct Chain {
  explicit Chain(int events) {
    for (int n = 1; n <= events; ++n) {
      lines.push_back(AuditLine(head, "klink-0", kNow, Event(n)));
      head = HeadAfter(head, lines.back());
    }
  }
  AuditVerdict Verify(std::vector<AuditHead> anchors = {}, std::string_view torn = "") const {
    AuditVerifier verifier(std::move(anchors));
    for (const std::string& line : lines) verifier.Take(line);
    return verifier.Finish(torn);
  }
  std::vector<std::string> lines;
  AuditHead head;
};

TEST(AuditChainTest, ALineIsACloudEventWithTheDigestOfTheOneBefore) {
  const Chain chain(2);
  EXPECT_EQ(chain.lines[0],
            R"({"specversion":"1.0","id":"klink-0-000000000001","source":"/klink/klink-0",)"
            R"("type":"klink.mirrors.pause.requested","subject":"paris-to-lyon","time":"2026-01-01T00:00:00.000Z",)"
            R"("sequence":"000000000001","prev":")" +
                std::string(64, '0') + R"(","datacontenttype":"application/json","data":{"reason":"reason 1"}})");
  EXPECT_THAT(chain.lines[1], HasSubstr("\"prev\":\"" + Sha256Hex(std::string_view(chain.lines[0])) + "\""));
}

TEST(AuditChainTest, AWholeChainHoldsAndReachesItsAnchor) {
  const Chain chain(5);
  const AuditHead middle = Chain(3).head;
  for (const std::vector<AuditHead>& anchors :
       std::vector<std::vector<AuditHead>>{{}, {chain.head}, {middle}, {AuditHead()}, {chain.head, middle, middle}}) {
    EXPECT_EQ(chain.Verify(anchors).fault, "");
    EXPECT_EQ(chain.Verify(anchors).head, chain.head);
  }
  EXPECT_EQ(Chain(0).Verify().fault, "");
}

TEST(AuditChainTest, EveryByteOfEveryEventIsProtected) {
  const Chain whole(4);
  for (size_t n = 0; n < whole.lines.size(); ++n) {
    for (size_t at = 0; at < whole.lines[n].size(); ++at) {
      Chain chain = whole;
      chain.lines[n][at] = static_cast<char>(chain.lines[n][at] ^ 1);
      const AuditVerdict verdict = chain.Verify({whole.head});
      EXPECT_NE(verdict.fault, "") << n << " " << at;
      EXPECT_LE(verdict.fault_at, static_cast<int64_t>(n) + 1) << n << " " << at << " " << verdict.fault;
      EXPECT_GE(verdict.fault_at, static_cast<int64_t>(n)) << n << " " << at << " " << verdict.fault;
    }
  }
}

TEST(AuditChainTest, ADeletionIsNamed) {
  for (size_t n = 0; n < 4; ++n) {
    Chain chain(5);
    chain.lines.erase(chain.lines.begin() + static_cast<ptrdiff_t>(n));
    EXPECT_EQ(chain.Verify().fault, fmt::format("event {} is missing", n + 1));
    EXPECT_EQ(chain.Verify().fault_at, static_cast<int64_t>(n) + 1);
  }
  Chain chain(5);
  chain.lines.erase(chain.lines.begin() + 1, chain.lines.begin() + 4);
  EXPECT_EQ(chain.Verify().fault, "events 2 to 4 are missing");
}

TEST(AuditChainTest, MovedAndRepeatedLinesAreNamed) {
  Chain moved(5);
  std::swap(moved.lines[1], moved.lines[2]);
  EXPECT_EQ(moved.Verify().fault_at, 2);
  Chain twice(3);
  twice.lines.insert(twice.lines.begin() + 2, twice.lines[1]);
  EXPECT_EQ(twice.Verify().fault, "event 2 stands where 3 belongs: lines were moved or repeated");
}

TEST(AuditChainTest, ATailThatWasCutOffShowsAgainstTheAnchor) {
  Chain chain(5);
  chain.lines.resize(3);
  EXPECT_EQ(chain.Verify().fault, "") << "nothing in the file itself tells";
  EXPECT_EQ(chain.Verify({Chain(5).head}).fault, "the end is cut off: events 4 to 5 are missing");
  EXPECT_EQ(chain.Verify({Chain(5).head}).fault_at, 4);
}

TEST(AuditChainTest, ALastEventWrittenAnewShowsAgainstTheAnchor) {
  Chain chain(2);
  const AuditHead anchor = Chain(3).head;
  chain.lines.push_back(AuditLine(chain.head, "klink-0", kNow, Event(99)));
  EXPECT_THAT(chain.Verify({anchor}).fault, HasSubstr("event 3 is not the one that was anchored"));
}

// Somebody cuts the end off, and the agent writes on: the end alone is right again, what was kept of the middle is not.
TEST(AuditChainTest, ATailThatWasCutOffAndWrittenOnShowsAgainstWhatWasKept) {
  const Chain before(4);
  Chain after(2);
  for (int n = 90; n < 93; ++n) {
    after.lines.push_back(AuditLine(after.head, "klink-0", kNow, Event(n)));
    after.head = HeadAfter(after.head, after.lines.back());
  }
  EXPECT_EQ(after.Verify({after.head}).fault, "") << "the end alone does not tell";
  EXPECT_THAT(after.Verify({before.head, after.head}).fault, HasSubstr("event 4 is not the one that was anchored"));
  const AuditHead third = Chain(3).head;
  EXPECT_EQ(after.Verify({after.head, third, before.head}).fault_at, 3);
}

TEST(AuditChainTest, BytesThatAreNoTextMakeALineThatCanBeRead) {
  for (const std::string hostile :
       {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\n\"\\\x1b"}) {
    AuditEvent event = Event(1);
    event.subject = hostile;
    event.data["reason"] = hostile + "é€𝄞";
    const std::string line = AuditLine(AuditHead(), "klink-0", kNow, event);
    EXPECT_EQ(AuditSequence(line).value_or(0), 1) << line;
    EXPECT_THAT(line, HasSubstr("é€𝄞"));
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(AuditChainTest, HeadsAreReadAsTheyArePrinted) {
  const AuditHead head = Chain(3).head;
  EXPECT_EQ(*ParseAuditHead(ToText(head)), head);
  const std::vector<std::string> wrong = {"", "3", "3:", "x:" + head.hash, "-1:" + head.hash, "3:" + head.hash + "0"};
  for (const std::string& text : wrong) EXPECT_FALSE(ParseAuditHead(text).ok()) << text;
}

class AuditFileTest : public testing::Test {
 protected:
  AuditFileTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "klink-audit-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    path_ = dir_ / "audit.jsonl";
  }
  ~AuditFileTest() override { std::filesystem::remove_all(dir_); }

  StatusOr<std::unique_ptr<AuditFile>> Open() {
    AuditFile::Options options;
    options.path = path_;
    options.agent = "klink-0";
    return AuditFile::Open(io_.get_executor(), std::move(options));
  }
  // Opens, writes `events`, closes.
  void Write(int events) {
    auto file = Open();
    ASSERT_TRUE(file.ok()) << file.status();
    for (int n = 0; n < events; ++n) Detach(io_.get_executor(), Append(**file, n));
    io_.restart();
    io_.run();
  }
  static Async<void> Append(AuditFile& file, int n) {
    AuditEvent event = Event(n);
    EXPECT_TRUE((co_await file.Append(kNow, std::move(event))).ok());
  }
  std::string Text() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Put(const std::string& text) { std::ofstream(path_, std::ios::binary) << text; }

  asio::io_context io_;
  std::filesystem::path dir_;
  std::filesystem::path path_;
};

TEST_F(AuditFileTest, ARestartGoesOnWithTheChain) {
  Write(3);
  Write(2);
  const auto verdict = VerifyAuditFile(path_);
  ASSERT_TRUE(verdict.ok());
  EXPECT_EQ(verdict->fault, "");
  EXPECT_EQ(verdict->head.sequence, 5);
}

TEST_F(AuditFileTest, ACrashAtAnyByteOfALineIsRepaired) {
  Write(2);
  const std::string whole = Text();
  const size_t first = whole.find('\n') + 1;
  for (size_t size = first; size < whole.size(); size += 7) {
    Put(whole.substr(0, size));
    if (size > first) EXPECT_THAT(VerifyAuditFile(path_)->fault, HasSubstr("event 2 is cut off"));
    Write(1);
    EXPECT_EQ(VerifyAuditFile(path_)->fault, "") << size;
    EXPECT_EQ(VerifyAuditFile(path_)->head.sequence, 2) << size;
  }
}

TEST_F(AuditFileTest, AFileThatIsNoAuditLogIsNotTouched) {
  for (const std::string text : {"precious", "precious\n", "{\"a\":1}\n", "x\ny"}) {
    Put(text);
    EXPECT_EQ(Open().status().code(), Code::kFailedPrecondition);
    EXPECT_EQ(Text(), text);
  }
}

TEST_F(AuditFileTest, ALineBeyondEveryLimitIsAFaultAndNotMemory) {
  Put(std::string(kAuditLineBytesMost + 100, 'x') + "\n");
  EXPECT_THAT(VerifyAuditFile(path_)->fault, HasSubstr("event 1 cannot be read"));
}

TEST_F(AuditFileTest, WhatCannotBeWrittenIsAnError) {
  AuditFile::Options options;
  options.path = "/dev/full";
  options.agent = "klink-0";
  auto file = AuditFile::Open(io_.get_executor(), std::move(options));
  ASSERT_TRUE(file.ok()) << file.status();
  StatusOr<AuditWritten> written = AuditWritten();
  auto append = [](AuditFile& to, StatusOr<AuditWritten>& out) -> Async<void> {
    AuditEvent event = Event(1);
    out = co_await to.Append(kNow, std::move(event));
  };
  Detach(io_.get_executor(), append(**file, written));
  io_.run();
  EXPECT_THAT(klink::Text(written.status()), HasSubstr("No space left"));
  EXPECT_EQ((*file)->head().sequence, 0);
}

}  // namespace
}  // namespace klink::state
