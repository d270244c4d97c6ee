// klink mirror failback: what it prints of what it found, and what it refuses.
#include "cli/failback_text.h"
#include "tests/cli/cli_fixture.h"

namespace klink::cli {
namespace {

using failover::FailbackPartition;
using failover::FailbackView;
using failover::TailView;
using testing::HasSubstr;

class FailbackTest : public CliTest {
 protected:
  FailbackTest() {
    env_["KLINK_CONFIG"] = Write("klink.yaml",
                                 "agent: {data_dir: data}\n"
                                 "clusters: {paris: {bootstrap.servers: \"127.0.0.1:1\"}, "
                                 "lyon: {bootstrap.servers: \"127.0.0.1:2\"}}\n"
                                 "links: [{name: paris-to-lyon, source: paris, destination: lyon, "
                                 "topics: {include: [{prefix: orders}]}}]\n");
  }
};

TailView Tail(int64_t from, int64_t records) {
  TailView tail;
  tail.from = from;
  tail.to = from + records;
  tail.records = records;
  tail.batches = records / 10;
  tail.bytes = records * 100;
  if (records > 0) tail.first_time = tail.last_time = *ParseRfc3339("2026-03-01T12:00:00Z");
  return tail;
}

FailbackPartition Partition(int32_t number, std::string relation) {
  FailbackPartition p;
  p.topic = p.source_topic = "orders.eu";
  p.partition = number;
  p.relation = std::move(relation);
  p.cut = 101;
  p.replicated_to = 100;
  p.transactions_cut = 0;
  p.equal_from = 0;
  p.parted_at = p.parted_at_destination = 100;
  p.evidence = "batches";
  p.source_start = p.destination_start = 0;
  p.source_end = p.destination_end = 100;
  p.never_crossed = Tail(100, 0);
  p.written_since = p.copied_only = Tail(100, 0);
  p.gone_at_source = 0;
  return p;
}

FailbackView Sample() {
  FailbackView view;
  view.link = "paris-to-lyon";
  view.old_source = "paris";
  view.new_primary = "lyon";
  view.mirrors = {{"orders.eu", "orders.eu", "STOPPED", "uT2dFqWcQ8yqX1bQ7Zk3sB", "hQ9TXqLhTmmVn4bQ0Zk1oA"},
                  {"orders.new", "orders.new", "ACTIVE"}};
  FailbackPartition both = Partition(0, "both_ahead");
  both.source_end = 154;
  both.destination_end = 131;
  both.never_crossed = Tail(100, 50);
  both.never_crossed->to = 154;
  both.never_crossed->markers = 4;
  both.never_crossed->transactions_committed = 2;
  both.never_crossed->transactions_aborted = both.never_crossed->transactions_open = 1;
  both.never_crossed->transactions_torn = 1;
  both.written_since = Tail(101, 30);
  FailbackPartition diverged = Partition(1, "diverged");
  diverged.parted_at = diverged.parted_at_destination = diverged.source_end = 80;
  diverged.copied_only = Tail(80, 20);
  FailbackPartition moved = Partition(2, "source_ahead");
  moved.equal_from.reset();
  moved.evidence = "leader_epoch";
  moved.source_start = 120;
  moved.source_end = 121;
  moved.gone_at_source = 20;
  moved.never_crossed = Tail(120, 1);
  FailbackPartition unknown;
  unknown.topic = unknown.source_topic = "orders.new";
  unknown.reason = "cluster paris has no orders.new-0";
  view.partitions = {both, diverged, moved, unknown};
  view.complete = false;
  view.never_crossed_records = 51;
  view.written_since_records = 30;
  view.copied_only_records = 20;
  return view;
}

failover::TornPart Part(int32_t partition, std::optional<int64_t> first, int64_t marker) {
  return {"orders.eu", "orders.eu", partition, first, marker, *ParseRfc3339("2026-03-01T12:00:00Z")};
}

FailbackView SampleWithTorn() {
  FailbackView view = Sample();
  view.torn_across_partitions.total = 2;
  view.torn_across_partitions.listed = {{4711, 5, true, {Part(1, 70, 77)}, {Part(0, 100, 112), Part(2, 119, 120)}},
                                        {4712, 0, false, {Part(1, {}, 79)}, {Part(0, 113, 131)}}};
  return view;
}

TEST_F(FailbackTest, ThePlanTellsWhatEachSideHasAndWhatWouldBeLost) {
  FailbackView view = SampleWithTorn();
  ExpectFile("tests/cli/golden/mirror_failback.txt", FailbackText(view, false));
  view.exported_to = "/backup/orders";
  view.files = {{"orders.eu-0.batches", 5000, std::string(64, 'a')}, {"orders.eu-0.jsonl", 7000, std::string(64, 'b')}};
  view.actions = {{"orders.eu", "orders.eu", "lyon-to-paris", "would_delete", {}},
                  {"orders.new", "orders.new", {}, "refused", "the mirror is ACTIVE, not STOPPED: fail over first"}};
  ExpectFile("tests/cli/golden/mirror_failback_actions.txt", FailbackText(view, false));
  ExpectFile("docs/cli/mirror_failback.json", PrettyJson(ToJson(view)));
  EXPECT_THAT(FailbackText(view, false), HasSubstr("\nExported to /backup/orders:\n" + std::string(64, 'a') +
                                                   "  orders.eu-0.batches  5000 bytes\n"));
}

TEST_F(FailbackTest, AnExportOfNothingSaysSo) {
  FailbackView view = Sample();
  view.exported_to = "/backup/orders";
  EXPECT_THAT(FailbackText(view, false),
              testing::EndsWith("Exported to /backup/orders:\nnothing: every record crossed\n"));
}

TEST_F(FailbackTest, OfManyTornTransactionsTheFirstAreShown) {
  FailbackView view = SampleWithTorn();
  failover::TornTransactions& torn = view.torn_across_partitions;
  torn.listed.resize(25, torn.listed.front());
  torn.listed.front().crossed.resize(11, torn.listed.front().crossed.front());
  torn.total = 30;
  torn.left_out = 4;
  const std::string text = FailbackText(view, false);
  EXPECT_THAT(text, HasSubstr(", orders.eu-1 (70 to 77) and 3 more crossed; orders.eu-0 (100 to 112), "));
  EXPECT_THAT(text, HasSubstr("\nand 10 more: -o json lists them\n4 parts of committed transactions were not joined"));
}

TEST_F(FailbackTest, AReversalTellsWhatStaysWhere) {
  FailbackView view;
  view.link = "paris-to-lyon";
  view.old_source = "paris";
  view.new_primary = "lyon";
  view.actions = {{"orders.eu", "orders.eu", "lyon-to-paris", "reversed", {}, {{100, 100}, {80, 95}}},
                  {"payments", "payments", "lyon-to-paris", "unchanged", {}, {}}};
  ExpectFile("tests/cli/golden/mirror_reverse.txt", FailbackText(view, false));
  ExpectFile("docs/cli/mirror_reverse.json", PrettyJson(ToJson(view)));
}

TEST_F(FailbackTest, Help) {
  ExpectGolden("help_mirror_failback", {"mirror", "failback", "--help"});
  ExpectGolden("help_mirror_reverse", {"mirror", "reverse", "--help"});
}

TEST_F(FailbackTest, WhatIsNotThereIsRefusedAndSaysWhatToDo) {
  ExpectGolden("mirror_failback_nothing", {"mirror", "failback"});
  ExpectGolden("mirror_failback_recreate_nobody", {"mirror", "failback", "orders", "--recreate"});
  ExpectGolden("mirror_failback_keep_nobody", {"mirror", "failback", "orders", "--keep-and-map"});
  ExpectGolden("mirror_reverse_nobody", {"mirror", "reverse", "orders"});
  EXPECT_EQ(Run({"mirror", "failback", "--recreate", "--keep-and-map"}).exit, Exit::kUsage);
}

TEST_F(FailbackTest, AClusterThatDoesNotAnswerIsNamed) {
  const Ran ran = Run({"mirror", "failback", "--plan"});
  EXPECT_EQ(ran.exit, Exit::kUnreachable);
  EXPECT_THAT(ran.err, HasSubstr("lyon"));
}

TEST_F(FailbackTest, AFolderWithFilesIsRefusedBeforeAnyClusterIsAsked) {
  Write("klink.yaml.bak", "");
  const Ran ran = Run({"mirror", "failback", "--export", dir_.string()});
  EXPECT_EQ(ran.exit, Exit::kFailed);
  EXPECT_THAT(ran.err, HasSubstr("has files in it"));
}

}  // namespace
}  // namespace klink::cli
