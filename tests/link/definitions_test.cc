// Links made over Kafka REST: found, followed beside the file, changed and removed, with clusters that are a table.
#include "link/definitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fake/clock.h"
#include "tests/fake/two_clusters.h"

namespace klink::link {
namespace {

using state::LinkDefinition;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

config::Config File() { return klink::fake::TwoClusters("written"); }

LinkDefinition Definition() {
  LinkDefinition definition;
  definition.source = "paris";
  definition.destination = "lyon";
  definition.destination_cluster_id = "lyon-id";
  definition.mirrors = {"payments"};
  return definition;
}

std::vector<std::string> Names(const config::Config& config) {
  std::vector<std::string> names;
  for (const config::LinkConfig& link : config.links) names.push_back(link.name);
  return names;
}

TEST(Merge, AddsWhatWasMadeToWhatIsWritten) {
  const MergedConfig merged = Merge(File(), {{"lyon", {"lyon-id", {{"made", Definition()}}, {}}}});
  EXPECT_THAT(Names(merged.config), ElementsAre("written", "made"));
  EXPECT_EQ(merged.config.links[1].topics.include[0].literal, "payments");
  EXPECT_EQ(merged.made.at("made"), Definition());
  EXPECT_THAT(merged.passed_over, IsEmpty());
}

TEST(Merge, PassesOverWhatDoesNotCount) {
  struct Row {
    const char* link;
    std::function<void(LinkDefinition&)> change;
    const char* why;  // null: nobody is told
  };
  const Row rows[] = {
      {"written", [](LinkDefinition&) {}, "stands in the configuration, which wins"},
      {"made", [](LinkDefinition& d) { d.destination_cluster_id = "nice-id"; }, "as a copy"},
      {"made", [](LinkDefinition& d) { d.source = "rome"; }, "rome is no cluster"},
      {"made", [](LinkDefinition& d) { d.settings = {{"acl.sync.ms", "x"}}; }, "acl.sync.ms"},
      {"made", [](LinkDefinition& d) { d.removing = true; }, nullptr},
  };
  for (const Row& row : rows) {
    LinkDefinition definition = Definition();
    row.change(definition);
    const MergedConfig merged = Merge(File(), {{"lyon", {"lyon-id", {{row.link, definition}}, {}}}});
    EXPECT_THAT(Names(merged.config), ElementsAre("written")) << row.link;
    if (row.why == nullptr)
      EXPECT_THAT(merged.passed_over, IsEmpty());
    else
      EXPECT_THAT(merged.passed_over.at(row.link), HasSubstr(row.why));
  }
}

TEST(Merge, CallsTheDestinationAsThisAgentDoes) {
  LinkDefinition definition = Definition();
  definition.destination = "lyon-of-another-file";
  config::Config file = File();
  file.clusters["lyon-again"].bootstrap_servers = "l2:9092";
  const KnownDefinitions known = {{"lyon", {"lyon-id", {{"made", definition}}, {}}},
                                  {"lyon-again", {"lyon-id", {{"made", definition}}, {}}}};
  const MergedConfig merged = Merge(file, known);
  EXPECT_THAT(Names(merged.config), ElementsAre("written", "made")) << "one cluster under two names";
  EXPECT_EQ(merged.config.links[1].destination, "lyon");
  EXPECT_EQ(merged.made.at("made").destination, "lyon");
  EXPECT_THAT(merged.passed_over, IsEmpty());
}

// Two clusters in memory.
class Table final : public DefinitionPort {
 public:
  explicit Table(Clock& c) : clock(c) {}
  struct At {
    std::string id;
    bool answers = true;
    std::map<std::string, DefinitionStanding> topics;  // state topics, by link
    std::set<std::string> others;
  };
  Async<StatusOr<Listing>> List(std::string cluster) override {
    listings++;
    At& at = clusters.at(cluster);
    if (!at.answers) co_return Unavailable("{} does not answer", cluster);
    Listing listing;
    listing.cluster_id = at.id;
    for (const auto& [link, now] : at.topics)
      if (unread.contains(link))
        listing.unread[link] = "it cannot be read";
      else if (now.definition)
        listing.definitions[link] = *now.definition;
    co_return listing;
  }
  Async<Status> Write(std::string cluster, std::string link, DefinitionChange change, Topic topic) override {
    At& at = clusters.at(cluster);
    if (!at.answers) co_return Unavailable("{} does not answer", cluster);
    if (topic == Topic::kIsThere && !at.topics.contains(link)) co_return NotFound("no topic");
    CO_RETURN_IF_ERROR(co_await clock.Sleep(100ms));
    CO_TRY(at.topics[link].definition, change(at.topics[link]));
    co_return absl::OkStatus();
  }
  Async<Status> Remove(std::string cluster, std::string link) override {
    removals++;
    if (running.contains(link)) co_return FailedPrecondition("an agent of link {} still runs", link);
    if (clusters.at(cluster).topics.erase(link) == 0) co_return NotFound("nothing of {}", link);
    co_return absl::OkStatus();
  }
  Async<StatusOr<std::string>> ClusterId(std::string cluster) override { co_return clusters.at(cluster).id; }
  Async<StatusOr<bool>> HasTopic(std::string cluster, std::string topic) override {
    co_return clusters.at(cluster).others.contains(topic);
  }
  Async<void> Close() override { co_return; }

