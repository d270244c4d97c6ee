#include "integration/cut_back.h"

#include <fmt/format.h>

namespace klink::it {

fs::path FirstSegment(const Cluster& cluster, const std::string& topic) {
  return cluster.DataDir(0) / fmt::format("{}-0", topic) / "00000000000000000000.log";
}

void CutBack(Cluster& cluster, const std::string& topic, uintmax_t size) {
  cluster.Kill(0);
  const fs::path log = FirstSegment(cluster, topic);
  for (const auto& file : fs::directory_iterator(log.parent_path()))
    if (file.path().extension() != ".log" && file.path().extension() != ".metadata") fs::remove(file.path());
  fs::resize_file(log, size);
  cluster.Restart(0);
}

}  // namespace klink::it
