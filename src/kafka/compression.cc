#include "kafka/compression.h"

#define ZLIB_CONST
#include <algorithm>
#include <limits>
#include <memory>
#include <span>

#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/check.h"

namespace klink::kafka {
namespace {

constexpr size_t kBytesMax = std::numeric_limits<int32_t>::max();  // no batch is longer

const char* Chars(const std::byte* at) { return reinterpret_cast<const char*>(at); }
char* Chars(std::byte* at) { return reinterpret_cast<char*>(at); }

Status NoMemory(Codec codec) { return ResourceExhausted("{}: the library got no memory", Name(codec)); }
Status Cut(Codec codec) { return DataLoss("{}: the stream ends too early", Name(codec)); }

// Decoded bytes. Room starts with a small multiple of the input and doubles; one byte above the limit is enough to see
// that it is exceeded.
class Output {
 public:
  Output(Codec codec, size_t input, size_t limit)
      : codec_(codec), limit_(std::min(limit, kBytesMax)), bytes_(Allocate(std::max(kFirst, kGuess * input))) {}

  std::span<std::byte> Room() const { return {bytes_.data() + size_, bytes_.size() - size_}; }
  void Wrote(size_t size) { size_ += size; }

  // Afterwards Room() has at least `size` bytes.
  Status MakeRoom(size_t size) {
    if (bytes_.size() - size_ >= size) return absl::OkStatus();
    if (size > limit_ + 1 - size_) return TooMuch();
    const SharedBytes larger = Allocate(std::max(2 * bytes_.size(), size_ + size));
    std::memcpy(larger.data(), bytes_.data(), size_);
    bytes_ = larger;
    return absl::OkStatus();
  }

  StatusOr<SharedBytes> Take() const {
    if (size_ > limit_) return TooMuch();
    return bytes_.Slice(0, size_);
  }

 private:
  static constexpr size_t kFirst = 4096;
  static constexpr size_t kGuess = 4;

  SharedBytes Allocate(size_t size) const { return SharedBytes::Allocate(std::min(size, limit_ + 1)); }
  Status TooMuch() const { return ResourceExhausted("{}: more than {} bytes come out", Name(codec_), limit_); }

  Codec codec_;
  size_t limit_;
  SharedBytes bytes_;
  size_t size_ = 0;
};

// --- gzip ----------------------------------------------------------------------------------------------------------

constexpr int kGzipWindow = 15 + 16;  // the largest window; 16: with the gzip header and trailer

// Members may follow one another, as in any gzip file.
Status Gunzip(ByteView in, Output& out) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return NoMemory(Codec::kGzip);
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<const Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  for (;;) {
    RETURN_IF_ERROR(out.MakeRoom(1));
    const std::span<std::byte> room = out.Room();
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = static_cast<uInt>(room.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.Wrote(room.size() - stream.avail_out);
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return absl::OkStatus();
      inflateReset(&stream);
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return DataLoss("gzip: {}", stream.msg ? stream.msg : "wrong data");
    } else if (stream.avail_in == 0 && stream.avail_out != 0) {
      return Cut(Codec::kGzip);
    }
  }
}

StatusOr<SharedBytes> Gzip(ByteView in) {
  constexpr int kMemory = 8;  // zlib's default
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    return NoMemory(Codec::kGzip);
  }
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> end(&stream, deflateEnd);
  const SharedBytes out = SharedBytes::Allocate(deflateBound(&stream, in.size()));
  stream.next_in = reinterpret_cast<const Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  KLINK_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  return out.Slice(0, stream.total_out);
}

// --- snappy --------------------------------------------------------------------------------------------------------

// Kafka's is the framing of the Java library: a header, then blocks behind their size.
constexpr std::byte kXerialMagic[] = {std::byte{0x82}, std::byte{'S'}, std::byte{'N'}, std::byte{'A'},
                                      std::byte{'P'},  std::byte{'P'}, std::byte{'Y'}, std::byte{0}};
constexpr ByteView kXerial{kXerialMagic, sizeof kXerialMagic};
constexpr size_t kXerialHeader = sizeof kXerialMagic + 8;  // and two versions
constexpr int32_t kXerialVersion = 1;
constexpr size_t kXerialBlock = 32 * 1024;

