// What the benchmarks share: brokers and MirrorMaker 2 as one would run them, a clean slate between copiers, targets.
#pragma once

#include <chrono>
#include <string>

#include "integration/agent.h"
#include "integration/kafka_tools.h"

namespace klink::bench {

// As in production: the optimising compiler, G1, a gigabyte.
it::ClusterOptions Broker(const std::string& name);

// The copy of a topic is gone when this returns.
void RemoveCopy(const it::Cluster& destination, const std::string& topic);

// `klink run` on one topic, its files in `dir`.
it::Command Klink(const it::ClusterPair& pair, const std::string& topic, int memory_mib, const it::fs::path& dir);

// MirrorMaker 2 on one topic, tuned for throughput; `more`: further lines of its properties.
it::Command MirrorMaker(const it::ClusterPair& pair, const std::string& topic, const std::string& codec,
                        const std::string& more, const it::fs::path& dir);

// Used so far.
double CpuSeconds(pid_t pid);

double SecondsSince(std::chrono::steady_clock::time_point from);

// Prints whether a target is met.
bool Must(const std::string& what, double is, const std::string& sign, double bound);

}  // namespace klink::bench
