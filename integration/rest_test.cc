// Kafka REST as foreign tools use it: a real klink between real clusters, driven by Confluent's own SDK in the two
// versions that its tools are built with ($KLINK_REST, from integration/rest). What the SDK cannot decode is an error
// here, as it is for its users.
#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "integration/failover_fixture.h"
#include "integration/group_tools.h"

namespace klink::it {
namespace {

using testing::HasSubstr;

struct Lag {
  int64_t partition = 0, lag = 0, last_source_fetch_offset = 0;
  static void Describe(auto& m, auto& field) {
    field("partition", m.partition);
    field("lag", m.lag);
    field("last_source_fetch_offset", m.last_source_fetch_offset);
  }
};
struct Entry {  // of a list of links, settings, mirrors, topics or outcomes
  std::string link_name, link_state, cluster_link_id, name, value, source, mirror_topic_name, mirror_status, topic_name;
  std::optional<int64_t> error_code;
  std::optional<std::string> error_message;
  std::vector<Lag> mirror_lags;
  static void Describe(auto& m, auto& field) {
    field("link_name", m.link_name);
    field("link_state", m.link_state);
    field("cluster_link_id", m.cluster_link_id);
    field("name", m.name);
    field("value", m.value);
    field("source", m.source);
    field("mirror_topic_name", m.mirror_topic_name);
    field("mirror_status", m.mirror_status);
    field("topic_name", m.topic_name);
    field("error_code", m.error_code);
    field("error_message", m.error_message);
    field("mirror_lags", m.mirror_lags);
  }
};
struct List {
  std::vector<Entry> data;
  static void Describe(auto& m, auto& field) { field("data", m.data); }
};

template <class T>
T Read(const Outcome& outcome) {
  T out;
  const auto json = ParseJson(outcome.out);
  EXPECT_TRUE(json.ok() && FromJson(*json, out).ok()) << outcome.out << outcome.err;
  return out;
}

class Rest : public Failover, public testing::WithParamInterface<const char*> {
 protected:
  // One call through the SDK.
  Outcome Sdk(const Agent& agent, std::vector<std::string> call) const {
    const std::string programs = Env("KLINK_REST", "");
    if (programs.empty()) throw std::runtime_error("KLINK_REST is not set: ./x test integration rest sets it");
    std::vector<std::string> argv = {programs + "/rest-" + GetParam(), agent.url(), cluster_};
    argv.insert(argv.end(), call.begin(), call.end());
    return RunToEnd({argv});
  }
  Outcome Good(const Agent& agent, const std::vector<std::string>& call) const {
    Outcome outcome = Sdk(agent, call);
    EXPECT_EQ(outcome.exit_code, 0) << testing::PrintToString(call) << outcome.out << outcome.err;
    return outcome;
  }
  // An error of this status, with a message in the shape the SDK reads.
  void Bad(const Agent& agent, const std::vector<std::string>& call, int status, const std::string& message) const {
    const Outcome outcome = Sdk(agent, call);
    EXPECT_EQ(outcome.exit_code, 1) << testing::PrintToString(call) << outcome.out;
    EXPECT_THAT(outcome.err, testing::StartsWith(std::to_string(status) + " ")) << testing::PrintToString(call);
    EXPECT_THAT(outcome.err, HasSubstr(fmt::format("\"error_code\":{}", status)));
    EXPECT_THAT(outcome.err, HasSubstr(message));
  }
  std::string Status(const Agent& agent, const std::string& topic) const {
    return Read<Entry>(Good(agent, {"mirror", file_.link, topic})).mirror_status;
  }
  void AwaitStatus(const Agent& agent, const std::string& topic, const std::string& status) const {
    Await(fmt::format("{} to be {}", topic, status), seconds(60), [&] { return Status(agent, topic) == status; });
  }
  Entry Only(const Outcome& outcome) const {
    const List list = Read<List>(outcome);
    EXPECT_EQ(list.data.size(), 1u) << outcome.out;
    return list.data.empty() ? Entry() : list.data[0];
  }
  Agent& Begin() {
    Agent& agent = NewAgent();
    agent.Start();
    Produce(source(), topic_, SampleRecords(300, kPartitions));
    AwaitMirrored(source(), destination(), topic_);
    const auto clusters = ParseJson(agent.Get("/v3/clusters").value_or(""));
    if (!clusters.ok()) throw std::runtime_error("no list of clusters");
    cluster_ = Text(*FindJson(*clusters, "data"));
    return agent;
  }
  static std::string Text(const Json& clusters) { return *JsonText(clusters.as_array().at(0), "cluster_id"); }

