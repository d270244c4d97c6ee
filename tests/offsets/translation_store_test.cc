// The maps of the owned partitions: published before they count, remembered on disk, and rebuilt when the disk fails.
#include "offsets/translation_store.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../store/temp_dir.h"
#include "base/task_group.h"
#include "tests/offsets/fake_run_log.h"

namespace klink::offsets {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;
using Kind = Answer::Kind;
using State = TranslationStore::State;
using Covers = LogFacts::Covers;

constexpr auto kPatience = 60s;  // with a disk; passing does not depend on it

const TopicPartition kOrders{"orders", 3};
const TopicPartition kOther{"other", 0};
const TopicIds kIds{"source-id", "dest-id"};

Position At(int64_t source, int64_t dest) { return {SourceOffset(source), DestOffset(dest)}; }
LogFacts Facts(std::vector<Position> matched, Covers covers = Covers::kFromTheStart) {
  return {DestOffset(0), std::move(matched), covers};
}
ShiftChange Change(int64_t source, int64_t dest, std::string reason = "RETENTION_GAP") {
  ShiftChange change;
  change.since = SourceOffset(source);
  change.dest = DestOffset(dest);
  change.reason = std::move(reason);
  return change;
}

class TranslationStoreTest : public testing::Test {
 protected:
  template <class T>
  T Await(Async<T> work) {
    auto result = asio::co_spawn(io_, std::move(work), asio::use_future);
    io_.restart();
    while (result.wait_for(0s) != std::future_status::ready && io_.run_one_for(kPatience) > 0) continue;
    EXPECT_EQ(result.wait_for(0s), std::future_status::ready) << "still waiting";
    return result.get();
  }
  // The agent starts (again): a new store on what the disk and the topic hold.
  void Start() {
    store_.reset();
    store_ = std::make_unique<TranslationStore>(io_.get_executor(), pool_, clock_, log_, Options());
    const Status loaded = Await(store_->Load());
    ASSERT_TRUE(loaded.ok()) << loaded;
  }
  void StartAndRebuild() {
    Start();
    const Status rebuilt = Await(store_->Rebuild());
    ASSERT_TRUE(rebuilt.ok()) << rebuilt;
  }
  TranslationStoreOptions Options() {
    TranslationStoreOptions options;
    options.path = path_;
    return options;
  }
  Status Resume(const TopicPartition& tp, LogFacts facts) { return Await(store_->Resume(tp, kIds, std::move(facts))); }
  Status Record(const TopicPartition& tp, int64_t source, int64_t dest, int64_t length) {
    const offsets::Run run{SourceOffset(source), DestOffset(dest), length};
    return Await(store_->Record(tp, run));
  }
  Status ChangeShift(const TopicPartition& tp, ShiftChange change) {
    return Await(store_->ChangeShift(tp, std::move(change)));
  }
  Answer ToDest(int64_t offset) { return store_->ToDest(kOrders, SourceOffset(offset)); }
  // [0,100) identical, source 100..149 never copied, then 50 records at 100; the agent stops without a last persist.
  void MirrorWithAGap() {
    ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
    ASSERT_TRUE(Record(kOrders, 0, 0, 100).ok());
    ASSERT_TRUE(ChangeShift(kOrders, Change(150, 100)).ok());
    ASSERT_TRUE(Record(kOrders, 150, 100, 50).ok());
  }
  void ExpectTheGapIsKnown() {
    EXPECT_EQ(store_->state(kOrders), State::kKnown);
    EXPECT_EQ(ToDest(40).value, 40);
    EXPECT_EQ(ToDest(120).kind, Kind::kClamped);
    EXPECT_EQ(ToDest(120).value, 100);
    EXPECT_EQ(ToDest(199).value, 149);
    EXPECT_EQ(ToDest(200).kind, Kind::kExact);
    EXPECT_EQ(ToDest(201).kind, Kind::kUnknown);
  }

  asio::io_context io_;
  BlockingPool pool_{1};
  StandingClock clock_{io_.get_executor()};
  FakeRunLog log_{io_.get_executor()};
  store::TempDir dir_;
  std::string path_ = dir_ / "data/offsets";
  std::unique_ptr<TranslationStore> store_;
};

TEST_F(TranslationStoreTest, AnIdentityMirrorIsOneRecordInTheTopicHoweverLongItRuns) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  EXPECT_EQ(log_.publishes_, 0) << "identity does not wait for the topic";
  for (int64_t at = 0; at < 1000; at += 10) ASSERT_TRUE(Record(kOrders, at, at, 10).ok());
  for (int round = 0; round < 3; round++) ASSERT_TRUE(Await(store_->Persist()).ok());
  EXPECT_EQ(log_.records_.size(), 1u);
  EXPECT_EQ(log_.records_[0].key, "orders/3/0");
  EXPECT_EQ(store_->run_count(), 1u);
  EXPECT_EQ(ToDest(777).value, 777);
}

