// docs/first-hour.md: what a newcomer does with a program that was just built, and two clusters, in the order in which
// questions come up. The page is what klink answered here.
#include <memory>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "integration/group_tools.h"
#include "integration/mirror_check.h"
#include "integration/transcript.h"

namespace klink::it {
namespace {

constexpr char kOrders[] = "orders.eu";
constexpr char kGroup[] = "app-billing";

// As somebody writes it who has read the README; `key` is what brokers are told by.
std::string FirstFile(const ClusterPair& pair, int port, const std::string& key) {
  return fmt::format(
      "agent:\n"
      "  id: klink-0\n"
      "  data_dir: data\n"
      "  http: {{listen: \"127.0.0.1:{}\"}}\n"
      "clusters:\n"
      "  paris: {{{}: \"{}\"}}\n"
      "  lyon: {{bootstrap.servers: \"{}\"}}\n"
      "links:\n"
      "  - name: paris-to-lyon\n"
      "    source: paris\n"
      "    destination: lyon\n"
      "    topics:\n"
      "      include: [{{prefix: orders.}}]\n"
      "    groups: {{include: [{{prefix: app-}}], interval: 1s}}\n",
      port, key, pair.source.bootstrap(), pair.destination.bootstrap());
}

class FirstHour : public testing::Test {
 protected:
  Transcript Section(const std::string& title) const {
    Transcript section(fs::path(KLINK_FIRST_HOUR), title);
    section.Call(pair_.source.bootstrap(), "paris:9092");
    section.Call(pair_.destination.bootstrap(), "lyon:9092");
    section.Call(fmt::format("127.0.0.1:{}", port_), "localhost:8470");
    section.Call(dir_.path().string() + "/", "");
    return section;
  }
  fs::path Config() const { return dir_.path() / "klink.yaml"; }
  void RunAgent() {
    agent_ = std::make_unique<Process>(Command{{KlinkBinary(), "run", "-c", "klink.yaml"}, {}, dir_.path()},
                                       dir_.path() / "klink.log");
    Await("the agent to answer", seconds(60), [&] { return HttpGet(port_, "/livez").has_value(); });
  }
  void Mirrored(const std::string& topic) { AwaitMirrored(pair_.source, pair_.destination, topic); }

  void WriteTheFile();
  void RunTheAgent();
  void LookCloser();
  void KillTheAgent();
  void LoseParis();