Status UnsnapBlock(ByteView in, Output& out) {
  constexpr size_t kExpansionMost = 22;  // a copy of 64 bytes takes 3
  size_t size = 0;
  if (!snappy::GetUncompressedLength(Chars(in.data()), in.size(), &size) || size > kExpansionMost * in.size()) {
    return DataLoss("snappy: a block of {} bytes declares {}", in.size(), size);
  }
  RETURN_IF_ERROR(out.MakeRoom(size));
  if (!snappy::RawUncompress(Chars(in.data()), in.size(), Chars(out.Room().data()))) {
    return DataLoss("snappy: wrong data in a block of {} bytes", in.size());
  }
  out.Wrote(size);
  return absl::OkStatus();
}

// Streams may follow one another; without a header it is one bare block, as some clients write it.
Status Unsnap(ByteView in, Output& out) {
  if (!in.starts_with(kXerial)) return UnsnapBlock(in, out);
  while (!in.empty()) {
    if (in.starts_with(kXerial)) {
      if (in.size() < kXerialHeader) return Cut(Codec::kSnappy);
      in.remove_prefix(kXerialHeader);
      continue;
    }
    if (in.size() < sizeof(int32_t)) return Cut(Codec::kSnappy);
    const auto size = LoadBe<int32_t>(in.data());
    in.remove_prefix(sizeof size);
    if (size < 0 || static_cast<size_t>(size) > in.size()) {
      return DataLoss("snappy: a block of {} bytes, {} left", size, in.size());
    }
    RETURN_IF_ERROR(UnsnapBlock(in.substr(0, static_cast<size_t>(size)), out));
    in.remove_prefix(static_cast<size_t>(size));
  }
  return absl::OkStatus();
}

SharedBytes Snap(ByteView in) {
  const size_t blocks = in.size() / kXerialBlock + 1;
  const SharedBytes out = SharedBytes::Allocate(
      kXerialHeader + blocks * (sizeof(int32_t) + snappy::MaxCompressedLength(std::min(in.size(), kXerialBlock))));
  std::byte* to = out.data();
  std::memcpy(to, kXerialMagic, sizeof kXerialMagic);
  StoreBe(to + sizeof kXerialMagic, kXerialVersion);
  StoreBe(to + sizeof kXerialMagic + sizeof kXerialVersion, kXerialVersion);
  to += kXerialHeader;
  for (; !in.empty(); in.remove_prefix(std::min(in.size(), kXerialBlock))) {
    size_t size = 0;
    snappy::RawCompress(Chars(in.data()), std::min(in.size(), kXerialBlock), Chars(to + sizeof(int32_t)), &size);
    StoreBe(to, static_cast<int32_t>(size));
    to += sizeof(int32_t) + size;
  }
  return out.Slice(0, static_cast<size_t>(to - out.data()));
}

// --- lz4 -----------------------------------------------------------------------------------------------------------

// One frame and nothing behind it. The library itself takes memory for one block, 4 MiB at most.
Status Unlz4(ByteView in, Output& out) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) return NoMemory(Codec::kLz4);
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> end(context,
                                                                                 LZ4F_freeDecompressionContext);
  for (;;) {
    RETURN_IF_ERROR(out.MakeRoom(1));
    size_t wrote = out.Room().size();
    size_t read = in.size();
    const size_t hint = LZ4F_decompress(context, out.Room().data(), &wrote, in.data(), &read, nullptr);
    if (LZ4F_isError(hint)) return DataLoss("lz4: {}", LZ4F_getErrorName(hint));
    out.Wrote(wrote);
    in.remove_prefix(read);
    if (hint == 0 && in.empty()) return absl::OkStatus();
    if (hint == 0) return DataLoss("lz4: {} bytes behind the frame", in.size());
    if (wrote == 0 && read == 0) return Cut(Codec::kLz4);
  }
}

StatusOr<SharedBytes> Lz4(ByteView in) {
  LZ4F_preferences_t preferences{};  // the header Kafka writes: no content size, no content checksum
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  const SharedBytes out = SharedBytes::Allocate(LZ4F_compressFrameBound(in.size(), &preferences));
  const size_t size = LZ4F_compressFrame(out.data(), out.size(), in.data(), in.size(), &preferences);
  if (LZ4F_isError(size)) return Internal("lz4: {}", LZ4F_getErrorName(size));
  return out.Slice(0, size);
}

