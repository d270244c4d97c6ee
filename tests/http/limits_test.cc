// The one table of limits, held against what reads: each is taken at its value, and refused one beyond. A row without a
// check here fails.
#include "base/limits.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "http/access.h"
#include "http/rate_limit.h"
#include "kafka/cluster.h"
#include "kafka/compression.h"
#include "kafka/frame.h"
#include "kafka/oauth.h"
#include "kafka/sasl_scram.h"
#include "kafka/stream_tls.h"
#include "kafka/wire.h"
#include "state/audit.h"
#include "state/records.h"
#include "tests/fake/certificates.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::HasSubstr;

std::string Letters(int64_t count) { return std::string(static_cast<size_t>(count), 'x'); }
bool Says(const Status& status, std::string_view text) { return Text(status).find(text) != std::string::npos; }
std::string Nested(int64_t levels) {
  return std::string(static_cast<size_t>(levels), '[') + "1" + std::string(static_cast<size_t>(levels), ']');
}
// `begin` + letters + `end`, so many bytes altogether.
std::string Padded(const std::string& begin, const std::string& end, int64_t bytes) {
  return begin + Letters(bytes - static_cast<int64_t>(begin.size() + end.size())) + end;
}

class LimitsTest : public ServerTest {
 protected:
  ~LimitsTest() override { std::remove(path_.c_str()); }
  std::string File(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return path_;
  }

  static bool TakesFrame(int64_t size, int64_t most) {
    std::array<std::byte, kafka::kFramePrefix> prefix;
    StoreBe<int32_t>(prefix.data(), static_cast<int32_t>(size));
    return kafka::FrameSize({prefix.data(), prefix.size()}, static_cast<size_t>(most)).ok();
  }
  // A number of so many bytes, all but the last of which say that another one follows.
  template <class Read>
  static bool TakesVarint(int64_t bytes, Read read) {
    std::string text(static_cast<size_t>(bytes - 1), '\x80');
    text += '\x01';
    kafka::Reader in(SharedBytes::CopyOf(AsBytes(text)));
    (in.*read)();
    return in.ok();
  }
  static bool TakesScram(const std::string& server_first) {
    kafka::ScramConversation scram(kafka::ScramHash::kSha256, "user", "pencil", "nonce");
    (void)scram.First();
    return scram.Next(server_first).ok();
  }
  static bool TakesIterations(int64_t count) { return TakesScram(fmt::format("r=nonce1,s=AAAA,i={}", count)); }
  static bool Decompresses(int64_t bytes, int64_t most) {
    const std::string zeros(static_cast<size_t>(bytes), '\0');
    const SharedBytes small = kafka::Compress(kafka::Codec::kZstd, AsBytes(zeros)).value();
    return kafka::Decompress(kafka::Codec::kZstd, small.view(), static_cast<size_t>(most)).ok();
  }
  static bool TakesConfig(const std::string& text, std::string_view complaint) {
    return !Says(config::LoadText(text, "k.yaml", config::ProcessEnvironment()).status(), complaint);
  }
  static bool TakesCalls(Rate rate, int64_t at_once) {
    RateLimit limit(rate);
    bool taken = true;
    for (int64_t n = 0; n < at_once; ++n) taken = limit.Take("a", Instant());
    return taken;
  }
  bool TakesHttp(const std::string& request, std::string_view refusal) {
    return Raw(request).find(refusal) == std::string::npos;
  }
  bool TakesBody(const std::string& path, const std::string& body) {
    const ClientResponse response = Ask(path, body);
    return response.status != 400;
  }
  // So many calls are being answered at the same time; is none of them refused?
  bool TakesConnections(int64_t count) {
    asio::io_context& io = io_;
    Signal answer(io.get_executor());
    int64_t under_way = 0;
    bool answered = false;
    auto wait = [&](Request) -> Async<Response> {
      under_way++;
      while (!answered && (co_await answer.Wait()).ok()) {
      }
      co_return TextResponse("done\n");
    };
    auto before = std::move(server_);
    Serve(wait, {});
    std::vector<std::string> answers(static_cast<size_t>(count));
    std::unique_ptr<bool[]> done(new bool[static_cast<size_t>(count)]());
    for (size_t n = 0; n < answers.size(); ++n)
      Detach(io.get_executor(), RawOnce("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", answers[n], done[n]));
    const int64_t most = std::min(count, limits::kHttpConnections);
    while (under_way < most && io.run_one_for(10s) > 0) {
    }
    const auto some_ended = [&] { return std::any_of(done.get(), done.get() + count, [](bool one) { return one; }); };
    while (count > most && !some_ended() && io.run_one_for(10s) > 0) {
    }
    answered = true;
    answer.NotifyAll();
    bool all = true;
    for (size_t n = 0; n < answers.size(); ++n) {
      RunUntil(done[n]);
      all = all && answers[n].starts_with("HTTP/1.1 200 ");
    }
    TearDown();
    server_ = std::move(before);
    return all;
  }

