// The real server on a free port: answers, limits, keep-alive, and an end that does not wait for anybody.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/log_tail.h"
#include "config/show.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using asio::ip::tcp;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(ServerTest, LivezAndReadyzFollowTheAgent) {
  Start();
  EXPECT_EQ(Ask("/livez").status, 200);
  EXPECT_EQ(Ask("/readyz").status, 200);
  agent_.ready = false;
  EXPECT_EQ(Ask("/readyz").status, 503);
  EXPECT_EQ(Ask("/livez").status, 200);
  agent_.live = false;
  EXPECT_EQ(Ask("/livez").status, 503);
}

TEST_F(ServerTest, DescribesAMirrorWithNullForTheUnknown) {
  Start();
  const ClientResponse response = Ask("/v1/links/paris-to-lyon/mirrors/orders.new");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("\"source_high_watermark\":null"));
  EXPECT_THAT(response.body, HasSubstr("\"since\":\"2026-01-01T00:01:40.000Z\""));
}

TEST_F(ServerTest, WhatDoesNotExistIsAProblemThatNamesIt) {
  Start();
  const ClientResponse response = Ask("/v1/links/paris-to-lyon/mirrors/nope");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_THAT(response.body, HasSubstr("link paris-to-lyon has no mirror topic nope"));
  EXPECT_EQ(Ask("/v1/links/other").status, 404);
  EXPECT_EQ(Ask("/nothing").status, 404);
  EXPECT_EQ(Ask("/v1/status", "{}").status, 405);
}

TEST_F(ServerTest, TranslatesOneOffsetByGetAndManyByPost) {
  Start();
  const std::string path = "/v1/links/paris-to-lyon/offsets:translate";
  EXPECT_THAT(Ask(path + "?topic=orders.legacy&partition=0&offset=123").body,
              HasSubstr(R"({"offset":123,"translated":218,"answer":"exact","reason":null})"));
  const auto many =
      Ask(path, R"({"topic":"orders.legacy","partition":0,"offsets":[95,218,9999],"direction":"source"})");
  EXPECT_EQ(many.status, 200) << many.body;
  EXPECT_THAT(many.body, HasSubstr(R"({"offset":95,"translated":5,"answer":"clamped")"));
  EXPECT_THAT(many.body, HasSubstr(R"({"offset":218,"translated":123,"answer":"exact")"));
  EXPECT_THAT(many.body, HasSubstr(R"({"offset":9999,"translated":null,"answer":"unknown")"));
}

TEST_F(ServerTest, TranslatesPositionsOfManyPartitionsInTheirOrder) {
  Start();
  const std::string path = "/v1/links/paris-to-lyon/offsets:translate";
  const auto many = Ask(path, R"({"positions":[{"topic":"orders.legacy","partition":0,"offset":123},)"
                              R"({"topic":"nope","partition":1,"offset":5},)"
                              R"({"topic":"orders.legacy","partition":0,"offset":1}]})");
  EXPECT_EQ(many.status, 200) << many.body;
  EXPECT_THAT(many.body, HasSubstr(R"("offset":123,"translated":218,"answer":"exact")"));
  EXPECT_THAT(many.body, HasSubstr(R"("offset":5,"translated":null,"answer":"unknown")"));
  EXPECT_THAT(many.body, HasSubstr(R"("offset":1,"translated":100,"answer":"clamped")"));
  EXPECT_EQ(Ask(path, R"({"positions":[]})").status, 400);
  EXPECT_EQ(Ask(path, R"({"positions":[{"topic":"orders.legacy","partition":0}]})").status, 400);
}

TEST_F(ServerTest, GroupsAreListedAndShown) {
  Start();
  const ClientResponse list = Ask("/v1/links/paris-to-lyon/groups");
  EXPECT_EQ(list.status, 200) << list.body;
  EXPECT_THAT(list.body, HasSubstr(R"("group":"app-web","state":"PAUSED","reason_code":"GROUP_IN_USE")"));
  EXPECT_THAT(Ask("/v1/links/paris-to-lyon/groups/app-pay").body, HasSubstr(R"("delta":-8,"answer":"exact")"));
  EXPECT_EQ(Ask("/v1/links/paris-to-lyon/groups/nope").status, 404);
}

