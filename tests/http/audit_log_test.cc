// What the gate writes down of each call, and what happens when it cannot.
#include "http/audit_log.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class AuditTest : public ServerTest {
 protected:
  AuditTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "klink-audit-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    std::ofstream(dir_ / "tokens.yaml") << "tokens:\n  - {name: ops, role: operator, sha256: "
                                        << Sha256Hex("token-of-ops") << "}\n";
    SetLogger(std::make_shared<Logger>(LogOptions{}, [](Level, std::string_view) {}, [] { return WallTime{}; }));
  }
  ~AuditTest() override {
    SetLogger(nullptr);
    std::filesystem::remove_all(dir_);
  }
  void StartAudited(config::OnAuditFailure on_failure = config::OnAuditFailure::kBlock, std::string path = "") {
    state::AuditFile::Options options;
    options.path = path.empty() ? file().string() : path;
    options.agent = "klink-0";
    auto opened = state::AuditFile::Open(io_.get_executor(), std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    auto audit = std::make_shared<AuditLog>(*std::move(opened), on_failure, metrics_, clock_);
    auto access = Access::Open(dir_ / "tokens.yaml");
    ASSERT_TRUE(access.ok()) << access.status();
    GateParts parts;
    parts.access = *std::move(access);
    parts.audit = audit;
    Serve(Guard(MakeRoutes(agent_, metrics_, audit), std::move(parts), clock_), {});
    token_ = "token-of-ops";
  }
  std::filesystem::path file() const { return dir_ / "audit.jsonl"; }
  std::vector<Json> Events() const {
    std::ifstream in(file());
    std::vector<Json> events;
    for (std::string line; std::getline(in, line);) events.push_back(*ParseJson(line));
    return events;
  }
  std::vector<std::string> Types() const {
    std::vector<std::string> types;
    for (const Json& event : Events()) types.push_back(*JsonText(event, "type"));
    return types;
  }
  static const Json& DataOf(const Json& event) { return *FindJson(event, "data"); }

  std::filesystem::path dir_;
  SystemClock clock_;
  const std::string pause_ = "/v1/links/paris-to-lyon/mirrors:pause";
};

TEST_F(AuditTest, AChangeIsToldBeforeAndAfter) {
  StartAudited();
  EXPECT_EQ(Ask(pause_, R"({"topics":["orders.eu"],"by":"ann","reason":"rack 3"})").status, 200);
  ASSERT_THAT(Types(), ElementsAre("klink.mirrors.pause.requested", "klink.mirrors.pause.completed"));
  const Json before = Events()[0];
  const Json after = Events()[1];
  EXPECT_EQ(*JsonText(before, "subject"), "paris-to-lyon");
  EXPECT_EQ(*JsonText(DataOf(before), "principal"), "ops");
  EXPECT_EQ(*JsonText(DataOf(before), "says_to_be"), "ann");
  EXPECT_EQ(*JsonText(DataOf(before), "reason"), "rack 3");
  EXPECT_EQ(*JsonText(DataOf(before), "authenticated_by"), "bearer");
  EXPECT_THAT(*JsonText(DataOf(before), "from"), testing::StartsWith("127.0.0.1:"));
  EXPECT_EQ(*JsonInt(DataOf(after), "requested"), 1);
  EXPECT_EQ(*JsonInt(DataOf(after), "status"), 200);
  EXPECT_THAT(CompactJson(*FindJson(DataOf(after), "answer")),
              HasSubstr(R"("state_before":"ACTIVE","state":"PAUSED","outcome":"paused")"));
  EXPECT_EQ(state::VerifyAuditFile(file())->fault, "");
}

TEST_F(AuditTest, AChangeThatFailsIsToldToo) {
  StartAudited();
  EXPECT_EQ(Ask(pause_, "{").status, 400);
  agent_.control_status = Unavailable("link paris-to-lyon is led by agent klink-1");
  EXPECT_EQ(Ask(pause_, R"({"all":true})").status, 503);
  EXPECT_THAT(Types(), ElementsAre("klink.mirrors.pause.requested", "klink.mirrors.pause.failed",
                                   "klink.mirrors.pause.requested", "klink.mirrors.pause.failed"));
}

TEST_F(AuditTest, QuestionsAndDryRunsAreNot) {
  StartAudited();
  EXPECT_EQ(Ask("/v1/status").status, 200);
  EXPECT_EQ(Ask(pause_, R"({"all":true,"dry_run":true})").status, 200);
  EXPECT_THAT(Types(), testing::IsEmpty());
}

