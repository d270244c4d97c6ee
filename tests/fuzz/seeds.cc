// Writes the seed corpus: every golden message in its newest and oldest version, and the golden batches.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "kafka/record_batch.h"
#include "kafka/wire.h"
#include "state/audit.h"
#include "tests/fuzz/target.h"
#include "tests/kafka/golden_file.h"

namespace {

using namespace klink;
using namespace klink::kafka;

void Write(const std::string& path, int target, int version, ByteView bytes) {
  std::ofstream file(path, std::ios::binary);
  file.put(static_cast<char>(target)).put(static_cast<char>(version)) << AsText(bytes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
    return 2;
  }
  const std::string to = std::string(argv[1]) + "/";
  std::filesystem::create_directories(to);
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
  for (const auto& entry : std::filesystem::directory_iterator(KLINK_SOURCE_DIR "/tests/config")) {
    if (entry.path().extension() != ".yaml") continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    Write(to + "config-" + entry.path().filename().string(), fuzz::kConfiguration, 0, AsBytes(text));
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
  return 0;
}
