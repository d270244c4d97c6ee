// What clients of Kafka REST decode: closed lists of names, numbers that are numbers, ids that stay.
#include "http/rest_views.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/rest_configs.h"
#include "state/states.h"
#include "tests/http/fake_agent.h"

namespace klink::http {
namespace {

using config::StatusNames;
using testing::HasSubstr;
using testing::Not;

const RestPlace kPlace{"http://127.0.0.1:8470/kafka/v3", "MkU3OEVBNTcwNTJENDM2Qk"};

TEST(RestViews, CompatKnowsFiveNamesAndFullKnowsAll) {
  const std::pair<const char*, const char*> rows[] = {
      {"ACTIVE", "ACTIVE"},         {"PAUSED", "PAUSED"},
      {"LINK_PAUSED", "PAUSED"},    {"FAILED", "FAILED"},
      {"LINK_FAILED", "FAILED"},    {"SOURCE_UNAVAILABLE", "ACTIVE"},
      {"PENDING_MIRROR", "ACTIVE"}, {"PENDING_STOPPED", "PENDING_STOPPED"},
      {"STOPPED", "STOPPED"},
  };
  for (const auto& [state, compat] : rows) {
    EXPECT_EQ(MirrorStatus(state, StatusNames::kCompat), compat);
    EXPECT_EQ(MirrorStatus(state, StatusNames::kFull), state);
  }
  const std::set<std::string> five = {"ACTIVE", "FAILED", "PAUSED", "STOPPED", "PENDING_STOPPED"};
  for (const std::string_view state : state::MirrorStateNames) {
    EXPECT_TRUE(IsMirrorStatus(state)) << state;
    EXPECT_TRUE(five.contains(MirrorStatus(state, StatusNames::kCompat))) << state;
  }
  EXPECT_FALSE(IsMirrorStatus("active"));
}

TEST(RestViews, WhatCompatHidesStandsInTheError) {
  link::MirrorSnapshot mirror = fake::Mirror("orders.eu", "SOURCE_UNAVAILABLE", {fake::Active(0, 0, 10, 2)});
  EXPECT_EQ(ShowMirror(mirror, "l", kPlace, StatusNames::kFull).mirror_topic_error, "NO_ERROR");
  RestMirror shown = ShowMirror(mirror, "l", kPlace, StatusNames::kCompat);
  EXPECT_EQ(shown.mirror_status, "ACTIVE");
  EXPECT_EQ(shown.mirror_topic_error, "SOURCE_UNAVAILABLE");
  mirror.reason_code = "AUTHORIZATION_ERROR";
  EXPECT_EQ(ShowMirror(mirror, "l", kPlace, StatusNames::kCompat).mirror_topic_error, "AUTHORIZATION_ERROR");
  mirror.state = "PAUSED";
  mirror.reason_code = "PAUSED_BY_OPERATOR";
  EXPECT_EQ(ShowMirror(mirror, "l", kPlace, StatusNames::kCompat).mirror_topic_error, "NO_ERROR") << "on purpose";
}

TEST(RestViews, AnUnknownLagIsNeverTakenForNone) {
  const link::MirrorSnapshot fresh = fake::Fresh();
  EXPECT_EQ(CompactJson(ToJson(ShowLags(fresh))), R"([{"partition":0,"lag":-1,"last_source_fetch_offset":-1}])");
  const link::MirrorSnapshot known = fake::Failed();
  EXPECT_EQ(CompactJson(ToJson(ShowLags(known))), R"([{"partition":0,"lag":0,"last_source_fetch_offset":10},)"
                                                  R"({"partition":1,"lag":50,"last_source_fetch_offset":200}])");
}

TEST(RestViews, AMirrorIsWhatClientsDecode) {
  const Json mirror = ToJson(ShowMirror(fake::Failed(), "paris-to-lyon", kPlace, StatusNames::kFull));
  EXPECT_EQ(CompactJson(mirror),
            R"({"kind":"KafkaMirrorData","metadata":{"self":"http://127.0.0.1:8470/kafka/v3/clusters/)"
            R"(MkU3OEVBNTcwNTJENDM2Qk/links/paris-to-lyon/mirrors/payments","resource_name":null},)"
            R"("link_name":"paris-to-lyon","mirror_topic_name":"payments","source_topic_name":"payments",)"
            R"("num_partitions":2,"mirror_lags":[{"partition":0,"lag":0,"last_source_fetch_offset":10},)"
            R"({"partition":1,"lag":50,"last_source_fetch_offset":200}],"mirror_status":"FAILED",)"
            R"("mirror_topic_error":"NOT_YET_SUPPORTED","state_time_ms":1767225690000})");
  EXPECT_EQ(ShowErrors(fake::Failed()).at(0).error_code, "NOT_YET_SUPPORTED");
  EXPECT_THAT(ShowErrors(fake::Failed()).at(0).error_message, HasSubstr("partition 1: "));
}

TEST(RestViews, ALinkHasAnIdThatItsNameAndClusterDecide) {
  const std::string id = ClusterLinkId("cluster", "link");
  EXPECT_EQ(id.size(), 22u);
  EXPECT_EQ(id, ClusterLinkId("cluster", "link"));
  EXPECT_NE(id, ClusterLinkId("cluster", "link-2"));
  EXPECT_NE(id, ClusterLinkId("cluster-2", "link"));
  EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  const RestLink link = ShowLink(fake::Link(), kPlace);
  EXPECT_EQ(link.link_id.size(), 36u);
  EXPECT_EQ(link.link_id[14], '8') << "a UUID of version 8";
}

