// Kafka REST as foreign tools use it: a real klink between real clusters, driven by Confluent's own SDK in the two
// versions that its tools are built with ($KLINK_REST, from integration/rest). What the SDK cannot decode is an error
// here, as it is for its users.
#include <algorithm>
#include <thread>

#include "integration/group_tools.h"
#include "integration/rest_fixture.h"

namespace klink::it {
namespace {

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
  Bad(agent, {"create-link", "new", "", "bootstrap.servers=" + source().bootstrap(), "link.mode=SOURCE"}, 400,
      "link.mode must be DESTINATION");
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
  // Terraform's SDK knows no name for a promotion that waits.
  if (GetParam() == std::string("terraform")) file_.extra_http = "rest: {status_names: compat}";
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

// ---- links that are made over REST ----

TEST_P(RestMade, ALinkAndItsMirrorsLiveFromTheirMakingToTheirEnd) {
  file_.extra_http = "rest: {topic_delete: mirrors}";
  Agent& agent = Begin();
  const std::string link = NameOfMade();
  const std::string topic = NewOther("a"), other = NewOther("b");
  Produce(source(), topic, SampleRecords(300, kPartitions));
  Good(agent, NewLink(link));
  Bad(agent, NewLink(link), 409, "already");
  AwaitLink(agent, link);
  EXPECT_EQ(Read<List>(Good(agent, {"links"})).data.size(), 2u);
  std::map<std::string, Entry> configs;
  for (const Entry& config : Read<List>(Good(agent, {"configs", link})).data) configs[config.name] = config;
  EXPECT_EQ(configs["consumer.offset.sync.ms"].value, "2000");
  EXPECT_EQ(configs["security.protocol"].value, "SASL_SSL") << "the very words";
  EXPECT_EQ(configs["security.protocol"].source, "DYNAMIC_CLUSTER_LINK_CONFIG");
  EXPECT_EQ(configs["sasl.jaas.config"].value, "");
  EXPECT_EQ(configs["sasl.jaas.config"].source, "DYNAMIC_CLUSTER_LINK_CONFIG");
  EXPECT_EQ(configs["acl.sync.ms"].source, "DEFAULT_CONFIG");
  Good(agent, {"alter-configs", link, "acl.sync.ms=60000", "consumer.offset.sync.ms=3000"});
  EXPECT_EQ(Read<Entry>(Good(agent, {"config", link, "acl.sync.ms"})).value, "60000");
  Bad(agent, {"alter-configs", link, "acl.sync.ms=70000", "consumer.offset.sync.ms=1"}, 400, "must be from 1000");
  EXPECT_EQ(Read<Entry>(Good(agent, {"config", link, "acl.sync.ms"})).value, "60000") << "all or nothing";
  Good(agent, {"reset-config", link, "acl.sync.ms"});
  EXPECT_EQ(Read<Entry>(Good(agent, {"config", link, "acl.sync.ms"})).source, "DEFAULT_CONFIG");

  Bad(agent, {"create-mirror", link, "no-such-topic"}, 404, "has no topic no-such-topic");
  for (const std::string& one : {topic, other}) MakeMirror(agent, link, one);
  Bad(agent, {"create-mirror", link, topic}, 409, "already");
  AwaitMirrored(source(), destination(), topic);
  Good(agent, {"pause", link, topic});
  EXPECT_EQ(MadeStatus(agent, link, topic), "PAUSED");
  Good(agent, {"resume", link, topic});
  AwaitMade(agent, link, topic, "ACTIVE");
  Bad(agent, {"delete-link", link}, 409, "force=true");

  EXPECT_EQ(Only(Good(agent, {"promote", link, topic})).error_code, std::nullopt);
  AwaitMade(agent, link, topic, "STOPPED");
  EXPECT_EQ(Only(Good(agent, {"failover", link, other})).error_code, std::nullopt);
  AwaitMade(agent, link, other, "STOPPED");
  Good(agent, {"delete-topic", other});
  AwaitMade(agent, link, other, "404");
  Good(agent, {"delete-link", link});
  Bad(agent, {"link", link}, 404, "has no link");
  const int64_t before = LogEnds(destination()).Sum(topic, kPartitions);
  EXPECT_GE(before, 300) << "its topics stay";
  Produce(destination(), topic, SampleRecords(30, kPartitions));
  EXPECT_EQ(LogEnds(destination()).Sum(topic, kPartitions), before + 30);
  EXPECT_THAT(ReadFile(agent.data_dir() / "audit.jsonl"), testing::Not(HasSubstr("s3cret")));
  EXPECT_THAT(agent.LogText(), testing::Not(HasSubstr("s3cret")));
  Good(agent, NewLink(link));
  AwaitLink(agent, link);
  Good(agent, {"force-delete-link", link});
}

TEST_P(RestMade, AnAgentThatStartsAndAnotherOneFindIt) {
  Agent& agent = Begin();
  const std::string link = NameOfMade(), topic = NewOther("a");
  Good(agent, NewLink(link));
  AwaitLink(agent, link);
  MakeMirror(agent, link, topic);
  Agent& second = NewAgent("agent-2");
  second.Start();
  AwaitLink(second, link);
  EXPECT_EQ(Read<Entry>(Good(second, {"config", link, "consumer.offset.sync.ms"})).value, "2000");
  agent.Restart();
  AwaitLink(agent, link);
  Produce(source(), topic, SampleRecords(300, kPartitions));
  AwaitMirrored(source(), destination(), topic);

  // Whoever does not lead the link may change it, too.
  for (Agent* one : {&agent, &second})
    Good(*one, {"set-config", link, "acl.sync.ms", one == &agent ? "60000" : "70000"});
  Await("the change to arrive", seconds(30),
        [&] { return Read<Entry>(Good(agent, {"config", link, "acl.sync.ms"})).value == "70000"; });
  Good(second, {"force-delete-link", link});
  Await("the other agent to leave it", seconds(30), [&] { return Sdk(agent, {"link", link}).exit_code == 1; });
  const auto has = [&](const std::string& name) {
    const std::vector<std::string> names = TopicNames(destination());
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  Await("its topics to be deleted", seconds(90), [&] { return !has(fmt::format("_klink.{}.state", link)); });
  EXPECT_TRUE(has(topic));
}

TEST_P(RestMade, ALinkOfTheFileWins) {
  Agent& agent = Begin();
  const std::string link = NameOfMade(), topic = NewOther("a");
  Good(agent, NewLink(link));
  AwaitLink(agent, link);
  LinkFile written = file_;
  written.link = link;
  written.include = fmt::format("{{prefix: made-{}}}", prefix_);
  agent.SetFile(written);
  agent.Restart();
  AwaitLink(agent, link);
  Await("the line that says so", seconds(30), [&] { return agent.LogText().find("which wins") != std::string::npos; });
  const std::vector<Entry> links = Read<List>(Good(agent, {"links"})).data;
  EXPECT_EQ(std::count_if(links.begin(), links.end(), [&](const Entry& one) { return one.link_name == link; }), 1);
  AwaitMade(agent, link, topic, "ACTIVE");
  Bad(agent, {"set-config", link, "acl.sync.ms", "60000"}, 400, "read-only");
  Bad(agent, {"force-delete-link", link}, 400, "stands in klink's configuration");
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
INSTANTIATE_TEST_SUITE_P(Sdk, RestMade, testing::Values("newest", "terraform"),
                         [](const auto& version) { return std::string(version.param); });

}  // namespace
}  // namespace klink::it
