#include "integration/mirror_check.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "base/json.h"
#include "tests/oracle/fetcher.h"

namespace klink::it {
namespace {

constexpr milliseconds kRangePoll(150);

std::string TextAt(const Json& json, std::string_view key) {
  const Json* found = FindJson(json, key);
  return found != nullptr && found->is_string() ? std::string(TextOf(found->get_string())) : "";
}

std::optional<int64_t> NumberAt(const Json& json, std::string_view key) {
  const StatusOr<int64_t> number = JsonInt(json, key);
  return number.ok() ? std::optional(*number) : std::nullopt;
}

std::optional<Json> GetJson(const Agent& agent, const std::string& path) {
  const std::optional<std::string> body = agent.Get(path);
  if (!body) return std::nullopt;
  StatusOr<Json> json = ParseJson(*body, {.bytes = 64 << 20});
  if (!json.ok()) throw std::runtime_error(path + " answered no JSON: " + *body);
  return *std::move(json);
}

const JsonArray& ArrayAt(const Json& json, std::string_view key) {
  const Json* found = FindJson(json, key);
  if (found == nullptr || !found->is_array()) throw std::runtime_error(fmt::format("no list {} in an answer", key));
  return found->get_array();
}

std::string OnEachPartition(const Cluster& source, const Cluster& destination, const std::string& topic,
                            const std::function<oracle::Claim(int, const oracle::Log&)>& claim) {
  std::string report;
  const int partitions = PartitionCount(source, topic);
  if (partitions == 0) return "the source has no topic " + topic;
  for (int partition = 0; partition < partitions; ++partition) {
    const oracle::Log original = oracle::FetchLog(source.bootstrap(), topic, partition);
    const oracle::Log image = oracle::FetchLog(destination.bootstrap(), topic, partition);
    const std::string found = oracle::Report(oracle::Judge(original, image, claim(partition, original)));
    if (!found.empty()) report += fmt::format("{}-{}:\n{}", topic, partition, found);
  }
  return report;
}

}  // namespace

std::optional<MirrorState> Describe(const Agent& agent, const std::string& topic) {
  const std::optional<Json> json = GetJson(agent, fmt::format("/v1/links/{}/mirrors/{}", agent.link(), topic));
  if (!json) return std::nullopt;
  MirrorState mirror{.state = TextAt(*json, "state"), .reason_code = TextAt(*json, "reason_code"), .partitions = {}};
  for (const Json& one : ArrayAt(*json, "partitions")) {
    PartitionState partition;
    partition.partition = static_cast<int>(NumberAt(one, "partition").value_or(-1));
    partition.state = TextAt(one, "state");
    partition.reason_code = TextAt(one, "reason_code");
    partition.reason = TextAt(one, "reason");
    partition.offsets = TextAt(one, "offsets");
    partition.replicated_to = NumberAt(one, "replicated_to");
    partition.lag = NumberAt(one, "lag");
    mirror.partitions.push_back(std::move(partition));
  }
  return mirror;
}

std::optional<oracle::Claim> ClaimOf(const Agent& agent, const std::string& topic, int partition) {
  const std::optional<MirrorState> mirror = Describe(agent, topic);
  if (!mirror) return std::nullopt;
  for (const PartitionState& one : mirror->partitions) {
    if (one.partition != partition || !one.replicated_to) continue;
    oracle::Claim claim{.replicated_to = *one.replicated_to};
    const std::string path = fmt::format("/v1/links/{}/mirrors/{}/runs?partition={}", agent.link(), topic, partition);
    const std::optional<Json> json = GetJson(agent, path);
    if (!json) return std::nullopt;
    for (const Json& run : ArrayAt(*json, "runs")) {
      claim.runs.push_back({.source = NumberAt(run, "source_start").value_or(-1),
                            .destination = NumberAt(run, "destination_start").value_or(-1),
                            .length = NumberAt(run, "length").value_or(0),
                            .behind_foreign = TextAt(run, "reason") == "FOREIGN_WRITE"});
    }
    const auto shifted = [](const oracle::Run& run) { return run.source != run.destination; };
    // Also a copy whose offsets are equal by now may have a head where they are not.
    claim.identical = one.offsets == "identical" && std::none_of(claim.runs.begin(), claim.runs.end(), shifted);
    return claim;
  }
  return std::nullopt;
}

void AwaitMirrored(const Cluster& source, const Cluster& destination, const std::string& topic, milliseconds limit) {
  std::string last;
  const auto equal = [&] {
    std::this_thread::sleep_for(kRangePoll);
    last = "no such topic at the source";
    const int partitions = PartitionCount(source, topic);
    for (int partition = 0; partition < partitions; ++partition) {
      try {
        const oracle::Log original = oracle::FetchRange(source.bootstrap(), topic, partition);
        const oracle::Log image = oracle::FetchRange(destination.bootstrap(), topic, partition);
        last = fmt::format("{}-{} ends at {} in the source and at {} in the destination", topic, partition,
                           original.end, image.end);
        if (original.end != image.end) return false;
      } catch (const std::runtime_error& error) {
        last = error.what();  // not there yet, or no leader at the moment
        return false;
      }
    }
    return partitions > 0;
  };
  if (!Eventually(limit, equal))
    throw std::runtime_error(fmt::format("not mirrored in {} ms: {}", limit.count(), last));
}

void AwaitState(const Agent& agent, const std::string& topic, const std::string& state, const std::string& reason_code,
                milliseconds limit) {
  std::string last = "unknown to the agent";
  const bool reached = Eventually(limit, [&] {
    const std::optional<MirrorState> mirror = Describe(agent, topic);
    if (mirror) last = mirror->state + " " + mirror->reason_code;
    return mirror && mirror->state == state && mirror->reason_code == reason_code;
  });
  if (!reached) throw std::runtime_error(fmt::format("{} is {}, wanted {} {}", topic, last, state, reason_code));
}

std::string OracleOnIdentical(const Cluster& source, const Cluster& destination, const std::string& topic,
                              const oracle::Claim& like) {
  return OnEachPartition(source, destination, topic, [&](int, const oracle::Log& log) {
    oracle::Claim claim = like;
    claim.replicated_to = log.end;
    return claim;
  });
}

namespace {

oracle::Claim NeededClaim(const Agent& agent, const std::string& topic, int partition, const oracle::Claim& like) {
  std::optional<oracle::Claim> claim = ClaimOf(agent, topic, partition);
  if (!claim) throw std::runtime_error(fmt::format("the agent claims nothing about {}-{}", topic, partition));
  claim->compacted = like.compacted;
  claim->append_times = like.append_times;
  claim->committed = like.committed;
  return *std::move(claim);
}

}  // namespace

std::string OracleOnClaims(const Cluster& source, const Cluster& destination, const Agent& agent,
                           const std::string& topic, const oracle::Claim& like) {
  return OnEachPartition(source, destination, topic,
                         [&](int partition, const oracle::Log&) { return NeededClaim(agent, topic, partition, like); });
}

std::string OracleOnTimes(const Cluster& source, const Cluster& destination, const Agent& agent,
                          const std::string& topic, const std::vector<int64_t>& times, const oracle::Claim& like) {
  std::vector<oracle::TimeLookUp> answers;
  for (const int64_t time : times) {
    answers.push_back({.time = time,
                       .source_offset = oracle::OffsetAtTime(source.bootstrap(), topic, 0, time),
                       .destination_offset = oracle::OffsetAtTime(destination.bootstrap(), topic, 0, time)});
  }
  const oracle::Claim claim = NeededClaim(agent, topic, 0, like);
  const oracle::Log original = oracle::FetchLog(source.bootstrap(), topic, 0);
  const oracle::Log image = oracle::FetchLog(destination.bootstrap(), topic, 0);
  return oracle::Report(oracle::JudgeTimes(original, image, claim, answers));
}

std::string VerifyComplaint(const Agent& agent, const std::string& topic) {
  const Outcome outcome = agent.Cli({"verify", topic, "--full"});
  return outcome.exit_code == 0 ? "" : fmt::format("exit {}: {}{}", outcome.exit_code, outcome.out, outcome.err);
}

int64_t NumberIn(const std::string& json, const std::string& key) {
  const std::string quoted = fmt::format("\"{}\": ", key);
  const size_t at = json.find(quoted);
  if (at == std::string::npos) throw std::runtime_error(fmt::format("no {} in {}", key, json));
  return std::stoll(json.substr(at + quoted.size()));
}

double CounterSum(const Agent& agent, const std::string& name) {
  const std::string metrics = agent.Get("/metrics").value_or("");
  double sum = 0;
  for (size_t at = 0; (at = metrics.find("\n" + name, at)) != std::string::npos; ++at) {
    const size_t line_end = metrics.find('\n', at + 1);
    const std::string line = metrics.substr(at + 1, line_end - at - 1);
    if (line[name.size()] != '{' && line[name.size()] != ' ') continue;  // a longer name
    sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return sum;
}

}  // namespace klink::it
