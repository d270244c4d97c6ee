// The commands verify and failback, done by an agent for a caller of its HTTP interface.
#pragma once

#include "config/schema.h"
#include "http/readings.h"

namespace klink::cli {

// What a verification reads at most, from both clusters together, where the caller says nothing: links go first.
inline constexpr int64_t kReadBytesPerSecond = 32 << 20;

class AgentLinkReader final : public http::LinkReader {
 public:
  // `config`: the configuration in force, asked for at each call.
  explicit AgentLinkReader(std::function<const config::Config&()> config) : config_(std::move(config)) {}

  Async<StatusOr<Json>> Verify(std::string link, http::VerifyOrder order) override;
  Async<StatusOr<Json>> Failback(std::string link, http::FailbackOrder order) override;

 private:
  std::function<const config::Config&()> config_;
};

}  // namespace klink::cli
