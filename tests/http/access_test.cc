// Who may do what: the table of routes and roles over the real server, and what proves who somebody is.
#include "http/access.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "http/rate_limit.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kTokens = fmt::format(
    "tokens:\n"
    "  - {{name: grafana, sha256: {}, role: viewer}}\n"
    "  - {{name: ops, sha256: {}, role: operator}}\n"
    "  - {{name: ann, sha256: {}, role: admin, expires: 2100-01-01}}\n"
    "  - {{name: old, sha256: {}, role: admin, expires: 2020-01-01}}\n"
    "  - {{name: portal, certificate: portal.example.org, role: operator}}\n",
    Sha256Hex("viewer-token"), Sha256Hex("operator-token"), Sha256Hex("admin-token"), Sha256Hex("old-token"));

config::Tokens Tokens() { return *config::LoadTokens(kTokens, "tokens.yaml", config::ProcessEnvironment()); }

const WallTime kNow{std::chrono::milliseconds(1767225600000)};  // 2026

StatusOr<Caller> IdentifyBy(std::string authorization, std::vector<std::string> certificates = {}) {
  Request request;
  request.authorization = std::move(authorization);
  request.certificates = std::move(certificates);
  return Identify(Tokens(), request, kNow);
}

TEST(IdentifyTest, ABearerTokenIsItsOwner) {
  const auto caller = IdentifyBy("Bearer operator-token");
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ(caller->name, "ops");
  EXPECT_EQ(caller->role, config::Role::kOperator);
  EXPECT_EQ(caller->how, "bearer");
  EXPECT_TRUE(IdentifyBy("bearer  operator-token ").ok());
}

TEST(IdentifyTest, BasicNeedsTheNameOfTheToken) {
  EXPECT_EQ(IdentifyBy("Basic b3BzOm9wZXJhdG9yLXRva2Vu")->name, "ops");                         // ops:operator-token
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyBy("Basic YW5uOm9wZXJhdG9yLXRva2Vu").status()));  // ann:operator-token
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyBy("Basic b3Bz").status()));
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyBy("Basic !!").status()));
}

TEST(IdentifyTest, ACertificateIsWhomTheFileNames) {
  EXPECT_EQ(IdentifyBy("", {"CN of it", "portal.example.org"})->name, "portal");
  EXPECT_THAT(Text(IdentifyBy("", {"other.example.org"}).status()), HasSubstr("no role is given"));
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyBy("Bearer wrong", {"portal.example.org"}).status()))
      << "a wrong token is wrong, whatever else is shown";
}

TEST(IdentifyTest, WhatIsUnknownOrExpiredIsRefusedWithoutBeingRepeated) {
  for (const std::string text : {"Bearer s3cret", "Bearer ", "Digest s3cret", "s3cret", "Bearer old-token"}) {
    const Status status = IdentifyBy(text).status();
    EXPECT_TRUE(absl::IsUnauthenticated(status)) << text;
    EXPECT_THAT(Text(status), Not(HasSubstr("s3cret")));
  }
  EXPECT_THAT(Text(IdentifyBy("Bearer old-token").status()), HasSubstr("old expired at 2020-01-01T00:00:00.000Z"));
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyBy("Bearer " + Sha256Hex("admin-token")).status()))
      << "what stands in the file is not what opens the door";
  EXPECT_TRUE(absl::IsUnauthenticated(IdentifyBy("Bearer " + std::string(5000, 'x')).status()));
}

