// A power cut may take what was not synced, but never what was, and what is left is a state that once was.
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/store/lossy_file_system.h"
#include "tests/store/temp_dir.h"

namespace klink::store {
namespace {

constexpr int kSlots = 20;

// Write i puts i into slot i % kSlots of both tables: a state names the write that made it.
Batch WriteNumber(int i) {
  Batch batch;
  const std::string key = std::to_string(i % kSlots);
  batch.Put("left", key, std::to_string(i));
  batch.Put("right", key, std::to_string(i) + std::string(static_cast<size_t>(i) * 37 % 3000, '.'));
  return batch;
}

// After which write was the database in the state it is in? -1: empty; -2: in no state it ever had.
int StateOf(Database& db) {
  int last = -1;
  std::map<std::string, int> left;
  std::map<std::string, int> right;
  const auto read_into = [&](std::map<std::string, int>& table) {
    return [&](std::string_view key, std::string_view value) {
      table[std::string(key)] = std::stoi(std::string(value));
      last = std::max(last, table[std::string(key)]);
      return absl::OkStatus();
    };
  };
  if (!db.Scan("left", "", read_into(left)).ok() || !db.Scan("right", "", read_into(right)).ok()) return -2;
  if (left != right) return -2;
  for (int slot = 0; slot < kSlots; slot++) {
    const int expected = last - ((last - slot) % kSlots + kSlots) % kSlots;
    const auto found = left.find(std::to_string(slot));
    if (expected < 0 ? found != left.end() : found == left.end() || found->second != expected) return -2;
  }
  return last;
}

TEST(UnsyncedLoss, SyncedWritesSurviveAndTheRestIsAnEarlierState) {
  int rounds_with_loss = 0;
  uint64_t bytes_lost = 0;
  for (uint64_t seed = 1; seed <= 24; seed++) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    TempDir dir;
    int written = -1;
    for (int power_cut = 0; power_cut < 3; power_cut++) {
      auto disk = std::make_shared<LossyFileSystem>();
      auto db = OpenOn(disk, dir / "db", {"left", "right"});
      ASSERT_TRUE(db.ok()) << db.status();
      // The state found becomes the state to go on from.
      written = StateOf(**db);
      ASSERT_NE(written, -2);
      int synced = written;
      // Now and then enough to fill a memtable, so that table files are written and logs deleted in between.
      const int writes = static_cast<int>(random() % (seed % 4 == 0 ? 1500 : 60));
      for (int n = 0; n < writes; n++) {
        const bool sync = random() % 10 == 0;
        written++;
        ASSERT_TRUE((*db)->Write(WriteNumber(written), sync ? Durability::kSynced : Durability::kUnsynced).ok());
        if (sync) synced = written;
      }
      disk->PowerOff();
      db->reset();
      bytes_lost += disk->Lose(random);

      auto again = OpenOn(std::make_shared<LossyFileSystem>(), dir / "db", {"left", "right"});
      ASSERT_TRUE(again.ok()) << again.status();
      const int state = StateOf(**again);
      ASSERT_NE(state, -2) << "a state that never was";
      ASSERT_GE(state, synced) << "a synced write was lost";
      ASSERT_LE(state, written);
      if (state < written) rounds_with_loss++;
    }
  }
  // The fault really bit.
  EXPECT_GT(rounds_with_loss, 10);
  EXPECT_GT(bytes_lost, 10000u);
}

TEST(UnsyncedLoss, AWriteThatIsRefusedIsAnErrorAndTheDatabaseStaysReadable) {
  TempDir dir;
  auto disk = std::make_shared<LossyFileSystem>();
  auto db = OpenOn(disk, dir / "db", {"left", "right"});
  ASSERT_TRUE(db.ok()) << db.status();
  ASSERT_TRUE((*db)->Write(WriteNumber(0), Durability::kSynced).ok());
  disk->PowerOff();
  const Status refused = (*db)->Write(WriteNumber(1), Durability::kSynced);
  EXPECT_TRUE(IsUnavailable(refused)) << refused;
  EXPECT_EQ(StateOf(**db), 0);
}

}  // namespace
}  // namespace klink::store
