// The definitions of links at real clusters. Each cluster of the configuration is asked through a connection of its
// own, which is made again when its settings change.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/blocking.h"
#include "config/schema.h"
#include "link/definitions.h"

namespace klink::failover {

class KafkaDefinitions final : public link::DefinitionPort {
 public:
  // `config`: the one in force. Clock outlives it.
  using ConfigInForce = std::function<const config::Config&()>;
  KafkaDefinitions(Executor executor, Clock& clock, ConfigInForce config);
  ~KafkaDefinitions() override;

  Async<StatusOr<Listing>> List(std::string cluster) override;
  Async<Status> Write(std::string cluster, std::string link, link::DefinitionChange change, Topic topic) override;
  Async<Status> Remove(std::string cluster, std::string link) override;
  Async<StatusOr<std::string>> ClusterId(std::string cluster) override;
  Async<StatusOr<bool>> HasTopic(std::string cluster, std::string topic) override;
  Async<void> Close() override;

 private:
  struct At;       // a cluster
  struct Writing;  // one change
  StatusOr<std::shared_ptr<At>> Find(const std::string& cluster);
  Async<Status> MakeTopic(std::shared_ptr<At> at, std::string link);
  Async<Status> Change(std::shared_ptr<At> at, std::string link, link::DefinitionChange change);

  Executor executor_;
  Clock& clock_;
  ConfigInForce config_;
  BlockingPool pool_;
  std::map<std::string, std::shared_ptr<At>> clusters_;
  bool closed_ = false;
};

}  // namespace klink::failover