  using Takes = std::function<bool(int64_t)>;
  std::map<std::string_view, Takes> Checks();
  void AddBrokers(std::map<std::string_view, Takes>& checks);
  void AddFiles(std::map<std::string_view, Takes>& checks);
  void AddHttp(std::map<std::string_view, Takes>& checks);

  std::string path_ = testing::TempDir() + "klink-limits-file";
};

void LimitsTest::AddBrokers(std::map<std::string_view, Takes>& checks) {
  checks["kLeastFrameBytes"] = [](int64_t n) { return TakesFrame(n, limits::kFrameBytes); };
  checks["kFrameBytes"] = [](int64_t n) {
    return TakesFrame(n, static_cast<int64_t>(kafka::ClusterOptions().frame_limit));
  };
  checks["kFirstFrameBytes"] = [](int64_t n) { return TakesFrame(n, limits::kFirstFrameBytes); };
  checks["kVarintBytes"] = [](int64_t n) { return TakesVarint(n, &kafka::Reader::UnsignedVarint); };
  checks["kVarlongBytes"] = [](int64_t n) { return TakesVarint(n, &kafka::Reader::Varlong); };
  checks["kDecompressedBytes"] = [](int64_t n) { return Decompresses(n, limits::kDecompressedBytes); };
  checks["kVerifiedBatchBytes"] = [](int64_t n) { return Decompresses(n, limits::kVerifiedBatchBytes); };
  checks["kLeastScramIterations"] = checks["kScramIterations"] = TakesIterations;
  checks["kScramSaltBytes"] = [](int64_t n) {
    return TakesScram(fmt::format("r=nonce1,s={},i=4096", kafka::EncodeBase64(Letters(n))));
  };
  checks["kScramNonceBytes"] = [](int64_t n) {
    return TakesScram(Padded("nonce", "", n).insert(0, "r=") + ",s=AAAA,i=4096");
  };
  checks["kScramMessageBytes"] = [](int64_t n) { return TakesScram(Padded("r=nonce1,s=AAAA,i=4096,x=", "", n)); };
  checks["kTokenAnswerBytes"] = [](int64_t n) {
    return kafka::ReadToken(Padded(R"({"access_token":"a","x":")", R"("})", n)).ok();
  };
}

void LimitsTest::AddFiles(std::map<std::string_view, Takes>& checks) {
  checks["kTopicNameBytes"] = [](int64_t n) { return config::CheckTopicName(Letters(n)).ok(); };
  checks["kPemFileBytes"] = [this](int64_t n) {
    kafka::TlsSettings settings;
    const std::string pem = klink::fake::Authority().certificate();
    settings.ca = File(pem + std::string(static_cast<size_t>(n) - pem.size(), '\n'));
    return kafka::TlsContext::Load(settings).ok();
  };
  checks["kConfigBytes"] = [](int64_t n) { return TakesConfig(Padded("# ", "\n", n), "larger than"); };
  checks["kConfigDepth"] = [](int64_t n) { return TakesConfig(Nested(n), "nested more than"); };
  checks["kReferencedFileBytes"] = [this](int64_t n) {
    return config::Expand("${file:" + File(Letters(n)) + "}", config::ProcessEnvironment()).ok();
  };
  checks["kAuditLineBytes"] = [](int64_t n) {
    return state::AuditSequence(Padded(R"({"sequence":"1","prev":")", R"("})", n)).ok();
  };
  checks["kStateRecordBytes"] = [](int64_t n) {
    return state::Decode("config", Padded(R"({"v":1,"text":")", R"("})", n)).ok();
  };
  checks["kStateRecordDepth"] = [](int64_t n) {
    return !Says(state::Decode("config", fmt::format(R"({{"v":1,"text":{}}})", Nested(n - 1))).status(), "deep");
  };
}