TEST(TokensFileTest, WhatIsWrongIsSaidWithItsPlace) {
  const auto complaint = [](const std::string& text) {
    return Text(config::LoadTokens(text, "tokens.yaml", config::ProcessEnvironment()).status());
  };
  const std::string hex = Sha256Hex("x");
  EXPECT_EQ(complaint(""), "tokens.yaml: the file is empty; it needs at least one entry under tokens");
  EXPECT_EQ(complaint("tokens: []"),
            "tokens.yaml:1:9: tokens: is empty (Callers with their roles); add at least one entry");
  EXPECT_EQ(complaint("tokens:\n  - {name: a, sha256: my-token, role: admin}"),
            "tokens.yaml:2:23: tokens[0].sha256: is not a SHA-256 digest of 64 hex digits; make it with: printf %s "
            "\"$TOKEN\" | sha256sum");
  EXPECT_THAT(complaint("tokens:\n  - {name: a, sha256: " + hex + "}"), HasSubstr("tokens[0].role: is missing"));
  EXPECT_THAT(complaint("tokens:\n  - {name: a, role: root, sha256: " + hex + "}"),
              HasSubstr("'root' is not accepted"));
  EXPECT_THAT(complaint("tokens:\n  - {name: a, role: admin}"), HasSubstr("either sha256 or certificate"));
  EXPECT_THAT(complaint("tokens:\n  - {name: a, rolle: admin}"), HasSubstr("did you mean 'role'?"));
  const std::string one = "  - {name: a, role: admin, sha256: " + hex + "}\n";
  EXPECT_THAT(complaint("tokens:\n" + one + one),
              HasSubstr("tokens.yaml:3:12: tokens[1].name: 'a' stands twice; names are unique"));
  EXPECT_THAT(complaint("tokens:\n" + one + one), HasSubstr("is the token of 'a' too"));
  EXPECT_THAT(complaint("tokens:\n  - {name: a, role: admin, expires: soon, sha256: " + hex + "}"),
              HasSubstr("'soon' is not a time"));
}

TEST(RouteTableTest, EveryRouteHasItsRowAndEveryRowItsRoute) {
  FakeAgent agent;
  Metrics metrics;
  const Router router = MakeRoutes(agent, metrics);
  for (const Router::Route& route : router.routes())
    EXPECT_NE(FindRow(route.method, route.pattern), nullptr)
        << route.pattern << " has no row: admins alone could call it";
  for (const RouteRow& row : RouteTable()) {
    const auto has = [&row](const Router::Route& route) {
      return route.method == row.method && route.pattern == row.pattern;
    };
    EXPECT_TRUE(std::any_of(router.routes().begin(), router.routes().end(), has)) << row.pattern;
    EXPECT_EQ(row.action.empty(), row.need <= Need::kViewer) << row.pattern << ": what changes something has a name";
  }
}

TEST(HostTest, WithoutAuthenticationAgentsAreAskedByAddress) {
  for (const std::string_view host : {"127.0.0.1", "127.0.0.1:8470", "localhost:8470", "[::1]:8470", "[::1]", ""})
    EXPECT_TRUE(IsHostOfThisMachine(host)) << host;
  for (const std::string_view host : {"evil.example", "evil.example:8470", "127.0.0.1.evil.example", "[", "[x]:1"})
    EXPECT_FALSE(IsHostOfThisMachine(host)) << host;
}

TEST(RateLimitTest, ABurstPassesAndOneMoreDoesNotUntilTimeGoesBy) {
  RateLimit limit({10, 5});
  Instant now{};
  for (int n = 0; n < 5; ++n) EXPECT_TRUE(limit.Take("a", now)) << n;
  EXPECT_FALSE(limit.Take("a", now));
  EXPECT_TRUE(limit.Take("b", now)) << "each for itself";
  now += 99ms;
  EXPECT_FALSE(limit.Take("a", now));
  now += 1ms;
  EXPECT_TRUE(limit.Take("a", now));
  EXPECT_FALSE(limit.Take("a", now));
}

TEST(RateLimitTest, ManyCallersDoNotGrowIt) {
  RateLimit limit({10, 5});
  Instant now{};
  for (size_t n = 0; n < kCallersKnownMost; ++n) EXPECT_TRUE(limit.Take(std::to_string(n), now));
  EXPECT_FALSE(limit.Take("one more", now));
  EXPECT_TRUE(limit.Take("7", now)) << "who is known goes on";
  now += 1s;
  EXPECT_TRUE(limit.Take("one more", now));
}

// The time it is, and a while that a test lets pass at once.
class ClockAhead final : public Clock {
 public:
  Instant Now() const override { return clock_.Now() + ahead; }
  WallTime Wall() const override { return clock_.Wall(); }
  Async<Status> Sleep(Duration d) override { return clock_.Sleep(d); }
  Duration ahead{};

 private:
  SystemClock clock_;
};

