// An agent between two clusters, asked through Confluent's SDK: what its answers hold, as far as tests read them.
#pragma once

#include <algorithm>

#include <fmt/format.h>

#include "integration/failover_fixture.h"

namespace klink::it {

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

class RestMade : public Rest {
 protected:
  // As Terraform makes one, whatever the clusters are like.
  std::vector<std::string> NewLink(const std::string& name) const {
    const std::string jaas =
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"s3cret\";";
    return {"create-link",
            name,
            "",
            "bootstrap.servers=" + source().bootstrap(),
            "connection.mode=OUTBOUND",
            "link.mode=DESTINATION",
            "security.protocol=SASL_SSL",
            "sasl.mechanism=PLAIN",
            "sasl.jaas.config=" + jaas,
            "consumer.offset.sync.ms=2000"};
  }
  std::string NameOfMade() const { return file_.link + "-made"; }
  void AwaitLink(const Agent& agent, const std::string& link) const {
    Await("link " + link, seconds(60), [&] {
      const Outcome outcome = Sdk(agent, {"link", link});
      return outcome.exit_code == 0 && Read<Entry>(outcome).link_state == "ACTIVE";
    });
  }
  // The mirror is asked for until it is there: right after the link was made that may take longer than one call.
  void MakeMirror(const Agent& agent, const std::string& link, const std::string& topic) const {
    Await("a mirror of " + topic, seconds(90), [&] {
      const Outcome outcome = Sdk(agent, {"create-mirror", link, topic});
      if (outcome.exit_code != 0) EXPECT_THAT(outcome.err, testing::StartsWith("503 ")) << outcome.err;
      return outcome.exit_code == 0 || testing::Test::HasFailure();
    });
  }
  std::string MadeStatus(const Agent& agent, const std::string& link, const std::string& topic) const {
    const Outcome outcome = Sdk(agent, {"mirror", link, topic});
    return outcome.exit_code == 0 ? Read<Entry>(outcome).mirror_status : outcome.err.substr(0, 3);
  }
  void AwaitMade(const Agent& agent, const std::string& link, const std::string& topic,
                 const std::string& status) const {
    Await(fmt::format("{} of {} to be {}", topic, link, status), seconds(60),
          [&] { return MadeStatus(agent, link, topic) == status; });
  }
  std::string NewOther(const std::string& name) const {  // that the file's link does not include
    CreateTopic(source(), "made-" + prefix_ + name, kPartitions);
    return "made-" + prefix_ + name;
  }
};

}  // namespace klink::it