TEST_F(ServerTest, OffsetsAtATimeComeOnePerPartition) {
  Start();
  const std::string path = "/v1/links/paris-to-lyon/mirrors/orders.legacy/offsets";
  const ClientResponse response = Ask(path + "?at=2026-01-01T00:01:00Z");
  EXPECT_EQ(response.status, 200) << response.body;
  EXPECT_THAT(response.body, HasSubstr("\"time\":\"2026-01-01T00:01:00.000Z\""));
  EXPECT_THAT(response.body,
              HasSubstr(R"({"partition":0,"source_offset":65,"destination_offset":160,"answer":"exact")"));
  EXPECT_THAT(Ask(path).body, HasSubstr("?at= is missing"));
  EXPECT_EQ(Ask(path + "?at=noon").status, 400);
  EXPECT_EQ(Ask("/v1/links/paris-to-lyon/mirrors/nope/offsets?at=2026-01-01T00:01:00Z").status, 404);
}

TEST_F(ServerTest, SeriesOfPartitionsAreThereOnlyWhenAskedFor) {
  const std::string sample =
      "klink_partition_replicated_offset{link=\"paris-to-lyon\",partition=\"1\",topic=\"payments\"} 200\n";
  Serve(MakeRoutes(agent_, metrics_, nullptr, nullptr, Detail::kPartitions), {});
  const std::string text = Ask("/metrics").body;
  EXPECT_THAT(text, HasSubstr(sample));
  EXPECT_THAT(text,
              HasSubstr("klink_partition_lag_records{link=\"paris-to-lyon\",partition=\"1\",topic=\"payments\"} 50\n"));
}

TEST_F(ServerTest, ABadTranslationRequestSaysWhatIsWrong) {
  Start();
  const std::string path = "/v1/links/paris-to-lyon/offsets:translate";
  EXPECT_THAT(Ask(path).body, HasSubstr("?topic= is missing"));
  EXPECT_THAT(Ask(path + "?topic=t&partition=-1&offset=0").body, HasSubstr("must be a whole number"));
  EXPECT_THAT(Ask(path + "?topic=t&partition=0&offset=0&direction=up").body, HasSubstr("must be \\\"destination\\\""));
  EXPECT_EQ(Ask(path, "{").status, 400);
  EXPECT_THAT(Ask(path, R"({"topic":"t","partition":0,"offsets":[]})").body, HasSubstr("must hold 1 to 10000"));
  EXPECT_THAT(Ask(path, R"({"topic":"t","partition":0,"offsets":["x"]})").body, HasSubstr("not a number"));
  EXPECT_THAT(Ask(path, R"({"topic":"t","partition":3000000000,"offsets":[1]})").body, HasSubstr("not a partition"));
}

TEST_F(ServerTest, TheNewestLinesOfTheLogAreTold) {
  Start();
  StderrTail().Add("ts=1 the one before");
  StderrTail().Add("ts=2 \"last\"");
  EXPECT_EQ(Ask("/v1/log?lines=1").body, "{\"lines\":[\"ts=2 \\\"last\\\"\"]}\n");
  EXPECT_THAT(Ask("/v1/log").body, HasSubstr("the one before"));
  EXPECT_EQ(Ask("/v1/log?lines=1001").status, 400);
}

TEST_F(ServerTest, MirrorsArePausedAndResumedOneByOne) {
  Start();
  const std::string path = "/v1/links/paris-to-lyon/mirrors";
  const ClientResponse paused = Ask(path + ":pause", R"({"topics":["orders.eu","nope"],"by":"ann","reason":"rack 3"})");
  EXPECT_EQ(paused.status, 200);
  EXPECT_EQ(paused.body,
            R"({"link":"paris-to-lyon","verb":"pause","dry_run":false,"mirrors":[)"
            R"({"topic":"orders.eu","state_before":"ACTIVE","state":"PAUSED","outcome":"paused","error":null},)"
            R"({"topic":"nope","state_before":null,"state":null,"outcome":"refused",)"
            R"("error":"link paris-to-lyon has no mirror topic nope"}]})"
            "\n");
  EXPECT_EQ(agent_.asked.at(0).by, "ann");
  EXPECT_EQ(agent_.asked.at(0).reason, "rack 3");
  EXPECT_EQ(Ask(path + ":resume", R"({"all":true,"accept":"GAP","dry_run":true})").status, 200);
  EXPECT_EQ(agent_.asked.at(1).accept, state::Accept::kGap);
  EXPECT_TRUE(agent_.asked.at(1).all);
  EXPECT_TRUE(agent_.asked.at(1).dry_run);
}

