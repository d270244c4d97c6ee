// Verbs against an agent that asks who calls, and its audit log.
#include "base/digest.h"
#include "http/gate.h"
#include "state/audit_file.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class AccessCliTest : public CliTest {
 protected:
  AccessCliTest() {
    Write("viewer.token", "token-of-grafana\n");
    Write("wrong.token", "s3cret-guess\n");
    Write("tokens.yaml", "tokens:\n  - {name: grafana, role: viewer, sha256: " +
                             Sha256Hex(std::string_view("token-of-grafana")) + "}\n");
  }
  std::string At(const std::string& name) const { return (dir_ / name).string(); }
  void ServeGuarded() {
    state::AuditFile::Options options;
    options.path = At("audit.jsonl");
    options.agent = "klink-0";
    audit_ = std::make_shared<http::AuditLog>(*state::AuditFile::Open(io_.get_executor(), std::move(options)),
                                              config::OnAuditFailure::kBlock, metrics_, clock_);
    http::GateParts parts;
    parts.access = *http::Access::Open(At("tokens.yaml"));
    parts.audit = audit_;
    Serve(http::Guard(http::MakeRoutes(agent_, metrics_, audit_), std::move(parts), clock_));
  }

  SystemClock clock_;
  std::shared_ptr<http::AuditLog> audit_;
};

TEST_F(AccessCliTest, WithoutATokenItSaysHowToNameOne) {
  ServeGuarded();
  ExpectGolden("access_no_token", {"status"});
  ExpectGolden("access_wrong_token", {"status", "--token-file", At("wrong.token")});
  ExpectGolden("access_role", {"mirror", "pause", "orders.eu", "--link", "paris-to-lyon", "--yes", "--token-file",
                               At("viewer.token")});
  ExpectGolden("access_token_file", {"status", "--token-file", At("nowhere")});
}

TEST_F(AccessCliTest, ATokenFromTheFileOrTheEnvironmentOpens) {
  ServeGuarded();
  EXPECT_EQ(Run({"status", "--token-file", At("viewer.token")}).exit, Exit::kOk);
  env_["KLINK_TOKEN_FILE"] = At("viewer.token");
  EXPECT_EQ(Run({"link", "list"}).exit, Exit::kOk);
  EXPECT_EQ(Run({"status", "--token-file", At("wrong.token")}).exit, Exit::kNotAuthorised) << "the flag wins";
}

TEST_F(AccessCliTest, TheAuditLogIsShownAndVerified) {
  ServeGuarded();
  env_["KLINK_TOKEN_FILE"] = At("viewer.token");
  EXPECT_EQ(Run({"link", "pause", "--yes", "--reason", "rack 3"}).exit, Exit::kNotAuthorised);
  const Ran tail = Run({"audit", "tail"});
  EXPECT_EQ(tail.exit, Exit::kOk) << tail.err;
  EXPECT_THAT(tail.out, HasSubstr("klink.call.refused"));
  EXPECT_THAT(tail.out, HasSubstr("grafana"));
  const Ran whole = Run({"audit", "verify", At("audit.jsonl"), "--agent"});
  EXPECT_EQ(whole.exit, Exit::kOk) << whole.out << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("whole, 1 events, and event 1 is the one that was anchored (agent)"));
  Write("audit.jsonl", "");
  const Ran cut = Run({"audit", "verify", At("audit.jsonl"), "--agent"});
  EXPECT_EQ(cut.exit, Exit::kBadData);
  EXPECT_THAT(cut.out, HasSubstr("NOT WHOLE: the end is cut off: events 1 to 1 are missing"));
}