TEST_F(AuditTest, EveryRefusedCallIsToldWithoutTheToken) {
  StartAudited();
  token_ = "s3cret-guess";
  for (int n = 0; n < 5; ++n) EXPECT_EQ(Ask(pause_, R"({"all":true})").status, 401);
  EXPECT_EQ(Ask("/v1/status").status, 401);
  token_ = "token-of-ops";
  EXPECT_EQ(Ask("/v1/links/paris-to-lyon/mirrors:realign", R"({"all":true})").status, 403);
  EXPECT_THAT(Types(), testing::Each("klink.call.refused"));
  const std::vector<Json> events = Events();
  ASSERT_EQ(events.size(), 7u);
  EXPECT_EQ(*JsonInt(DataOf(events[0]), "status"), 401);
  EXPECT_EQ(*JsonText(DataOf(events[0]), "path"), "/v1/links/paris-to-lyon/mirrors%3Apause");
  EXPECT_EQ(*JsonText(DataOf(events[5]), "path"), "/v1/status");
  EXPECT_EQ(*JsonInt(DataOf(events[6]), "status"), 403);
  EXPECT_EQ(*JsonText(DataOf(events[6]), "principal"), "ops");
  std::ifstream in(file());
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(text, Not(HasSubstr("s3cret-guess")));
  EXPECT_THAT(text, Not(HasSubstr("token-of-ops")));
}

TEST_F(AuditTest, AFloodOfRefusedCallsIsCounted) {
  StartAudited();
  token_ = "guess";
  const int most = static_cast<int>(kRefusalsTold.burst);
  for (int n = 0; n < most + 9; ++n) EXPECT_EQ(Ask("/v1/status").status, 401);
  token_ = "token-of-ops";
  EXPECT_EQ(Ask("/v1/links/paris-to-lyon/mirrors:realign", R"({"all":true})").status, 403) << "is told for itself";
  const std::vector<Json> events = Events();
  EXPECT_LT(events.size(), static_cast<size_t>(most) + 5);
  int64_t told = 0;
  for (const Json& event : events) told += 1 + *JsonInt(DataOf(event), "untold_before");
  EXPECT_EQ(told, most + 10) << "each is told or counted";
}

TEST_F(AuditTest, WithoutItsEventNothingIsChanged) {
  StartAudited(config::OnAuditFailure::kBlock, "/dev/full");
  const ClientResponse response = Ask(pause_, R"({"all":true})");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("nothing was changed, because it could not be written down"));
  EXPECT_TRUE(agent_.asked.empty());
  EXPECT_EQ(Ask("/v1/status").status, 200);
}

TEST_F(AuditTest, UnlessTheOperatorPrefersTheChange) {
  StartAudited(config::OnAuditFailure::kContinue, "/dev/full");
  EXPECT_EQ(Ask(pause_, R"({"all":true})").status, 200);
}

TEST_F(AuditTest, TheEndIsServedWithItsHead) {
  StartAudited();
  for (int n = 0; n < 3; ++n) Ask(pause_, R"({"all":true})");
  const Json view = *ParseJson(Ask("/v1/audit?events=2").body);
  EXPECT_EQ(FindJson(view, "events")->as_array().size(), 2u);
  EXPECT_EQ(*JsonInt(*FindJson(view, "head"), "sequence"), 6);
  EXPECT_EQ(Ask("/v1/audit?events=1001").status, 400);
  EXPECT_THAT(Ask("/metrics").body, HasSubstr("klink_audit_sequence 6\n"));
}

TEST_F(AuditTest, AnAnswerTooLargeIsThereByItsDigest) {
  AuditedCall call;
  Request request;
  request.body = "{}";
  call.row = FindRow(Method::kPost, "/v1/links/{}/mirrors:pause");
  call.request = &request;
  Response response;
  response.body = "{\"x\":\"" + std::string(kAuditAnswerBytesMost, 'x') + "\"}";
  const state::AuditEvent event = OutcomeEvent(call, response, 1);
  EXPECT_EQ(event.data.at("answer_sha256").as_string(), Sha256Hex(response.body));
  EXPECT_FALSE(event.data.contains("answer"));
}

}  // namespace
}  // namespace klink::http
