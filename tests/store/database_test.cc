// The door to RocksDB: typed tables, and what an operator or the caller learns when the disk is not as it should be.
#include "store/database.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/table.h"
#include "tests/store/temp_dir.h"

namespace klink::store {

struct Key {
  std::string name;
  int64_t number = 0;
  static void Describe(auto& m, auto& field) {
    field(m.name);
    field(m.number);
  }
};
struct Value {
  std::string text;
};
template <>
struct ValueCodec<Value> {
  static constexpr uint8_t kVersion = 2;
  static std::string Encode(const Value& value) { return value.text; }
  static StatusOr<Value> Decode(uint8_t version, std::string_view bytes) {
    return Value{std::string(bytes) + (version == 1 ? " (old)" : "")};
  }
};

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Things = Table<Key, Value>;

const WallTime kNow{std::chrono::milliseconds(1'700'000'000'000)};

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> Open() {
    StatusOr<std::unique_ptr<Database>> db = Database::Open(path_, {"things", "others"});
    EXPECT_TRUE(db.ok()) << db.status();
    return db.ok() ? *std::move(db) : nullptr;
  }
  Status OpenStatus() { return Database::Open(path_, {"things", "others"}).status(); }
  // A database with a flushed table file and a log, closed.
  void Fill() {
    auto db = Open();
    for (int round = 0; round < 3; round++) {
      Batch batch;
      for (int i = 0; i < 400; i++) Things(*db, "things").Put(batch, {"k", round * 1000 + i}, {std::string(4000, 'x')});
      ASSERT_TRUE(db->Write(batch, Durability::kSynced).ok());
    }
  }
  std::string FileEndingIn(const std::string& suffix) {
    for (const auto& entry : fs::directory_iterator(path_))
      if (entry.path().string().ends_with(suffix)) return entry.path().string();
    return {};
  }
  std::string FileStartingWith(const std::string& prefix) {
    for (const auto& entry : fs::directory_iterator(path_))
      if (entry.path().filename().string().starts_with(prefix)) return entry.path().string();
    return {};
  }

  TempDir dir_{TempDir::Access::kEverybody};
  std::string path_ = dir_ / "data/index";
};

TEST_F(DatabaseTest, WhatWasWrittenIsThereAfterReopening) {
  {
    auto db = Open();
    Batch batch;
    Things(*db, "things").Put(batch, {"a", 1}, {"one"});
    Things(*db, "others").Put(batch, {"a", 1}, {"other"});
    Things(*db, "things").Put(batch, {"gone", 1}, {"x"});
    ASSERT_TRUE(db->Write(batch, Durability::kUnsynced).ok());
    Batch erase;
    Things(*db, "things").Delete(erase, {"gone", 1});
    ASSERT_TRUE(db->Write(erase, Durability::kUnsynced).ok());
  }
  auto db = Open();
  EXPECT_EQ((*Things(*db, "things").Get({"a", 1}))->text, "one");
  EXPECT_EQ((*Things(*db, "others").Get({"a", 1}))->text, "other");
  EXPECT_FALSE(Things(*db, "things").Get({"gone", 1})->has_value());
}

TEST_F(DatabaseTest, APrefixIsVisitedInKeyOrderAndNothingElse) {
  auto db = Open();
  Batch batch;
  const Things things(*db, "things");
  for (int64_t n : {5, -3, 1000, 0}) things.Put(batch, {"b", n}, {"v"});
  things.Put(batch, {"a", 1}, {"v"});
  things.Put(batch, {"bb", 1}, {"v"});
  ASSERT_TRUE(db->Write(batch, Durability::kUnsynced).ok());
  std::vector<int64_t> seen;
  const auto note = [&](Key key, Value) {
    seen.push_back(key.number);
    return absl::OkStatus();
  };
  ASSERT_TRUE(things.ForEach(KeyPrefix(std::string("b")), note).ok());
  EXPECT_EQ(seen, (std::vector<int64_t>{-3, 0, 5, 1000}));
  const auto refuse = [&](Key, Value) { return Cancelled("enough"); };
  EXPECT_TRUE(IsCancelled(things.ForEach("", refuse)));
}

TEST_F(DatabaseTest, AnOldVersionIsReadAndAnUnknownOneIsDataLoss) {
  auto db = Open();
  const Things things(*db, "things");
  Batch batch;
  batch.Put("things", EncodeKey(Key{"old", 0}), std::string("\1text", 5));
  batch.Put("things", EncodeKey(Key{"new", 0}), std::string("\3text", 5));
  batch.Put("things", EncodeKey(Key{"none", 0}), std::string());
  ASSERT_TRUE(db->Write(batch, Durability::kUnsynced).ok());
  EXPECT_EQ((*things.Get({"old", 0}))->text, "text (old)");
  EXPECT_TRUE(absl::IsDataLoss(things.Get({"new", 0}).status()));
  EXPECT_THAT(Text(things.Get({"new", 0}).status()), HasSubstr("table things: a stored value has version 3"));
  EXPECT_TRUE(absl::IsDataLoss(things.Get({"none", 0}).status()));
}

