#include "offsets/codecs.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/crc32c.h"

namespace klink::offsets {
namespace {

constexpr size_t kMaxText = 1024;  // of a reason or a topic id

// Both directions of the format share one description (Transfer): Packer writes what Unpacker reads.
class Packer {
 public:
  void Unsigned(const uint64_t& v) {
    uint64_t rest = v;
    for (; rest >= 0x80; rest >>= 7) out_.push_back(static_cast<char>(rest | 0x80));
    out_.push_back(static_cast<char>(rest));
  }
  void Signed(const int64_t& v) { Unsigned((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void String(const std::string& text) {
    const size_t size = std::min(text.size(), kMaxText);
    Unsigned(size);
    out_.append(text, 0, size);
  }
  bool ok() const { return true; }
  std::string out_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view in) : in_(in) {}
  void Unsigned(uint64_t& v) {
    v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) break;
      const auto byte = static_cast<uint8_t>(in_.front());
      in_.remove_prefix(1);
      v |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return;
    }
    ok_ = false;
  }
  void Signed(int64_t& v) {
    uint64_t raw = 0;
    Unsigned(raw);
    v = static_cast<int64_t>((raw >> 1) ^ (~(raw & 1) + 1));
  }
  void String(std::string& text) {
    uint64_t size = 0;
    Unsigned(size);
    if (size > kMaxText || size > in_.size()) ok_ = false;
    if (!ok_) return;
    text = in_.substr(0, size);
    in_.remove_prefix(size);
  }
  bool ok() const { return ok_; }
  std::string_view in_;
  bool ok_ = true;
};

// One segment as it is written: distances from the end of the one before, and what began it only where it changes.
struct Wire {
  uint64_t has_origin = 0;
  int64_t source_gap = 0;
  int64_t dest_gap = 0;
  uint64_t length = 0;
  int64_t since_ms = 0;
  int64_t epoch = -1;
  std::string reason;
};

void Transfer(auto& io, auto& wire) {
  io.Unsigned(wire.has_origin);
  io.Signed(wire.source_gap);
  io.Signed(wire.dest_gap);
  io.Unsigned(wire.length);
  if (wire.has_origin == 0) return;
  io.String(wire.reason);
  io.Signed(wire.since_ms);
  io.Signed(wire.epoch);
}

struct WireHead {
  std::string source_id;
  std::string dest_id;
  int64_t first_index = 0;
  uint64_t head = 0;
  uint64_t count = 0;
};

void TransferHead(auto& io, auto& head) {
  io.String(head.source_id);
  io.String(head.dest_id);
  io.Signed(head.first_index);
  io.Unsigned(head.head);
  io.Unsigned(head.count);
}

bool SameOrigin(const Segment& a, const Segment& b) {
  return a.reason == b.reason && a.since_time == b.since_time && a.source_leader_epoch == b.source_leader_epoch;
}

StatusOr<Segment> FromWire(const Wire& wire, const Segment& before) {
  Segment segment = before;
  Run& run = segment.run;
  if (__builtin_add_overflow(before.run.source_next().value, wire.source_gap, &run.source.value) ||
      __builtin_add_overflow(before.run.dest_next().value, wire.dest_gap, &run.dest.value) || run.source.value < 0 ||
      run.dest.value < 0 || wire.length > static_cast<uint64_t>(INT64_MAX - std::max(run.source.value, run.dest.value)))
    return DataLoss("offset runs: a run beyond the range of offsets");
  run.length = static_cast<int64_t>(wire.length);
  if (wire.has_origin != 0) {
    segment.reason = wire.reason;
    segment.since_time = WallTime(std::chrono::milliseconds(wire.since_ms));
    segment.source_leader_epoch = static_cast<int32_t>(wire.epoch);
  }
  return segment;
}

StatusOr<int64_t> ParseNumber(std::string_view text) {
  int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < 0)
    return DataLoss("'{}' is not a number", text.substr(0, 32));
  return value;
}

}  // namespace

std::string KeyText(const ChunkKey& key) { return fmt::format("{}/{}/{}", key.tp.topic, key.tp.partition, key.chunk); }

StatusOr<ChunkKey> ParseKeyText(std::string_view text) {
  const size_t second = text.rfind('/');
  const size_t first = second == std::string_view::npos || second == 0 ? second : text.rfind('/', second - 1);
  if (first == std::string_view::npos || first == 0 || second <= first)
    return DataLoss("key of an offset run '{}' is not topic/partition/chunk", text.substr(0, 300));
  TRY(const int64_t partition, ParseNumber(text.substr(first + 1, second - first - 1)));
  TRY(const int64_t chunk, ParseNumber(text.substr(second + 1)));
  if (partition > INT32_MAX) return DataLoss("key of an offset run: partition {}", partition);
  return ChunkKey{{std::string(text.substr(0, first)), static_cast<int32_t>(partition)}, chunk};
}