  Clock& clock;
  std::map<std::string, At> clusters = {{"paris", {"paris-id", true, {}, {}}}, {"lyon", {"lyon-id", true, {}, {}}}};
  std::set<std::string> unread;   // links whose state topics cannot be read
  std::set<std::string> running;  // links that some agent has not left
  int listings = 0;
  int removals = 0;
};

class DefinitionsTest : public fake::VirtualTimeTest {
 protected:
  DefinitionsTest() {
    auto port = std::make_unique<Table>(clock_);
    table_ = port.get();
    definitions_ = std::make_unique<Definitions>(io_.get_executor(), clock_, std::move(port), File());
    tasks_.Spawn(Agent());
    definitions_->Start();
    Settle();
  }
  ~DefinitionsTest() override {
    tasks_.Stop();
    bool done = false;
    Detach(io_.get_executor(), End(done));
    RunUntil([&] { return done; });
  }
  // Whoever runs the links.
  Async<void> Agent() {
    for (;;) {
      const int64_t version = definitions_->version();
      runs_ = Names(definitions_->Merged(File()).config);
      for (const std::string& link : runs_) ever_.insert(link);
      definitions_->Followed(version);
      if (version == definitions_->version() && !(co_await definitions_->changed().Wait()).ok()) co_return;
    }
  }
  Async<void> End(bool& done) {
    co_await definitions_->Stop();
    done = true;
  }
  Status Create(LinkDefinition definition) { return Run(definitions_->Create("made", std::move(definition))); }
  std::optional<LinkDefinition>& Stored() { return table_->clusters["lyon"].topics["made"].definition; }

