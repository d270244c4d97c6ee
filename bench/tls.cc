// ./x bench tls: klink copies the same topic between the same two brokers, once through their plain listeners, once
// through TLS 1.3 on both sides. The brokers pay for TLS on the same cores: the ratio is what an operator sees, not
// what klink alone costs.
#include <cstdio>
#include <exception>

#include <fmt/format.h>

#include "bench/bench.h"
#include "tests/fake/certificates.h"

namespace klink::bench {
namespace {

using namespace it;

constexpr int kPartitions = 6;
constexpr size_t kRecordBytes = 1000;
constexpr double kOverPlain = 0.6;
constexpr seconds kCopyLimit(300);
constexpr char kTopic[] = "tls";

using Clock = std::chrono::steady_clock;

ClusterOptions WithTls(const std::string& name, const fake::Authority& authority, const fs::path& dir) {
  const fake::Issued issued = authority.Issue({});
  const fs::path keystore = dir / (name + ".pem");
  WriteFile(keystore, issued.key() + issued.certificate());
  ClusterOptions options = Broker(name);
  options.listeners = {{"TLS",
                        "SSL",
                        {{"ssl.keystore.type", "PEM"},
                         {"ssl.keystore.location", keystore.string()},
                         {"ssl.enabled.protocols", "TLSv1.3"}}}};
  return options;
}

struct Figures {
  double mb_per_s = 0;
  double cpu_per_gb = 0;
};

// From the first record that arrives to the last.
Figures Copy(const ClusterPair& pair, LinkFile file, int records, const fs::path& dir) {
  static int number = 0;
  file.link += std::to_string(number++);
  const std::string copy = fmt::format("{}.{}", kTopic, file.link);  // no two links write one topic
  file.extra_topics = fmt::format("rename: {{suffix: .{}}}", file.link);
  file.include = fmt::format("{{literal: {}}}", kTopic);
  file.memory = "128MiB";
  WriteFile(dir / "klink.yaml", Yaml(file, dir / file.link, FreePort()));
  LogEnds ends(pair.destination);
  Process process({{KlinkBinary(), "run", "-c", (dir / "klink.yaml").string()}}, dir / "klink.log");
  const auto arrived = [&](int64_t wanted) {
    if (!process.Running()) throw std::runtime_error("klink ended early:\n" + LastLines(dir / "klink.log", 20));
    return ends.Sum(copy, kPartitions) >= wanted;
  };
  Await("the first record", kCopyLimit, [&] { return arrived(1); });
  const Clock::time_point first = Clock::now();
  const double cpu = CpuSeconds(process.pid());
  Await("the last record", kCopyLimit, [&] { return arrived(records); });
  const double took_s = std::chrono::duration<double>(Clock::now() - first).count();
  const double megabytes = static_cast<double>(records) * kRecordBytes / 1e6;
  const Figures figures{megabytes / took_s, (CpuSeconds(process.pid()) - cpu) / megabytes * 1000};
  process.End(seconds(20));
  RemoveCopy(pair.destination, copy);
  return figures;
}

bool Run(int records, const fs::path& dir) {
  const fake::Authority authority;
  WriteFile(dir / "ca.pem", authority.certificate());
  const ClusterPair pair(WithTls("source", authority, dir), WithTls("destination", authority, dir));
  CreateTopic(pair.source, kTopic, kPartitions);
  for (int done = 0; done < records; done += 100000)
    Produce(pair.source, kTopic, SampleRecords(std::min(records - done, 100000), kPartitions, kRecordBytes),
            {{"batch.size", "65536"}, {"linger.ms", "20"}});
  LinkFile plain, tls;
  plain.link = "plain";
  plain.source = pair.source.bootstrap();
  plain.destination = pair.destination.bootstrap();
  tls.link = "tls";
  tls.source = pair.source.bootstrap("TLS");
  tls.destination = pair.destination.bootstrap("TLS");
  tls.source_security = tls.destination_security =
      fmt::format("security.protocol: SSL, ssl.ca.location: {}", (dir / "ca.pem").string());
  (void)Copy(pair, plain, records, dir);  // warms the brokers up
  (void)Copy(pair, tls, records, dir);
  const Figures without = Copy(pair, plain, records, dir), with = Copy(pair, tls, records, dir);
  fmt::print("{} x about {} B, {} partitions\n  {:<16}{:>10}{:>12}\n", records, kRecordBytes, kPartitions, "", "MB/s",
             "CPU s/GB");
  for (const auto& [name, is] : {std::pair("plain text", without), {"TLS 1.3", with}})
    fmt::print("  {:<16}{:>10.0f}{:>12.2f}\n", name, is.mb_per_s, is.cpu_per_gb);
  return Must("throughput over plain text", with.mb_per_s / without.mb_per_s, ">=", kOverPlain);
}

}  // namespace
}  // namespace klink::bench

int main(int count, char** arguments) {
  try {
    const klink::it::TempDir dir("bench-tls");
    return klink::bench::Run(count > 1 ? std::atoi(arguments[1]) : 1000000, dir.path()) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}
