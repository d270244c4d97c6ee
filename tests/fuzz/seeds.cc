// Writes the seed corpus: every golden message in its newest and oldest version, the golden batches, one of each other
// thing that is read, and what is kept in corpus.hex and regressions.hex. With --lines it prints inputs as these files
// hold them.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "kafka/record_batch.h"
#include "kafka/wire.h"
#include "offsets/codecs.h"
#include "state/audit.h"
#include "state/records.h"
#include "tests/fuzz/kept.h"

namespace {

using namespace klink;
using namespace klink::kafka;

void Write(const std::string& path, int target, int version, ByteView bytes) {
  std::ofstream file(path, std::ios::binary);
  file.put(static_cast<char>(target)).put(static_cast<char>(version)) << AsText(bytes);
}

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Messages(const std::string& to) {
  fuzz::ForEachTarget([&]<class R, class M>(int index) {
    const auto file = GoldenFile(Name(R::kKey));
    const std::string name = std::string(Name(R::kKey)) + (std::is_same_v<R, M> ? "Request" : "Response");
    for (int16_t version : {R::kMin, R::kMax}) {
      for (std::string variant : {"full", "null", "empty"}) {
        const std::string key = fmt::format("{} {} {}", name, version, variant);
        if (auto found = file.find(key); found != file.end()) {
          Write(fmt::format("{}{}-{}-{}", to, name, version, variant), index, version - R::kMin, found->second.view());
        }
      }
    }
  });
}

void Batches(const std::string& to) {
  for (const auto& [name, bytes] : GoldenFile("batches")) {
    Write(to + "batch-" + name, fuzz::kBatchWalker, 0, bytes.view());
    const BatchView batch(bytes.view());
    if (batch.magic() != 2) continue;
    const int codec = static_cast<int>(batch.codec());
    Write(to + "stream-" + name, fuzz::kDecompress, codec, batch.body());
    const std::string counted = static_cast<char>(batch.count()) + std::string(AsText(batch.body()));
    Write(to + "records-" + name, fuzz::kRecords, codec, AsBytes(counted));
  }
  for (const auto& [name, bytes] : GoldenFile("Fetch")) {
    if (name == "FetchRequest 12 frame") Write(to + "header", fuzz::kRequestHeader, 0, bytes.view());
    if (name == "FetchResponse 12 frame") Write(to + "frame", fuzz::kResponseFrame, 0, bytes.view());
  }
}

void Texts(const std::string& to) {
  for (const auto& entry : std::filesystem::directory_iterator(KLINK_SOURCE_DIR "/tests/config")) {
    if (entry.path().extension() != ".yaml") continue;
    Write(to + "config-" + entry.path().filename().string(), fuzz::kConfiguration, 0, AsBytes(ReadAll(entry.path())));
  }
  const std::string token = "tokens:\n  - {name: a, role: admin, expires: 2027-01-01, sha256: " + std::string(64, 'a') +
                            "}\n  - {name: b, role: viewer, certificate: b.example.org}\n";
  Write(to + "tokens", fuzz::kTokens, 0, AsBytes(token));
  const std::string target = "/v1/links/a%20b/mirrors:pause?x=%ff&y=1#z";
  Write(to + "http-target", fuzz::kHttpTarget, 0, AsBytes(target));
  std::string chain;
  state::AuditHead head;
  for (int n = 0; n < 3; ++n) {
    const std::string line = state::AuditLine(head, "klink-0", WallTime{}, {"klink.agent.started", "", {}});
    head = state::HeadAfter(head, line);
    chain += line + "\n";
  }
  Write(to + "audit-log", fuzz::kAuditLog, 0, AsBytes(chain));
  Write(
      to + "http-call", fuzz::kHttpCall, 0,
      AsBytes(
          "POST /v1/links/l/mirrors:resume?x=1 HTTP/1.1\r\nAuthorization: Basic YTpi\r\nContent-Type: application/json"
          "\r\nContent-Length: 47\r\n\r\n{\"topics\":[\"orders\"],\"accept\":\"GAP\",\"by\":\"ann\"}"));
  Write(to + "scram", fuzz::kScram, 0, AsBytes("r=nonce1,s=AAAA,i=4096\nv=AAAA"));
}

void Stored(const std::string& to) {
  state::MirrorRecord mirror;
  mirror.source_topic = mirror.destination_topic = "orders";
  mirror.partitions.resize(2);
  mirror.partitions[1].reason = state::Reason::kRetentionGap;
  int number = 0;
  for (const state::Record& record : {state::Record(state::LinkRecord()), state::Record(state::ConfigRecord()),
                                      state::Record(state::ControllerRecord()), state::Record(state::PauseRecord()),
                                      state::Record(state::PidRecord()), state::Record(mirror),
                                      state::Record(state::PromotionRecord()), state::Record(state::CutRecord())}) {
    const admin::KeyValue written = state::Encode(record);
    const std::string text = written.key + "\n" + written.value.value_or("");
    Write(to + "state-" + std::to_string(number++), fuzz::kStateRecord, 0, AsBytes(text));
  }
  offsets::RunChunk chunk{{"sourceid", "destid"}, 0, {}, {}};
  chunk.segments.push_back({{SourceOffset(7), DestOffset(0), 100}, {}, {}, -1});
  chunk.segments.push_back({{SourceOffset(200), DestOffset(100), 5}, "RETENTION_GAP", WallTime(), 3});
  const std::string bytes = offsets::EncodeChunk(chunk);
  Write(to + "runs", fuzz::kOffsetRuns, 0, AsBytes(std::string_view(bytes).substr(1, bytes.size() - 5)));
  Write(to + "runs-key", fuzz::kOffsetRuns, 0, AsBytes("orders/3/0"));
}

void Kept(const std::string& to) {
  int number = 0;
  for (const char* file : {"corpus.hex", "regressions.hex"}) {
    for (const std::string& input : fuzz::KeptInputs(std::string(KLINK_SOURCE_DIR "/tests/fuzz/") + file))
      std::ofstream(to + "kept-" + std::to_string(number++), std::ios::binary) << input;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 2 && std::string_view(argv[1]) == "--lines") {
    for (int n = 2; n < argc; ++n) fmt::print("{}\n", fuzz::KeptLine(ReadAll(argv[n])));
    return 0;
  }
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY | --lines INPUT…\n", argv[0]);
    return 2;
  }
  const std::string to = std::string(argv[1]) + "/";
  std::filesystem::create_directories(to);
  Messages(to);
  Batches(to);
  Texts(to);
  Stored(to);
  Kept(to);
  return 0;
}
