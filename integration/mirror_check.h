// Is the mirror what it claims to be? Asked of the agent, of both clusters, and of the oracle.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "integration/agent.h"
#include "integration/kafka_tools.h"
#include "tests/oracle/judge.h"

namespace klink::it {

// `klink mirror describe` as far as tests read it.
struct PartitionState {
  int partition = -1;
  std::string state;
  std::string reason_code;
  std::string reason;
  std::string offsets;
  std::optional<int64_t> replicated_to;
  std::optional<int64_t> lag;
};
struct MirrorState {
  std::string state;
  std::string reason_code;
  std::vector<PartitionState> partitions;
};
// Nothing while the agent does not know the mirror, or does not answer.
std::optional<MirrorState> Describe(const Agent& agent, const std::string& topic);
// The oracle's claim about a partition: with its runs, unless every offset is equal.
std::optional<oracle::Claim> ClaimOf(const Agent& agent, const std::string& topic, int partition);

// Until every partition's high watermark at the destination equals the source's. Throws with both ends.
void AwaitMirrored(const Cluster& source, const Cluster& destination, const std::string& topic,
                   milliseconds limit = seconds(60));
// Until the agent says this of the mirror (worst partition).
void AwaitState(const Agent& agent, const std::string& topic, const std::string& state, const std::string& reason_code,
                milliseconds limit = seconds(60));

// The oracle's findings over all partitions, with the claim "identical and complete": empty when there are none. `like`
// says what the oracle cannot know: whether a cleaner is at work, and which times are kept.
std::string OracleOnIdentical(const Cluster& source, const Cluster& destination, const std::string& topic,
                              const oracle::Claim& like = {});
// The same with what the agent claims.
std::string OracleOnClaims(const Cluster& source, const Cluster& destination, const Agent& agent,
                           const std::string& topic, const oracle::Claim& like = {});
// The same for looking up each of these times in both clusters, in the first partition, with what the agent claims.
std::string OracleOnTimes(const Cluster& source, const Cluster& destination, const Agent& agent,
                          const std::string& topic, const std::vector<int64_t>& times, const oracle::Claim& like = {});
// `klink verify --full` on a topic: its whole output when it does not end with 0, else empty.
std::string VerifyComplaint(const Agent& agent, const std::string& topic);

// The number behind the first such key of a JSON text. Throws when there is none.
int64_t NumberIn(const std::string& json, const std::string& key);
// The sum of a counter over all its label sets, 0 when it is not there.
double CounterSum(const Agent& agent, const std::string& name);

}  // namespace klink::it
