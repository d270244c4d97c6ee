// Compressed bytes in Kafka's forms: there and back, as other clients write them, and as an enemy would.
#include "kafka/compression.h"

#include <random>

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/kafka/golden_file.h"

namespace klink::kafka {
namespace {

constexpr Codec kCodecs[] = {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};
constexpr size_t kMuch = 64 << 20;

SharedBytes Random(size_t size, uint32_t seed = 1) {
  std::mt19937 random(seed);
  SharedBytes bytes = SharedBytes::Allocate(size);
  for (size_t i = 0; i < size; ++i) bytes.data()[i] = static_cast<std::byte>(random());
  return bytes;
}

SharedBytes Regular(size_t size) {
  SharedBytes bytes = SharedBytes::Allocate(size);
  for (size_t i = 0; i < size; ++i) bytes.data()[i] = static_cast<std::byte>(i / 7 % 50 + i / 1000);
  return bytes;
}

SharedBytes Compressed(Codec codec, ByteView bytes) {
  StatusOr<SharedBytes> compressed = Compress(codec, bytes);
  EXPECT_TRUE(compressed.ok()) << compressed.status();
  return *compressed;
}

SharedBytes Twice(ByteView bytes) {
  SharedBytes both = SharedBytes::Allocate(2 * bytes.size());
  std::memcpy(both.data(), bytes.data(), bytes.size());
  std::memcpy(both.data() + bytes.size(), bytes.data(), bytes.size());
  return both;
}

Code CodeOf(Codec codec, ByteView bytes, size_t limit = kMuch) {
  return Decompress(codec, bytes, limit).status().code();
}

TEST(Compression, ComesBackInEveryCodecAndSize) {
  constexpr size_t kBlock = 32 * 1024;
  for (Codec codec : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    for (size_t size : {size_t{0}, size_t{1}, size_t{100}, kBlock - 1, kBlock, kBlock + 1, 2 * kBlock, 2 * kBlock + 1,
                        4 * kBlock, size_t{5'000'000}}) {
      for (const SharedBytes& bytes : {Random(size), Regular(size)}) {
        SCOPED_TRACE(fmt::format("{} {}", Name(codec), size));
        const SharedBytes compressed = Compressed(codec, bytes.view());
        StatusOr<SharedBytes> back = Decompress(codec, compressed.view(), size);
        ASSERT_TRUE(back.ok()) << back.status();
        EXPECT_TRUE(*back == bytes);
      }
    }
  }
}

TEST(Compression, SavesSpace) {
  const SharedBytes bytes = Regular(1'000'000);
  for (Codec codec : kCodecs) EXPECT_LT(Compressed(codec, bytes.view()).size(), bytes.size() / 10) << Name(codec);
}

TEST(Compression, KafkasStreamsAreRead) {
  const auto golden = GoldenFile("batches");
  const ByteView plain = golden.at("none").view().substr(kHeaderSize);
  for (Codec codec : kCodecs) {
    StatusOr<SharedBytes> read =
        Decompress(codec, golden.at(std::string(Name(codec))).view().substr(kHeaderSize), plain.size());
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(ToHex(read->view()), ToHex(plain));
  }
}

// Kafka's lz4 reader refuses linked blocks; its own writer has this header: version 1, independent blocks of 64 KB.
TEST(Compression, HasTheHeadersKafkaWrites) {
  const SharedBytes bytes = Regular(200'000);
  EXPECT_EQ(ToHex(Compressed(Codec::kLz4, bytes.view()).view().substr(0, 7)), "04224d18604082");
  EXPECT_EQ(ToHex(Compressed(Codec::kSnappy, bytes.view()).view().substr(0, 16)), "82534e41505059000000000100000001");
  EXPECT_EQ(ToHex(Compressed(Codec::kGzip, bytes.view()).view().substr(0, 4)), "1f8b0800");
  EXPECT_EQ(ToHex(Compressed(Codec::kZstd, bytes.view()).view().substr(0, 4)), "28b52ffd");
}

// --- As other clients write ----------------------------------------------------------------------------------------

TEST(Compression, ABareSnappyBlockIsRead) {
  const SharedBytes bytes = Regular(30'000);
  const SharedBytes framed = Compressed(Codec::kSnappy, bytes.view());
  StatusOr<SharedBytes> read = Decompress(Codec::kSnappy, framed.view().substr(20), bytes.size());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == bytes);
}

TEST(Compression, LinkedLz4BlocksWithChecksumsAndSizeAreRead) {
  const SharedBytes bytes = Regular(300'000);
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max256KB;
  preferences.frameInfo.blockMode = LZ4F_blockLinked;
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  preferences.frameInfo.contentSize = bytes.size();
  std::string frame(LZ4F_compressFrameBound(bytes.size(), &preferences), '\0');
  frame.resize(LZ4F_compressFrame(frame.data(), frame.size(), bytes.data(), bytes.size(), &preferences));
  StatusOr<SharedBytes> read = Decompress(Codec::kLz4, AsBytes(frame), bytes.size());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == bytes);
}

TEST(Compression, AZstdStreamWithTheWidestWindowIsRead) {
  const SharedBytes bytes = Regular(300'000);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, 27);
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  ZSTD_inBuffer in{bytes.data(), bytes.size() / 2, 0};
  ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_flush);  // from here on the size is not known to the frame
  in.size = bytes.size();
  ASSERT_EQ(ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end), 0u);
  ASSERT_EQ(ZSTD_getFrameContentSize(frame.data(), out.pos), ZSTD_CONTENTSIZE_UNKNOWN);
  StatusOr<SharedBytes> read = Decompress(Codec::kZstd, AsBytes(frame).substr(0, out.pos), bytes.size());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == bytes);
}

TEST(Compression, StreamsMayFollowOneAnotherExceptLz4Frames) {
  const SharedBytes bytes = Regular(40'000);
  for (Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kZstd}) {
    StatusOr<SharedBytes> read = Decompress(codec, Twice(Compressed(codec, bytes.view()).view()).view(), kMuch);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(*read == Twice(bytes.view())) << Name(codec);
  }
  EXPECT_EQ(CodeOf(Codec::kLz4, Twice(Compressed(Codec::kLz4, bytes.view()).view()).view()), Code::kDataLoss);
}

// --- As an enemy writes --------------------------------------------------------------------------------------------

// Cut between two blocks a snappy stream is a shorter one; the record count shows it (ReadRecords).
TEST(Compression, CutAnywhereItIsNotTheWhole) {
  const SharedBytes bytes = Regular(70'000);
  for (Codec codec : kCodecs) {
    const SharedBytes whole = Compressed(codec, bytes.view());
    for (size_t size = 0; size < whole.size(); ++size) {
      StatusOr<SharedBytes> read = Decompress(codec, whole.view().substr(0, size), kMuch);
      if (codec == Codec::kSnappy && read.ok()) {
        ASSERT_LT(read->size(), bytes.size()) << size;
      } else {
        ASSERT_EQ(read.status().code(), Code::kDataLoss) << Name(codec) << " cut at " << size << " of " << whole.size();
      }
    }
  }
}

TEST(Compression, AByteBehindTheEndIsRefused) {
  for (Codec codec : kCodecs) {
    for (std::byte extra : {std::byte{0}, std::byte{0x1f}, std::byte{0x82}, std::byte{0xff}}) {
      std::string longer(AsText(Compressed(codec, Regular(1000).view()).view()));
      longer += static_cast<char>(extra);
      EXPECT_EQ(CodeOf(codec, AsBytes(longer)), Code::kDataLoss) << Name(codec);
    }
  }
}

TEST(Compression, TheLimitIsExact) {
  for (Codec codec : {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    for (size_t size : {size_t{1}, size_t{4096}, size_t{100'000}}) {
      const SharedBytes compressed = Compressed(codec, Regular(size).view());
      EXPECT_EQ(CodeOf(codec, compressed.view(), size), Code::kOk) << Name(codec) << size;
      EXPECT_EQ(CodeOf(codec, compressed.view(), size - 1), Code::kResourceExhausted) << Name(codec) << size;
    }
  }
}

TEST(Compression, ABombStopsAtTheLimit) {
  const std::string zeros(200 << 20, '\0');
  for (Codec codec : kCodecs) {
    const SharedBytes bomb = Compressed(codec, AsBytes(zeros));
    EXPECT_LT(bomb.size(), zeros.size() / 20) << Name(codec);
    EXPECT_EQ(CodeOf(codec, bomb.view(), 1 << 20), Code::kResourceExhausted) << Name(codec);
  }
}

TEST(Compression, ASizeThatIsOnlyDeclaredIsNotBelieved) {
  const SharedBytes snappy = FromHex("ffffffff070061");  // 2 GiB out of one byte
  EXPECT_EQ(CodeOf(Codec::kSnappy, snappy.view()), Code::kDataLoss);
  const SharedBytes xerial = FromHex("82534e415050590000000001000000017fffffff00");
  EXPECT_EQ(CodeOf(Codec::kSnappy, xerial.view()), Code::kDataLoss);
  const SharedBytes zstd = FromHex(
      "28b52ffdc0ff00000000000010090000"
      "61");  // 2^60 bytes, then one raw byte
  EXPECT_EQ(CodeOf(Codec::kZstd, zstd.view()), Code::kDataLoss);
}

TEST(Compression, MangledBytesEndInAnErrorOrInBytesWithinTheLimit) {
  constexpr size_t kLimit = 100'000;
  std::mt19937 random(3);
  const SharedBytes bytes = Regular(70'000);
  for (Codec codec : kCodecs) {
    const SharedBytes whole = Compressed(codec, bytes.view());
    for (int round = 0; round < 3000; ++round) {
      const SharedBytes mangled = SharedBytes::CopyOf(whole.view());
      for (uint32_t i = 0; i <= random() % 4; ++i) {
        const size_t range = random() % 2 ? mangled.size() : std::min<size_t>(mangled.size(), 32);
        mangled.data()[random() % range] = static_cast<std::byte>(random());
      }
      StatusOr<SharedBytes> read = Decompress(codec, mangled.view(), kLimit);
      if (read.ok()) ASSERT_LE(read->size(), kLimit);
      if (codec == Codec::kGzip && read.ok()) ASSERT_TRUE(*read == bytes) << "gzip has a checksum";
    }
  }
}

TEST(Compression, RandomBytesNeverCrash) {
  std::mt19937 random(9);
  for (Codec codec : kCodecs) {
    for (int round = 0; round < 3000; ++round) {
      const SharedBytes head = Compressed(codec, AsBytes("head"));
      const SharedBytes noise = Random(random() % 300, random());
      std::string bytes(AsText(head.view()).substr(0, random() % (head.size() + 1)));
      bytes += AsText(noise.view());
      (void)Decompress(codec, AsBytes(bytes), 1 << 20);
    }
  }
}

TEST(Compression, AnUnknownCodecIsAPersonsMatter) {
  const SharedBytes bytes = Regular(10);
  EXPECT_EQ(CodeOf(static_cast<Codec>(6), bytes.view()), Code::kFailedPrecondition);
  EXPECT_EQ(Compress(static_cast<Codec>(5), bytes.view()).status().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace klink::kafka