// --- zstd ----------------------------------------------------------------------------------------------------------

// A frame is decoded at once into the output, again into a larger one if that was too small: unlike streaming this
// needs no window of the size that the frame declares (up to 128 MiB of a producer at level 22).
Status UnzstdFrame(ZSTD_DCtx* context, ByteView frame, Output& out) {
  for (;;) {
    const std::span<std::byte> room = out.Room();
    const size_t size = ZSTD_decompressDCtx(context, room.data(), room.size(), frame.data(), frame.size());
    if (!ZSTD_isError(size)) {
      out.Wrote(size);
      return absl::OkStatus();
    }
    if (ZSTD_getErrorCode(size) != ZSTD_error_dstSize_tooSmall) return DataLoss("zstd: {}", ZSTD_getErrorName(size));
    RETURN_IF_ERROR(out.MakeRoom(room.size() + 1));
  }
}

// Frames may follow one another. Only those of the present format: the library would read old drafts too.
Status Unzstd(ByteView in, Output& out) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return NoMemory(Codec::kZstd);
  while (!in.empty()) {
    uint32_t magic = 0;
    if (in.size() < sizeof magic) return Cut(Codec::kZstd);
    std::memcpy(&magic, in.data(), sizeof magic);
    if (magic != ZSTD_MAGICNUMBER) return DataLoss("zstd: {} bytes that begin no frame", in.size());
    const size_t size = ZSTD_findFrameCompressedSize(in.data(), in.size());
    if (ZSTD_isError(size)) return DataLoss("zstd: {}", ZSTD_getErrorName(size));
    RETURN_IF_ERROR(UnzstdFrame(context.get(), in.substr(0, size), out));
    in.remove_prefix(size);
  }
  return absl::OkStatus();
}

StatusOr<SharedBytes> Zstd(ByteView in) {
  const SharedBytes out = SharedBytes::Allocate(ZSTD_compressBound(in.size()));
  const size_t size = ZSTD_compress(out.data(), out.size(), in.data(), in.size(), ZSTD_CLEVEL_DEFAULT);
  if (ZSTD_isError(size)) return Internal("zstd: {}", ZSTD_getErrorName(size));
  return out.Slice(0, size);
}

Status Unknown(Codec codec) {
  return FailedPrecondition("codec {} is none of none, gzip, snappy, lz4, zstd", static_cast<int>(codec));
}

Status DecompressInto(Codec codec, ByteView bytes, Output& out) {
  if (bytes.empty()) return Cut(codec);
  switch (codec) {
    case Codec::kGzip:
      return Gunzip(bytes, out);
    case Codec::kSnappy:
      return Unsnap(bytes, out);
    case Codec::kLz4:
      return Unlz4(bytes, out);
    case Codec::kZstd:
      return Unzstd(bytes, out);
    case Codec::kNone:
      break;
  }
  return Unknown(codec);
}

}  // namespace

StatusOr<SharedBytes> Decompress(Codec codec, ByteView bytes, size_t limit) {
  if (bytes.size() > kBytesMax) return DataLoss("{}: {} bytes, more than any batch", Name(codec), bytes.size());
  if (codec == Codec::kNone) {
    if (bytes.size() > limit) return ResourceExhausted("{} bytes of records, the limit is {}", bytes.size(), limit);
    return SharedBytes::CopyOf(bytes);
  }
  Output out(codec, bytes.size(), limit);
  RETURN_IF_ERROR(DecompressInto(codec, bytes, out));
  return out.Take();
}

StatusOr<SharedBytes> Compress(Codec codec, ByteView bytes) {
  if (bytes.size() > kBytesMax)
    return ResourceExhausted("{}: {} bytes, more than any batch", Name(codec), bytes.size());
  switch (codec) {
    case Codec::kNone:
      return SharedBytes::CopyOf(bytes);
    case Codec::kGzip:
      return Gzip(bytes);
    case Codec::kSnappy:
      return Snap(bytes);
    case Codec::kLz4:
      return Lz4(bytes);
    case Codec::kZstd:
      return Zstd(bytes);
  }
  return Unknown(codec);
}

}  // namespace klink::kafka