class AccessTest : public ServerTest {
 protected:
  AccessTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "klink-access-XXXXXX";
    dir_ = mkdtemp(pattern.data());
    WriteTokens(kTokens);
  }
  ~AccessTest() override {
    SetLogger(nullptr);
    std::filesystem::remove_all(dir_);
  }
  void WriteTokens(const std::string& text) { std::ofstream(dir_ / "tokens.yaml") << text; }
  void StartGuarded() {
    auto access = Access::Open(dir_ / "tokens.yaml");
    ASSERT_TRUE(access.ok()) << access.status();
    GateParts parts;
    parts.access = *std::move(access);
    Serve(Guard(MakeRoutes(agent_, metrics_), std::move(parts), clock_), {});
  }
  ClientResponse AskAs(std::string token, const std::string& target, const std::string& body = "") {
    token_ = std::move(token);
    return Ask(target, body);
  }
  static bool IsRest(const RouteRow& row) { return row.pattern.starts_with("/v3"); }
  // The path of a route, with something that exists for each "{}".
  static std::string PathOf(const RouteRow& row) {
    std::string path(row.pattern);
    const auto put = [&path](const std::string& name) {
      if (const size_t at = path.find("{}"); at != std::string::npos) path.replace(at, 2, name);
    };
    if (IsRest(row)) put(*fake::Link().destination.cluster_id);
    if (!IsRest(row) || path.find("/links") != std::string::npos) put("paris-to-lyon");
    put(path.ends_with("/configs/{}") ? "cluster.link.paused" : "orders.eu");
    if (row.text_type == "text/event-stream") path += "?link=nope";  // else it has no end
    return path;
  }
  // A call of the route that changes nothing.
  ClientResponse DryRun(std::string token, const RouteRow& row, const std::string& body) {
    token_ = std::move(token);
    return Send(row.method, PathOf(row) + (IsRest(row) ? "?validate_only=true" : ""),
                row.method == Method::kGet ? "" : body);
  }

  std::filesystem::path dir_;
  ClockAhead clock_;
};

TEST_F(AccessTest, EveryRouteIsServedToThoseRolesAlone) {
  StartGuarded();
  const std::pair<std::string, int> kRoles[] = {
      {"", 0}, {"viewer-token", 1}, {"operator-token", 2}, {"admin-token", 3}, {"old-token", 0}, {"wrong", 0}};
  for (const RouteRow& row : RouteTable()) {
    clock_.ahead += 1s;  // so many guesses would be slowed down
    for (const auto& [token, rank] : kRoles) {
      const int status = DryRun(token, row, R"({"dry_run":true})").status;
      const bool may = rank >= static_cast<int>(row.need);
      EXPECT_EQ(status == 401, !may && rank == 0) << row.pattern << " as " << token << ": " << status;
      EXPECT_EQ(status == 403, !may && rank > 0) << row.pattern << " as " << token << ": " << status;
    }
  }
}

// What is asked as a dry run is not written down; so it must be one, at every route there is and will be.
TEST_F(AccessTest, ADryRunIsAnsweredAsOneWhereSomethingCouldChange) {
  StartGuarded();
  for (const RouteRow& row : RouteTable()) {
    if (row.action.empty()) continue;
    for (const std::string body : {R"({"dry_run":true})", R"({"all":true,"dry_run":true})"}) {
      if (IsRest(row)) continue;
      const ClientResponse answer = DryRun("admin-token", row, body);
      if (answer.status == 200) EXPECT_THAT(answer.body, HasSubstr("\"dry_run\":true")) << row.pattern;
    }
    if (!IsRest(row)) continue;
    for (const std::string body : {R"({"mirror_topic_names":["orders.eu"]})", R"({"value":"true"})",
                                   R"({"data":[{"name":"cluster.link.paused","value":"true"}]})"})
      EXPECT_NE(DryRun("admin-token", row, body).status, 500) << row.pattern;
  }
  if (agent_.promoting) EXPECT_TRUE(agent_.promoting->dry_run);
  for (const link::ControlRequest& asked : agent_.asked) EXPECT_TRUE(asked.dry_run);
  EXPECT_FALSE(agent_.asked.empty());
}

TEST_F(AccessTest, NoPathIsToldToWhomIsNotKnown) {
  StartGuarded();
  EXPECT_EQ(AskAs("", "/nothing").status, 401);
  EXPECT_EQ(AskAs("", "/v1/status", "{}").status, 401);
  EXPECT_EQ(AskAs("viewer-token", "/nothing").status, 404);
  EXPECT_EQ(AskAs("viewer-token", "/v1/status", "{}").status, 405);
}

