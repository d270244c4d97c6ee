// What a promotion does beside the logs, for a link's leader and for whoever promotes without an agent alike.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "admin/access.h"
#include "config/schema_link.h"
#include "kafka/cluster.h"
#include "link/promotion.h"
#include "state/link_state.h"

namespace klink::link {

// Asked right before each effect.
using MayStep = std::function<Status()>;
using CommandsByTopic = std::map<std::string, std::vector<std::string>>;

// Where the source ends, by the mirror's partition; one whose leader does not answer is left out.
Async<StatusOr<std::map<TopicPartition, SourceOffset>>> EndsOfSources(kafka::Cluster& source,
                                                                      const state::StateView& view,
                                                                      std::set<std::string> topics);
// What the link's state knows of that copy.
void TakeRecorded(const state::StateView& view, const TopicPartition& tp, CopyStanding& standing);

// Retention and cleanup as at the source, where a mirror was not ACTIVE yet. What could not be set, as commands.
// `source` null: it is not asked.
Async<StatusOr<CommandsByTopic>> RestoreConfigs(kafka::Cluster* source, kafka::Cluster& destination,
                                                const state::StateView& view, const config::TopicConfigs& lists,
                                                std::set<std::string> topics, MayStep may);
// Grants that were held back while the topics were mirrors. What could not be granted, as commands. What was, is noted
// as made by klink: when such a topic is a mirror again, it is held again.
Async<StatusOr<std::vector<std::string>>> ReleaseAcls(Executor executor, admin::Access access,
                                                      kafka::Cluster& destination, state::LinkState& state,
                                                      std::set<std::string> topics, MayStep may, WallTime now);

// "host:port,host:port", as the tools of Kafka want it.
std::string BootstrapOf(const kafka::Cluster& cluster);

}  // namespace klink::link