TEST_F(TranslationStoreTest, ARecordUnderAShiftThatWasNotAnnouncedIsRefused) {
  StartAndRebuild();
  EXPECT_TRUE(absl::IsFailedPrecondition(Record(kOrders, 0, 0, 1)));
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  ASSERT_TRUE(Record(kOrders, 0, 0, 100).ok());
  const Status refused = Record(kOrders, 100, 101, 5);
  EXPECT_TRUE(absl::IsDataLoss(refused)) << refused;
  EXPECT_THAT(Text(refused), HasSubstr("announced was shift 0"));
  EXPECT_TRUE(absl::IsDataLoss(Record(kOrders, 50, 50, 5))) << "recorded already";
}

TEST_F(TranslationStoreTest, AShiftCountsOnlyOnceTheTopicHasIt) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  ASSERT_TRUE(Record(kOrders, 0, 0, 100).ok());
  log_.fail_ = Unavailable("no broker");
  const Status refused = ChangeShift(kOrders, Change(150, 100));
  EXPECT_TRUE(IsUnavailable(refused)) << refused;
  EXPECT_TRUE(absl::IsDataLoss(Record(kOrders, 150, 100, 1)));
  EXPECT_EQ(ToDest(120).kind, Kind::kUnknown);
  log_.fail_ = absl::OkStatus();
  ASSERT_TRUE(ChangeShift(kOrders, Change(150, 100)).ok());
  EXPECT_TRUE(Record(kOrders, 150, 100, 1).ok());
}

TEST_F(TranslationStoreTest, AChangeWhoseAnswerWasLostIsTakenBackWhenItIsNotRepeated) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  ASSERT_TRUE(Record(kOrders, 0, 0, 100).ok());
  log_.fail_ = Unavailable("the answer was lost");
  log_.lose_answer_ = true;
  EXPECT_TRUE(IsUnavailable(ChangeShift(kOrders, Change(150, 100))));
  log_.fail_ = absl::OkStatus();
  ASSERT_TRUE(Record(kOrders, 100, 100, 100).ok());
  ASSERT_TRUE(Await(store_->Persist()).ok());
  fs::remove_all(path_);
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(200, 200)}, Covers::kFromTheMiddle)).ok());
  EXPECT_EQ(ToDest(120).value, 120);
  EXPECT_EQ(ToDest(5).value, 5);
}

TEST_F(TranslationStoreTest, RecordsAppendedWhileAShiftIsBeingPublishedAreNotLost) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  ASSERT_TRUE(Record(kOrders, 0, 0, 90).ok());
  log_.Hold();
  auto changed = asio::co_spawn(io_, store_->ChangeShift(kOrders, Change(150, 100)), asio::use_future);
  ASSERT_TRUE(Record(kOrders, 90, 90, 10).ok());
  log_.LetGo();
  ASSERT_TRUE(Await(store_->Persist()).ok());
  ASSERT_TRUE(changed.get().ok());
  ASSERT_TRUE(Record(kOrders, 150, 100, 50).ok());
  ExpectTheGapIsKnown();
}

TEST_F(TranslationStoreTest, TwoChangesOfOnePartitionArePublishedOneAfterTheOther) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  log_.Hold();
  auto first = asio::co_spawn(io_, store_->ChangeShift(kOrders, Change(10, 0)), asio::use_future);
  auto second = asio::co_spawn(io_, store_->ChangeShift(kOrders, Change(20, 0)), asio::use_future);
  io_.restart();
  io_.poll();
  EXPECT_EQ(log_.publishes_, 1);
  log_.LetGo();
  io_.restart();
  io_.run();
  ASSERT_TRUE(first.get().ok());
  ASSERT_TRUE(second.get().ok());
  EXPECT_EQ(log_.publishes_, 2);
  EXPECT_EQ(store_->Find(kOrders)->end(), At(20, 0));
}

TEST_F(TranslationStoreTest, AfterARestartTheForgottenGrowthComesFromTheLogs) {
  StartAndRebuild();
  MirrorWithAGap();
  StartAndRebuild();
  EXPECT_EQ(store_->state(kOrders), State::kUnknown);
  EXPECT_EQ(ToDest(40).kind, Kind::kUnknown) << "not compared with the logs yet";
  ASSERT_NE(store_->Find(kOrders), nullptr);
  EXPECT_EQ(store_->Find(kOrders)->shift(), -50) << "recovery asks for it";
  ASSERT_TRUE(Resume(kOrders, Facts({At(200, 150)}, Covers::kFromTheMiddle)).ok());
  ExpectTheGapIsKnown();
}