TEST_F(ServerTest, ALinkIsPausedAndResumed) {
  Start();
  EXPECT_EQ(Ask("/v1/links/paris-to-lyon:pause", "{}").body,
            R"({"link":"paris-to-lyon","verb":"pause","dry_run":false,"state_before":"ACTIVE","state":"PAUSED",)"
            R"("outcome":"paused","mirrors":4})"
            "\n");
  EXPECT_THAT(Ask("/v1/links/paris-to-lyon:resume", "{}").body, HasSubstr(R"("outcome":"resumed")"));
  EXPECT_EQ(Ask("/v1/links/other:pause", "{}").status, 404);
  EXPECT_EQ(Ask("/v1/links/:pause", "{}").status, 405);         // no link has an empty name
  EXPECT_EQ(Ask("/v1/links/paris-to-lyon:pause").status, 404);  // GET: a link of that name
}

TEST_F(ServerTest, WhatChangesSomethingIsReadStrictly) {
  Start();
  const std::string path = "/v1/links/paris-to-lyon/mirrors:";
  for (const auto& [target, body, text] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {path + "pause", R"({"topics":["t"],"dryrun":true})", "unknown key \\\"dryrun\\\""},
           {path + "pause", R"({"topics":["t"],"accept":"GAP"})", "unknown key \\\"accept\\\""},
           {path + "resume", R"({"topics":["t"],"accept":"gaps"})", "must be TRUNCATION, RESTART_AS_NEW or GAP"},
           {path + "pause", R"({})", "say which mirrors"},
           {path + "pause", R"({"topics":["t"],"all":true})", "say which mirrors"},
           {path + "pause", R"({"topics":"t"})", "topics: not a list"},
           {path + "pause", R"([])", "not a JSON object"},
           {path + "pause", R"({"all":true,"reason":")" + std::string(1001, 'x') + "\"}", "may have 1000 bytes"},
           {"/v1/links/paris-to-lyon:pause", R"({"all":true})", "unknown key \\\"all\\\""}}) {
    const ClientResponse response = Ask(target, body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_THAT(response.body, HasSubstr(text));
  }
  EXPECT_TRUE(agent_.asked.empty());
}

TEST_F(ServerTest, AWebPageCannotPauseAnything) {
  Start();
  const std::string body = R"({"all":true})";
  for (const std::string type : {"Content-Type: text/plain\r\n", ""})
    for (const std::string path : {"/v1/links/paris-to-lyon:pause", "/v1/links/paris-to-lyon/mirrors:pause"})
      EXPECT_THAT(Raw(fmt::format("POST {} HTTP/1.1\r\n{}Connection: close\r\nContent-Length: {}\r\n\r\n{}", path, type,
                                  body.size(), body)),
                  StartsWith("HTTP/1.1 415 "));
  EXPECT_TRUE(agent_.asked.empty());
}

TEST_F(ServerTest, AStandbyNamesTheAgentThatLeads) {
  Start();
  agent_.control_status = Unavailable("link paris-to-lyon is led by agent klink-1, this is klink-0: ask that one");
  for (const auto& [path, body] : {std::pair(":pause", "{}"), std::pair("/mirrors:resume", R"({"all":true})")}) {
    const ClientResponse response = Ask(std::string("/v1/links/paris-to-lyon") + path, body);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_THAT(response.body, HasSubstr("led by agent klink-1"));
  }
}

