// Rounds of group sync between two fake clusters, on virtual time.
#pragma once

#include <gmock/gmock.h>

#include "link/group_sync.h"
#include "tests/fake/api_versions.h"
#include "tests/fake/clock.h"
#include "tests/fake/find_coordinator.h"
#include "tests/fake/groups.h"
#include "tests/fake/metadata.h"

namespace klink::link {

inline constexpr int32_t kPartitions = 2;

// One mirror, "orders" as "copy.orders", identical from 0; tests say how far it got.
class FakeMirrors final : public GroupMirrors {
 public:
  explicit FakeMirrors(Clock& clock) : clock_(clock) {}
  std::vector<GroupMirror> Mirrors() const override {
    GroupMirror mirror;
    mirror.source_topic = "orders";
    mirror.destination_topic = "copy.orders";
    mirror.destination_id = id;
    for (int32_t p = 0; p < kPartitions; p++) mirror.partitions.push_back(Partition());
    std::vector<GroupMirror> one;
    one.push_back(std::move(mirror));
    return one;
  }
  std::optional<GroupPartition> Standing(const TopicPartition&) const override { return Partition(); }
  Status MayCommit(const std::string&) const override { return may; }
  const std::map<std::string, state::GroupRecord, std::less<>>& Records() const override { return records; }
  Async<Status> Remember(std::vector<state::GroupRecord> changed) override {
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(1ms));
    for (state::GroupRecord& record : changed) {
      if (record.empty())
        records.erase(record.group);
      else
        records[record.group] = record;
    }
    co_return absl::OkStatus();
  }
  void CopiedTo(int64_t end) {
    map = offsets::Translation();
    (void)map.Begin({SourceOffset(0), DestOffset(0), ""});
    if (end > 0) (void)map.Record({SourceOffset(0), DestOffset(0), end});
    copied = end;
  }

  std::map<std::string, state::GroupRecord, std::less<>> records;
  offsets::Translation map;
  int64_t copied = 0;
  bool healthy = true;
  std::string id = "one";
  Status may;

 private:
  GroupPartition Partition() const {
    GroupPartition partition;
    partition.map = &map;
    partition.replicated_to = SourceOffset(copied);
    partition.log_start = DestOffset(0);
    partition.high_watermark = DestOffset(copied);
    partition.healthy = healthy;
    return partition;
  }
  Clock& clock_;
};

class GroupSyncTest : public fake::VirtualTimeTest {
 protected:
  GroupSyncTest() {
    for (auto& [broker, state, topic] :
         {std::tuple(&brokers_[0], &clusters_[0], "orders"), {&brokers_[1], &clusters_[1], "copy.orders"}}) {
      state->brokers[1] = broker->endpoint();
      state->topics[topic].assign(kPartitions, {.broker = 1, .epoch = 1});
      fake::ServeApiVersions(*broker);
      fake::ServeMetadata(*broker, *state);
      fake::ServeFindCoordinator(*broker, *state);
    }
    clusters_[0].cluster_id = "source";
    clusters_[1].cluster_id = "destination";
    fake::ServeGroups(brokers_[0], source_);
    fake::ServeGroups(brokers_[1], destination_);
    for (int i = 0; i < 2; i++) {
      kafka::ClusterOptions options;
      options.name = i == 0 ? "paris" : "lyon";
      options.bootstrap = {brokers_[i].endpoint()};
      kafka_[i] = std::make_unique<kafka::Cluster>(std::move(options), io_.get_executor(), clock_);
    }
    config_.name = "paris-to-lyon";
    config_.groups.include.resize(1);
    config_.groups.include[0].prefix = "app-";
    Grow(100);
    mirrors_.CopiedTo(100);
    NewLeader();
  }

  void NewLeader() {
    sync_.reset();
    GroupSyncParts parts{config_,
                         *config::GroupFilter::Compile(config_.groups),
                         *kafka_[0],
                         *kafka_[1],
                         io_.get_executor(),
                         clock_,
                         mirrors_,
                         totals_};
    sync_ = std::make_unique<GroupSync>(std::move(parts));
  }
  void Grow(int64_t end) { source_.ends["orders"] = destination_.ends["copy.orders"] = end; }
  void Commit(const std::string& group, int64_t offset, int32_t partition = 0, std::string metadata = "") {
    source_.groups[group].offsets["orders"][partition] = {offset, std::move(metadata), 7, false};
    clusters_[0].coordinators[group] = clusters_[1].coordinators[group] = 1;
  }
  static Async<void> Into(Async<Status> work, std::optional<Status>& out) { out = co_await std::move(work); }
  Status Round() { return Run(sync_->Round()); }
  int64_t There(const std::string& group, int32_t partition = 0) {
    return destination_.groups[group].offsets["copy.orders"][partition].offset;
  }
  // Of what an earlier leader wrote down, nothing but that the group was carried over.
  bool NothingIsOpen(const std::string& group) const {
    const state::GroupRecord& record = mirrors_.records.at(group);
    return record.clamped.empty() && record.left.empty() && record.carried;
  }
  const Group& Known(const std::string& group) const { return sync_->book().groups().at(group); }

  fake::GroupsState source_, destination_;
  fake::ClusterState clusters_[2];
  fake::Broker brokers_[2]{fake::Broker(io_.get_executor()), fake::Broker(io_.get_executor())};
  std::unique_ptr<kafka::Cluster> kafka_[2];
  config::LinkConfig config_;
  FakeMirrors mirrors_{clock_};
  GroupTotals totals_;
  std::unique_ptr<GroupSync> sync_;
};

}  // namespace klink::link
