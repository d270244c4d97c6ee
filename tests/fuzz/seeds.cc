// Writes the seed corpus: every golden message in its newest and oldest version, and the golden batches.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "kafka/record_batch.h"
#include "kafka/wire.h"
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
  return 0;
}