std::string EncodeChunk(const RunChunk& chunk) { return store::EncodeVersioned(chunk); }
StatusOr<RunChunk> DecodeChunk(std::string_view bytes) { return store::DecodeVersioned<RunChunk>(bytes); }

std::map<int64_t, RunChunk> ToChunks(const PartitionRuns& runs, int64_t from) {
  std::map<int64_t, RunChunk> chunks;
  const auto& segments = runs.map.runs();
  const int64_t first = runs.map.first_index();
  const int64_t from_chunk = std::max(from, first) / kRunsPerChunk;
  for (int64_t i = std::max<int64_t>(0, from_chunk * kRunsPerChunk - first); i < std::ssize(segments); i++) {
    RunChunk& chunk = chunks[(first + i) / kRunsPerChunk];
    if (chunk.segments.empty()) {
      chunk.ids = runs.ids;
      chunk.first_index = first + i;
      chunk.head = runs.map.head();
    }
    chunk.segments.push_back(segments[static_cast<size_t>(i)]);
  }
  return chunks;
}

StatusOr<PartitionRuns> FromChunks(const std::map<int64_t, RunChunk>& chunks) {
  PartitionRuns runs;
  int64_t next = -1;
  for (const auto& [number, chunk] : chunks) {
    if (next == -1) {
      runs.ids = chunk.ids;
      runs.map.set_head(chunk.head);
      runs.map.set_first_index(chunk.first_index);
    } else if (chunk.first_index != next) {
      return DataLoss("offset runs: chunk {} starts at run {}, expected {}", number, chunk.first_index, next);
    } else if (chunk.ids != runs.ids) {
      return DataLoss("offset runs: chunk {} is about other topic ids", number);
    }
    if (chunk.first_index < 0 || chunk.first_index / kRunsPerChunk != number)
      return DataLoss("offset runs: chunk {} claims to start at run {}", number, chunk.first_index);
    for (const Segment& segment : chunk.segments) RETURN_IF_ERROR(runs.map.Append(segment));
    next = chunk.first_index + std::ssize(chunk.segments);
  }
  return runs;
}

}  // namespace klink::offsets

namespace klink::store {
using namespace offsets;

std::string ValueCodec<RunChunk>::Encode(const RunChunk& chunk) {
  Packer out;
  const WireHead head{chunk.ids.source, chunk.ids.dest, chunk.first_index, chunk.head == Head::kUnknown ? 1u : 0u,
                      chunk.segments.size()};
  TransferHead(out, head);
  Segment before;
  for (const Segment& segment : chunk.segments) {
    const Wire wire{SameOrigin(segment, before) ? 0u : 1u,
                    segment.run.source - before.run.source_next(),
                    segment.run.dest - before.run.dest_next(),
                    static_cast<uint64_t>(segment.run.length),
                    segment.since_time.time_since_epoch().count(),
                    segment.source_leader_epoch,
                    segment.reason};
    Transfer(out, wire);
    before = segment;
  }
  std::byte crc[4];
  StoreBe<uint32_t>(crc, Crc32c(AsBytes(out.out_)));
  out.out_.append(AsText({crc, sizeof crc}));
  return std::move(out.out_);
}

StatusOr<RunChunk> ValueCodec<RunChunk>::Decode(uint8_t /*version*/, std::string_view bytes) {
  if (bytes.size() < 4) return DataLoss("offset runs: {} bytes are too few", bytes.size());
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (LoadBe<uint32_t>(AsBytes(bytes.substr(body.size())).data()) != Crc32c(AsBytes(body)))
    return DataLoss("offset runs: the checksum of {} bytes does not match", bytes.size());
  Unpacker in(body);
  WireHead head;
  TransferHead(in, head);
  if (!in.ok() || head.count > kRunsPerChunk || head.head > 1 || head.first_index < 0)
    return DataLoss("offset runs: the head of the record is damaged");
  RunChunk chunk{{head.source_id, head.dest_id}, head.first_index, head.head == 1 ? Head::kUnknown : Head::kStart, {}};
  Segment before;
  for (uint64_t i = 0; i < head.count; i++) {
    Wire wire;
    Transfer(in, wire);
    if (!in.ok()) return DataLoss("offset runs: ends after {} of {} runs", i, head.count);
    TRY(Segment segment, FromWire(wire, before));
    before = segment;
    chunk.segments.push_back(std::move(segment));
  }
  if (!in.in_.empty()) return DataLoss("offset runs: {} bytes too many", in.in_.size());
  return chunk;
}

}  // namespace klink::store
