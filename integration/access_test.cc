// Who may steer klink, what is written down of it, and that no secret leaves the process: a real agent, raw HTTP.
#include <cstdlib>
#include <fstream>
#include <regex>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/digest.h"
#include "integration/mirror_fixture.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

constexpr const char* kViewer = "viewer-canary-7f31c09a";
constexpr const char* kOperator = "operator-canary-81b0d2ee";
constexpr const char* kAdmin = "admin-canary-c4479f50";
constexpr const char* kGuess = "guess-canary-0d55aa11";
constexpr const char* kPassword = "password-canary-5ca1ab1e";
constexpr const char* kTopic = "t-access";

// A connection that can be fed byte by byte.
class Socket {
 public:
  explicit Socket(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) throw std::runtime_error("connect");
  }
  ~Socket() { close(fd_); }
  Socket(Socket&&) = delete;
  bool Send(const std::string& text) {
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  std::string ReadAll() {
    std::string text;
    char part[16384];
    for (ssize_t got = 0; (got = recv(fd_, part, sizeof part, 0)) > 0;) text.append(part, static_cast<size_t>(got));
    return text;
  }

 private:
  int fd_;
};

class Access : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>();
    CreateTopic(pair_->source, kTopic, 1);
    agent_ = std::make_unique<Agent>(FileOfPair());
    WriteFile(agent_->dir() / "tokens.yaml",
              fmt::format("tokens:\n  - {{name: grafana, role: viewer, sha256: {}}}\n"
                          "  - {{name: ops, role: operator, sha256: {}}}\n  - {{name: ann, role: admin, sha256: {}}}\n",
                          Sha256Hex(std::string_view(kViewer)), Sha256Hex(std::string_view(kOperator)),
                          Sha256Hex(std::string_view(kAdmin))));
    for (const char* token : {kViewer, kOperator, kAdmin, kGuess}) WriteFile(TokenFile(token), token);
    std::string config = ReadFile(agent_->config());
    config = std::regex_replace(config, std::regex("  http: \\{(listen: [^}]*)\\}"),
                                "  http: {$1, auth: {tokens_file: tokens.yaml}}");
    WriteFile(agent_->config(), config);
    std::smatch port;
    std::regex_search(config, port, std::regex("127.0.0.1:([0-9]+)\", auth"));
    port_ = std::atoi(port.str(1).c_str());
    agent_->Start();
    Await("the mirror", seconds(60), [] {
      return Call("GET", "/v1/links/paris-to-lyon/mirrors/t-access", kViewer).find("\"state\":\"ACTIVE\"") !=
             std::string::npos;
    });
  }
  static void TearDownTestSuite() {
    if (testing::UnitTest::GetInstance()->current_test_suite()->Failed()) agent_->KeepFiles();
    agent_.reset();
    pair_.reset();
  }
  static LinkFile FileOfPair() {
    LinkFile file;
    file.source = pair_->source.bootstrap();
    file.destination = pair_->destination.bootstrap();
    return file;
  }
  static fs::path TokenFile(const std::string& token) { return agent_->dir() / (token.substr(0, 5) + ".token"); }
  static fs::path AuditFile() { return agent_->data_dir() / "audit.jsonl"; }

  // The whole answer.
  static std::string Call(const std::string& method, const std::string& path, const std::string& token,
                          const std::string& body = "") {
    Socket socket(port_);
    socket.Send(
        fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{}"
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    method, path, token.empty() ? "" : "Authorization: Bearer " + token + "\r\n", body.size(), body));
    return socket.ReadAll();
  }
  static int StatusOf(const std::string& answer) { return answer.size() < 12 ? 0 : std::atoi(answer.c_str() + 9); }
  static Outcome CliAs(const std::string& token, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--token-file", TokenFile(token).string()});
    return agent_->Cli(arguments);
  }
  static Outcome VerifyAudit(const fs::path& file, std::vector<std::string> flags = {}) {
    std::vector<std::string> arguments = {"audit", "verify", file.string()};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return CliAs(kViewer, arguments);
  }

  static inline std::unique_ptr<ClusterPair> pair_;
  static inline std::unique_ptr<Agent> agent_;
  static inline int port_ = 0;
};