  std::string cluster_;  // the destination's id
};

TEST_P(Rest, LinksSettingsAndMirrorsAreRead) {
  Agent& agent = Begin();
  EXPECT_THAT(Good(agent, {"cluster"}).out, HasSubstr(cluster_));
  const Entry link = Only(Good(agent, {"links"}));
  EXPECT_EQ(link.link_name, file_.link);
  const Entry again = Read<Entry>(Good(agent, {"link", file_.link}));
  EXPECT_EQ(again.cluster_link_id, link.cluster_link_id);
  EXPECT_EQ(again.link_state, "ACTIVE");
  bool servers = false;
  for (const Entry& config : Read<List>(Good(agent, {"configs", file_.link})).data) {
    EXPECT_TRUE(config.source == "DEFAULT_CONFIG" || config.source == "DYNAMIC_CLUSTER_LINK_CONFIG") << config.name;
    servers |= config.name == "bootstrap.servers" && config.value == source().bootstrap();
  }
  EXPECT_TRUE(servers);
  EXPECT_EQ(Read<Entry>(Good(agent, {"config", file_.link, "acl.sync.ms"})).value, "30000");

  AwaitStatus(agent, topic_, "ACTIVE");
  const Entry mirror = Only(Good(agent, {"mirrors", file_.link}));
  EXPECT_EQ(mirror.mirror_topic_name, topic_);
  ASSERT_EQ(mirror.mirror_lags.size(), size_t{kPartitions});
  for (int p = 0; p < kPartitions; p++) EXPECT_EQ(mirror.mirror_lags[p].partition, p);
  EXPECT_EQ(Only(Good(agent, {"mirrors"})).mirror_topic_name, topic_);
  Await("the lag to be exactly 0", seconds(30), [&] {
    const Entry now = Read<Entry>(Good(agent, {"mirror", file_.link, topic_}));
    return std::all_of(now.mirror_lags.begin(), now.mirror_lags.end(), [](const Lag& l) { return l.lag == 0; });
  });
  EXPECT_EQ(Only(Good(agent, {"topics"})).topic_name, topic_);
  EXPECT_EQ(Read<Entry>(Good(agent, {"topic", topic_})).topic_name, topic_);

  Bad(agent, {"link", "nope"}, 404, "has no link nope");
  Bad(agent, {"mirror", file_.link, "nope"}, 404, "has no mirror topic nope");
  Bad(agent, {"config", file_.link, "nope"}, 404, "a link has no setting nope");
  cluster_ = "another";
  Bad(agent, {"links"}, 404, "no link of this agent writes to a cluster another");
}

TEST_P(Rest, MirrorsAndTheLinkArePausedAndResumed) {
  Agent& agent = Begin();
  AwaitStatus(agent, topic_, "ACTIVE");
  EXPECT_EQ(Only(Good(agent, {"pause?", file_.link, topic_})).error_code, std::nullopt);
  EXPECT_EQ(Status(agent, topic_), "ACTIVE") << "it was only asked what would be";
  const List paused = Read<List>(Good(agent, {"pause", file_.link, topic_, "nope"}));
  ASSERT_EQ(paused.data.size(), 2u);
  EXPECT_EQ(paused.data[0].error_code, std::nullopt);
  EXPECT_EQ(paused.data[0].mirror_lags.size(), size_t{kPartitions});
  EXPECT_EQ(paused.data[1].error_code, 404);
  EXPECT_EQ(Status(agent, topic_), "PAUSED");
  Good(agent, {"resume", file_.link, topic_});
  AwaitStatus(agent, topic_, "ACTIVE");

  Good(agent, {"set-config", file_.link, "cluster.link.paused", "true"});
  EXPECT_EQ(Read<Entry>(Good(agent, {"link", file_.link})).link_state, "PAUSED");
  EXPECT_EQ(Read<Entry>(Good(agent, {"config", file_.link, "cluster.link.paused"})).value, "true");
  Good(agent, {"reset-config", file_.link, "cluster.link.paused"});
  AwaitStatus(agent, topic_, "ACTIVE");
  Produce(source(), topic_, SampleRecords(300, kPartitions));
  AwaitMirrored(source(), destination(), topic_);
}

TEST_P(Rest, WhatTheConfigurationSaysIsNotChanged) {
  Agent& agent = Begin();
  AwaitStatus(agent, topic_, "ACTIVE");
  Good(agent, {"alter-configs", file_.link, "acl.sync.ms=30000", "consumer.offset.sync.ms=1000"});
  Bad(agent, {"alter-configs", file_.link, "acl.sync.ms=1000"}, 400, "read-only");
  Bad(agent, {"set-config", file_.link, "sasl.jaas.config", "password='s3cret';"}, 400, "read-only");
  Bad(agent, {"set-config", file_.link, "no.such", "1"}, 404, "has no setting");
  Bad(agent, {"create-link", file_.link, "", "bootstrap.servers=" + source().bootstrap()}, 409, "already");
  Bad(agent, {"create-link", "new", "", "bootstrap.servers=elsewhere:9092", "sasl.jaas.config=password='s3cret';"}, 400,
      "entry under clusters");
  Bad(agent, {"create-link", "new", "", "bootstrap.servers=" + source().bootstrap()}, 400, "source: paris");
  Bad(agent, {"delete-link", file_.link}, 400, "klink link delete");
  Bad(agent, {"delete-topic", topic_}, 400, "topic_delete is off");
  Bad(agent, {"create-mirror", file_.link, topic_}, 409, "already");
  Bad(agent, {"create-mirror", file_.link, "else"}, 400, "topics.include");
  const std::string made = NewTopic("made");
  const Outcome created = Sdk(agent, {"create-mirror", file_.link, made});
  if (created.exit_code != 0) EXPECT_THAT(created.err, testing::StartsWith("409 ")) << "its own round was sooner";
  AwaitStatus(agent, made, "ACTIVE");
  const Outcome audit = agent.Cli({"audit", "tail", "-n", "50"});
  EXPECT_THAT(audit.out, HasSubstr("link.configure"));
  EXPECT_THAT(ReadFile(agent.data_dir() / "audit.jsonl"), testing::Not(HasSubstr("s3cret")));
}

TEST_P(Rest, MirrorsArePromotedAndWrittenTo) {
  const std::string other = NewTopic("b");
  Agent& agent = Begin();
  Produce(source(), other, SampleRecords(300, kPartitions));
  AwaitMirrored(source(), destination(), other);
  for (const std::string& topic : {topic_, other}) AwaitStatus(agent, topic, "ACTIVE");
  // As Terraform does it: one topic a call, all calls at once.
  Outcome side;
  std::thread beside([&] { side = Sdk(agent, {"promote", file_.link, other}); });
  const Outcome promoted = Sdk(agent, {"promote", file_.link, topic_});
  beside.join();
  EXPECT_EQ(Only(promoted).error_code, std::nullopt) << promoted.out << promoted.err;
  EXPECT_EQ(Only(side).error_code, std::nullopt) << side.out << side.err;
  for (const std::string& topic : {topic_, other}) AwaitStatus(agent, topic, "STOPPED");
  const Entry again = Only(Good(agent, {"promote", file_.link, topic_}));
  EXPECT_EQ(again.error_code, 400);
  EXPECT_THAT(again.error_message.value_or(""), HasSubstr("has already stopped its mirror"));
  EXPECT_EQ(Only(Good(agent, {"pause", file_.link, topic_})).error_code, 400);
  const auto before = LogEnds(destination()).Sum(topic_, kPartitions);
  Produce(destination(), topic_, SampleRecords(30, kPartitions));
  EXPECT_EQ(LogEnds(destination()).Sum(topic_, kPartitions), before + 30);
}

TEST_P(Rest, MirrorsAreFailedOverWithTheSourceDead) {
  file_.extra_http = "rest: {status_names: compat}";
  Agent& agent = Begin();
  AwaitStatus(agent, topic_, "ACTIVE");
  source().Kill(0);
  Await("the agent to see it", seconds(30), [&] {
    const auto mirror = Describe(agent, topic_);
    return mirror && mirror->state == "SOURCE_UNAVAILABLE";
  });
  EXPECT_EQ(Status(agent, topic_), "ACTIVE") << "the oldest client knows no name for it";
  EXPECT_EQ(Only(Good(agent, {"links"})).link_state, "UNAVAILABLE");
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(Only(Good(agent, {"failover", file_.link, topic_})).error_code, std::nullopt);
  AwaitStatus(agent, topic_, "STOPPED");
  RecordProperty("seconds_to_stopped",
                 std::to_string(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()));
  EXPECT_EQ(Only(Good(agent, {"failover", file_.link, topic_})).error_code, 400);
  Produce(destination(), topic_, SampleRecords(30, kPartitions));
  source().Restart(0);
}

// schemathesis makes calls from /openapi.json, right ones and wrong ones, and compares each answer with it.
using Described = Failover;

TEST_F(Described, TheApiAnswersAsItSaysAndNeverFails) {
  const std::string packages = Env("KLINK_SCHEMATHESIS", "");
  ASSERT_NE(packages, "") << "./x test integration rest sets it";
  Agent& agent = NewAgent();
  agent.Start();
  Produce(source(), topic_, SampleRecords(300, kPartitions));
  AwaitState(agent, topic_, "ACTIVE", "");
  // Without any group a cluster has no coordinator that could be asked.
  for (const Cluster* cluster : {&source(), &destination()})
    CommitPlaces(*cluster, prefix_ + "app", {{{topic_, 0}, 1}});
  const auto clusters = ParseJson(agent.Get("/v3/clusters").value_or(""));
  ASSERT_TRUE(clusters.ok());
  const std::string id = *JsonText(FindJson(*clusters, "data")->as_array().at(0), "cluster_id");
  // Half of the calls would else ask for links that there are not.
  WriteFile(agent.dir() / "schemathesis.toml",
            fmt::format("[parameters]\n\"path.cluster_id\" = \"{}\"\n\"path.link\" = \"{}\"\n\"path.topic\" = \"{}\"\n",
                        id, file_.link, topic_));
  Command command;
  command.argv = {"python3",
                  "-m",
                  "schemathesis.cli",
                  "--config-file",
                  "schemathesis.toml",
                  "run",
                  agent.url() + "/openapi.json",
                  "--exclude-path",
                  "/v1/events",  // has no end
                  "--phases",
                  "examples,coverage,fuzzing",
                  "--max-examples",
                  "10",
                  "--seed",
                  "1",
                  "--checks",
                  "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                  "--suppress-health-check",
                  "all"};
  command.env = {{"PYTHONPATH", packages}, {"NO_COLOR", "1"}};
  command.directory = agent.dir();
  const Outcome outcome = RunToEnd(command, seconds(400));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("generated")) << "calls were made";
  EXPECT_EQ(agent.GetStatus("/livez"), 200);
}

INSTANTIATE_TEST_SUITE_P(Sdk, Rest, testing::Values("newest", "terraform"),
                         [](const auto& version) { return std::string(version.param); });

}  // namespace
}  // namespace klink::it