  TempDir dir_{"first-hour"};
  ClusterPair pair_{{.name = "paris"}, {.name = "lyon"}};
  const int port_ = FreePort();
  std::unique_ptr<Process> agent_;
};

void FirstHour::WriteTheFile() {
  Transcript told = Section("A file");
  told.Operator("lets klink write one with every key and what it means:");
  EXPECT_EQ(told.RunIn(dir_.path(), {"config", "init", "all-keys.yaml"}).exit_code, 0);
  told.Operator("and takes from it what two clusters need, with a slip in line 6:");
  WriteFile(Config(), FirstFile(pair_, port_, "bootstrap.server"));
  told.File(Config());
  told.Klink("says where, what, and what was meant (exit 78):");
  EXPECT_EQ(told.RunIn(dir_.path(), {"validate", "-c", "klink.yaml"}).exit_code, 78);
  WriteFile(Config(), FirstFile(pair_, port_, "bootstrap.servers"));
  told.Operator("mends it, and lets klink ask both clusters what it may do there, before it does anything:");
  EXPECT_EQ(told.RunIn(dir_.path(), {"validate", "-c", "klink.yaml", "--connect"}).exit_code, 0);
  EXPECT_EQ(told.Drift(), "");
}

void FirstHour::RunTheAgent() {
  Transcript told = Section("The agent");
  told.Source("Orders are there, and an application has read some of them.");
  told.Operator("starts `klink run -c klink.yaml`, and looks:");
  RunAgent();
  Mirrored(kOrders);
  Await("the group's place in lyon", seconds(60),
        [&] { return CommittedPlaces(pair_.destination, kGroup, {{kOrders, 0}}) == Places{{{kOrders, 0}, 40}}; });
  told.RunIn(dir_.path(), {"status", "-c", "klink.yaml"}, "0 not known yet\n  Lag              0 records, 0 s");
  told.RunIn(dir_.path(), {"mirror", "list", "-c", "klink.yaml"}, "ACTIVE");
  told.Source("A topic that nobody spoke of is made, and written to.");
  CreateTopic(pair_.source, "orders.us", 1);
  Produce(pair_.source, "orders.us", SampleRecords(50, 1));
  Mirrored("orders.us");
  told.Klink("has it, because a rule of the file names it:");
  EXPECT_EQ(told.RunIn(dir_.path(), {"explain", "topic", "orders.us", "-c", "klink.yaml"}, "mirrored").exit_code, 0);
  EXPECT_EQ(told.Drift(), "");
}

void FirstHour::LookCloser() {
  Transcript told = Section("Is it the same?");
  told.Operator("does not believe it. Both logs are read, and compared byte for byte:");
  EXPECT_EQ(told.RunInForVerdict(dir_.path(), {"verify", "--full", "-c", "klink.yaml"}).exit_code, 0);
  told.Operator("asks where record 42 is on the other side, and where the application would go on:");
  told.RunIn(dir_.path(), {"offsets", "translate", kOrders, "0", "42", "-c", "klink.yaml"});
  told.RunIn(dir_.path(), {"offsets", "group", kGroup, "-c", "klink.yaml"});
  EXPECT_EQ(told.Drift(), "");
}

void FirstHour::KillTheAgent() {
  Transcript told = Section("kill -9");
  told.Operator("kills the agent; orders go on being written. What a monitoring system sees:");
  agent_->Signal(SIGKILL);
  agent_->Wait(seconds(10));
  Produce(pair_.source, kOrders, SampleRecords(100, 2, 100, 0, "meanwhile"));
  EXPECT_EQ(told.RunIn(dir_.path(), {"check", "-c", "klink.yaml"}).exit_code, 2);
  told.Operator("starts it again. It keeps no checkpoint: the destination's log is where it goes on.");
  RunAgent();
  Mirrored(kOrders);
  EXPECT_EQ(told.RunInForVerdict(dir_.path(), {"verify", kOrders, "--full", "-c", "klink.yaml"}).exit_code, 0);
  EXPECT_EQ(told.Drift(), "");
}

void FirstHour::LoseParis() {
  Transcript told = Section("Paris is gone");
  told.Source("The cluster does not answer any more.");
  pair_.source.Kill(0);
  told.Operator("asks what a failover would cost, which changes nothing, and then says it:");
  told.RunIn(dir_.path(), {"failover", "--all", "--dry-run", "-c", "klink.yaml"}, "would stop");
  EXPECT_EQ(told.RunIn(dir_.path(), {"failover", "--all", "--yes", "--reason", "paris is gone", "-c", "klink.yaml"},
                       "COMPLETED")
                .exit_code,
            0);
  const int64_t end = RangeOf(pair_.destination, kOrders, 0)->end;
  Produce(pair_.destination, kOrders, SampleRecords(2, 2, 100, 0, "lyon"), {{"enable.idempotence", "true"}});
  EXPECT_EQ(RangeOf(pair_.destination, kOrders, 0)->end, end + 1);
  told.Destination(
      "Producers write to the same topics, behind the last copied record; the application finds its place under its "
      "own name. Before the day when this is needed, read the [runbooks](runbooks), and rehearse them.");
  EXPECT_EQ(told.Drift(), "");
}

TEST_F(FirstHour, IsAsThePageTellsIt) {
  CreateTopic(pair_.source, kOrders, 2);
  Produce(pair_.source, kOrders, SampleRecords(200, 2));
  CommitPlaces(pair_.source, kGroup, {{{kOrders, 0}, 40}});
  WriteTheFile();
  if (!HasFailure()) RunTheAgent();
  if (!HasFailure()) LookCloser();
  if (!HasFailure()) KillTheAgent();
  if (!HasFailure()) LoseParis();
}

}  // namespace
}  // namespace klink::it