TEST_F(AccessTest, RefusalsAreProblemsThatSayWhatToDo) {
  StartGuarded();
  const ClientResponse unknown = AskAs("wrong", "/v1/status");
  EXPECT_EQ(unknown.content_type, "application/problem+json");
  EXPECT_THAT(unknown.body, HasSubstr("\"code\":\"UNAUTHENTICATED\""));
  EXPECT_THAT(AskAs("viewer-token", "/v1/links/paris-to-lyon:pause", "{}").body,
              HasSubstr("grafana has the role viewer; this call needs operator"));
  const std::string raw = Raw("GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(raw, HasSubstr("\r\nWWW-Authenticate: Bearer realm=\"klink\", Basic realm=\"klink\"\r\n"));
  EXPECT_THAT(raw, HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"));
  EXPECT_THAT(raw, HasSubstr("\r\nContent-Security-Policy: default-src 'none'"));
  EXPECT_THAT(raw, HasSubstr("\r\nCache-Control: no-store\r\n"));
  EXPECT_THAT(raw, Not(HasSubstr("Access-Control")));
  EXPECT_TRUE(agent_.asked.empty());
}

TEST_F(AccessTest, WhoChangesSomethingIsWhoWasLetIn) {
  StartGuarded();
  EXPECT_EQ(AskAs("operator-token", "/v1/links/paris-to-lyon:pause", R"({"by":"the boss"})").status, 200);
  EXPECT_EQ(agent_.asked.back().by, "ops");
}

TEST_F(AccessTest, AResumeThatDeletesTheCopyNeedsAnAdmin) {
  StartGuarded();
  const std::string path = "/v1/links/paris-to-lyon/mirrors:resume";
  EXPECT_EQ(AskAs("operator-token", path, R"({"all":true,"accept":"GAP"})").status, 200);
  EXPECT_EQ(AskAs("operator-token", path, R"({"all":true,"accept":"RESTART_AS_NEW"})").status, 403);
  EXPECT_EQ(AskAs("admin-token", path, R"({"all":true,"accept":"RESTART_AS_NEW"})").status, 200);
}

TEST_F(AccessTest, ANewTokensFileIsInForceAndABrokenOneIsNot) {
  std::vector<std::string> lines;
  SetLogger(std::make_shared<Logger>(
      LogOptions{}, [&lines](Level, std::string_view line) { lines.emplace_back(line); }, [] { return kNow; }));
  StartGuarded();
  EXPECT_EQ(AskAs("new-token", "/v1/status").status, 401);
  WriteTokens("tokens:\n  - {name: new, role: viewer, sha256: " + Sha256Hex("new-token") + "}\n");
  EXPECT_EQ(AskAs("new-token", "/v1/status").status, 200);
  EXPECT_EQ(AskAs("admin-token", "/v1/status").status, 401) << "taken out of the file";
  WriteTokens("tokens: oops\n");
  EXPECT_EQ(AskAs("new-token", "/v1/status").status, 200) << "the tokens read before stay";
  EXPECT_THAT(lines, testing::Contains(HasSubstr("the tokens file is wrong")));
  std::filesystem::remove(dir_ / "tokens.yaml");
  EXPECT_EQ(AskAs("new-token", "/v1/status").status, 200);
}

TEST_F(AccessTest, GuessingIsSlowedDownAndKnownCallersAreNot) {
  StartGuarded();
  int refused = 0;
  for (int n = 0; n < 150; ++n) refused += AskAs("guess", "/v1/status").status == 429;
  EXPECT_GT(refused, 0);
  EXPECT_EQ(AskAs("viewer-token", "/v1/status").status, 200);
}

TEST_F(AccessTest, WithoutAuthenticationAForeignNameForThisMachineIsRefused) {
  Serve(Guard(MakeRoutes(agent_, metrics_), {}, clock_), {});
  EXPECT_EQ(Ask("/v1/status").status, 200);
  EXPECT_THAT(Raw("GET /v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
              testing::StartsWith("HTTP/1.1 403 "));
}

}  // namespace
}  // namespace klink::http