TEST_F(TranslationStoreTest, AWipedDataDirectoryIsRebuiltFromTheTopicWhileMirroringGoesOn) {
  StartAndRebuild();
  MirrorWithAGap();
  store_.reset();
  fs::remove_all(dir_ / "data");
  Start();
  ASSERT_TRUE(Resume(kOrders, Facts({At(190, 140)}, Covers::kFromTheMiddle)).ok());
  EXPECT_EQ(store_->state(kOrders), State::kRebuilding);
  ASSERT_TRUE(Record(kOrders, 190, 140, 10).ok()) << "mirroring goes on";
  EXPECT_EQ(ToDest(120).kind, Kind::kUnknown);
  EXPECT_THAT(ToDest(120).why, HasSubstr("being rebuilt"));
  EXPECT_TRUE(IsUnavailable(ChangeShift(kOrders, Change(300, 150)))) << "it would overwrite what is not yet read";
  ASSERT_TRUE(Await(store_->Rebuild()).ok());
  ExpectTheGapIsKnown();
}

TEST_F(TranslationStoreTest, ACorruptDataDirectoryIsQuarantinedAndRebuilt) {
  StartAndRebuild();
  MirrorWithAGap();
  ASSERT_TRUE(Await(store_->Persist()).ok());
  store_.reset();
  std::ofstream(path_ + "/CURRENT") << "garbage";
  StartAndRebuild();
  ASSERT_EQ(store_->quarantined().size(), 1u);
  EXPECT_THAT(store_->quarantined()[0], StartsWith(path_ + ".quarantined-"));
  EXPECT_TRUE(fs::exists(store_->quarantined()[0]));
  ASSERT_TRUE(Resume(kOrders, Facts({At(200, 150)}, Covers::kFromTheMiddle)).ok());
  ExpectTheGapIsKnown();
}

TEST_F(TranslationStoreTest, ADataDirectoryDeletedWhileRunningIsFilledAgainFromMemory) {
  StartAndRebuild();
  MirrorWithAGap();
  ASSERT_TRUE(Await(store_->Persist()).ok());
  fs::remove_all(dir_ / "data");
  EXPECT_TRUE(Await(store_->Persist()).ok());
  ExpectTheGapIsKnown();
  ASSERT_TRUE(Await(store_->Persist()).ok());
  EXPECT_GT(store_->store_bytes(), 0u);
  // What is on the disk now is complete: the topic is not needed.
  log_.records_.clear();
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(200, 150)}, Covers::kFromTheMiddle)).ok());
  ExpectTheGapIsKnown();
}

TEST_F(TranslationStoreTest, ADiskThatCannotBeWrittenDoesNotStopMirroring) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  ASSERT_TRUE(Record(kOrders, 0, 0, 100).ok());
  fs::remove_all(dir_ / "data");
  std::ofstream(dir_ / "data") << "a file where the directory was";
  EXPECT_FALSE(Await(store_->Persist()).ok());
  EXPECT_FALSE(store_->store_status().ok());
  ASSERT_TRUE(ChangeShift(kOrders, Change(150, 100)).ok());
  ASSERT_TRUE(Record(kOrders, 150, 100, 50).ok());
  ExpectTheGapIsKnown();
  fs::remove(dir_ / "data");
  ASSERT_TRUE(Await(store_->Persist()).ok());
  EXPECT_TRUE(store_->store_status().ok());
}

TEST_F(TranslationStoreTest, AnUnusableDataDirectoryIsAnErrorAtTheStart) {
  std::ofstream(dir_ / "data") << "a file";
  store_ = std::make_unique<TranslationStore>(io_.get_executor(), pool_, clock_, log_, Options());
  const Status loaded = Await(store_->Load());
  EXPECT_TRUE(absl::IsFailedPrecondition(loaded)) << loaded;
  EXPECT_THAT(Text(loaded), HasSubstr("check data_dir"));
}

TEST_F(TranslationStoreTest, WithoutTopicAndDiskTheLogsAloneStillNeverLie) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(200, 150)}, Covers::kFromTheMiddle)).ok());
  EXPECT_EQ(store_->state(kOrders), State::kKnown);
  EXPECT_EQ(ToDest(199).kind, Kind::kUnknown);
  EXPECT_EQ(ToDest(200).value, 150);
  EXPECT_EQ(log_.publishes_, 1) << "a shift that the topic does not say is published before the first append";
  EXPECT_TRUE(Record(kOrders, 200, 150, 1).ok());
}

