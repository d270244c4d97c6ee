// L11, one effect after the other: an agent sleeps with work in its hands, its mirror is failed over without it, and it
// wakes up. Of another mirror it goes on with everything; of that one it changes nothing any more.
#include <fmt/format.h>

#include "integration/failover_fixture.h"
#include "integration/group_tools.h"
#include "integration/rights_tools.h"
#include "integration/topic_settings.h"

namespace klink::it {
namespace {

// Everything that klink does to a destination, as others see it.
struct Seen {
  int64_t end = 0;  // batches
  int64_t start = 0;
  int partitions = 0;
  int64_t group = -1;
  std::string retention;
  bool granted = false;
  friend bool operator==(const Seen&, const Seen&) = default;
  friend void PrintTo(const Seen& seen, std::ostream* out) {
    *out << fmt::format("end {}, start {}, {} partitions, group at {}, retention.ms {}, {}", seen.end, seen.start,
                        seen.partitions, seen.group, seen.retention, seen.granted ? "granted" : "not granted");
  }
};

class LateEffects : public Failover {
 protected:
  static void SetUpTestSuite() {
    pair_ = std::make_unique<ClusterPair>(Options("source"), Options("destination"));
    at_source_ = std::make_unique<Administrator>(source());
    at_destination_ = std::make_unique<Administrator>(destination());
  }
  static void TearDownTestSuite() {
    at_source_.reset();
    at_destination_.reset();
    Failover::TearDownTestSuite();
  }
  static ClusterOptions Options(const std::string& name) {
    return {.name = name,
            .properties = {{"authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"},
                           {"super.users", "User:ANONYMOUS"}},
            .proxied = name == "source"};
  }

  static std::string Principal(int round) { return fmt::format("User:app-{}", round); }
  static std::string Retention(int round) { return fmt::format("{}", 600000000 + round); }

  // One change of each kind at the source.
  void Change(const std::string& topic, int round) const {
    Produce(source(), topic, SampleRecords(300, kPartitions));
    DeleteRecords(source(), topic, 0, 20 * round);
    CommitPlaces(source(), group_, {{{topic, 0}, 30 * round}});
    ChangeTopic(source(), topic, {{"retention.ms", Retention(round)}});
    AddPartitions(source(), topic, kPartitions + round);
    at_source_->Add({.name = topic, .principal = Principal(round)});
  }
  Seen Now(const std::string& topic, int round) const {
    Seen seen;
    seen.end = LogEnds(destination()).Sum(topic, kPartitions);
    seen.start = RangeOf(destination(), topic, 0).value_or(Range{}).start;
    seen.partitions = PartitionCount(destination(), topic);
    const Places places = CommittedPlaces(destination(), group_, {{topic, 0}});
    if (!places.empty()) seen.group = places.begin()->second;
    seen.retention = SettingsOf(destination(), topic)["retention.ms"].value;
    seen.granted =
        at_destination_->List().contains(fmt::format("ALLOW {} READ TOPIC LITERAL {}", Principal(round), topic));
    return seen;
  }
  void AwaitCarried(const std::string& topic, int round) const {
    const Seen all{300 * round, 20 * round, kPartitions + round, 30 * round, Retention(round), true};
    try {
      Await("every effect", seconds(90), [&] { return Now(topic, round) == all; });
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}: {} has {}, wanted {}", error.what(), topic,
                                           testing::PrintToString(Now(topic, round)), testing::PrintToString(all)));
    }
  }

  std::string group_;
  static inline std::unique_ptr<Administrator> at_source_, at_destination_;
};

TEST_F(LateEffects, AnAgentThatWakesUpBehindTheCutChangesNothingMore) {
  const std::string other = NewTopic("b");
  group_ = prefix_ + "app";
  file_.extra_topics = "log_start_hold: 1s\n      configs: {interval: 1s}";
  file_.extra_link += "\n    acls: {enabled: true, interval: 1s, include: [\"User:app-*\"]}";
  Agent& agent = NewAgent();
  agent.Start();
  for (const std::string& topic : {topic_, other}) Change(topic, 1);
  for (const std::string& topic : {topic_, other}) AwaitCarried(topic, 1);

  agent.Freeze();
  for (const std::string& topic : {topic_, other}) Change(topic, 2);
  const Promotion promotion = Run(agent, {"failover", "--direct", topic_});
  EXPECT_EQ(promotion.state, "COMPLETED");
  const Seen cut = Now(topic_, 2);
  EXPECT_EQ(cut.partitions, kPartitions + 1) << "the second round had crossed: nothing was left to do";
  agent.Thaw();
  AwaitCarried(other, 2);
  AwaitState(agent, topic_, "STOPPED", "");
  EXPECT_EQ(Now(topic_, 2), cut) << "L11";
}

}  // namespace
}  // namespace klink::it
