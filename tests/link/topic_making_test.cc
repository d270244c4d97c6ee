// Ten thousand topics at once: how few requests and transactions that costs, and that one topic's trouble is its own.
#include "link/topic_making.h"

#include <set>

#include <gmock/gmock.h>

#include "link/halt.h"
#include "link/trouble.h"
#include "tests/fake/clock.h"

namespace klink::link {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

kafka::Uuid IdOf(size_t n) {
  kafka::Uuid id;
  for (size_t i = 0; i < sizeof n; i++) id.bytes[i] = static_cast<std::byte>(n >> (8 * i));
  id.bytes[15] = std::byte{1};
  return id;
}

// Both clusters and the state, in memory. It counts what it is asked.
class FakePorts final : public MakingPorts {
 public:
  Async<StatusOr<std::map<std::string, StatusOr<Configs>>>> SourceConfigs(std::vector<std::string> topics) override {
    describes++;
    std::map<std::string, StatusOr<Configs>> all;
    for (const std::string& topic : topics)
      if (!vanished.contains(topic)) all[topic] = Configs{{"retention.ms", "1000"}, {"cleanup.policy", "delete"}};
    co_return all;
  }
  Status MayBegin(const std::string&) const override { return absl::OkStatus(); }
  Status MayCreate(const std::string& name) const override {
    return records.contains(name) ? absl::OkStatus() : FailedPrecondition("no record of {} yet", name);
  }
  Async<Status> Write(std::vector<state::MirrorRecord> written) override {
    transactions++;
    for (state::MirrorRecord& record : written) records[record.destination_topic] = record;
    co_return absl::OkStatus();
  }
  Async<Status> NoteIds(std::map<std::string, std::string> ids) override {
    transactions++;
    for (auto& [name, id] : ids) records[name].destination_topic_id = id;
    co_return absl::OkStatus();
  }
  Async<std::vector<Status>> Create(std::vector<admin::TopicSpec> specs) override {
    creates++;
    std::vector<Status> verdicts;
    size_t made = 0;
    for (const admin::TopicSpec& spec : specs) {
      made += 1 + spec.configs.size() + static_cast<size_t>(spec.partitions);
      verdicts.push_back(refused.contains(spec.name) ? FailedPrecondition("policy: no {}", spec.name)
                                                     : absl::OkStatus());
      if (silent) verdicts.back() = Unavailable("no controller");
      if (!verdicts.back().ok()) continue;
      TopicShape& shape = topics[spec.name];
      shape.name = spec.name;
      shape.id = IdOf(topics.size());
      shape.partitions = spec.partitions;
      configs[spec.name] = spec.configs;
    }
    most_records = std::max(most_records, made);
    co_return verdicts;
  }
  Async<StatusOr<Listing>> Destination(std::vector<std::string> names) override {
    listings++;
    Listing listing;
    for (const std::string& name : names)
      if (auto found = topics.find(name); found != topics.end() && !hidden.contains(name))
        listing.topics.insert(*found);
    co_return listing;
  }
  Async<std::map<std::string, Status>> SetConfigs(std::map<std::string, Configs> values) override {
    std::map<std::string, Status> verdicts;
    for (auto& [name, of_topic] : values) {
      configs[name] = of_topic;
      verdicts[name] = absl::OkStatus();
    }
    co_return verdicts;
  }

  std::map<std::string, TopicShape> topics;  // at the destination
  std::map<std::string, Configs> configs;
  std::map<std::string, state::MirrorRecord> records;
  std::set<std::string> vanished, refused, hidden;
  bool silent = false;
  int describes = 0, creates = 0, listings = 0, transactions = 0;
  size_t most_records = 0;
};

NewMirror Mirror(const std::string& name, int32_t partitions = 1) {
  NewMirror mirror;
  mirror.source.name = name;
  mirror.source.id = IdOf(7);
  mirror.source.partitions = partitions;
  mirror.name = name;
  return mirror;
}

class TopicMaking : public fake::VirtualTimeTest {
 protected:
  TopicMaker::Verdicts Make(std::vector<NewMirror> batch) {
    DestinationAbilities abilities;
    const auto made = Run(maker_.Make(std::move(batch), destination_, abilities));
    EXPECT_TRUE(made.ok()) << Text(made.status());
    return made.value_or(TopicMaker::Verdicts());
  }

