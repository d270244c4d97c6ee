// A key makes a call once: what is answered when it comes again, is another call, or is still under way.
#include "http/idempotency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::HasSubstr;

class IdempotencyTest : public ServerTest {
 protected:
  static Request Call(std::string key, std::string body = "{}") {
    Request request;
    request.method = Method::kPost;
    request.target = *ParseTarget("/v1/links/paris-to-lyon:pause");
    request.body = std::move(body);
    request.idempotency_key = std::move(key);
    return request;
  }
  static Response Done(std::string body = "done") { return TextResponse(std::move(body)); }
  // A whole call of the key, made unless it was.
  std::optional<Response> Make(const std::string& key, Response answer = Done()) {
    auto before = calls_.Begin("ci", Call(key), now_);
    if (!before) calls_.Finish("ci", Call(key), answer, now_);
    return before;
  }

  Idempotency calls_{{.key_bytes = 8, .keys = 2, .answer_bytes = 10, .kept = 1h}};
  Instant now_ = Instant{} + 1h;
};

TEST_F(IdempotencyTest, TheSecondCallIsAnsweredAsTheFirst) {
  EXPECT_EQ(Make("a"), std::nullopt);
  const auto again = Make("a", Done("other"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->body, "done");
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(calls_.Begin("ops", Call("a"), now_), std::nullopt) << "a key is its caller's own";
}

TEST_F(IdempotencyTest, AnotherCallWithTheKeyIsRefused) {
  EXPECT_EQ(Make("a"), std::nullopt);
  EXPECT_EQ(calls_.Begin("ci", Call("a", R"({"reason":"x"})"), now_)->status, 422);
}

TEST_F(IdempotencyTest, WhileTheFirstIsUnderWayTheSecondIsToldSo) {
  EXPECT_EQ(calls_.Begin("ci", Call("a"), now_), std::nullopt);
  EXPECT_EQ(calls_.Begin("ci", Call("a"), now_)->status, 409);
  calls_.Forget("ci", Call("a"));
  EXPECT_EQ(calls_.Begin("ci", Call("a"), now_), std::nullopt) << "nobody saw how it ended";
}

TEST_F(IdempotencyTest, WhatFailedMayBeTriedAgain) {
  EXPECT_EQ(Make("a", Problem(503, "not now")), std::nullopt);
  EXPECT_EQ(Make("a"), std::nullopt);
  EXPECT_TRUE(Make("a"));
}

TEST_F(IdempotencyTest, TheOldestIsForgottenBeyondTheLimits) {
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(Make(key, Done("")), std::nullopt);
  EXPECT_TRUE(Make("c"));
  EXPECT_TRUE(Make("b"));
  EXPECT_EQ(Make("a", Done("")), std::nullopt) << "two are kept";
  EXPECT_EQ(Make("d", Done("123456")), std::nullopt);
  EXPECT_EQ(Make("e", Done("123456")), std::nullopt);
  EXPECT_TRUE(Make("e"));
  EXPECT_EQ(Make("d", Done("")), std::nullopt) << "ten bytes are kept";
  now_ += 1h;
  EXPECT_EQ(Make("e"), std::nullopt) << "an hour is over";
  EXPECT_EQ(Make("f", Done("more than is kept")), std::nullopt);
  EXPECT_EQ(Make("f"), std::nullopt);
}

TEST_F(IdempotencyTest, AKeyIsShortAndPrintable) {
  EXPECT_EQ(Make("12345678"), std::nullopt);
  EXPECT_EQ(Make("123456789")->status, 400);
  EXPECT_EQ(Make("a\tb")->status, 400);
}

TEST_F(IdempotencyTest, APauseThatComesAgainPausesOnce) {
  SystemClock clock;
  Serve(Guard(MakeRoutes(agent_, metrics_), {}, clock), {});
  const std::string call =
      "POST /v1/links/paris-to-lyon:pause HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: "
      "application/json\r\nIdempotency-Key: 7\r\nContent-Length: 2\r\n\r\n{}";
  const std::string first = Raw(call), second = Raw(call);
  EXPECT_THAT(first, HasSubstr(R"("outcome":"paused")"));
  EXPECT_THAT(first, testing::Not(HasSubstr("Idempotent-Replayed")));
  EXPECT_THAT(second, HasSubstr(R"("outcome":"paused")")) << "unchanged, if it was made again";
  EXPECT_THAT(second, HasSubstr("Idempotent-Replayed: true"));
}

}  // namespace
}  // namespace klink::http
