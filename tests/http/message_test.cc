// Targets taken apart, problems there and back, routes chosen.
#include "http/message.h"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/router.h"
#include "http/server.h"

namespace klink::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(TargetTest, SegmentsAndQueryAreDecoded) {
  const auto target = ParseTarget("/v1/links/a%2Fb/mirrors/?x=1&y=%20z&flag&x=2#f");
  ASSERT_TRUE(target.ok());
  EXPECT_THAT(target->segments, ElementsAre("v1", "links", "a/b", "mirrors"));
  EXPECT_THAT(target->query, ElementsAre(Pair("flag", ""), Pair("x", "2"), Pair("y", " z")));
  EXPECT_TRUE(ParseTarget("/")->segments.empty());
}

TEST(TargetTest, BrokenTargetsAreRefused) {
  for (const char* bad : {"", "http://x/", "/%", "/%4", "/%zz", "/a%00b", "*"})
    EXPECT_FALSE(ParseTarget(bad).ok()) << bad;
}

TEST(TargetTest, WhatWasEscapedIsReadBack) {
  const std::string odd = "a/b?c&d=e %\xc3\xa9#";
  EXPECT_THAT(ParseTarget("/" + Escape(odd))->segments, ElementsAre(odd));
}

TEST(ProblemTest, AStatusSurvivesTheWayThroughHttp) {
  const Status status = NotFound("link a has no mirror topic b");
  const Response response = Problem(status);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(FromProblem(response.status, response.body), status);
  EXPECT_EQ(FromProblem(503, "<html>").code(), Code::kUnavailable);
}

TEST(UrlTest, OnlyHostAndPortAreTaken) {
  EXPECT_EQ(ParseUrl("http://127.0.0.1:8470/")->port, "8470");
  EXPECT_EQ(ParseUrl("http://[::1]:1")->host, "::1");
  EXPECT_FALSE(ParseUrl("http://a:1")->tls);
  EXPECT_TRUE(ParseUrl("https://a:1")->tls);
  for (const char* bad : {"127.0.0.1:80", "https://a", "ftp://a:1", "http://a", "http://a:b", "http://a:1/x",
                          "http://:1", "http://a:70000"}) {
    EXPECT_FALSE(ParseUrl(bad).ok()) << bad;
  }
}

TEST(RouterTest, ThePathDecidesThenTheMethod) {
  Router router;
  Captures seen;
  router.Add(Method::kGet, "/links/{}/mirrors", [&seen](Request, Captures captures) -> Async<Response> {
    seen = captures;
    co_return TextResponse("mirrors");
  });
  asio::io_context io;
  auto ask = [&](Method method, const char* path) {
    Request request;
    request.method = method;
    request.target = *ParseTarget(path);
    Response response;
    auto task = [](const Router& r, Request q, Response& out) -> Async<void> { out = co_await r(std::move(q)); };
    Detach(io.get_executor(), task(router, request, response));
    io.restart();
    io.run();
    return response;
  };
  EXPECT_EQ(ask(Method::kGet, "/links/a/mirrors").body, "mirrors");
  EXPECT_THAT(seen, ElementsAre("a"));
  EXPECT_EQ(ask(Method::kPost, "/links/a/mirrors").status, 405);
  EXPECT_EQ(ask(Method::kGet, "/links/a").status, 404);
}

}  // namespace
}  // namespace klink::http
