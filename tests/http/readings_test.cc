// Verifications and failback plans over HTTP: begun by POST, told by GET, one at a time.
#include "http/readings.h"

#include <gmock/gmock.h>

#include "http/reading_routes.h"
#include "tests/fake/clock.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::HasSubstr;

// Ends when it is told to.
class FakeReader final : public LinkReader {
 public:
  explicit FakeReader(Executor executor) : due_(std::move(executor)) {}
  Async<StatusOr<Json>> Verify(std::string link, VerifyOrder order) override {
    verified = std::move(order);
    co_return co_await End(link);
  }
  Async<StatusOr<Json>> Failback(std::string link, FailbackOrder) override { co_return co_await End(link); }
  void EndWith(StatusOr<Json> answer) {
    answer_ = std::move(answer);
    due_.NotifyAll();
  }
  std::optional<VerifyOrder> verified;

 private:
  Async<StatusOr<Json>> End(std::string) {
    while (!answer_) CO_RETURN_IF_ERROR(co_await due_.Wait());
    co_return *std::exchange(answer_, std::nullopt);
  }
  std::optional<StatusOr<Json>> answer_;
  Signal due_;
};

class ReadingsTest : public klink::fake::VirtualTimeTest {
 protected:
  FakeReader reader_{io_.get_executor()};
  Readings readings_{io_.get_executor(), clock_, reader_};
};

TEST_F(ReadingsTest, TellsHowItStandsAndThenWhatCameOut) {
  EXPECT_THAT(Text(readings_.Newest(ReadingKind::kVerify, "l").status()), HasSubstr("no verification of link l"));
  VerifyOrder order;
  order.full = true;
  const auto begun = readings_.Verify("l", order);
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(begun->state, "RUNNING");
  Settle();
  EXPECT_TRUE(reader_.verified->full);
  EXPECT_EQ(readings_.Newest(ReadingKind::kVerify, "l")->state, "RUNNING");
  JsonObject proof;
  proof["verdict"] = "equal";
  reader_.EndWith(Json(proof));
  Settle();
  const ReadingView ended = *readings_.Newest(ReadingKind::kVerify, "l");
  EXPECT_EQ(ended.state, "COMPLETED");
  EXPECT_EQ(CompactJson(ended.result), R"({"verdict":"equal"})");
  EXPECT_TRUE(ended.finished);
}

TEST_F(ReadingsTest, OneAtATimeOfWhateverKind) {
  ASSERT_TRUE(readings_.Verify("l", {}).ok());
  const auto second = readings_.Failback("other", {});
  EXPECT_EQ(second.status().code(), Code::kFailedPrecondition);
  EXPECT_THAT(Text(second.status()), HasSubstr("verification of link l since"));
  EXPECT_FALSE(readings_.Newest(ReadingKind::kFailback, "other").ok()) << "never begun";
  Settle();
  reader_.EndWith(Unavailable("cluster paris does not answer"));
  Settle();
  EXPECT_EQ(readings_.Newest(ReadingKind::kVerify, "l")->state, "FAILED");
  EXPECT_THAT(readings_.Newest(ReadingKind::kVerify, "l")->error.value_or(""), HasSubstr("does not answer"));
  EXPECT_TRUE(readings_.Failback("other", {}).ok());
}

TEST_F(ReadingsTest, AnAgentThatEndsDoesNotWaitForOne) {
  ASSERT_TRUE(readings_.Verify("l", {}).ok());
  Settle();
  std::optional<bool> closed;
  struct Close {
    static Async<bool> Of(Readings& readings) {
      co_await readings.Close();
      co_return true;
    }
  };
  Start(Close::Of(readings_), closed);
  Settle();
  EXPECT_TRUE(closed.has_value());
}

TEST(ReadingBody, IsStrict) {
  EXPECT_TRUE(ReadVerifyOrder("{}").ok());
  EXPECT_EQ(ReadVerifyOrder(R"({"topics": ["a"], "from": 7, "bytes_per_second": 9})")->from, 7);
  for (const auto& [body, says] :
       std::vector<std::pair<std::string, std::string>>{{R"({"topic": "a"})", "unknown key \"topic\""},
                                                        {R"({"from": -1})", "\"from\" must not be negative"},
                                                        {R"({"sample_percent": 0})", "0.001 to 100"},
                                                        {R"({"bytes_per_second": 0})", "would never end"}})
    EXPECT_THAT(Text(ReadVerifyOrder(body).status()), HasSubstr(says)) << body;
  EXPECT_THAT(Text(ReadFailbackOrder(R"({"recreate": true})").status()), HasSubstr("unknown key \"recreate\""));
}

using ReadingRoutes = ServerTest;

TEST_F(ReadingRoutes, SayWhatIsMissing) {
  Start();
  EXPECT_THAT(Ask("/v1/links/nowhere/verify").body, HasSubstr("there is no link nowhere"));
  EXPECT_THAT(Ask("/v1/links/nowhere/mirrors:failback", "{}").body, HasSubstr("there is no link nowhere"));
  const std::string link = agent_.Snapshot().links.at(0).name;
  EXPECT_EQ(Ask("/v1/links/" + link + "/verify", "{}").status, 503) << "this agent reads no logs";
  EXPECT_THAT(Ask("/v1/links/" + link + "/verify", R"({"all": true})").body, HasSubstr("unknown key"));
}

}  // namespace
}  // namespace klink::http
