// Which settings are changed when, what is told about it, and how often a refused change is asked for.
#include "link/config_sync.h"

#include <gmock/gmock.h>

#include "base/log.h"
#include "tests/fake/clock.h"

namespace klink::link {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;

class FakePorts final : public ConfigPorts {
 public:
  std::optional<Mirror> Find(const std::string& mirror) const override {
    const auto found = mirrors.find(mirror);
    return found == mirrors.end() ? std::nullopt : std::optional(found->second);
  }
  Status MayAlter(const std::string&) const override { return may_alter; }
  Async<StatusOr<SettingsByTopic>> Describe(Side side, std::vector<std::string> topics) override {
    describes++;
    SettingsByTopic all;
    for (const std::string& topic : topics) {
      auto& cluster = side == Side::kSource ? source : destination;
      if (unreadable.contains(topic))
        all.insert_or_assign(topic, PermissionDenied("DESCRIBE_CONFIGS of {}", topic));
      else if (auto found = cluster.find(topic); found != cluster.end())
        all.insert_or_assign(topic, found->second);
    }
    co_return all;
  }
  Async<std::map<std::string, Status>> Alter(ChangesByTopic changes) override {
    alters++;
    std::map<std::string, Status> verdicts;
    for (const auto& [topic, of_topic] : changes) {
      verdicts[topic] = absl::OkStatus();
      for (const SettingChange& change : of_topic)
        if (refused.contains(change.key)) verdicts[topic] = refusal;
      if (!verdicts[topic].ok()) continue;
      for (const SettingChange& change : of_topic)
        destination[topic][change.key] = change.value ? Setting{*change.value, true} : Setting{"default", false};
    }
    co_return verdicts;
  }

  std::map<std::string, Mirror> mirrors;
  std::map<std::string, TopicSettings> source, destination;
  std::set<std::string> unreadable, refused;  // topics; keys
  Status refusal = FailedPrecondition("policy: no");
  Status may_alter;
  int describes = 0, alters = 0;
};

class ConfigSyncTest : public fake::VirtualTimeTest {
 protected:
  ConfigSyncTest() {
    auto ports = std::make_unique<FakePorts>();
    ports_ = ports.get();
    config_.name = "paris-to-lyon";
    config_.topics.configs.interval = 30s;
    sync_ = std::make_unique<ConfigSync>(std::move(ports), config_, clock_);
  }
  void AddMirror(const std::string& name, Aligned aligned = Aligned::kYes) {
    ports_->mirrors[name] = {name, "id-" + name, aligned};
    for (auto* cluster : {&ports_->source, &ports_->destination})
      (*cluster)[name] = {{"retention.ms", {"1000", true}},
                          {"flush.ms", {"default", false}},
                          {"compression.type", {"producer", true}},
                          {"message.timestamp.type", {"CreateTime", true}}};
    names_.push_back(name);
  }
  Status Round() { return Run(sync_->Round(names_)); }
  Status RoundAfterInterval() {
    clock_.Advance(config_.topics.configs.interval);
    return Round();
  }
  Setting& Mirrored(const std::string& key, const std::string& name = "a") { return ports_->destination[name][key]; }

  config::LinkConfig config_;
  FakePorts* ports_ = nullptr;
  std::unique_ptr<ConfigSync> sync_;
  std::vector<std::string> names_;
};

TEST_F(ConfigSyncTest, AChangeAtTheSourceIsFollowedWithinTheInterval) {
  AddMirror("a");
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(ports_->alters, 0);
  ports_->source["a"]["retention.ms"] = {"5000", true};
  ports_->source["a"]["flush.ms"] = {"7", true};
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(Mirrored("retention.ms").value, "1000");  // not due yet
  EXPECT_GT(sync_->UntilDue(), 29s);
  EXPECT_TRUE(RoundAfterInterval().ok());
  EXPECT_EQ(Mirrored("retention.ms"), (Setting{"5000", true}));
  EXPECT_EQ(Mirrored("flush.ms"), (Setting{"7", true}));
  EXPECT_EQ(sync_->counts().followed, 2);
  EXPECT_EQ(sync_->counts().corrected, 0);
}

TEST_F(ConfigSyncTest, WhatSomebodyChangedAtTheMirrorIsSetBackAndCountedAsDrift) {
  AddMirror("a");
  EXPECT_TRUE(Round().ok());
  Mirrored("retention.ms") = {"5", true};
  Mirrored("flush.ms") = {"1", true};
  EXPECT_TRUE(RoundAfterInterval().ok());
  EXPECT_EQ(Mirrored("retention.ms").value, "1000");
  EXPECT_FALSE(Mirrored("flush.ms").own);
  EXPECT_EQ(sync_->counts().corrected, 2);
  EXPECT_EQ(sync_->counts().followed, 0);
  EXPECT_TRUE(RoundAfterInterval().ok());
  EXPECT_EQ(sync_->counts().corrected, 2);
}

TEST_F(ConfigSyncTest, AMirrorThatBecomesActiveIsNotMadeToWait) {
  AddMirror("a", Aligned::kNo);
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(Mirrored("retention.ms").value, "-1");
  ports_->mirrors["a"].aligned = Aligned::kYes;
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(Mirrored("retention.ms").value, "1000");
  EXPECT_EQ(sync_->counts().corrected, 0);  // nobody's drift
}

TEST_F(ConfigSyncTest, AMirrorMadeAgainIsComparedAnew) {
  AddMirror("a");
  EXPECT_TRUE(Round().ok());
  ports_->mirrors["a"].topic_id = "another";
  Mirrored("retention.ms") = {"-1", true};
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(Mirrored("retention.ms").value, "1000");
  EXPECT_EQ(sync_->counts().corrected, 0);
}

TEST_F(ConfigSyncTest, ManyTopicsCostFewRequests) {
  for (int i = 0; i < 2000; i++) AddMirror(fmt::format("t-{}", i));
  for (auto& [name, settings] : ports_->source) settings["retention.ms"] = {"5", true};
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(ports_->describes, 8);  // 500 topics at once, of two clusters
  EXPECT_EQ(ports_->alters, 4);
  EXPECT_EQ(sync_->counts().followed, 2000);
}

TEST_F(ConfigSyncTest, TenThousandChangesAreOneLine) {
  std::vector<std::string> lines;
  SetLogger(std::make_shared<Logger>(
      LogOptions{}, [&lines](Level, std::string_view line) { lines.emplace_back(line); }, [] { return WallTime{}; }));
  for (int i = 0; i < 10'000; i++) AddMirror(fmt::format("t-{}", i));
  EXPECT_TRUE(Round().ok());
  EXPECT_THAT(lines, IsEmpty());
  for (auto& [name, settings] : ports_->source) settings["retention.ms"] = {"5", true};
  EXPECT_TRUE(RoundAfterInterval().ok());
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], HasSubstr("event=KL1204"));
  EXPECT_THAT(lines[0], HasSubstr("topics=10000"));
  EXPECT_EQ(sync_->counts().followed, 10'000);

  ports_->source["t-7"]["retention.ms"] = {"6", true};  // one alone is told with its name
  EXPECT_TRUE(RoundAfterInterval().ok());
  SetLogger(nullptr);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[1], HasSubstr("topic=t-7 settings=\"retention.ms=6\""));
}