  FakePorts ports_;
  config::TopicsConfig topics_;
  Listing destination_;
  TopicMaker maker_{ports_, topics_, clock_};
};

TEST(BatchSize, IsBoundedByWhatAControllerTakesInOneRequest) {
  const std::vector<NewMirror> small(10'000, Mirror("t"));
  EXPECT_GT(BatchSize(small), 100u);
  EXPECT_LE(BatchSize(small), 200u);
  const std::vector<NewMirror> wide(10, Mirror("t", 1500));
  EXPECT_EQ(BatchSize(wide), 2u);
  const std::vector<NewMirror> huge(2, Mirror("t", 9000));
  EXPECT_EQ(BatchSize(huge), 1u);  // alone, for the cluster to judge
  EXPECT_EQ(BatchSize({}), 0u);
}

TEST(MakingProgress, IsToldWhileTopicsAreMade) {
  EXPECT_EQ(ProgressText(1200, 10'000), "1,200 of 10,000 topics are made");
  EXPECT_EQ(ProgressText(0, 999), "0 of 999 topics are made");
  EXPECT_EQ(ProgressText(1'000'000, 1'234'567), "1,000,000 of 1,234,567 topics are made");
  EXPECT_EQ(ProgressText(5, 5), "");
}

TEST_F(TopicMaking, TenThousandTopicsCostAHundredRequests) {
  std::vector<NewMirror> waiting;
  for (int i = 0; i < 10'000; i++) waiting.push_back(Mirror(fmt::format("t-{}", i), 1 + i % 12));
  int batches = 0;
  for (size_t at = 0; at < waiting.size(); batches++) {
    const std::span<const NewMirror> rest(waiting.data() + at, waiting.size() - at);
    const size_t size = BatchSize(rest);
    for (const auto& [name, verdict] : Make({rest.begin(), rest.begin() + static_cast<ptrdiff_t>(size)}))
      EXPECT_TRUE(verdict.ok()) << name << Text(verdict);
    at += size;
  }
  EXPECT_EQ(ports_.topics.size(), 10'000u);
  EXPECT_EQ(destination_.topics.size(), 10'000u);
  EXPECT_LE(batches, 100);
  EXPECT_EQ(ports_.describes, batches);
  EXPECT_EQ(ports_.creates, batches);
  EXPECT_EQ(ports_.listings, batches);
  EXPECT_EQ(ports_.transactions, 2 * batches);
  EXPECT_LT(ports_.most_records, 10'000u);
  for (const auto& [name, record] : ports_.records) EXPECT_FALSE(record.destination_topic_id.empty()) << name;
}

TEST_F(TopicMaking, ARefusedTopicKeepsNoOtherBack) {
  ports_.refused = {"b"};
  ports_.vanished = {"c"};
  const auto verdicts = Make({Mirror("a"), Mirror("b"), Mirror("c")});
  EXPECT_TRUE(verdicts.at("a").ok());
  EXPECT_EQ(TroubleOf("b", verdicts.at("b"), {}).reason, state::Reason::kPolicyViolation);
  EXPECT_THAT(Text(verdicts.at("b")), HasSubstr("policy: no b"));
  EXPECT_TRUE(IsUnavailable(verdicts.at("c")));
  EXPECT_FALSE(ports_.records.contains("c"));  // nothing is begun for what is not there
}

TEST_F(TopicMaking, ATopicThatIsThereIsTakenOverInTheShapeOfAMirror) {
  ports_.topics["a"] = Mirror("a").source;
  destination_.topics["a"] = ports_.topics["a"];
  EXPECT_TRUE(Make({Mirror("a")}).at("a").ok());
  EXPECT_EQ(ports_.creates, 0);
  EXPECT_EQ(ports_.configs["a"].at("retention.ms"), "-1");
  EXPECT_EQ(ports_.records["a"].destination_topic_id, IdText(IdOf(7)));
}

TEST_F(TopicMaking, ATopicWithOtherPartitionsIsNotTakenOver) {
  destination_.topics["a"] = Mirror("a", 5).source;
  const auto verdicts = Make({Mirror("a", 3), Mirror("b")});
  EXPECT_EQ(ReasonOf(verdicts.at("a")), state::Reason::kPartitionsDiffer);
  EXPECT_TRUE(verdicts.at("b").ok());
  EXPECT_FALSE(ports_.records.contains("a"));
}

TEST_F(TopicMaking, WithoutAControllerTopicsWaitAndSayWhy) {
  ports_.silent = true;
  const auto verdicts = Make({Mirror("a"), Mirror("b")});
  for (const auto& [name, verdict] : verdicts) {
    const Trouble trouble = TroubleOf(name, verdict, {}, state::Reason::kDestinationUnavailable);
    EXPECT_TRUE(trouble.passing);
    EXPECT_EQ(trouble.reason, state::Reason::kDestinationUnavailable);
    EXPECT_FALSE(EndsTheMirror(trouble));
  }
}

TEST_F(TopicMaking, WhatDoesNotAppearIsToldAfterAWhile) {
  ports_.hidden = {"b"};
  const auto verdicts = Make({Mirror("a"), Mirror("b")});
  EXPECT_TRUE(verdicts.at("a").ok());
  EXPECT_THAT(Text(verdicts.at("b")), HasSubstr("does not appear in the metadata"));
}

TEST_F(TopicMaking, AnOldTopicOfThatNameIsNotTakenForTheNewOne) {
  ports_.topics["a"] = Mirror("a").source;  // as a broker still shows it
  NewMirror again = Mirror("a");
  again.before = IdOf(7);
  const auto verdicts = Make({again});
  EXPECT_TRUE(verdicts.at("a").ok());
  EXPECT_NE(destination_.topics.at("a").id, IdOf(7));
}

// ---- what metadata says, and what it does not ----

kafka::MetadataTopic Topic(const std::string& name, size_t partitions, kafka::Error error = kafka::Error::kNone) {
  kafka::MetadataTopic topic;
  topic.name = name;
  topic.error_code = error;
  topic.partitions.resize(partitions);
  return topic;
}

TEST(TopicListing, MetadataWithoutBrokersSayNothing) {
  kafka::MetadataResponse metadata;
  metadata.topics = {Topic("a", 1)};
  EXPECT_TRUE(IsUnavailable(ListingOf(metadata, "paris").status()));
  EXPECT_THAT(Text(ListingOf(metadata, "paris").status()), HasSubstr("paris names no broker"));
}

TEST(TopicListing, ATopicThatIsNotToldWholeIsNeitherThereNorGone) {
  kafka::MetadataResponse metadata;
  metadata.brokers.resize(3);
  metadata.topics = {Topic("a", 2), Topic("empty", 0), Topic("odd", 1, kafka::Error::kLeaderNotAvailable),
                     Topic("gone", 0, kafka::Error::kUnknownTopicOrPartition), Topic("__internal", 1)};
  metadata.topics.back().is_internal = true;
  const auto listing = ListingOf(metadata, "paris");
  ASSERT_TRUE(listing.ok());
  EXPECT_EQ(listing->brokers, 3);
  ASSERT_EQ(listing->topics.size(), 1u);
  EXPECT_EQ(listing->topics.at("a").partitions, 2);
  std::vector<std::string> unclear;
  for (const auto& [name, status] : listing->unclear) unclear.push_back(name);
  EXPECT_THAT(unclear, ElementsAre("empty", "odd"));
}

}  // namespace
}  // namespace klink::link