  Table* table_ = nullptr;
  std::unique_ptr<Definitions> definitions_;
  std::vector<std::string> runs_;
  std::set<std::string> ever_;
};

TEST_F(DefinitionsTest, ALinkIsMadeAndRunsWhenItsMakerIsAnswered) {
  EXPECT_THAT(definitions_->Clusters(),
              ElementsAre(testing::Pair("lyon", "lyon-id"), testing::Pair("paris", "paris-id")));
  ASSERT_TRUE(Create(Definition()).ok());
  EXPECT_THAT(runs_, ElementsAre("written", "made"));
  EXPECT_EQ(Stored()->revision, 1);
  EXPECT_EQ(definitions_->Find("made")->mirrors, Definition().mirrors);
  EXPECT_EQ(definitions_->Find("written"), nullptr);
  EXPECT_EQ(Create(Definition()).code(), Code::kAlreadyExists);
  table_->clusters["lyon"].topics["old"].begun = true;
  const Status old = Run(definitions_->Create("old", Definition()));
  EXPECT_EQ(old.code(), Code::kAlreadyExists);
  EXPECT_THAT(Text(old), HasSubstr("klink link delete old"));
}

TEST_F(DefinitionsTest, AnotherAgentsLinkIsFoundAndKeptWhileItsClusterIsSilent) {
  Stored() = Definition();
  RunUntil([&] { return runs_.size() == 2; });
  table_->clusters["lyon"].answers = false;
  const int before = table_->listings;
  RunUntil([&] { return table_->listings > before + 4; });
  EXPECT_THAT(runs_, ElementsAre("written", "made"));
  table_->clusters["lyon"].answers = true;
  table_->unread = {"made"};
  const int then = table_->listings;
  RunUntil([&] { return table_->listings > then + 4; });
  EXPECT_THAT(runs_, ElementsAre("written", "made")) << "nor is it gone where its state cannot be read";
  table_->unread.clear();
  table_->clusters["lyon"].topics.erase("made");
  RunUntil([&] { return runs_.size() == 1; });
}

TEST_F(DefinitionsTest, AChangeIsMadeOnWhatStandsThere) {
  ASSERT_TRUE(Create(Definition()).ok());
  Stored()->mirrors.push_back("stock");  // by another agent, a moment ago
  const MadeLinks::Change add = [](LinkDefinition& now) {
    now.mirrors.push_back("orders");
    return absl::OkStatus();
  };
  ASSERT_TRUE(Run(definitions_->Alter("made", add)).ok());
  EXPECT_THAT(definitions_->Find("made")->mirrors, ElementsAre("payments", "stock", "orders"));
  EXPECT_EQ(Stored()->revision, 2);
  const MadeLinks::Change refuse = [](LinkDefinition& now) {
    now.mirrors.clear();
    return InvalidArgument("no");
  };
  EXPECT_EQ(Run(definitions_->Alter("made", refuse)).code(), Code::kInvalidArgument);
  EXPECT_THAT(Stored()->mirrors, testing::SizeIs(3));
  EXPECT_EQ(Run(definitions_->Alter("written", add)).code(), Code::kNotFound);
  table_->clusters["lyon"].answers = false;
  EXPECT_EQ(Run(definitions_->Alter("made", add)).code(), Code::kUnavailable);
}

TEST_F(DefinitionsTest, ALinkIsRemovedOnceNobodyRunsIt) {
  ASSERT_TRUE(Create(Definition()).ok());
  table_->running = {"made"};
  std::optional<Status> removed;
  Start(definitions_->Remove("made", "ci"), removed);
  RunUntil([&] { return table_->removals > 2; });
  EXPECT_THAT(runs_, ElementsAre("written")) << "this agent has left it";
  EXPECT_FALSE(removed);
  EXPECT_TRUE(Stored()->removing);
  table_->running.clear();
  RunUntil([&] { return removed.has_value(); });
  EXPECT_TRUE(removed->ok()) << *removed;
  EXPECT_FALSE(table_->clusters["lyon"].topics.contains("made"));
  EXPECT_TRUE(Create(Definition()).ok()) << "under the same name again";
  EXPECT_THAT(runs_, ElementsAre("written", "made"));
}

TEST_F(DefinitionsTest, WhatItsRemoverLeftIsFinishedByWhoeverSeesIt) {
  LinkDefinition removing = Definition();
  removing.removing = true;
  removing.changed_ms = clock_.Wall().time_since_epoch().count();
  Stored() = removing;
  const Instant began = clock_.Now();
  RunUntil([&] { return !table_->clusters["lyon"].topics.contains("made"); });
  EXPECT_GE(clock_.Now() - began, Definitions::kRemovalGrace);
  EXPECT_FALSE(ever_.contains("made"));
}

TEST_F(DefinitionsTest, AStateOfALinkInTheFileIsNeverDeleted) {
  LinkDefinition removing = Definition();
  removing.removing = true;
  table_->clusters["lyon"].topics["written"] = {removing, true};
  RunUntil([&] { return !table_->clusters["lyon"].topics["written"].definition; });
  EXPECT_TRUE(table_->clusters["lyon"].topics["written"].begun);
  EXPECT_EQ(table_->removals, 0);
}

TEST_F(DefinitionsTest, ANameThatComesIntoTheFileIsTheFilesFromThenOn) {
  ASSERT_TRUE(Create(Definition()).ok());
  config::Config file = File();
  file.links[0].name = "made";
  definitions_->Follow(file);
  EXPECT_EQ(definitions_->Find("made"), nullptr);
  EXPECT_THAT(definitions_->Merged(file).passed_over.at("made"), HasSubstr("which wins"));
  EXPECT_EQ(Run(definitions_->Remove("made", "ci")).code(), Code::kNotFound);
}

}  // namespace
}  // namespace klink::link
