#include "tests/oracle/records.h"

#include <stdexcept>

#include <fmt/format.h>
#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

namespace klink::oracle {
namespace {

constexpr size_t kChunk = 256 << 10;

[[noreturn]] void Fail(const std::string& text) { throw std::runtime_error("oracle: " + text); }

std::string Gunzip(const std::string& in) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) Fail("gzip");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(in.size());
  std::string out, chunk(kChunk, '\0');
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = static_cast<uInt>(chunk.size());
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(chunk, 0, chunk.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (result != Z_STREAM_END) Fail("a broken gzip stream");
  return out;
}

std::string Unlz4(const std::string& in) {
  LZ4F_dctx* context = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)) != 0) Fail("lz4");
  std::string out, chunk(kChunk, '\0');
  size_t at = 0, hint = 1;
  while (hint != 0 && LZ4F_isError(hint) == 0) {
    size_t made = chunk.size(), used = in.size() - at;
    hint = LZ4F_decompress(context, chunk.data(), &made, in.data() + at, &used, nullptr);
    out.append(chunk, 0, made);
    at += used;
    if (made == 0 && used == 0) break;
  }
  LZ4F_freeDecompressionContext(context);
  if (hint != 0) Fail("a broken lz4 frame");
  return out;
}

std::string Unzstd(const std::string& in) {
  ZSTD_DStream* stream = ZSTD_createDStream();
  std::string out, chunk(kChunk, '\0');
  ZSTD_inBuffer from{in.data(), in.size(), 0};
  size_t hint = 1;
  while (hint != 0 && ZSTD_isError(hint) == 0) {
    ZSTD_outBuffer to{chunk.data(), chunk.size(), 0};
    hint = ZSTD_decompressStream(stream, &to, &from);
    if (ZSTD_isError(hint) == 0) out.append(chunk, 0, to.pos);
    if (to.pos == 0 && from.pos == from.size) break;
  }
  ZSTD_freeDStream(stream);
  if (hint != 0) Fail("a broken zstd frame");
  return out;
}

uint32_t BigEndian32(const std::string& in, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(in.at(at + i));
  return value;
}

// A bare block, or blocks with their sizes behind a magic and two versions.
std::string Unsnappy(const std::string& in) {
  static const std::string magic("\x82SNAPPY\0", 8);
  std::string out;
  if (in.compare(0, magic.size(), magic) != 0) {
    if (!snappy::Uncompress(in.data(), in.size(), &out)) Fail("a broken snappy block");
    return out;
  }
  for (size_t at = magic.size() + 8; at < in.size();) {
    const size_t size = BigEndian32(in, at);
    at += 4;
    std::string block;
    if (at + size > in.size() || !snappy::Uncompress(in.data() + at, size, &block)) Fail("a broken snappy block");
    out += block;
    at += size;
  }
  return out;
}

std::string Plain(const Batch& batch) {
  switch (batch.codec()) {
    case 0:
      return batch.records;
    case 1:
      return Gunzip(batch.records);
    case 2:
      return Unsnappy(batch.records);
    case 3:
      return Unlz4(batch.records);
    case 4:
      return Unzstd(batch.records);
    default:
      Fail(fmt::format("codec {}", batch.codec()));
  }
}

class Cursor {
 public:
  explicit Cursor(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      const auto byte = static_cast<uint8_t>(Take(1)[0]);
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
    }
    Fail("an endless number");
  }
  std::string Take(int64_t size) {
    if (size < 0 || static_cast<size_t>(size) > bytes_.size() - at_) Fail("a record ended early");
    at_ += static_cast<size_t>(size);
    return bytes_.substr(at_ - static_cast<size_t>(size), static_cast<size_t>(size));
  }
  std::optional<std::string> Bytes() {
    const int64_t size = Varint();
    return size < 0 ? std::nullopt : std::optional(Take(size));
  }
  size_t at() const { return at_; }
  bool done() const { return at_ == bytes_.size(); }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

Record ReadOne(Cursor& in, const Batch& batch) {
  const int64_t size = in.Varint();
  const size_t begin = in.at();
  in.Take(1);
  Record record;
  const int64_t stored = batch.base_timestamp + in.Varint();
  record.time = batch.log_append_time() ? batch.max_timestamp : stored;
  record.offset = batch.base_offset + in.Varint();
  record.key = in.Bytes();
  record.value = in.Bytes();
  for (int64_t headers = in.Varint(); headers > 0; --headers) {
    std::string name = in.Bytes().value_or("");
    record.headers.emplace_back(std::move(name), in.Bytes());
  }
  if (in.at() - begin != static_cast<size_t>(size)) Fail("a record of another length than it says");
  return record;
}

void PutVarint(std::string& out, int64_t number) {
  auto value = static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63);
  for (; value > 127; value >>= 7) out.push_back(static_cast<char>(value | 128));
  out.push_back(static_cast<char>(value));
}

void PutBytes(std::string& out, const std::optional<std::string>& bytes) {
  PutVarint(out, bytes ? std::ssize(*bytes) : -1);
  if (bytes) out += *bytes;
}

}  // namespace

std::vector<Record> ReadRecords(const Batch& batch) {
  Cursor in(Plain(batch));
  std::vector<Record> records;
  for (int32_t i = 0; i < batch.count; ++i) {
    records.push_back(ReadOne(in, batch));
    const int64_t before = i == 0 ? batch.base_offset - 1 : records[records.size() - 2].offset;
    if (records.back().offset <= before || records.back().offset > batch.last_offset()) Fail("offsets do not rise");
  }
  if (!in.done()) Fail("bytes behind the last record");
  return records;
}

std::string WriteRecords(const std::vector<Record>& records, int64_t base_offset, int64_t base_timestamp) {
  std::string out;
  for (const Record& record : records) {
    std::string body(1, '\0');
    PutVarint(body, record.time - base_timestamp);
    PutVarint(body, record.offset - base_offset);
    PutBytes(body, record.key);
    PutBytes(body, record.value);
    PutVarint(body, std::ssize(record.headers));
    for (const auto& [name, value] : record.headers) {
      PutBytes(body, name);
      PutBytes(body, value);
    }
    PutVarint(out, std::ssize(body));
    out += body;
  }
  return out;
}

std::optional<Verdict> ReadMarker(const Batch& control) {
  if (control.count == 0) return std::nullopt;
  const std::vector<Record> records = ReadRecords(control);
  const std::string key = records.at(0).key.value_or("");
  if (records.size() != 1 || key.size() < 4 || key[2] != 0 || key[3] > 1) Fail("a control batch that is no marker");
  return key[3] == 1 ? Verdict::kCommit : Verdict::kAbort;
}

}  // namespace klink::oracle
