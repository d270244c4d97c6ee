// Links, mirrors and topics that are made and deleted over the Kafka REST paths: what is asked of the agent, in which
// order, and what is refused before anything is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/rest_routes.h"
#include "link/definition_settings.h"
#include "tests/fake/clock.h"
#include "tests/fake/two_clusters.h"
#include "tests/http/fake_agent.h"

namespace klink::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kLyon = "MkU3OEVBNTcwNTJENDM2Qk";
const std::string kCluster = "/v3/clusters/" + kLyon;
const std::string kMade = kCluster + "/links/made";
const std::string kSource = R"({"source_cluster_id":"5L6g3nShT-eMCtK--X86sw")";

// Keeps definitions in memory, and shows the links they make in the agent's snapshot and configuration.
class FakeMade final : public link::MadeLinks, public link::MirrorDropper {
 public:
  FakeMade(FakeAgent& agent, config::Config& config) : agent_(agent), config_(config) {}

  const state::LinkDefinition* Find(const std::string& link) const override {
    const auto found = definitions.find(link);
    return found == definitions.end() ? nullptr : &found->second;
  }
  std::map<std::string, std::string> Clusters() const override { return {{"lyon", kLyon}, {"nice", "nice-id"}}; }
  Async<Status> Create(std::string link, state::LinkDefinition definition) override {
    did.push_back("create " + link);
    CO_RETURN_IF_ERROR(refuse);
    definitions[link] = std::move(definition);
    Show(link);
    co_return absl::OkStatus();
  }
  Async<Status> Alter(std::string link, Change change) override {
    did.push_back("alter " + link);
    CO_RETURN_IF_ERROR(refuse);
    state::LinkDefinition next = definitions.at(link);
    CO_RETURN_IF_ERROR(change(next));
    definitions[link] = std::move(next);
    Show(link);
    co_return absl::OkStatus();
  }
  Async<Status> Remove(std::string link, std::string by) override {
    did.push_back("remove " + link + by);
    definitions.erase(link);
    std::erase_if(agent_.snapshot.links, [&](const auto& l) { return l.name == link; });
    co_return refuse;
  }
  Async<StatusOr<std::string>> AskClusterId(std::string cluster) override {
    CO_RETURN_IF_ERROR(unreachable);
    co_return cluster == "paris" ? "5L6g3nShT-eMCtK--X86sw" : kLyon;
  }
  Async<StatusOr<bool>> AskForTopic(std::string cluster, std::string topic) override {
    CO_RETURN_IF_ERROR(unreachable);
    co_return topics.contains(cluster + "/" + topic);
  }
  Async<Status> DropMirror(link::DropRequest request) override {
    did.push_back(fmt::format("drop {} of {}", request.topic, request.link));
    co_return refuse_drop;
  }

  std::map<std::string, state::LinkDefinition> definitions;
  std::set<std::string> topics = {"paris/stock", "paris/held"};
  std::vector<std::string> did;
  Status refuse, refuse_drop, unreachable;

 private:
  void Show(const std::string& link) {
    const state::LinkDefinition& definition = definitions[link];
    std::erase_if(config_.links, [&](const auto& l) { return l.name == link; });
    config_.links.push_back(*link::ConfigOf(link, definition));
    std::erase_if(agent_.snapshot.links, [&](const auto& l) { return l.name == link; });
    link::LinkSnapshot& shown = agent_.snapshot.links.emplace_back(fake::Link());
    shown.name = link;
    shown.mirrors.clear();
    for (const std::string& topic : definition.mirrors)
      if (topic != "held") shown.mirrors.push_back(fake::Mirror(topic, "ACTIVE", {}));
  }
  FakeAgent& agent_;
  config::Config& config_;
};

class RestMade : public klink::fake::VirtualTimeTest {
 protected:
  RestMade() {
    RestParts parts;
    parts.config = [this]() -> const config::Config& { return config_; };
    parts.clock = &clock_;
    parts.made = &made_;
    parts.dropper = &made_;
    AddRestRoutes(router_, agent_, std::move(parts));
  }
  Response Send(Method method, const std::string& path, std::string body = "") {
    Request request;
    request.method = method;
    request.target = *ParseTarget(path);
    request.content_type = "application/json";
    request.body = std::move(body);
    return klink::fake::VirtualTimeTest::Run(router_(std::move(request)));
  }
  Response Post(const std::string& path, std::string body) { return Send(Method::kPost, path, std::move(body)); }
  void MakeLink(const std::string& configs = "") {
    const Response made = Post(kCluster + "/links?link_name=made", kSource + configs + "}");
    ASSERT_EQ(made.status, 201) << made.body;
    made_.did.clear();
  }
  std::string Get(const std::string& path) { return Send(Method::kGet, path).body; }

