// What never crossed, as files: what is in them, and what is refused.
#include "failover/failback_export.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/link/verify_logs.h"

namespace klink::failover {
namespace {

namespace fs = std::filesystem;
using kafka::ControlType;
using link::testing::Batches;
using link::testing::InTransaction;
using link::testing::Marker;
using link::testing::Records;
using testing::HasSubstr;

std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class FailbackExport : public testing::Test {
 protected:
  FailbackExport() {
    std::string pattern = (fs::temp_directory_path() / "klink-export-XXXXXX").string();
    dir_ = mkdtemp(pattern.data());
  }
  ~FailbackExport() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }
  std::string folder() const { return (dir_ / "out").string(); }

  StatusOr<std::vector<ExportedFile>> Export(int64_t from, const Batches& log) {
    TailTally tally(from);
    for (const SharedBytes& batch : log) RETURN_IF_ERROR(tally.Take(kafka::BatchView(batch.view())));
    (void)tally.Finish();
    RETURN_IF_ERROR(OpenExportFolder(folder()));
    TRY(TailExport out, TailExport::Create(folder(), {"orders.eu", 3}, from));
    for (const SharedBytes& batch : log) RETURN_IF_ERROR(out.Take(kafka::BatchView(batch.view()), tally));
    TRY(const auto files, out.Finish());
    RETURN_IF_ERROR(CloseExportFolder(folder(), files));
    return files;
  }

  fs::path dir_;
};

TEST_F(FailbackExport, WritesTheBatchesAsTheyAreAndARecordALine) {
  const Batches log = {Records({{7, "before", "x"}}), Records({{8, "a", "1", 1500}, {9, "b", "", 1600}}),
                       Records({{10, "c", "2"}}, InTransaction(5)), Marker(11, 5, ControlType::kAbort)};
  const auto files = Export(8, log);
  ASSERT_TRUE(files.ok()) << files.status();
  ASSERT_EQ(files->size(), 2U);
  std::string raw;
  for (size_t i = 1; i < log.size(); i++) raw += AsText(log[i].view());
  EXPECT_EQ(ReadAll(dir_ / "out/orders.eu-3.batches"), raw);
  EXPECT_EQ(ReadAll(dir_ / "out/orders.eu-3.jsonl"),
            R"({"offset":8,"timestamp_ms":1500,"key":"a","value":"1","headers":[],"transaction":null})"
            "\n"
            R"({"offset":9,"timestamp_ms":1600,"key":"b","value":null,"headers":[],"transaction":null})"
            "\n"
            R"({"offset":10,"timestamp_ms":1000,"key":"c","value":"2","headers":[],"transaction":"aborted"})"
            "\n");
}

TEST_F(FailbackExport, NamesEachFileWithItsDigest) {
  const auto files = Export(0, {Records({{0, "a", "1"}})});
  ASSERT_TRUE(files.ok()) << files.status();
  std::string sums;
  for (const ExportedFile& file : *files) {
    const std::string text = ReadAll(dir_ / "out" / file.name);
    EXPECT_EQ(file.sha256, Sha256Hex(text));
    EXPECT_EQ(file.bytes, static_cast<int64_t>(text.size()));
    sums += fmt::format("{}  {}\n", file.sha256, file.name);
  }
  EXPECT_EQ(ReadAll(dir_ / "out/SHA256SUMS"), sums);
}

TEST_F(FailbackExport, OfABatchAcrossTheOffsetTheLinesBeginThere) {
  const Batches log = {Records({{0, "a", "1"}, {1, "b", "2"}, {2, "c", "3"}})};
  ASSERT_TRUE(Export(2, log).ok());
  EXPECT_THAT(ReadAll(dir_ / "out/orders.eu-3.jsonl"), testing::StartsWith(R"({"offset":2,)"));
  EXPECT_EQ(ReadAll(dir_ / "out/orders.eu-3.batches"), AsText(log[0].view()));
}

TEST_F(FailbackExport, AFolderWithFilesInItIsRefusedAndNotTouched) {
  fs::create_directory(folder());
  std::ofstream(dir_ / "out/mine") << "mine";
  const Status refused = OpenExportFolder(folder());
  EXPECT_EQ(refused.code(), Code::kFailedPrecondition);
  EXPECT_THAT(Text(refused), HasSubstr("has files in it"));
  EXPECT_EQ(ReadAll(dir_ / "out/mine"), "mine");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), {}), 1);
}

TEST_F(FailbackExport, AnEmptyFolderIsTaken) {
  fs::create_directory(folder());
  EXPECT_TRUE(OpenExportFolder(folder()).ok());
}

TEST_F(FailbackExport, APlaceThatIsNoFolderIsRefused) {
  std::ofstream(dir_ / "out") << "a file";
  EXPECT_EQ(OpenExportFolder(folder()).code(), Code::kFailedPrecondition);
  EXPECT_EQ(OpenExportFolder(folder() + "/below").code(), Code::kFailedPrecondition);
}

TEST_F(FailbackExport, AFileThatIsThereIsNotWrittenOver) {
  ASSERT_TRUE(Export(0, {Records({{0, "a", "1"}})}).ok());
  const std::string before = ReadAll(dir_ / "out/orders.eu-3.batches");
  EXPECT_FALSE(TailExport::Create(folder(), {"orders.eu", 3}, 0).ok());
  EXPECT_EQ(ReadAll(dir_ / "out/orders.eu-3.batches"), before);
}

TEST(FailbackExportBytes, AreTextWhereTheyAreUtf8AndElseBase64) {
  const auto put = [](std::optional<std::string> bytes) {
    JsonObject object;
    PutBytes(object, "key", bytes);
    return CompactJson(object);
  };
  EXPECT_EQ(put(std::nullopt), R"({"key":null})");
  EXPECT_EQ(put(""), R"({"key":""})");
  EXPECT_EQ(put("zażółć €𝄞"), R"({"key":"zażółć €𝄞"})");
  EXPECT_EQ(put("\xff"), R"({"key_base64":"/w=="})");
  for (const char* bad : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80",
                          "\xe2\x82", "a\x80", "\xc3", "\xf5\x80\x80\x80"})
    EXPECT_THAT(put(bad), HasSubstr("_base64"));
}

}  // namespace
}  // namespace klink::failover