TEST_F(DatabaseTest, TablesOfAnOlderProgramAreKept) {
  {
    ASSERT_TRUE(Database::Open(path_, {"things", "retired"}).ok());
  }
  {
    ASSERT_TRUE(Database::Open(path_, {"things"}).ok());
  }
  auto db = Database::Open(path_, {"things", "retired", "added"});
  ASSERT_TRUE(db.ok()) << db.status();
}

TEST_F(DatabaseTest, ASecondOpeningSaysThatAnotherKlinkHasIt) {
  auto db = Open();
  const Status second = OpenStatus();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_THAT(Text(second), HasSubstr("in use by another klink"));
}

TEST_F(DatabaseTest, SoDoesALockHeldByAnotherProcess) {
  Open().reset();
  int ready[2];
  int done[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(done), 0);
  const pid_t child = fork();
  if (child == 0) {
    const int lock = open((path_ + "/LOCK").c_str(), O_RDWR);
    struct flock want{};
    want.l_type = F_WRLCK;
    want.l_whence = SEEK_SET;
    char byte = fcntl(lock, F_SETLK, &want) == 0 ? 'y' : 'n';
    (void)!write(ready[1], &byte, 1);
    (void)!read(done[0], &byte, 1);
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  const Status second = OpenStatus();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_THAT(Text(second), HasSubstr("in use by another klink"));
  (void)!write(done[1], &byte, 1);
  waitpid(child, nullptr, 0);
}

TEST_F(DatabaseTest, APathThatCannotBeADirectorySaysWhatToCheck) {
  std::ofstream(dir_ / "data") << "a file";
  const Status opened = OpenStatus();
  EXPECT_TRUE(absl::IsFailedPrecondition(opened)) << opened;
  EXPECT_THAT(Text(opened), HasSubstr("check data_dir"));
}

TEST_F(DatabaseTest, AnUnreadableDirectorySaysWhoMustReadIt) {
  fs::create_directories(path_);
  fs::permissions(path_, fs::perms::none);
  const pid_t child = fork();
  if (child == 0) {  // as somebody whom permissions stop
    if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
    const Status opened = OpenStatus();
    const std::string who = fmt::format("for uid {}", geteuid());
    const bool said = absl::IsPermissionDenied(opened) && Text(opened).find(who) != std::string::npos;
    if (!said) std::cerr << opened << "\n";
    _exit(said ? 0 : 1);
  }
  int result = -1;
  waitpid(child, &result, 0);
  fs::permissions(path_, fs::perms::owner_all);
  EXPECT_EQ(WEXITSTATUS(result), 0);
}

TEST_F(DatabaseTest, DamagedOrMissingFilesAreDataLoss) {
  struct Damage {
    std::string what;
    std::function<void()> make;
  };
  const std::vector<Damage> all = {
      {"CURRENT with garbage", [&] { std::ofstream(path_ + "/CURRENT") << "garbage"; }},
      {"empty CURRENT", [&] { std::ofstream(path_ + "/CURRENT").flush(); }},
      {"no MANIFEST", [&] { fs::remove(FileStartingWith("MANIFEST")); }},
      {"empty MANIFEST", [&] { fs::resize_file(FileStartingWith("MANIFEST"), 0); }},
      {"MANIFEST with garbage", [&] { std::ofstream(FileStartingWith("MANIFEST")) << std::string(500, 'g'); }},
      {"no table file", [&] { fs::remove(FileEndingIn(".sst")); }},
      {"table file cut short", [&] { fs::resize_file(FileEndingIn(".sst"), 100); }},
  };
  for (const Damage& damage : all) {
    std::error_code ec;
    fs::remove_all(path_, ec);
    Fill();
    ASSERT_FALSE(FileEndingIn(".sst").empty());
    damage.make();
    const Status opened = OpenStatus();
    EXPECT_TRUE(absl::IsDataLoss(opened)) << damage.what << ": " << opened;
  }
}

TEST_F(DatabaseTest, ADamagedBlockIsDataLossWhenItIsRead) {
  Fill();
  const std::string file = FileEndingIn(".sst");
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(2000);
    bytes << "?????";
  }
  auto db = Open();
  ASSERT_NE(db, nullptr);
  const auto pass = [](Key, Value) { return absl::OkStatus(); };
  EXPECT_TRUE(absl::IsDataLoss(Things(*db, "things").ForEach("", pass)));
}

TEST_F(DatabaseTest, QuarantinePutsTheDirectoryAsideAndANewOneOpens) {
  Fill();
  std::ofstream(path_ + "/CURRENT") << "garbage";
  const StatusOr<std::string> first = Quarantine(path_, kNow);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, path_ + ".quarantined-20231114T221320Z");
  EXPECT_TRUE(fs::exists(*first + "/CURRENT"));
  {
    EXPECT_NE(Open(), nullptr);
  }
  EXPECT_EQ(*Quarantine(path_, kNow), *first + "-2");
  EXPECT_EQ(*Quarantine(path_, kNow), "") << "nothing there any more";
}

TEST_F(DatabaseTest, ADirectoryRemovedWhileOpenIsNoticed) {
  auto db = Open();
  EXPECT_TRUE(db->CheckPresent().ok());
  fs::remove_all(dir_ / "data");
  EXPECT_TRUE(absl::IsDataLoss(db->CheckPresent()));
}

}  // namespace
}  // namespace klink::store