  config::Config config_ = klink::fake::TwoClusters();
  FakeAgent agent_;
  FakeMade made_{agent_, config_};
  Router router_;
};

TEST_F(RestMade, ALinkIsMadeShownAndDeleted) {
  const std::string configs = R"(,"configs":[{"name":"acl.sync.ms","value":"5000"},)"
                              R"({"name":"sasl.jaas.config","value":"a.M required password='s3cret';"}])";
  const Response made = Post(kCluster + "/links?link_name=made", kSource + configs + "}");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body, "{}\n");
  const state::LinkDefinition& definition = made_.definitions.at("made");
  EXPECT_EQ(definition.source, "paris");
  EXPECT_EQ(definition.destination, "lyon");
  EXPECT_EQ(definition.destination_cluster_id, kLyon);
  EXPECT_THAT(definition.withheld, ElementsAre("sasl.jaas.config"));
  EXPECT_THAT(CompactJson(ToJson(definition)), testing::Not(HasSubstr("s3cret")));
  EXPECT_THAT(Get(kCluster + "/links"), HasSubstr(R"("link_name":"made")"));
  EXPECT_THAT(Get(kMade + "/configs/acl.sync.ms"),
              HasSubstr(R"("value":"5000","is_default":false,"is_read_only":false)"));
  EXPECT_THAT(Get(kMade + "/configs/sasl.jaas.config"), HasSubstr(R"("value":"","is_default":false)"));
  EXPECT_EQ(Post(kCluster + "/links?link_name=made", kSource + "}").status, 409);
  EXPECT_EQ(Post(kCluster + "/links?link_name=paris-to-lyon", kSource + "}").status, 409);
  EXPECT_EQ(Send(Method::kDelete, kMade + "?validate_only=true").status, 204);
  EXPECT_EQ(Send(Method::kGet, kMade).status, 200);
  EXPECT_EQ(Send(Method::kDelete, kMade).status, 204);
  EXPECT_EQ(Send(Method::kGet, kMade).status, 404);
  EXPECT_THAT(made_.did, ElementsAre("create made", "remove made"));
}

TEST_F(RestMade, WhatCannotBeMadeIsRefusedBeforeAnythingIs) {
  const auto post = [this](const std::string& configs, const std::string& query = "") {
    return Post(kCluster + "/links?link_name=made" + query, kSource + R"(,"configs":[)" + configs + "]}");
  };
  EXPECT_EQ(post(R"({"name":"link.mode","value":"SOURCE"})").status, 400);
  EXPECT_EQ(post(R"({"name":"acl.sync.ms","value":"1"})").status, 400);
  EXPECT_EQ(post(R"({"name":"cluster.link.paused","value":"true"})").status, 400);
  EXPECT_EQ(post(R"({"name":"sasl.jaas.config","value":"no line"})").status, 400);
  EXPECT_EQ(post(R"({"name":"no.such","value":"1"})").status, 400);
  EXPECT_EQ(post("", "&validate_only=true").status, 201);
  EXPECT_EQ(post("", "&validate_link=maybe").status, 400);
  EXPECT_EQ(Post(kCluster + "/links?link_name=made", R"({"source_cluster_id":")" + kLyon + "\"}").status, 400);
  EXPECT_EQ(Post("/v3/clusters/elsewhere/links?link_name=made", kSource + "}").status, 404);
  made_.unreachable = Unavailable("nobody answers");
  EXPECT_EQ(post("").status, 503);
  EXPECT_THAT(made_.did, IsEmpty());
  EXPECT_EQ(post("", "&validate_link=false").status, 201);
}

TEST_F(RestMade, AClusterWithoutALinkIsShownAndTakesOne) {
  EXPECT_THAT(Get("/v3/clusters"), HasSubstr("nice-id"));
  EXPECT_EQ(Send(Method::kGet, "/v3/clusters/nice-id").status, 200);
  EXPECT_THAT(Get("/v3/clusters/nice-id/links"), HasSubstr(R"("data":[])"));
  config_.clusters["nice"].bootstrap_servers = "n1:9092";
  EXPECT_EQ(Post("/v3/clusters/nice-id/links?link_name=made", kSource + "}").status, 201);
  EXPECT_EQ(made_.definitions.at("made").destination, "nice");
}