void LimitsTest::AddHttp(std::map<std::string_view, Takes>& checks) {
  checks["kHttpHeaderBytes"] = [this](int64_t n) {
    return TakesHttp(Padded("GET /livez HTTP/1.1\r\nConnection: close\r\nX: ", "\r\n\r\n", n), " 431 ");
  };
  checks["kHttpBodyBytes"] = [this](int64_t n) {
    const std::string head = "POST /v1/links/x:pause HTTP/1.1\r\nConnection: close\r\nContent-Length: ";
    return TakesHttp(fmt::format("{}{}\r\n\r\n{}", head, n, Letters(n)), " 413 ");
  };
  checks["kHttpConnections"] = [this](int64_t n) { return TakesConnections(n); };
  checks["kHttpCredentialBytes"] = [](int64_t n) {
    Request request;
    request.authorization = Padded("Bearer ", "", n);
    return !Says(Identify({}, request, WallTime()).status(), "neither");
  };
  checks["kHttpCallsAtOnce"] = [](int64_t n) { return TakesCalls(kCallsOfOneCaller, n); };
  checks["kHttpGuessesAtOnce"] = [](int64_t n) { return TakesCalls(kUnknownOfOneAddress, n); };
  checks["kHttpOffsets"] = [this](int64_t n) {
    std::string offsets = "0";
    for (int64_t i = 1; i < n; ++i) offsets += ",0";
    const std::string path = "/v1/links/paris-to-lyon/offsets:translate";
    return TakesBody(path, R"({"topic":"orders.eu","partition":0,"offsets":[)" + offsets + "]}");
  };
  checks["kHttpTopics"] = [this](int64_t n) {
    std::string topics = "\"a\"";
    for (int64_t i = 1; i < n; ++i) topics += ",\"a\"";
    return TakesBody("/v1/links/paris-to-lyon/mirrors:pause", R"({"topics":[)" + topics + "]}");
  };
  checks["kHttpTextBytes"] = [this](int64_t n) {
    return TakesBody("/v1/links/paris-to-lyon:pause", R"({"reason":")" + Letters(n) + "\"}");
  };
  checks["kJsonDepth"] = [](int64_t n) { return ParseJson(Nested(n)).ok(); };
}

std::map<std::string_view, LimitsTest::Takes> LimitsTest::Checks() {
  std::map<std::string_view, Takes> checks;
  AddBrokers(checks);
  AddFiles(checks);
  AddHttp(checks);
  return checks;
}

TEST_F(LimitsTest, EachHoldsAtItsValueAndNoFurther) {
  Start();
  auto checks = Checks();
  for (const limits::Limit& limit : limits::kAll) {
    ASSERT_TRUE(checks.contains(limit.name)) << limit.name << " is not checked";
    const Takes& takes = checks[limit.name];
    EXPECT_TRUE(takes(limit.value)) << limit.name;
    EXPECT_FALSE(takes(limit.is_least() ? limit.value - 1 : limit.value + 1)) << limit.name;
  }
  EXPECT_EQ(checks.size(), limits::kAll.size());
}

TEST(LimitsPageTest, IsTheTable) {
  std::string text =
      "# Limits\n\nWhat klink takes from others at most. Beyond, it refuses.\n\n| Limit | Of |\n|---:|---|\n";
  for (const limits::Limit& limit : limits::kAll)
    text += fmt::format("| {}{} | {} |\n", limit.is_least() ? "at least " : "", limit.value, limit.of);
  const std::string path = KLINK_SOURCE_DIR "/docs/limits.md";
  if (getenv("KLINK_UPDATE") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(in), {}}), text) << "KLINK_UPDATE=1 rewrites docs/limits.md";
}

}  // namespace
}  // namespace klink::http