TEST_F(TranslationStoreTest, AReCreatedTopicHasNothingOfTheOldRuns) {
  StartAndRebuild();
  MirrorWithAGap();
  StartAndRebuild();
  const TopicIds other{"source-id", "another-dest-id"};
  ASSERT_TRUE(Await(store_->Resume(kOrders, other, Facts({At(0, 0)}))).ok());
  EXPECT_EQ(store_->Find(kOrders)->runs().size(), 1u);
  EXPECT_EQ(ToDest(0).kind, Kind::kExact);
  EXPECT_EQ(ToDest(40).kind, Kind::kUnknown);
}

TEST_F(TranslationStoreTest, APartitionThatWasElsewhereComesBackWithWhatTheOtherAgentDid) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  ASSERT_TRUE(Record(kOrders, 0, 0, 100).ok());
  ASSERT_TRUE(Await(store_->Persist()).ok());
  store_->Forget(kOrders);
  EXPECT_EQ(store_->state(kOrders), State::kUnknown);
  EXPECT_THAT(ToDest(40).why, HasSubstr("not mirrored by this agent"));
  {
    TranslationStoreOptions elsewhere;
    elsewhere.path = dir_ / "elsewhere";
    TranslationStore other(io_.get_executor(), pool_, clock_, log_, elsewhere);
    ASSERT_TRUE(Await(other.Load()).ok());
    ASSERT_TRUE(Await(other.Rebuild()).ok());
    ASSERT_TRUE(Await(other.Resume(kOrders, kIds, Facts({At(100, 100)}, Covers::kFromTheMiddle))).ok());
    ASSERT_TRUE(Await(other.ChangeShift(kOrders, Change(150, 100))).ok());
  }
  ASSERT_TRUE(Await(store_->Rebuild()).ok());
  ASSERT_TRUE(Resume(kOrders, Facts({At(200, 150)}, Covers::kFromTheMiddle)).ok());
  ExpectTheGapIsKnown();
}

TEST_F(TranslationStoreTest, ErasingLeavesNothingAnywhere) {
  StartAndRebuild();
  MirrorWithAGap();
  ASSERT_TRUE(Resume(kOther, Facts({At(0, 0)})).ok());
  ASSERT_TRUE(Await(store_->Persist()).ok());
  ASSERT_TRUE(Await(store_->Erase(kOrders)).ok());
  StartAndRebuild();
  EXPECT_EQ(store_->Find(kOrders), nullptr);
  EXPECT_NE(store_->Find(kOther), nullptr);
}

TEST_F(TranslationStoreTest, AMapOfVeryManyRunsSurvivesThroughTheTopicAndThroughTheDisk) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  const int64_t runs = 2 * kRunsPerChunk + 10;
  // Gaps inside one shift: not announced one by one.
  for (int64_t i = 0; i < runs; i++) ASSERT_TRUE(Record(kOrders, i * 10, i * 10, 3).ok());
  ASSERT_TRUE(Await(store_->Persist()).ok());
  ASSERT_TRUE(Record(kOrders, runs * 10, runs * 10, 3).ok());
  ASSERT_TRUE(Await(store_->Persist()).ok());
  ASSERT_TRUE(ChangeShift(kOrders, Change(runs * 10 + 100, runs * 10 + 3)).ok());
  const Translation before = *store_->Find(kOrders);
  const Position end = *before.end();
  for (const bool disk : {true, false}) {
    store_.reset();
    if (!disk) fs::remove_all(path_);
    StartAndRebuild();
    ASSERT_TRUE(Resume(kOrders, Facts({end}, Covers::kFromTheMiddle)).ok());
    EXPECT_EQ(*store_->Find(kOrders), before) << (disk ? "disk" : "topic");
  }
}

TEST_F(TranslationStoreTest, TheLoopPersistsEveryTickAndALastTimeWhenStopped) {
  StartAndRebuild();
  ASSERT_TRUE(Resume(kOrders, Facts({At(0, 0)})).ok());
  TaskGroup tasks(io_.get_executor());
  tasks.Spawn(store_->Run());
  ASSERT_TRUE(Record(kOrders, 0, 0, 10).ok());
  io_.restart();
  io_.poll();
  clock_.Tick();
  while (log_.records_.empty() && io_.run_one_for(kPatience) > 0) continue;
  EXPECT_EQ(log_.records_.size(), 1u);
  ASSERT_TRUE(Record(kOrders, 10, 10, 10).ok());
  tasks.Stop();
  while (tasks.size() > 0 && io_.run_one_for(kPatience) > 0) continue;
  EXPECT_EQ(tasks.size(), 0u);
  log_.records_.clear();
  StartAndRebuild();
  ASSERT_NE(store_->Find(kOrders), nullptr);
  EXPECT_EQ(store_->Find(kOrders)->end(), At(20, 20));
}

}  // namespace
}  // namespace klink::offsets
