// The folder of the reports: one drill at a time, whose name outlives it, and a history that can be read back.
#include "failover/drill_files.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"

namespace klink::failover {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class DrillFolderTest : public testing::Test {
 protected:
  DrillFolderTest() {
    std::string pattern = fs::temp_directory_path() / "klink-drills-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~DrillFolderTest() override { fs::remove_all(dir_); }
  static std::string ReadAll(const fs::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static DrillReport Report(const std::string& id) {
    DrillReport report;
    report.id = id;
    report.drill = "quarterly";
    report.scope.link = "paris-to-lyon";
    report.outcome = "PASSED";
    report.started = WallTime(std::chrono::milliseconds(1'800'000'000'000));
    return report;
  }
  fs::path dir_;
};

TEST_F(DrillFolderTest, OneDrillWorksInItAtATime) {
  {
    const auto first = DrillFolder::Open(dir_);
    ASSERT_TRUE(first.ok()) << first.status();
    const auto second = DrillFolder::Open(dir_);
    EXPECT_EQ(second.status().code(), Code::kFailedPrecondition);
    EXPECT_THAT(std::string(Text(second.status())), HasSubstr("another drill works in"));
  }
  EXPECT_TRUE(DrillFolder::Open(dir_).ok());
}

TEST_F(DrillFolderTest, AFolderThatIsNotThereIsNamed) {
  const auto folder = DrillFolder::Open(dir_ / "missing");
  EXPECT_EQ(folder.status().code(), Code::kNotFound);
  EXPECT_THAT(std::string(Text(folder.status())), HasSubstr("missing is not there: create it"));
}

TEST_F(DrillFolderTest, WhoDiedHereIsKnownUntilItIsRemoved) {
  {
    auto folder = DrillFolder::Open(dir_);
    ASSERT_TRUE(folder.ok());
    EXPECT_EQ(folder->unfinished(), std::nullopt);
    ASSERT_TRUE(folder->Begin("20270115T080000Z-ab12").ok());
  }
  auto folder = DrillFolder::Open(dir_);
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(folder->unfinished(), "20270115T080000Z-ab12");
  folder->End();
  EXPECT_EQ(folder->unfinished(), std::nullopt);
}

TEST_F(DrillFolderTest, ReportsAreTheHistory) {
  const auto folder = DrillFolder::Open(dir_);
  ASSERT_TRUE(folder.ok());
  const auto first = folder->Write(Report("20270115T080000Z-ab12"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(*first, dir_ / "klink-drill-paris-to-lyon-20270115T080000Z");
  const auto again = folder->Write(Report("20270115T080000Z-cd34"));  // in the same second
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, dir_ / "klink-drill-paris-to-lyon-20270115T080000Z-cd34");
  std::string sums;
  for (const char* ending : {".json", ".xml", ".html"})
    sums += Sha256Hex(std::string_view(ReadAll(*first + ending))) + "  klink-drill-paris-to-lyon-20270115T080000Z" +
            ending + "\n";
  EXPECT_EQ(ReadAll(*first + ".sha256"), sums);
  std::ofstream(dir_ / "klink-drill-torn.json") << "{";
  const auto history = ReadHistory(dir_);
  ASSERT_TRUE(history.ok());
  ASSERT_EQ(history->reports.size(), 2u);
  EXPECT_EQ(history->reports[0].id, "20270115T080000Z-ab12");
  EXPECT_EQ(history->reports[0].started, Report("").started);
  EXPECT_EQ(history->reports[1].id, "20270115T080000Z-cd34");
  EXPECT_THAT(history->unreadable, testing::ElementsAre("klink-drill-torn.json"));
}

}  // namespace
}  // namespace klink::failover
