// The oracle's reading of records against klink's writing of them: two hands, one format.
#include "tests/oracle/records.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kafka/record_batch.h"

namespace klink::oracle {
namespace {

Batch AsStored(const SharedBytes& bytes) {
  const std::vector<Batch> batches = ParseBatches(AsText(bytes.view()));
  return batches.at(0);
}

TEST(OracleRecords, ReadsEveryCodecAsItWasWritten) {
  for (const auto codec :
       {kafka::Codec::kNone, kafka::Codec::kGzip, kafka::Codec::kSnappy, kafka::Codec::kLz4, kafka::Codec::kZstd}) {
    std::vector<kafka::Record> records(300);
    for (int32_t i = 0; i < 300; ++i) {
      kafka::Record& record = records[static_cast<size_t>(i)];
      record.offset_delta = 2 * i;
      record.timestamp = 1000 + i % 7;
      if (i % 3 != 0) record.key = "key" + std::to_string(i);
      if (i % 5 != 0) record.value = std::string(1000, static_cast<char>('a' + i % 26));
      if (i % 2 != 0) record.headers = {{"h", "1"}, {"null", std::nullopt}};
    }
    kafka::BatchIdentity identity;
    identity.base_offset = 500;
    const Batch batch = AsStored(*kafka::BuildBatch(identity, records, codec));
    ASSERT_TRUE(batch.crc_right);
    const std::vector<Record> read = ReadRecords(batch);
    ASSERT_EQ(read.size(), records.size());
    for (size_t i = 0; i < read.size(); ++i) {
      EXPECT_EQ(read[i].offset, 500 + records[i].offset_delta);
      EXPECT_EQ(read[i].time, records[i].timestamp);
      EXPECT_EQ(read[i].key, records[i].key);
      EXPECT_EQ(read[i].value, records[i].value);
      EXPECT_EQ(read[i].headers, records[i].headers);
    }
  }
}

TEST(OracleRecords, ReadsWhatItWroteItself) {
  Batch batch;
  batch.base_offset = 10;
  batch.last_offset_delta = 3;
  batch.count = 2;
  batch.base_timestamp = 50;
  batch.records = WriteRecords({{10, 50, "a", std::nullopt, {{"h", "v"}}}, {13, 40, std::nullopt, "b"}}, 10, 50);
  const std::vector<Record> read = ReadRecords(batch);
  EXPECT_EQ(read[0].headers[0].second, "v");
  EXPECT_EQ(read[1].offset, 13);
  EXPECT_EQ(read[1].time, 40);
  batch.last_offset_delta = 2;
  EXPECT_THROW(ReadRecords(batch), std::runtime_error);
}

}  // namespace
}  // namespace klink::oracle
