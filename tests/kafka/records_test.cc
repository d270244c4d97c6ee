// Records in compressed batches: Kafka's are read, ours hold what was put in, and no lie about them passes.
#include <random>

#include <gtest/gtest.h>

#include "kafka/record_batch.h"
#include "tests/kafka/golden_file.h"

namespace klink::kafka {
namespace {

constexpr Codec kCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};
constexpr size_t kMuch = 64 << 20;

SharedBytes Golden(std::string_view name) { return GoldenFile("batches").at(std::string(name)); }

StatusOr<std::vector<Record>> Read(const SharedBytes& batch, size_t limit = kMuch) {
  return ReadRecords(BatchView(batch.view()), limit);
}

SharedBytes Built(std::span<const Record> records, Codec codec, const BatchIdentity& identity = {}) {
  StatusOr<SharedBytes> batch = BuildBatch(identity, records, codec);
  EXPECT_TRUE(batch.ok()) << batch.status();
  return *batch;
}

// What Golden.java calls large.
std::vector<Record> Large() {
  std::vector<Record> records(120);
  for (int i = 0; i < 120; ++i) {
    Record& record = records[static_cast<size_t>(i)];
    record.timestamp = 1'700'000'000'000 + i;
    record.offset_delta = i;
    record.key = fmt::format("k{}", i);
    record.value.emplace();
    for (int j = 0; j < 1000; ++j) *record.value += static_cast<char>('a' + (i * 7 + j / 3) % 26);
  }
  return records;
}

// Every form of key, value and header, and a value that does not compress.
std::vector<Record> Varied(size_t incompressible) {
  std::mt19937 random(1);
  std::string noise(incompressible, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return {
      {.timestamp = 100, .offset_delta = 0, .key = "k", .value = "", .headers = {}},
      {.timestamp = 300, .offset_delta = 1, .key = std::nullopt, .value = std::nullopt, .headers = {}},
      {.timestamp = 200, .offset_delta = 2, .key = "", .value = noise, .headers = {{"", ""}, {"h", std::nullopt}}},
      {.timestamp = -1, .offset_delta = 3, .key = noise.substr(0, 200), .value = "v", .headers = {{"h", noise}}},
  };
}

TEST(Records, OfKafkasBatchesAreReadInEveryCodec) {
  StatusOr<std::vector<Record>> plain = Read(Golden("none"));
  ASSERT_TRUE(plain.ok() && plain->size() == 3) << plain.status();
  for (std::string_view codec : {"gzip", "snappy", "lz4", "zstd"}) {
    StatusOr<std::vector<Record>> records = Read(Golden(codec));
    ASSERT_TRUE(records.ok()) << records.status();
    EXPECT_EQ(*records, *plain) << codec;
    records = Read(Golden(fmt::format("{}_large", codec)));
    ASSERT_TRUE(records.ok()) << records.status();
    EXPECT_EQ(*records, Large()) << codec;
  }
}

TEST(Records, ComeBackFromEveryCodec) {
  for (Codec codec : kCodecs) {
    for (size_t incompressible : {size_t{0}, size_t{1000}, size_t{3'000'000}}) {
      SCOPED_TRACE(fmt::format("{} {}", Name(codec), incompressible));
      const std::vector<Record> records = Varied(incompressible);
      const SharedBytes bytes = Built(records, codec, {.base_offset = 7, .producer_id = 4, .producer_epoch = 1});
      const BatchView batch(bytes.view());
      EXPECT_TRUE(batch.crc_ok());
      EXPECT_EQ(batch.codec(), codec);
      EXPECT_EQ(batch.size_bytes(), bytes.size());
      EXPECT_EQ(batch.base_offset(), 7);
      EXPECT_EQ(batch.count(), 4);
      EXPECT_FALSE(batch.has_holes());
      EXPECT_EQ(batch.base_timestamp(), 100);
      EXPECT_EQ(batch.max_timestamp(), 300);
      StatusOr<std::vector<Record>> read = Read(bytes);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(*read, records);
    }
  }
}

TEST(Records, KeepTheirHolesAndTheBaseTimeGiven) {
  std::vector<Record> records = Varied(10);
  records[1].offset_delta = 5;
  records[2].offset_delta = 6;
  records[3].offset_delta = 9;
  for (Codec codec : kCodecs) {
    BatchIdentity identity;
    identity.attributes = kTransactionalBit;
    identity.base_timestamp = 1'000'000;
    const SharedBytes bytes = Built(records, codec, identity);
    const BatchView batch(bytes.view());
    EXPECT_TRUE(batch.has_holes());
    EXPECT_TRUE(batch.transactional());
    EXPECT_EQ(batch.codec(), codec);
    EXPECT_EQ(batch.last_offset_delta(), 9);
    EXPECT_EQ(batch.base_timestamp(), 1'000'000);
    EXPECT_EQ(batch.max_timestamp(), 300);
    EXPECT_EQ(Read(bytes).value(), records);
  }
}

TEST(Records, FarApartInTimeComeBack) {
  std::vector<Record> records(3);
  records[0].timestamp = std::numeric_limits<int64_t>::max();
  records[1].timestamp = std::numeric_limits<int64_t>::min();
  records[2].timestamp = -1;
  for (int i = 0; i < 3; ++i) records[static_cast<size_t>(i)].offset_delta = i;
  const SharedBytes bytes = Built(records, Codec::kLz4);
  EXPECT_EQ(Read(bytes).value(), records);
  EXPECT_EQ(BatchView(bytes.view()).max_timestamp(), std::numeric_limits<int64_t>::max());
}

TEST(Records, AHundredThousandTakeOneWalk) {
  std::vector<Record> records(100'000);
  for (size_t i = 0; i < records.size(); ++i) {
    records[i] = {.timestamp = static_cast<int64_t>(i), .offset_delta = static_cast<int32_t>(i), .value = "v"};
  }
  for (Codec codec : kCodecs) EXPECT_EQ(Read(Built(records, codec)).value(), records) << Name(codec);
}

TEST(Records, BeyondTheLimitAreRefused) {
  const std::vector<Record> records = Varied(100'000);
  const size_t plain = Built(records, Codec::kNone).size() - kHeaderSize;
  for (Codec codec : kCodecs) {
    const SharedBytes bytes = Built(records, codec);
    EXPECT_TRUE(Read(bytes, plain).ok()) << Name(codec);
    EXPECT_EQ(Read(bytes, plain - 1).status().code(), Code::kResourceExhausted) << Name(codec);
  }
}

TEST(Records, CutAtAnyByteAreRefused) {
  for (Codec codec : kCodecs) {
    const SharedBytes whole = Built(Large(), codec);
    const size_t step = codec == Codec::kNone ? 97 : 1;
    for (size_t size = kHeaderSize; size < whole.size(); size += step) {
      const SharedBytes cut = SharedBytes::CopyOf(whole.view().substr(0, size));
      ASSERT_EQ(Read(cut).status().code(), Code::kDataLoss) << Name(codec) << " cut at " << size;
    }
  }
}

TEST(Records, MoreOrFewerThanTheHeaderSaysAreRefused) {
  for (Codec codec : kCodecs) {
    const SharedBytes bytes = Built(Varied(100), codec);
    for (int32_t count : {0, 3, 5, -1, std::numeric_limits<int32_t>::max()}) {
      StoreBe(bytes.data() + kCountAt, count);
      EXPECT_EQ(Read(bytes).status().code(), Code::kDataLoss) << Name(codec) << count;
    }
  }
}

TEST(Records, MangledAreRefusedOrMeanSomething) {
  std::mt19937 random(11);
  for (Codec codec : kCodecs) {
    const SharedBytes whole = Built(Varied(300), codec);
    for (int round = 0; round < 3000; ++round) {
      const SharedBytes mangled = SharedBytes::CopyOf(whole.view());
      for (uint32_t i = 0; i <= random() % 3; ++i) {
        mangled.data()[kHeaderSize + random() % (mangled.size() - kHeaderSize)] = static_cast<std::byte>(random());
      }
      StatusOr<std::vector<Record>> read = Read(mangled);
      if (read.ok()) {
        EXPECT_EQ(Read(Built(*read, codec)).value(), *read);
      }
    }
  }
}

TEST(OffsetDeltas, RiseWithinTheBatchOrAreNamed) {
  std::vector<Record> records = Varied(0);
  const auto code = [&](int32_t last_offset_delta) {
    const SharedBytes bytes = Built(records, Codec::kNone);
    StoreBe(bytes.data() + kLastOffsetDeltaAt, last_offset_delta);
    return CheckOffsetDeltas(BatchView(bytes.view()), records).code();
  };
  EXPECT_EQ(code(3), Code::kOk);
  EXPECT_EQ(code(10), Code::kOk);  // the last records were compacted away
  EXPECT_EQ(code(2), Code::kDataLoss);
  records[0].offset_delta = -1;
  EXPECT_EQ(code(3), Code::kDataLoss);
  records[0].offset_delta = 1;  // as that of the second
  EXPECT_EQ(code(3), Code::kDataLoss);
}

TEST(ControlRecord, SaysHowTheTransactionEnded) {
  const SharedBytes commit = Golden("control");
  const SharedBytes abort = Golden("control_abort");
  EXPECT_EQ(ReadControlType(BatchView(commit.view())).value(), ControlType::kCommit);
  EXPECT_EQ(ReadControlType(BatchView(abort.view())).value(), ControlType::kAbort);
}

TEST(ControlRecord, ThatIsNoMarkerIsNotTakenForOne) {
  const auto code = [](std::optional<std::string> key, int16_t attributes = kControlBit) {
    const std::vector<Record> records = {{.timestamp = 1, .offset_delta = 0, .key = std::move(key)}};
    BatchIdentity identity;
    identity.attributes = attributes;
    const SharedBytes bytes = BuildBatch(identity, records);
    return ReadControlType(BatchView(bytes.view())).status().code();
  };
  EXPECT_EQ(code(std::string("\0\0\0\1", 4)), Code::kOk);
  EXPECT_EQ(code(std::string("\0\1\0\1more", 8)), Code::kOk);    // a later version
  EXPECT_EQ(code(std::string("\0\0\0\2", 4)), Code::kDataLoss);  // a quorum's leader change
  EXPECT_EQ(code(std::string("\0\0\xff\xff", 4)), Code::kDataLoss);
  EXPECT_EQ(code(std::string("\0\0\0", 3)), Code::kDataLoss);
  EXPECT_EQ(code(std::nullopt), Code::kDataLoss);
  EXPECT_EQ(code(std::string("\0\0\0\1", 4), 0), Code::kDataLoss);  // data
}

TEST(ControlRecord, CleanedAwaySaysNothing) {
  const SharedBytes empty = SharedBytes::CopyOf(Golden("control").view().substr(0, kHeaderSize));
  StoreBe(empty.data() + kLengthAt, static_cast<int32_t>(kHeaderSize - kLengthPrefix));
  StoreBe(empty.data() + kCountAt, int32_t{0});
  EXPECT_EQ(ReadControlType(BatchView(empty.view())).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace klink::kafka
