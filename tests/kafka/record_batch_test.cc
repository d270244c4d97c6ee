#include "kafka/record_batch.h"

#include <random>

#include <gtest/gtest.h>

#include "tests/kafka/golden_file.h"

namespace klink::kafka {
namespace {

constexpr size_t kMuch = 1 << 20;

// What tests/golden/java/Golden.java appends to its batches.
const std::vector<Record> kRecords = {
    {.timestamp = 1'700'000'000'000, .offset_delta = 0, .key = "key", .value = "value", .headers = {}},
    {.timestamp = 1'699'999'999'990, .offset_delta = 1, .key = std::nullopt, .value = "no key", .headers = {}},
    {.timestamp = 1'700'000'000'100,
     .offset_delta = 2,
     .key = "tombstone",
     .value = std::nullopt,
     .headers = {{"h1", "x"}, {"h2", std::nullopt}}},
};
constexpr BatchIdentity kIdentity{.base_offset = 1000,
                                  .leader_epoch = 9,
                                  .producer_id = 4000,
                                  .producer_epoch = 5,
                                  .base_sequence = 42,
                                  .attributes = 0};

SharedBytes Golden(std::string_view name) { return GoldenFile("batches").at(std::string(name)); }

SharedBytes Join(std::initializer_list<SharedBytes> parts) {
  size_t size = 0;
  for (const SharedBytes& part : parts) size += part.size();
  SharedBytes all = SharedBytes::Allocate(size);
  size = 0;
  for (const SharedBytes& part : parts) {
    std::memcpy(all.data() + size, part.data(), part.size());
    size += part.size();
  }
  return all;
}

TEST(BatchView, ReadsWhatKafkaWrote) {
  const SharedBytes bytes = Golden("none");
  const BatchView batch(bytes.view());
  EXPECT_EQ(batch.base_offset(), 1000);
  EXPECT_EQ(batch.size_bytes(), bytes.size());
  EXPECT_EQ(batch.leader_epoch(), 9);
  EXPECT_EQ(batch.magic(), 2);
  EXPECT_EQ(batch.attributes(), 0);
  EXPECT_EQ(batch.last_offset_delta(), 2);
  EXPECT_EQ(batch.last_offset(), 1002);
  EXPECT_EQ(batch.next_offset(), 1003);
  EXPECT_EQ(batch.base_timestamp(), 1'700'000'000'000);
  EXPECT_EQ(batch.max_timestamp(), 1'700'000'000'100);
  EXPECT_EQ(batch.producer_id(), 4000);
  EXPECT_EQ(batch.producer_epoch(), 5);
  EXPECT_EQ(batch.base_sequence(), 42);
  EXPECT_EQ(batch.count(), 3);
  EXPECT_FALSE(batch.has_holes());
  EXPECT_EQ(batch.body().size(), bytes.size() - 61);
  EXPECT_TRUE(batch.crc_ok());
}

TEST(BatchView, TellsCodecsAndKindsApart) {
  constexpr std::pair<std::string_view, Codec> kCodecs[] = {{"none", Codec::kNone},
                                                            {"gzip", Codec::kGzip},
                                                            {"snappy", Codec::kSnappy},
                                                            {"lz4", Codec::kLz4},
                                                            {"zstd", Codec::kZstd}};
  for (auto [name, codec] : kCodecs) {
    const SharedBytes bytes = Golden(name);
    EXPECT_EQ(BatchView(bytes.view()).codec(), codec);
    EXPECT_EQ(Name(codec), name);
    EXPECT_TRUE(BatchView(bytes.view()).crc_ok());
  }
  const SharedBytes append_time = Golden("append_time");
  EXPECT_TRUE(BatchView(append_time.view()).log_append_time());
  const SharedBytes transactional = Golden("transactional");
  EXPECT_TRUE(BatchView(transactional.view()).transactional());
  EXPECT_FALSE(BatchView(transactional.view()).control());
  const SharedBytes control = Golden("control");
  EXPECT_TRUE(BatchView(control.view()).transactional() && BatchView(control.view()).control());
  EXPECT_FALSE(BatchView(control.view()).delete_horizon());
}

TEST(BatchView, AFlippedBitBreaksTheChecksum) {
  const SharedBytes bytes = Golden("lz4");
  for (size_t at = kAttributesAt; at < bytes.size(); ++at) {
    bytes.data()[at] ^= std::byte{4};
    EXPECT_FALSE(BatchView(bytes.view()).crc_ok()) << at;
    bytes.data()[at] ^= std::byte{4};
  }
}

TEST(BatchWalker, GivesWholeBatchesAndDropsTheCutTail) {
  const SharedBytes first = Golden("none");
  const SharedBytes second = Golden("zstd");
  const SharedBytes both = Join({first, second});
  for (size_t size = 0; size <= both.size(); ++size) {
    BatchWalker walker(SharedBytes::CopyOf(both.view().substr(0, size)));
    std::vector<SharedBytes> seen;
    for (;;) {
      StatusOr<std::optional<Batch>> next = walker.Next();
      ASSERT_TRUE(next.ok()) << next.status();
      if (!*next) break;
      seen.push_back((*next)->bytes);
    }
    const size_t whole = size < first.size() ? 0 : size < both.size() ? 1 : 2;
    ASSERT_EQ(seen.size(), whole) << size;
    if (whole > 0) EXPECT_EQ(seen[0], first);
    if (whole > 1) EXPECT_EQ(seen[1], second);
    EXPECT_EQ(walker.left(), size - (whole > 0 ? first.size() : 0) - (whole > 1 ? second.size() : 0));
  }
}

TEST(BatchWalker, NamesOldFormatsInsteadOfMisreadingThem) {
  const SharedBytes old = Golden("magic1");
  BatchWalker walker(Join({old, Golden("none")}));
  StatusOr<std::optional<Batch>> entry = walker.Next();
  ASSERT_TRUE(entry.ok() && *entry) << entry.status();
  EXPECT_EQ((*entry)->magic, 1);
  EXPECT_EQ((*entry)->bytes.size(), old.size());
  EXPECT_EQ(BatchView((*entry)->bytes.view()).magic(), 1);
  entry = walker.Next();
  ASSERT_TRUE(entry.ok() && *entry) << entry.status();
  EXPECT_EQ((*entry)->magic, 2);
}

TEST(BatchWalker, BytesThatCannotBeABatchAreRefused) {
  auto refused = [](size_t at, auto value) {
    const SharedBytes bytes = Golden("none");
    StoreBe(bytes.data() + at, value);
    BatchWalker walker(bytes);
    const Status first = walker.Next().status();
    EXPECT_EQ(first.code(), Code::kDataLoss) << at;
    EXPECT_EQ(walker.Next().status(), first) << "the walk goes on behind wrong bytes";
  };
  refused(kLengthAt, int32_t{48});  // one less than a header
  refused(kLengthAt, int32_t{-1});
  refused(kLengthAt, std::numeric_limits<int32_t>::min());
  refused(kBaseOffsetAt, int64_t{-1});
  refused(kBaseOffsetAt, std::numeric_limits<int64_t>::max());
  refused(kLastOffsetDeltaAt, int32_t{-1});
  refused(kCountAt, int32_t{-1});
  refused(kCountAt, int32_t{4});  // more records than offsets
  const SharedBytes magic = Golden("none");
  magic.data()[kMagicAt] = std::byte{3};
  EXPECT_EQ(BatchWalker(magic).Next().status().code(), Code::kDataLoss);
}

TEST(BatchWalker, OfRandomBytesEndsWithoutReadingBeyondThem) {
  std::mt19937 random(5);
  const SharedBytes good = Join({Golden("none"), Golden("gzip"), Golden("control"), Golden("magic1")});
  for (int round = 0; round < 20'000; ++round) {
    const SharedBytes bytes = SharedBytes::CopyOf(good.view().substr(0, random() % (good.size() + 1)));
    for (uint32_t i = 0; !bytes.empty() && i < random() % 6; ++i) {
      bytes.data()[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    BatchWalker walker(bytes);
    for (StatusOr<std::optional<Batch>> next = walker.Next(); next.ok() && *next; next = walker.Next()) {
      if ((*next)->magic == 2) (void)ReadRecords((*next)->view(), kMuch);
    }
  }
}

TEST(Records, OfKafkasBatchAreRead) {
  for (std::string_view name : {"none", "transactional"}) {
    const SharedBytes bytes = Golden(name);
    StatusOr<std::vector<Record>> records = ReadRecords(BatchView(bytes.view()), kMuch);
    ASSERT_TRUE(records.ok()) << records.status();
    EXPECT_EQ(*records, kRecords);
  }
}

TEST(BuildBatch, MakesTheBytesKafkaMakes) {
  EXPECT_EQ(ToHex(BuildBatch(kIdentity, kRecords).view()), ToHex(Golden("none").view()));
  BatchIdentity transactional = kIdentity;
  transactional.attributes = kTransactionalBit;
  EXPECT_EQ(ToHex(BuildBatch(transactional, kRecords).view()), ToHex(Golden("transactional").view()));
}

TEST(BuildBatch, HolesShow) {
  std::vector<Record> records = kRecords;
  records[2].offset_delta = 7;
  const SharedBytes bytes = BuildBatch(kIdentity, records);
  EXPECT_TRUE(BatchView(bytes.view()).has_holes());
  EXPECT_EQ(BatchView(bytes.view()).next_offset(), 1008);
  StatusOr<std::vector<Record>> read = ReadRecords(BatchView(bytes.view()), kMuch);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, records);
}

TEST(Fillers, TakeFewBytes) {
  const SharedBytes one = BuildFillerBatch({}, 1);
  EXPECT_EQ(one.size(), kHeaderSize + 7) << "what Kafka accepts at least, not compressed";
  const SharedBytes most = BuildFillerBatch({.base_sequence = 3}, kFillersMax);
  const BatchView batch(most.view());
  EXPECT_EQ(batch.codec(), Codec::kZstd);
  EXPECT_LT(most.size(), 100'000u) << "less than a byte a record";
  EXPECT_EQ(batch.count(), kFillersMax);
  EXPECT_FALSE(batch.has_holes());
  EXPECT_EQ(batch.max_timestamp(), -1);
  EXPECT_TRUE(batch.crc_ok());
  StatusOr<std::vector<Record>> records = ReadRecords(batch, kMuch);
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_EQ(records->back(), (Record{.offset_delta = kFillersMax - 1}));
}

}  // namespace
}  // namespace klink::kafka