TEST(RestViews, ALinkTellsWhatItsMirrorsAre) {
  link::LinkSnapshot link = fake::Link();
  const std::string text = CompactJson(ToJson(ShowLink(link, kPlace)));
  EXPECT_THAT(text, HasSubstr(R"("topic_names":["orders.eu","orders.legacy","orders.new","payments"])"));
  EXPECT_THAT(text, HasSubstr(R"("source_cluster_id":"5L6g3nShT-eMCtK--X86sw","destination_cluster_id":null)"));
  EXPECT_THAT(text, HasSubstr(R"("link_state":"ACTIVE","link_error":"NO_ERROR","link_error_message":null)"));
  EXPECT_THAT(text, HasSubstr(R"({"state_category":"IN_ERROR","count":1})"));
  EXPECT_THAT(text, Not(HasSubstr("tasks")));
  link.mirrors.clear();
  EXPECT_THAT(CompactJson(ToJson(ShowLink(link, kPlace))), HasSubstr(R"("topic_names":[])"));
  link.state = "UNAVAILABLE";
  link.reason_code = "SOURCE_UNAVAILABLE";
  link.reason = "cluster paris does not answer";
  const RestLink gone = ShowLink(link, kPlace);
  EXPECT_EQ(gone.link_error, "BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR");
  EXPECT_EQ(gone.link_error_message, "cluster paris does not answer");
}

TEST(RestViews, TasksHaveTheNamesThatOthersGiveThem) {
  link::LinkSnapshot link = fake::Link();
  link.tasks[0].state = "IN_ERROR";
  link.tasks[0].reason_code = "AUTHORIZATION_ERROR";
  link.tasks[0].reason = "no";
  EXPECT_EQ(CompactJson(ToJson(ShowTasks(link))),
            R"([{"task_name":"AutoCreateMirror","state":"IN_ERROR",)"
            R"("errors":[{"error_code":"AUTHORIZATION_ERROR","error_message":"no"}]}])");
}

RestLinkFacts Facts() {
  RestLinkFacts facts;
  facts.link.name = "paris-to-lyon";
  facts.link.topics.include = {{.prefix = "orders."}, {.literal = "payments"}};
  facts.link.topics.exclude = {{.regex = "tmp-.*"}};
  facts.link.groups.interval = 7s;
  facts.source.bootstrap_servers = "p1:9092";
  facts.source.sasl_username = "klink";
  facts.source.sasl_password = config::Secret("s3cret", "${env:P}");
  return facts;
}

TEST(RestConfigs, WhatIsSetIsToldFromWhatIsDefault) {
  const auto one = [](std::string_view name) { return ShowLinkConfig(Facts(), name, kPlace).value(); };
  EXPECT_EQ(one("bootstrap.servers").value, "p1:9092");
  EXPECT_EQ(one("bootstrap.servers").source, "DYNAMIC_CLUSTER_LINK_CONFIG");
  EXPECT_FALSE(one("bootstrap.servers").is_default);
  EXPECT_EQ(one("acl.sync.ms").value, "30000");
  EXPECT_EQ(one("acl.sync.ms").source, "DEFAULT_CONFIG");
  EXPECT_EQ(one("consumer.offset.sync.ms").value, "7000");
  EXPECT_EQ(one("auto.create.mirror.topics.filters").value,
            R"({"topicFilters":[{"name":"orders.","patternType":"PREFIXED","filterType":"INCLUDE"},)"
            R"({"name":"payments","patternType":"LITERAL","filterType":"INCLUDE"},)"
            R"({"name":"tmp-.*","patternType":"REGEX","filterType":"EXCLUDE"}]})");
  EXPECT_TRUE(one("cluster.link.prefix").is_read_only);
  EXPECT_FALSE(one("cluster.link.paused").is_read_only);
  EXPECT_EQ(ShowLinkConfig(Facts(), "nope", kPlace), std::nullopt);
}

TEST(RestConfigs, NoSecretIsShownAndBothPairsOfNamesAre) {
  const std::string all = CompactJson(ToJson(ShowLinkConfigs(Facts(), kPlace)));
  EXPECT_THAT(all, Not(HasSubstr("s3cret")));
  EXPECT_THAT(all, Not(HasSubstr("${env")));
  const std::string jaas = CompactJson(ToJson(*ShowLinkConfig(Facts(), "sasl.jaas.config", kPlace)));
  EXPECT_THAT(jaas, HasSubstr(R"("value":"","is_default":false,"is_read_only":true,"is_sensitive":true,)"
                              R"("read_only":true,"sensitive":true,"source":"DYNAMIC_CLUSTER_LINK_CONFIG")"));
  EXPECT_TRUE(IsSensitiveConfig("sasl.jaas.config"));
  EXPECT_TRUE(IsSensitiveConfig("what.is.this"));
  EXPECT_FALSE(IsSensitiveConfig("acl.sync.ms"));
}

}  // namespace
}  // namespace klink::http