// Nobody has to know of anchors: the agent's own log is compared with whoever can be asked.
TEST_F(AccessCliTest, VerifyAsksTheRunningAgentWhereItsLogEnds) {
  ServeGuarded();
  Write("agent.json", fmt::format(R"({{"url":"{}","pid":{},"id":"klink-0"}})", env_["KLINK_URL"], getpid()));
  env_["KLINK_TOKEN_FILE"] = At("viewer.token");
  env_["KLINK_CONFIG"] = Write("klink.yaml", R"(agent: {data_dir: ")" + dir_.string() + R"(", audit: {topic: false}}
clusters: {a: {bootstrap.servers: "a:1"}, b: {bootstrap.servers: "b:1"}}
links: [{name: l, source: a, destination: b, topics: {include: [{prefix: x}]}}]
)");
  for (int n = 0; n < 3; ++n) EXPECT_EQ(Run({"link", "pause", "--yes"}).exit, Exit::kNotAuthorised);
  const Ran whole = Run({"audit", "verify"});
  EXPECT_EQ(whole.exit, Exit::kOk) << whole.out << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("whole, 3 events, and event 3 is the one that was anchored (agent)"));
  const std::string text = ReadAll(At("audit.jsonl"));
  Write("audit.jsonl", text.substr(0, text.find('\n') + 1));
  for (const std::vector<std::string>& verify :
       {std::vector<std::string>{"audit", "verify"}, {"audit", "verify", At("audit.jsonl")}}) {
    const Ran cut = Run(verify);
    EXPECT_EQ(cut.exit, Exit::kBadData);
    EXPECT_THAT(cut.out, HasSubstr("NOT WHOLE: the end is cut off: events 2 to 3 are missing"));
  }
  EXPECT_EQ(Run({"audit", "verify", "--offline"}).exit, Exit::kOk);
  EXPECT_EQ(Run({"audit", "verify", At("audit.jsonl"), "--offline"}).exit, Exit::kOk);
}

TEST_F(AccessCliTest, TheEndOfTheLogIsShown) {
  state::AuditHead head;
  std::string text;
  for (const char* type : {"klink.mirrors.pause.requested", "klink.mirrors.pause.completed"}) {
    state::AuditEvent event;
    event.type = type;
    event.subject = "paris-to-lyon";
    event.data["action"] = "mirrors.pause";
    event.data["principal"] = "ops";
    event.data["role"] = "operator";
    event.data["authenticated_by"] = "bearer";
    event.data["from"] = "127.0.0.1:51234";
    event.data["reason"] = "rack 3 is moved\x1b[2J";
    if (head.sequence == 1) event.data["status"] = 200;
    const std::string line = state::AuditLine(head, "klink-0", WallTime(std::chrono::seconds(1767225600)), event);
    head = state::HeadAfter(head, line);
    text += line + "\n";
  }
  Write("audit.jsonl", text);
  ServeGuarded();
  env_["KLINK_TOKEN_FILE"] = At("viewer.token");
  ExpectExample("audit_tail", {"audit", "tail"});
  ExpectGolden("audit_tail", {"audit", "tail"});
}

TEST_F(AccessCliTest, VerifyNamesTheEventThatWasChanged) {
  state::AuditHead head;
  std::string text;
  for (int n = 1; n <= 3; ++n) {
    state::AuditEvent event;
    event.type = "klink.agent.started";
    event.data["n"] = n;
    const std::string line = state::AuditLine(head, "klink-0", WallTime{}, event);
    head = state::HeadAfter(head, line);
    text += line + "\n";
  }
  Write("audit.jsonl", text);
  ExpectExample("audit_verify", {"audit", "verify", At("audit.jsonl"), "--head", state::ToText(head)});
  ExpectGolden("audit_verify", {"audit", "verify", At("audit.jsonl")});
  ExpectGolden("audit_verify_head", {"audit", "verify", At("audit.jsonl"), "--head", state::ToText(head)});
  std::string edited = text;
  edited.replace(edited.find("\"n\":2"), 5, "\"n\":7");
  Write("audit.jsonl", edited);
  ExpectGolden("audit_verify_edited", {"audit", "verify", At("audit.jsonl")});
  Write("audit.jsonl", text.substr(0, text.find('\n') + 1));
  ExpectGolden("audit_verify_cut", {"audit", "verify", At("audit.jsonl"), "--head", state::ToText(head)});
  EXPECT_EQ(Run({"audit", "verify", At("nowhere.jsonl")}).exit, Exit::kFailed);
  EXPECT_EQ(Run({"audit", "verify", At("audit.jsonl"), "--head", "3"}).exit, Exit::kUsage);
}

}  // namespace
}  // namespace klink::cli
