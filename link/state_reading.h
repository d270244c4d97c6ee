// A state topic read through the wire client, from where it was read to before: what is committed, in order. For those
// who look at the state of links that they do not run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kafka/cluster.h"

namespace klink::link {

struct StateReading {
  int64_t next = 0;
  std::function<void(std::string_view key, const std::optional<std::string>& value)> apply;
  std::function<void()> begin_again;  // what was read is not what the topic holds: it is read from its start on
};

// Up to the last stable offset, or as much as one answer holds; false when nothing was behind `next`.
Async<StatusOr<bool>> ReadSome(kafka::Cluster& cluster, std::string topic, StateReading& reading);

}  // namespace klink::link
