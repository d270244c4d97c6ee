#include "cli/link_reader.h"

#include <algorithm>

#include "cli/verify_run.h"
#include "failover/failback.h"

namespace klink::cli {
namespace {

StatusOr<config::LinkConfig> LinkOf(const config::Config& config, const std::string& name) {
  for (const config::LinkConfig& link : config.links)
    if (link.name == name) return link;
  return NotFound("there is no link {}", name);
}

}  // namespace

// Both keep a configuration of their own: that in force may change meanwhile.
Async<StatusOr<Json>> AgentLinkReader::Verify(std::string name, http::VerifyOrder order) {
  const config::Config config = config_();
  CO_TRY(const config::LinkConfig link, LinkOf(config, name));
  VerifyAsk ask;
  ask.topics = std::move(order.topics);
  ask.from = order.from;
  ask.sample_percent = order.sample_percent;
  ask.bytes_per_second = order.bytes_per_second.value_or(kReadBytesPerSecond);
  ask.full = order.full;
  CO_TRY(const VerifyView view, co_await VerifyNow(config, link, std::move(ask)));
  co_return ToJson(view);
}

Async<StatusOr<Json>> AgentLinkReader::Failback(std::string name, http::FailbackOrder order) {
  const config::Config config = config_();
  CO_TRY(const config::LinkConfig link, LinkOf(config, name));
  failover::FailbackAsk ask;
  ask.topics = std::move(order.topics);
  CO_TRY(const failover::FailbackView view, co_await failover::ReadFailback(config, link, std::move(ask)));
  co_return ToJson(view);
}

}  // namespace klink::cli
