// What a state topic says of the definition of its link.
#include "state/definition.h"

#include <gtest/gtest.h>

#include "state/records.h"
#include "state/view.h"

namespace klink::state {
namespace {

LinkDefinition Sample() {
  LinkDefinition definition;
  definition.source = "paris";
  definition.destination = "lyon";
  definition.destination_cluster_id = "MkU3OEVBNTcwNTJENDM2Qk";
  definition.settings = {{"acl.sync.ms", "5000"}, {"cluster.link.prefix", "eu."}};
  definition.withheld = {"sasl.jaas.config"};
  definition.mirrors = {"orders"};
  definition.dropped = {"payments"};
  definition.revision = 7;
  definition.by = "ci";
  return definition;
}

TEST(Definition, IsReadAsItWasWritten) {
  const auto entry = Encode(Sample());
  ASSERT_TRUE(entry.ok()) << entry.status();
  DefinitionLog log;
  log.Apply(entry->key, entry->value);
  EXPECT_TRUE(log.status().ok()) << log.status();
  EXPECT_EQ(log.definition(), Sample());
  EXPECT_FALSE(log.begun());
  log.Apply(entry->key, std::nullopt);
  EXPECT_EQ(log.definition(), std::nullopt);
}

TEST(Definition, ThatANewerKlinkWroteLeavesTheOneBefore) {
  const auto entry = Encode(Sample());
  DefinitionLog log;
  log.Apply(entry->key, entry->value);
  log.Apply(entry->key, R"({"v":2,"source":"nice"})");
  EXPECT_EQ(log.status().code(), Code::kFailedPrecondition);
  EXPECT_EQ(log.definition(), Sample());
  log.Apply(entry->key, "no JSON");
  EXPECT_EQ(log.status().code(), Code::kDataLoss);
  log.Apply(entry->key, entry->value);
  EXPECT_TRUE(log.status().ok());
}

TEST(Definition, SaysWhoIsAboutToChangeItAndWhetherTheLinkEverRan) {
  DefinitionLog log;
  const admin::KeyValue definer = Encode(DefinerRecord{"ab12"});
  log.Apply(definer.key, definer.value);
  EXPECT_EQ(log.definer(), "ab12");
  const admin::KeyValue link = Encode(Record(LinkRecord()));
  log.Apply(link.key, link.value);
  EXPECT_TRUE(log.begun());
  EXPECT_EQ(log.definition(), std::nullopt);
}

TEST(Definition, IsPassedOverByWhoRunsTheLink) {
  StateView view;
  const auto entry = Encode(Sample());
  view.Apply(entry->key, entry->value);
  view.Apply(entry->key, R"({"v":2})");
  const admin::KeyValue definer = Encode(DefinerRecord{"ab12"});
  view.Apply(definer.key, definer.value);
  EXPECT_TRUE(view.status().ok()) << view.status();
  EXPECT_EQ(view.version(), 3);
}

}  // namespace
}  // namespace klink::state