TEST_F(Access, EachRoleMayWhatItMayAndNoMore) {
  struct Row {
    const char* method;
    const char* path;
    const char* body;
    int needs;  // 0 nobody, 1 viewer, 2 operator, 3 admin
  };
  const std::string link = "/v1/links/paris-to-lyon";
  const std::string mirrors = link + "/mirrors";
  const std::string pause_link = link + ":pause", resume_link = link + ":resume", pause = mirrors + ":pause",
                    resume = mirrors + ":resume", realign = mirrors + ":realign", of_topic = mirrors + "/t-access";
  const char* dry = R"({"dry_run":true})";
  const char* dry_all = R"({"all":true,"dry_run":true})";
  const Row rows[] = {{"GET", "/livez", "", 0},
                      {"GET", "/readyz", "", 0},
                      {"GET", "/metrics", "", 1},
                      {"GET", "/v1/status", "", 1},
                      {"GET", "/v1/audit", "", 1},
                      {"GET", "/v1/config", "", 1},
                      {"GET", link.c_str(), "", 1},
                      {"GET", of_topic.c_str(), "", 1},
                      {"POST", pause_link.c_str(), dry, 2},
                      {"POST", resume_link.c_str(), dry, 2},
                      {"POST", pause.c_str(), dry_all, 2},
                      {"POST", resume.c_str(), dry_all, 2},
                      {"POST", resume.c_str(), R"({"all":true,"dry_run":true,"accept":"RESTART_AS_NEW"})", 3},
                      {"POST", realign.c_str(), dry_all, 3}};
  const std::pair<const char*, int> callers[] = {{"", 0}, {kGuess, 0}, {kViewer, 1}, {kOperator, 2}, {kAdmin, 3}};
  for (const Row& row : rows) {
    for (const auto& [token, rank] : callers) {
      const int status = StatusOf(Call(row.method, row.path, token, row.body));
      const int refusal = rank == 0 ? 401 : 403;
      if (rank >= row.needs) {
        EXPECT_EQ(status, 200) << row.method << " " << row.path << " as " << token;
      } else {
        EXPECT_EQ(status, refusal) << row.method << " " << row.path << " as " << token;
      }
    }
  }
}

TEST_F(Access, TheCommandLineEndsWith77) {
  const Outcome nobody = agent_->Cli({"status"});
  EXPECT_EQ(nobody.exit_code, 77);
  EXPECT_THAT(nobody.err, HasSubstr("--token-file"));
  EXPECT_EQ(CliAs(kGuess, {"status"}).exit_code, 77);
  EXPECT_EQ(CliAs(kViewer, {"status"}).exit_code, 0);
  const Outcome viewer = CliAs(kViewer, {"mirror", "pause", kTopic, "--yes"});
  EXPECT_EQ(viewer.exit_code, 77);
  EXPECT_THAT(viewer.err, HasSubstr("grafana has the role viewer; this call needs operator"));
}

TEST_F(Access, WhatWasDoneStandsInTheLogAndInTheTopic) {
  const auto pause = CliAs(kOperator, {"mirror", "pause", kTopic, "--yes", "--reason", "rack 3 is moved"});
  EXPECT_EQ(pause.exit_code, 0) << pause.out << pause.err;
  EXPECT_EQ(CliAs(kOperator, {"mirror", "resume", kTopic, "--yes"}).exit_code, 0);
  EXPECT_EQ(CliAs(kViewer, {"mirror", "pause", kTopic, "--yes"}).exit_code, 77);
  const std::string text = ReadFile(AuditFile());
  for (const char* part :
       {"klink.mirrors.pause.requested", "klink.mirrors.pause.completed", R"("state_before":"ACTIVE","state":"PAUSED")",
        R"("principal":"ops")", R"("reason":"rack 3 is moved")", "klink.call.refused", "klink.agent.started"})
    EXPECT_THAT(text, HasSubstr(part));
  const Outcome tail = CliAs(kViewer, {"audit", "tail", "-n", "50"});
  EXPECT_THAT(tail.out, HasSubstr("klink.mirrors.resume.completed"));

  agent_->Restart();  // kill -9: the chain goes on
  Await("the lease", seconds(60), [] { return CliAs(kOperator, {"mirror", "pause", kTopic, "--yes"}).exit_code == 0; });
  EXPECT_EQ(CliAs(kOperator, {"mirror", "resume", kTopic, "--yes"}).exit_code, 0);
  for (const char* anchor : {"--agent", "--topic"}) {
    const Outcome whole = VerifyAudit(AuditFile(), {anchor});
    EXPECT_EQ(whole.exit_code, 0) << anchor << whole.out << whole.err;
  }
}

