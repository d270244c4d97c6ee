// The core of the mirror suite: what a mirror must do whatever carries it. mirror_test runs it over plain text,
// secure_test through every door that brokers have.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/mirror_check.h"

namespace klink::it {

inline constexpr int64_t kTenYearsAgo = 1479859200000;  // 2016

struct MirrorCore {
  Cluster& source;
  Cluster& destination;
  Agent& agent;
  std::string prefix;  // of every topic

  // Mirrored to the end, proven by the oracle and by klink verify --full.
  void ExpectProvenEqual(const std::string& topic) const {
    AwaitMirrored(source, destination, topic);
    EXPECT_EQ(OracleOnIdentical(source, destination, topic), "");
    EXPECT_EQ(VerifyComplaint(agent, topic), "");
  }

  void EveryCodecIsTheSameByteForByte() const {
    const auto codecs = {"none", "gzip", "snappy", "lz4", "zstd"};
    for (const std::string codec : codecs) {
      const std::string topic = prefix + "codec-" + codec;
      CreateTopic(source, topic, 3);
      Produce(source, topic, SampleRecords(600, 3), {{"compression.type", codec}, {"batch.num.messages", "50"}});
      Produce(source, topic, SampleRecords(300, 3, 2000, kTenYearsAgo), {{"compression.type", codec}});
      Produce(source, topic, SampleRecords(30, 3), {{"compression.type", codec}, {"linger.ms", "0"}});
    }
    for (const std::string codec : codecs) {
      const std::string topic = prefix + "codec-" + codec;
      ExpectProvenEqual(topic);
      EXPECT_EQ(ReadPartition(source, topic, 1), ReadPartition(destination, topic, 1)) << codec;
    }
  }

  void PartitionsAddedLaterFollow() const {
    const std::string topic = prefix + "later";
    CreateTopic(source, topic, 1);
    Produce(source, topic, SampleRecords(100, 1));
    ExpectProvenEqual(topic);
    AddPartitions(source, topic, 4);
    Produce(source, topic, SampleRecords(400, 4));
    Await("the new partitions", seconds(30), [&] { return PartitionCount(destination, topic) == 4; });
    ExpectProvenEqual(topic);
  }

  void ASourceThatNoLongerStartsAtZeroKeepsItsOffsets() const {
    const std::string topic = prefix + "trimmed";
    EXPECT_EQ(agent.Terminate(), 0);  // so that the agent first sees the topic as it is then
    CreateTopic(source, topic, 2);
    Produce(source, topic, SampleRecords(3000, 2), {{"batch.num.messages", "100"}});
    DeleteRecords(source, topic, 0, 1234);  // inside a batch
    DeleteRecords(source, topic, 1, 1500);  // everything
    agent.Start();
    Produce(source, topic, SampleRecords(200, 2));
    ExpectProvenEqual(topic);
    EXPECT_EQ(RangeOf(destination, topic, 0), (Range{1234, 1600}));
    EXPECT_EQ(RangeOf(destination, topic, 1), (Range{1500, 1600}));
  }

  void ATopicWithOtherRecordsIsTranslatedExactly() const {
    const std::string topic = prefix + "foreign";
    CreateTopic(destination, topic, 1);
    Produce(destination, topic, SampleRecords(77, 1, 50, 0, "older"));
    CreateTopic(source, topic, 1);
    Produce(source, topic, SampleRecords(500, 1));
    Await("all 500 behind the 77", seconds(60), [&] {
      const auto range = RangeOf(destination, topic, 0);
      return range && range->end == 577;
    });
    Await("the agent to say so", seconds(20), [&] {
      const auto mirror = Describe(agent, topic);
      return mirror && mirror->partitions.at(0).offsets == "translated" &&
             mirror->partitions.at(0).replicated_to == 500;
    });
    EXPECT_EQ(OracleOnClaims(source, destination, agent, topic), "");
    EXPECT_EQ(VerifyComplaint(agent, topic), "");
    EXPECT_THAT(agent.Cli({"offsets", "translate", topic, "0", "123"}).out, testing::HasSubstr("200"));
    EXPECT_THAT(agent.Cli({"offsets", "translate", topic, "0", "200", "--reverse"}).out, testing::HasSubstr("123"));
  }

  void All() const {
    EveryCodecIsTheSameByteForByte();
    PartitionsAddedLaterFollow();
    ATopicWithOtherRecordsIsTranslatedExactly();
    ASourceThatNoLongerStartsAtZeroKeepsItsOffsets();
  }
};

}  // namespace klink::it
