// What other links say of the topics of both clusters, kept up to date for the link's leader, and asked before a topic
// is mirrored. Where it cannot be read nobody is held up: trouble() says what a loop could not be told from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/schema.h"
#include "link/foreign_links.h"

namespace klink::link {

class ProvenanceWatch {
 public:
  using Topics = std::map<std::string, kafka::Uuid>;

  ProvenanceWatch(const config::LinkConfig& config, kafka::Cluster& source, kafka::Cluster& destination, Clock& clock);

  // `at_source`, `at_destination`: the state topics there. Cancelled when stopping; other errors are trouble().
  Async<Status> Follow(Topics at_source, Topics at_destination);
  // The same topics once more: after a record of ours was written, so that of two links that begin at once one sees the
  // other. Costs nothing where there are no others.
  Async<Status> FollowAgain();

  struct Asked {
    std::string source_topic;
    std::string destination_topic;
    std::string destination_id;         // of the cluster
    std::optional<int64_t> created_ms;  // of our own mirror, when there is one
  };
  Status Check(const Asked& asked) const;
  // Of a topic that is there and that we did not write yet.
  Status CheckOldSource(const Asked& asked, std::string destination_topic_id) const;
  std::vector<std::string> OriginsOf(const std::string& source_topic) const;
  const Status& trouble() const { return trouble_; }

 private:
  Async<Status> MaySee();

  const config::LinkConfig& config_;
  kafka::Cluster& source_;
  Clock& clock_;
  ForeignLinks at_source_;
  ForeignLinks at_destination_;
  Topics source_topics_;
  Topics destination_topics_;
  std::optional<Instant> asked_at_;  // whether we may see them
  Status may_see_;
  Status trouble_;
};

}  // namespace klink::link