TEST_F(Access, WhoeverEditsTheLogIsFound) {
  for (int n = 0; n < 3; ++n) {
    CliAs(kOperator, {"link", n % 2 == 0 ? "pause" : "resume", "--yes"});
  }
  CliAs(kOperator, {"link", "resume", "--yes"});
  const std::string text = ReadFile(AuditFile());
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
  ASSERT_GE(lines.size(), 6u);
  const auto verify = [](const std::vector<std::string>& with, std::vector<std::string> flags = {}) {
    const fs::path file = agent_->dir() / "copy.jsonl";
    std::string all;
    for (const std::string& line : with) all += line;
    WriteFile(file, all);
    return VerifyAudit(file, std::move(flags));
  };
  EXPECT_EQ(verify(lines).exit_code, 0);
  auto edited = lines;
  edited[2] = std::regex_replace(edited[2], std::regex("\"from\":\"127"), "\"from\":\"128");
  ASSERT_NE(edited[2], lines[2]);
  EXPECT_THAT(verify(edited).out, HasSubstr("event 3 was changed after event 4 was written"));
  auto deleted = lines;
  deleted.erase(deleted.begin() + 3);
  EXPECT_THAT(verify(deleted).out, HasSubstr("event 4 is missing"));
  auto moved = lines;
  std::swap(moved[1], moved[2]);
  EXPECT_THAT(verify(moved).out, HasSubstr("missing"));
  auto cut = lines;
  cut.resize(lines.size() - 2);
  EXPECT_EQ(verify(cut).exit_code, 0) << "the file alone does not tell";
  for (const char* anchor : {"--agent", "--topic"}) {
    const Outcome outcome = verify(cut, {anchor});
    EXPECT_EQ(outcome.exit_code, 65) << anchor << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("the end is cut off")) << anchor;
  }
}

TEST_F(Access, SlowClientsHoldUpNobody) {
  std::vector<std::unique_ptr<Socket>> slow;
  for (int n = 0; n < 100; ++n) slow.push_back(std::make_unique<Socket>(port_));
  for (int round = 0; round < 5; ++round) {
    for (const auto& socket : slow) socket->Send("G");
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(StatusOf(Call("GET", "/v1/status", kViewer)), 200);
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(2));
  }
  EXPECT_EQ(slow.front()->ReadAll(), "") << "made room";
  EXPECT_THAT(slow.back()->ReadAll(), testing::AnyOf("", HasSubstr(" 408 "), HasSubstr(" 400 ")))
      << "given up within the header's time";
}

// Every secret is planted where it belongs; then everything klink ever showed is searched for it.
TEST_F(Access, NoSecretLeavesTheProcess) {
  setenv("KLINK_CANARY_PASSWORD", kPassword, 1);
  WriteFile(agent_->dir() / "password", kPassword);
  const std::vector<std::string> references = {"${env:KLINK_CANARY_PASSWORD}",
                                               "${file:" + (agent_->dir() / "password").string() + "}"};
  for (const std::string& reference : references) {
    LinkFile file = FileOfPair();
    file.link = "canary";
    file.agent_id = "canary";
    file.source_security =
        "security.protocol: SASL_PLAINTEXT, sasl.mechanism: PLAIN, sasl.username: klink, "
        "sasl.password: \"" +
        reference + "\"";
    Agent refused(file, "canary");
    refused.Start();
    Await("the refusal", seconds(30),
          [&] { return refused.LogText().find("level=warning event=KL1102") != std::string::npos; });
    std::string shown = refused.LogText();
    for (const char* path : {"/v1/status", "/v1/links", "/v1/links/canary", "/v1/links/canary/mirrors", "/metrics",
                             "/v1/audit", "/v1/config"})
      shown += refused.Get(path).value_or("");
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{{"status"},
                                                                                      {"status", "-v", "-o", "json"},
                                                                                      {"validate"},
                                                                                      {"validate", "--connect"},
                                                                                      {"link", "describe"}}) {
      const Outcome outcome = refused.Cli(verb);
      shown += outcome.out + outcome.err;
    }
    EXPECT_NE(shown.find("paris"), std::string::npos);
    EXPECT_EQ(shown.find(kPassword), std::string::npos) << reference;
    EXPECT_EQ(refused.Terminate(), 0);
    for (const auto& entry : fs::recursive_directory_iterator(refused.data_dir()))
      if (entry.is_regular_file()) EXPECT_EQ(ReadFile(entry.path()).find(kPassword), std::string::npos) << entry.path();
  }
  Call("GET", "/v1/status?token=x", kGuess);
  Call("POST", "/v1/links/paris-to-lyon:pause", kGuess, "{");
  std::string shown = agent_->LogText() + ReadFile(AuditFile());
  for (const char* path : {"/v1/status", "/v1/links", "/metrics", "/v1/audit", "/v1/config"})
    shown += Call("GET", path, kAdmin);
  for (const char* secret : {kViewer, kOperator, kAdmin, kGuess})
    EXPECT_EQ(shown.find(secret), std::string::npos) << secret;
  EXPECT_THAT(ReadFile(fmt::format("/proc/{}/limits", agent_->pid())),
              testing::ContainsRegex("Max core file size +0 +0 "));
}

}  // namespace
}  // namespace klink::it