TEST_F(ConfigSyncTest, ARefusedChangeIsAReasonAndAskedForMoreAndMoreSeldom) {
  AddMirror("a");
  AddMirror("b");
  ports_->refused = {"flush.ms"};
  ports_->source["a"]["flush.ms"] = {"7", true};
  ports_->source["a"]["retention.ms"] = {"5", true};
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(Mirrored("retention.ms").value, "5");  // the other settings are not held back
  ASSERT_THAT(sync_->troubles(), ElementsAre(Key("a")));
  EXPECT_EQ(sync_->troubles().at("a").reason, state::Reason::kPolicyViolation);
  EXPECT_THAT(sync_->troubles().at("a").text, HasSubstr("flush.ms=7: policy: no"));
  const int before = ports_->alters;
  for (int round = 0; round < 240; round++) EXPECT_TRUE(RoundAfterInterval().ok());  // two hours
  EXPECT_LE(ports_->alters - before, 9);
  EXPECT_GE(ports_->alters - before, 5);
  EXPECT_THAT(sync_->troubles(), ElementsAre(Key("a")));
}

TEST_F(ConfigSyncTest, ARefusedChangeIsAskedForAtOnceWhenAnotherValueIsWanted) {
  AddMirror("a");
  ports_->refused = {"flush.ms"};
  ports_->source["a"]["flush.ms"] = {"7", true};
  for (int round = 0; round < 5; round++) EXPECT_TRUE(RoundAfterInterval().ok());
  ports_->refused.clear();
  ports_->source["a"]["flush.ms"] = {"8", true};
  EXPECT_TRUE(RoundAfterInterval().ok());
  EXPECT_EQ(Mirrored("flush.ms").value, "8");
  EXPECT_THAT(sync_->troubles(), IsEmpty());
  EXPECT_EQ(sync_->counts().corrected, 0);
}

TEST_F(ConfigSyncTest, ADestinationThatDoesNotAnswerIsAskedAgainAtOnce) {
  AddMirror("a");
  ports_->refused = {"flush.ms"};
  ports_->refusal = Unavailable("no controller");
  ports_->source["a"]["flush.ms"] = {"7", true};
  EXPECT_TRUE(Round().ok());
  EXPECT_TRUE(sync_->troubles().at("a").passing);
  ports_->refused.clear();
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(Mirrored("flush.ms").value, "7");
  EXPECT_THAT(sync_->troubles(), IsEmpty());
}

TEST_F(ConfigSyncTest, ATopicThatMayNotBeReadKeepsNoOtherBack) {
  AddMirror("a");
  AddMirror("b");
  ports_->unreadable = {"a"};
  ports_->source["b"]["retention.ms"] = {"5", true};
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(sync_->troubles().at("a").reason, state::Reason::kAuthorizationError);
  EXPECT_EQ(Mirrored("retention.ms", "b").value, "5");
  ports_->unreadable.clear();
  EXPECT_TRUE(RoundAfterInterval().ok());
  EXPECT_THAT(sync_->troubles(), IsEmpty());
}

TEST_F(ConfigSyncTest, NothingIsChangedWithoutTheLease) {
  AddMirror("a");
  ports_->may_alter = Unavailable("the lease does not run");
  ports_->source["a"]["retention.ms"] = {"5", true};
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(ports_->alters, 0);
  ports_->may_alter = absl::OkStatus();
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(Mirrored("retention.ms").value, "5");
}

TEST_F(ConfigSyncTest, ATopicThatIsGoneIsNotSpokenOf) {
  AddMirror("a");
  ports_->source.erase("a");
  EXPECT_TRUE(Round().ok());
  EXPECT_EQ(ports_->alters, 0);
  EXPECT_THAT(sync_->troubles(), IsEmpty());
}

}  // namespace
}  // namespace klink::link
