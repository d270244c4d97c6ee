// The Kafka REST paths over a real server: shapes of answers and errors, both prefixes, and what reaches the agent.
#include "http/rest_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/clock.h"
#include "tests/fake/two_clusters.h"
#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kCluster = "/v3/clusters/MkU3OEVBNTcwNTJENDM2Qk";
const std::string kLink = kCluster + "/links/paris-to-lyon";

class RestTest : public ServerTest {
 protected:
  RestTest() {
    RestParts parts;
    parts.config = [this]() -> const config::Config& { return config_; };
    Serve(MakeRoutes(agent_, metrics_, nullptr, nullptr, Detail::kTopics, std::move(parts)), {});
  }
  static std::string Error(int code, std::string_view message) {
    return fmt::format("{{\"error_code\":{},\"message\":\"{}\"}}\n", code, message);
  }
  config::Config config_ = klink::fake::TwoClusters();
};

TEST_F(RestTest, QuestionsAreAnsweredUnderBothPrefixesAndWithASlashBehind) {
  const std::vector<std::string> paths = {"/v3/clusters",
                                          kCluster,
                                          kCluster + "/links",
                                          kLink,
                                          kLink + "/configs",
                                          kLink + "/configs/acl.sync.ms",
                                          kLink + "/mirrors",
                                          kCluster + "/links/-/mirrors",
                                          kLink + "/mirrors/orders.eu",
                                          kCluster + "/topics",
                                          kCluster + "/topics/orders.eu"};
  for (const std::string& path : paths) {
    const ClientResponse plain = Ask(path);
    EXPECT_EQ(plain.status, 200) << path << plain.body;
    EXPECT_EQ(plain.content_type, "application/json");
    EXPECT_THAT(plain.body, HasSubstr("/v3/clusters")) << "where it stands: " << plain.body;
    const ClientResponse prefixed = Ask("/kafka" + path + "/");
    EXPECT_EQ(prefixed.status, 200) << path;
    EXPECT_THAT(prefixed.body, HasSubstr("/kafka/v3/clusters")) << prefixed.body;
  }
  EXPECT_THAT(Ask("/v3/clusters").body,
              HasSubstr(R"("data":[{"kind":"KafkaCluster","metadata":{"self":"http://127.0.0.1:)"));
}

TEST_F(RestTest, ErrorsHaveTheShapeThatClientsRead) {
  EXPECT_EQ(Ask("/v3/nothing").body, Error(404, "there is nothing at this path"));
  EXPECT_EQ(Ask("/kafka/v3").body, Error(404, "there is nothing at this path"));
  EXPECT_EQ(Ask(kLink, "{}").body, Error(405, "this path is not served with this method"));
  EXPECT_EQ(Ask("/v3/clusters/other/links").body, Error(404, "no link of this agent writes to a cluster other"));
  EXPECT_EQ(Ask(kCluster + "/links/nope").body, Error(404, "cluster MkU3OEVBNTcwNTJENDM2Qk has no link nope"));
  EXPECT_EQ(Ask(kLink + "/mirrors/nope").body, Error(404, "link paris-to-lyon has no mirror topic nope"));
  EXPECT_EQ(Ask(kLink + "/configs/nope").status, 404);
  EXPECT_EQ(Ask(kCluster + "/topics/nope").status, 404);
  EXPECT_EQ(Ask(kLink + "/mirrors?mirror_status=active").status, 400);
  EXPECT_EQ(Ask(kLink + "?include_tasks=maybe").status, 400);
  EXPECT_EQ(Ask("/v3/clusters/%00").body, Error(400, "the path has a NUL"));
  EXPECT_EQ(Ask("/v3/nothing").content_type, "application/json");
  EXPECT_EQ(Ask("/v1/nothing").content_type, "application/problem+json") << "klink's own paths have their own";
}

TEST_F(RestTest, WhatIsNotKnownYetIsAskedForAgain) {
  agent_.snapshot.links[0].destination.cluster_id.reset();
  EXPECT_EQ(Ask("/v3/clusters").status, 503);
  EXPECT_EQ(Ask(kLink).body, Error(503, "not every destination cluster has answered yet: try again"));
}

TEST_F(RestTest, MirrorsAreFilteredByTheStatusTheyAreShownBy) {
  const std::string failed = Ask(kLink + "/mirrors?mirror_status=FAILED").body;
  EXPECT_THAT(failed, HasSubstr("payments"));
  EXPECT_THAT(failed, Not(HasSubstr("orders.eu")));
  EXPECT_THAT(Ask(kLink + "/mirrors?mirror_status=PENDING_MIRROR").body, HasSubstr("orders.new"));
  config_.agent.http.rest.status_names = config::StatusNames::kCompat;
  EXPECT_THAT(Ask(kLink + "/mirrors?mirror_status=PENDING_MIRROR").body, HasSubstr(R"("data":[])"));
  EXPECT_THAT(Ask(kLink + "/mirrors?mirror_status=ACTIVE").body, HasSubstr("orders.new"));
}

TEST_F(RestTest, TasksAndErrorsComeWhenAskedFor) {
  EXPECT_THAT(Ask(kLink + "?include_tasks=true").body, HasSubstr(R"("tasks":[{"task_name":"AutoCreateMirror")"));
  EXPECT_THAT(Ask(kLink + "/mirrors/payments?include_state_transition_errors=true").body,
              HasSubstr(R"("mirror_state_transition_errors":[{"error_code":"NOT_YET_SUPPORTED")"));
}

TEST_F(RestTest, AVerbAnswersWithAnEntryForEachTopic) {
  const ClientResponse paused = Ask(kLink + "/mirrors:pause", R"({"mirror_topic_names":["nope","orders.eu"]})");
  EXPECT_EQ(paused.status, 200);
  EXPECT_THAT(paused.body, testing::StartsWith(R"({"kind":"KafkaPromoteMirror","metadata":{)"));
  EXPECT_THAT(paused.body,
              HasSubstr(R"("mirror_topic_name":"nope","error_code":404,)"
                        R"("error_message":"link paris-to-lyon has no mirror topic nope","mirror_lags":[])"));
  EXPECT_THAT(paused.body, HasSubstr(R"("mirror_topic_name":"orders.eu","error_code":null,"error_message":null,)"
                                     R"("mirror_lags":[{"partition":0,"lag":0,"last_source_fetch_offset":1000},)"
                                     R"({"partition":1,"lag":3,"last_source_fetch_offset":897}],)"
                                     R"("messages_truncated":null,"partition_level_truncation_data":[]})"));
  ASSERT_EQ(agent_.asked.size(), 1u);
  EXPECT_THAT(agent_.asked[0].topics, testing::ElementsAre("orders.eu")) << "only what there is";
  EXPECT_FALSE(agent_.asked[0].dry_run);
  EXPECT_THAT(Ask(kLink + "/mirrors/orders.eu").body, HasSubstr(R"("mirror_status":"PAUSED")"));
  EXPECT_EQ(Ask(kLink + "/mirrors:resume?validate_only=true", R"({"mirror_topic_names":["orders.eu"]})").status, 200);
  EXPECT_TRUE(agent_.asked.at(1).dry_run);
  EXPECT_EQ(Ask(kLink + "/mirrors:pause", R"({"mirror_topic_names":["nope"]})").status, 200);
  EXPECT_EQ(agent_.asked.size(), 2u) << "nothing to ask the agent for";
}

TEST_F(RestTest, APromotionOfWhatHasStoppedSaysSoInItsEntry) {
  const std::string body = R"({"mirror_topic_names":["orders.eu"]})";
  const ClientResponse first = Ask(kLink + "/mirrors:promote", body);
  EXPECT_EQ(first.status, 200);
  EXPECT_THAT(first.body, HasSubstr(R"("error_code":null)"));
  EXPECT_EQ(agent_.promoting->kind, state::PromotionKind::kPromote);
  const ClientResponse again = Ask(kLink + "/mirrors:failover", body);
  EXPECT_EQ(again.status, 200);
  EXPECT_THAT(again.body, HasSubstr(R"("error_code":400,)"
                                    R"("error_message":"Topic 'orders.eu' has already stopped its mirror from)"
                                    R"( 'paris-to-lyon'")"));
  EXPECT_EQ(agent_.promoting->kind, state::PromotionKind::kFailover);
}

TEST_F(RestTest, VerbsThatCannotBeCarriedOutAreErrors) {
  EXPECT_EQ(Ask(kLink + "/mirrors:pause", "{}").status, 400);
  EXPECT_EQ(Ask(kCluster + "/links/nope/mirrors:pause", R"({"mirror_topic_names":["a"]})").status, 404);
  const ClientResponse other = Ask(kLink + "/mirrors:truncate-and-restore", R"({"mirror_topic_names":["orders.eu"]})");
  EXPECT_EQ(other.status, 200);
  EXPECT_THAT(other.body, HasSubstr(R"("mirror_topic_name":"orders.eu","error_code":501,)"));
  EXPECT_EQ(Ask(kLink + "/mirrors:invent", R"({"mirror_topic_names":["a"]})").status, 404);
  agent_.control_status = Unavailable("link paris-to-lyon is led by agent klink-1");
  EXPECT_EQ(Ask(kLink + "/mirrors:pause", R"({"mirror_topic_names":["orders.eu"]})").body,
            Error(503, "link paris-to-lyon is led by agent klink-1"));
}

TEST_F(RestTest, ALinkIsPausedByItsSettingAndNothingElseIsChanged) {
  const std::string paused = kLink + "/configs/cluster.link.paused";
  EXPECT_EQ(Send(Method::kPut, paused, R"({"value":"true"})").status, 204);
  EXPECT_THAT(Ask(paused).body, HasSubstr(R"("value":"true","is_default":false)"));
  EXPECT_EQ(Send(Method::kPut, paused, R"({"value":"true"})").status, 204);
  EXPECT_EQ(agent_.asked.size(), 1u) << "it was so already";
  const ClientResponse done = Send(Method::kDelete, paused);
  EXPECT_EQ(done.status, 204) << done.body;
  EXPECT_EQ(done.body, "");
  EXPECT_THAT(Ask(paused).body, HasSubstr(R"("value":"false","is_default":true)"));
  const std::string both = R"({"data":[{"name":"cluster.link.paused","value":"true"},)"
                           R"({"name":"acl.sync.ms","value":"5"}]})";
  EXPECT_EQ(Send(Method::kPut, kLink + "/configs:alter", both).status, 400);
  EXPECT_THAT(Ask(paused).body, HasSubstr(R"("value":"false")")) << "all or nothing";
  EXPECT_EQ(Ask(kLink + "/configs:alter", R"({"data":[{"name":"acl.sync.ms","value":"30000"}]})").status, 204);
  EXPECT_EQ(Send(Method::kPut, kLink + "/configs/nope", R"({"value":"1"})").status, 404);
  EXPECT_EQ(Send(Method::kPut, kLink + "/configs/acl.sync.ms", "{}").status, 400);
}

TEST_F(RestTest, WhatWouldBeMadeOrDeletedIsRefusedWithWhatToDo) {
  const std::string body = R"({"source_cluster_id":"5L6g3nShT-eMCtK--X86sw"})";
  EXPECT_EQ(Ask(kCluster + "/links/?link_name=paris-to-lyon", body).status, 409);
  EXPECT_EQ(Ask(kCluster + "/links", body).status, 400);
  const ClientResponse made = Ask(kCluster + "/links?link_name=new", body);
  EXPECT_EQ(made.status, 400);
  EXPECT_THAT(made.body, HasSubstr("this agent makes no links over REST"));
  EXPECT_EQ(Send(Method::kDelete, kLink).status, 400);
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/links/nope").status, 404);
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/topics/orders.eu").status, 400);
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/topics/nope").status, 404);
  EXPECT_EQ(Ask(kCluster + "/topics", R"({"topic_name":"a"})").status, 400);
  EXPECT_EQ(Ask(kLink + "/mirrors", R"({"source_topic_name":"orders.eu"})").status, 409);
  EXPECT_EQ(Ask(kLink + "/mirrors", R"({"source_topic_name":"stock"})").status, 400);
}

// An agent whose link has a promotion under way that ends after some questions, and mirrors that come after some.
class BusyAgent : public FakeAgent {
 public:
  Async<StatusOr<link::PromotionSnapshot>> Promote(link::PromoteRequest request) override {
    if (busy_-- > 0) co_return FailedPrecondition("promotion X is under way");
    co_return co_await FakeAgent::Promote(std::move(request));
  }
  link::AgentSnapshot Snapshot() const override {
    link::AgentSnapshot now = FakeAgent::Snapshot();
    if (looks_++ >= appears_) now.links[0].mirrors.push_back(fake::Mirror("orders.de", "ACTIVE", {}));
    return now;
  }
  int busy_ = 0;
  int appears_ = INT_MAX;
  mutable int looks_ = 0;
};

class RestWaits : public klink::fake::VirtualTimeTest {
 protected:
  RestWaits() {
    config::LinkConfig& link = config_.links.emplace_back();
    link.name = "paris-to-lyon";
    link.topics.include = {{.prefix = "orders."}};
    RestParts parts;
    parts.config = [this]() -> const config::Config& { return config_; };
    parts.clock = &clock_;
    AddRestRoutes(router_, agent_, std::move(parts));
  }
  Response Post(const std::string& path, std::string body) {
    Request request;
    request.method = Method::kPost;
    request.target = *ParseTarget(path);
    request.content_type = "application/json";
    request.body = std::move(body);
    return Run(router_(std::move(request)));
  }
  config::Config config_ = klink::fake::TwoClusters();
  BusyAgent agent_;
  Router router_;
};

TEST_F(RestWaits, APromotionTakesItsTurnBehindAnother) {
  const std::string body = R"({"mirror_topic_names":["orders.eu"]})";
  agent_.busy_ = 3;
  EXPECT_EQ(Post(kLink + "/mirrors:promote", body).status, 200);
  EXPECT_TRUE(agent_.promoting.has_value());
  agent_.busy_ = INT_MAX;
  const Response late = Post(kLink + "/mirrors:promote", body);
  EXPECT_EQ(late.status, 503) << "clients try that again";
  EXPECT_THAT(late.body, HasSubstr("promotion X is under way"));
}

TEST_F(RestWaits, AMirrorThatTheLinkIncludesIsAwaited) {
  agent_.appears_ = 5;
  EXPECT_EQ(Post(kLink + "/mirrors", R"({"source_topic_name":"orders.de"})").status, 201);
  agent_.appears_ = INT_MAX;
  const Response none = Post(kLink + "/mirrors", R"({"source_topic_name":"orders.de"})");
  EXPECT_EQ(none.status, 404);
  EXPECT_THAT(none.body, HasSubstr("has seen no such topic at its source"));
}

}  // namespace
}  // namespace klink::http