TEST_F(RestMade, SettingsAreChangedAllOrNone) {
  MakeLink();
  const std::string alter = kMade + "/configs:alter";
  EXPECT_EQ(Send(Method::kPut, alter, R"({"data":[{"name":"acl.sync.ms","value":"7000"}]})").status, 204);
  EXPECT_EQ(Send(Method::kPut, kMade + "/configs/consumer.offset.sync.ms", R"({"value":"9000"})").status, 204);
  EXPECT_THAT(made_.definitions["made"].settings,
              ElementsAre(state::DefinedSetting{"acl.sync.ms", "7000"},
                          state::DefinedSetting{"consumer.offset.sync.ms", "9000"}));
  EXPECT_EQ(Send(Method::kPut, alter,
                 R"({"data":[{"name":"acl.sync.ms","value":"8000"},)"
                 R"({"name":"consumer.offset.sync.ms","value":"1"}]})")
                .status,
            400);
  EXPECT_EQ(
      Send(Method::kPut, alter + "?validate_only=true", R"({"data":[{"name":"acl.sync.ms","value":"8000"}]})").status,
      204);
  EXPECT_THAT(made_.did, ElementsAre("alter made", "alter made"));
  EXPECT_EQ(Send(Method::kDelete, kMade + "/configs/acl.sync.ms").status, 204);
  EXPECT_THAT(Get(kMade + "/configs/acl.sync.ms"), HasSubstr(R"("source":"DEFAULT_CONFIG")"));
}

TEST_F(RestMade, AMirrorIsMadeOfATopicThatTheSourceHas) {
  MakeLink();
  EXPECT_EQ(Post(kMade + "/mirrors", R"({"source_topic_name":"nope"})").status, 404);
  EXPECT_THAT(made_.did, IsEmpty()) << "nothing of it is stored";
  EXPECT_EQ(Post(kMade + "/mirrors?validate_only=true", R"({"source_topic_name":"stock"})").status, 201);
  EXPECT_THAT(made_.did, IsEmpty());
  EXPECT_EQ(Post(kMade + "/mirrors", R"({"source_topic_name":"stock"})").status, 201);
  EXPECT_THAT(made_.definitions["made"].mirrors, ElementsAre("stock"));
  EXPECT_EQ(Post(kMade + "/mirrors", R"({"source_topic_name":"stock"})").status, 409);
  made_.topics = {"paris/taken", "lyon/taken"};
  EXPECT_EQ(Post(kMade + "/mirrors", R"({"source_topic_name":"taken"})").status, 409);
  EXPECT_THAT(made_.definitions["made"].mirrors, ElementsAre("stock"));
}

TEST_F(RestMade, AMirrorThatTakesLongIsAskedForAgain) {
  MakeLink();
  const Response late = Post(kMade + "/mirrors", R"({"source_topic_name":"held"})");
  EXPECT_EQ(late.status, 503) << late.body;
  EXPECT_THAT(made_.definitions["made"].mirrors, ElementsAre("held"));
  for (link::LinkSnapshot& link : agent_.snapshot.links)
    if (link.name == "made") link.mirrors.push_back(fake::Mirror("held", "PENDING_MIRROR", {}));
  EXPECT_EQ(Post(kMade + "/mirrors", R"({"source_topic_name":"held"})").status, 503)
      << "it is awaited, not there already";
  EXPECT_THAT(made_.did, ElementsAre("alter made"));
}

TEST_F(RestMade, ALinkThatMirrorsIsDeletedOnlyByForce) {
  MakeLink();
  ASSERT_EQ(Post(kMade + "/mirrors", R"({"source_topic_name":"stock"})").status, 201);
  const Response refused = Send(Method::kDelete, kMade);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("mirror stock of link made is ACTIVE"));
  EXPECT_EQ(Send(Method::kDelete, kMade + "?force=true").status, 204);
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/links/paris-to-lyon?force=true").status, 400) << "the configuration's";
}

TEST_F(RestMade, TopicsAreDeletedOnlyWhereThatIsAllowed) {
  MakeLink();
  ASSERT_EQ(Post(kMade + "/mirrors", R"({"source_topic_name":"stock"})").status, 201);
  made_.did.clear();
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/topics/stock").status, 400);
  EXPECT_THAT(made_.did, IsEmpty());
  config_.agent.http.rest.topic_delete = config::TopicDelete::kMirrors;
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/topics/stock").status, 204);
  EXPECT_THAT(made_.did, ElementsAre("alter made", "drop stock of made")) << "first out of the link, then deleted";
  EXPECT_THAT(made_.definitions["made"].mirrors, IsEmpty());
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/topics/never-mirrored").status, 404);
  made_.did.clear();
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/topics/orders.eu").status, 204);
  EXPECT_THAT(made_.did, ElementsAre("drop orders.eu of paris-to-lyon"));
  made_.refuse_drop = FailedPrecondition("the next round would make it again");
  EXPECT_EQ(Send(Method::kDelete, kCluster + "/topics/orders.eu").status, 409);
  agent_.snapshot.links[0].mirrors[0].state = "PENDING_STOPPED";
  EXPECT_THAT(Send(Method::kDelete, kCluster + "/topics/orders.eu").body, HasSubstr("is being promoted"));
}

}  // namespace
}  // namespace klink::http