TEST_F(ServerTest, MetricsFollowTheSnapshotAndVanishWithTheTopic) {
  Start();
  std::string text = Ask("/metrics").body;
  EXPECT_THAT(text, HasSubstr("klink_lag_records{link=\"paris-to-lyon\",topic=\"orders.eu\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("klink_link_state{link=\"paris-to-lyon\",state=\"ACTIVE\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("klink_cluster_reachable{cluster=\"lyon\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("klink_lag_records{link=\"paris-to-lyon\",topic=\"orders.new\"")));  // not known
  EXPECT_THAT(text, HasSubstr("klink_partition_reasons{link=\"paris-to-lyon\",reason=\"NOT_YET_SUPPORTED\","
                              "topic=\"payments\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("klink_partition_replicated")));  // of single partitions only when asked for
  agent_.snapshot.links[0].mirrors.clear();
  text = Ask("/metrics").body;
  EXPECT_THAT(text, Not(HasSubstr("orders.eu")));
  EXPECT_THAT(text, HasSubstr("klink_http_requests_total{code=\"200\",route=\"/metrics\"} 1\n"));
}

TEST_F(ServerTest, OfEachDrillTheNewestIsMeasured) {
  state::DrillRecord drill;
  drill.drill = "quarterly";
  drill.id = "20270115T080000Z-ab12";
  drill.exit_code = 0;
  drill.rto_seconds = 9;
  drill.finished_ms = 1'800'000'000'500;
  state::DrillRecord missed = drill;
  missed.id = "20270415T080000Z-cd34";
  missed.exit_code = 1;
  missed.rto_seconds = 1.5;
  missed.rpo_records = 12;
  missed.finished_ms += 7'776'000'000;
  state::DrillRecord aborted = drill;
  aborted.drill = "yearly";
  aborted.exit_code = 3;
  aborted.rto_seconds.reset();
  Start();
  EXPECT_THAT(Ask("/metrics").body, Not(HasSubstr("klink_last_drill_passed{")));
  agent_.snapshot.links[0].drills = {drill, aborted, missed};
  const std::string text = Ask("/metrics").body;
  EXPECT_THAT(text, HasSubstr("klink_last_drill_passed{drill=\"quarterly\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("klink_last_drill_rto_seconds{drill=\"quarterly\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("klink_last_drill_rpo_records{drill=\"quarterly\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("klink_last_drill_timestamp_seconds{drill=\"quarterly\"} 1807776000.5\n"));
  EXPECT_THAT(text, HasSubstr("klink_last_drill_passed{drill=\"yearly\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("klink_last_drill_rto_seconds{drill=\"yearly\"}"))) << "it did not come that far";
  const std::string drills = Ask("/v1/drills?link=paris-to-lyon").body;
  EXPECT_THAT(drills, HasSubstr("\"finished\":\"2027-01-15T08:00:00.500Z\""));
  EXPECT_LT(drills.find("20270115T080000Z-ab12"), drills.find("20270415T080000Z-cd34")) << drills;
  EXPECT_EQ(Ask("/v1/drills?link=nobody").status, 404);
}

TEST_F(ServerTest, TheConfigurationInForceIsServedWithReferencesInPlaceOfSecrets) {
  config::Config config;
  config.clusters["paris"].bootstrap_servers = "p1:9092";
  config.clusters["paris"].sasl_password = config::Secret("hunter2", "${file:/run/secrets/paris}");
  config.agent.http.listen = {"127.0.0.1", 8470};
  Serve(MakeRoutes(agent_, metrics_, nullptr, [&config] { return config::ToJson(config); }), {});
  const ClientResponse response = Ask("/v1/config");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_THAT(response.body, HasSubstr(R"("sasl.password":"${file:/run/secrets/paris}")"));
  EXPECT_THAT(response.body, HasSubstr(R"("listen":"127.0.0.1:8470")"));
  EXPECT_THAT(response.body, HasSubstr(R"("memory":"256MiB","threads":0)"));
  EXPECT_THAT(response.body, HasSubstr(R"("topic":true,"on_failure":"block")"));
  EXPECT_THAT(response.body, Not(HasSubstr("hunter2")));
}

TEST_F(ServerTest, HeadersUpToTheLimitAndNoFurther) {
  Start();
  const auto request = [](size_t size) {
    const std::string begin = "GET /livez HTTP/1.1\r\nConnection: close\r\nX: ";
    return begin + std::string(size - begin.size() - 4, 'x') + "\r\n\r\n";
  };
  EXPECT_THAT(Raw(request(8 * 1024)), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Raw(request(8 * 1024 + 1)), StartsWith("HTTP/1.1 431 "));
}

TEST_F(ServerTest, BodiesUpToTheLimitAndNoFurther) {
  Start();
  const auto request = [](size_t size) {
    return fmt::format("POST /v1/links/x:pause HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", size) +
           std::string(size, 'x');
  };
  EXPECT_THAT(Raw(request(1024 * 1024)), StartsWith("HTTP/1.1 415 "));
  EXPECT_THAT(Raw(request(1024 * 1024 + 1)), StartsWith("HTTP/1.1 413 "));
  const std::string chunked =
      "POST /v1/links/x:pause HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(Raw(chunked + "100001\r\n" + std::string(0x100001, 'x') + "\r\n0\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerTest, WhatIsNoRequestIsRefused) {
  Start();
  EXPECT_THAT(Raw("\x16\x03\x01 hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Raw("GET /%zz HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(ServerTest, TwoRequestsPassOverOneConnection) {
  Start();
  const std::string answer = Raw("GET /livez HTTP/1.1\r\n\r\nGET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nok\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nready\n"));
}

TEST_F(ServerTest, AClientThatSendsHalfAHeaderIsGivenUp) {
  ServerLimits limits;
  limits.header_timeout = 50ms;
  Start(limits);
  Raw("GET /livez HTTP/1.1\r\n");  // returns: the server closed it
  EXPECT_EQ(Ask("/livez").status, 200);
}

// A byte every now and then keeps no connection: the whole header has one time.
TEST_F(ServerTest, ASlowClientIsGivenUpAndHoldsUpNobody) {
  ServerLimits limits;
  limits.header_timeout = 200ms;
  Start(limits);
  tcp::socket slow(io_);
  const HostPort at = *ParseHostPort(server_->address());
  slow.connect(tcp::endpoint(asio::ip::make_address(at.host), at.port));
  bool closed = false;
  int sent = 0;
  auto drip = [](tcp::socket& socket, int& count, bool& done) -> Async<void> {
    SystemClock clock;
    for (boost::system::error_code ec; !ec && count < 10'000; ++count) {
      (void)co_await clock.Sleep(10ms);
      std::tie(ec, std::ignore) = co_await asio::async_write(socket, asio::buffer("G", 1), kAsTuple);
    }
    done = true;
  };
  Detach(io_.get_executor(), drip(slow, sent, closed));
  EXPECT_EQ(Ask("/livez").status, 200) << "while the slow one sends";
  RunUntil(closed);
  EXPECT_TRUE(closed);
  EXPECT_LT(sent, 10'000);
}

// Who connects and says nothing makes room for who speaks, the first first.
TEST_F(ServerTest, SilentConnectionsShutNobodyOut) {
  Start();
  const HostPort at = *ParseHostPort(server_->address());
  std::vector<tcp::socket> silent;
  for (size_t n = 0; n < 3 * ServerLimits().connections; ++n) {
    silent.emplace_back(io_).connect(tcp::endpoint(asio::ip::make_address(at.host), at.port));
    if (n % 32 == 0) EXPECT_EQ(Ask("/livez").status, 200) << n;
  }
  EXPECT_EQ(Ask("/livez").status, 200);
  const auto is_closed = [](tcp::socket& socket) {
    char byte = 0;
    boost::system::error_code ec;
    socket.non_blocking(true);
    socket.receive(asio::buffer(&byte, 1), 0, ec);
    return ec != asio::error::would_block;
  };
  EXPECT_TRUE(is_closed(silent.front()));
  EXPECT_FALSE(is_closed(silent.back()));
  const auto closed = std::count_if(silent.begin(), silent.end(), is_closed);
  EXPECT_GE(closed, static_cast<ptrdiff_t>(2 * ServerLimits().connections)) << "no more stay than are allowed";
}

TEST_F(ServerTest, CallsUpToTheLimitOfConnectionsAndNoFurther) {
  Signal answer(io_.get_executor());
  size_t under_way = 0;
  bool answered = false;
  ServerLimits limits;
  limits.connections = 3;
  auto wait = [&](Request) -> Async<Response> {
    under_way++;
    while (!answered && (co_await answer.Wait()).ok()) {
    }
    co_return TextResponse("done\n");
  };
  Serve(wait, limits);
  const std::string call = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
  std::vector<std::string> answers(limits.connections);
  bool done[3] = {};
  for (size_t n = 0; n < limits.connections; ++n) Detach(io_.get_executor(), RawOnce(call, answers[n], done[n]));
  while (under_way < limits.connections && io_.run_one_for(10s) > 0) {
  }
  EXPECT_THAT(Raw(call), StartsWith("HTTP/1.1 503 "));
  answered = true;
  answer.NotifyAll();
  for (size_t n = 0; n < limits.connections; ++n) {
    RunUntil(done[n]);
    EXPECT_THAT(answers[n], StartsWith("HTTP/1.1 200 "));
  }
  EXPECT_EQ(under_way, limits.connections);
}

TEST_F(ServerTest, AnIdleConnectionDoesNotHoldUpTheEnd) {
  Start();
  tcp::socket idle(io_);
  const HostPort at = *ParseHostPort(server_->address());
  idle.connect(tcp::endpoint(asio::ip::make_address(at.host), at.port));
  EXPECT_EQ(Ask("/livez").status, 200);  // TearDown stops the server with the connection open
}

TEST(ListenTest, ABusyPortIsAnErrorThatNamesIt) {
  asio::io_context io;
  Metrics metrics;
  auto first = Server::Listen(io.get_executor(), "127.0.0.1", 0, Router(), metrics);
  ASSERT_TRUE(first.ok());
  const HostPort at = *ParseHostPort((*first)->address());
  auto second = Server::Listen(io.get_executor(), "127.0.0.1", at.port, Router(), metrics);
  EXPECT_THAT(Text(second.status()), HasSubstr(fmt::format("listening on 127.0.0.1:{}: ", at.port)));
  EXPECT_FALSE(Server::Listen(io.get_executor(), "nohost", 0, Router(), metrics).ok());
}

}  // namespace
}  // namespace klink::http
