// What a snapshot holds under a name; null: nothing.
#pragma once

#include <string_view>

#include "link/progress.h"

namespace klink::http {

inline const link::LinkSnapshot* FindLink(const link::AgentSnapshot& agent, std::string_view name) {
  for (const link::LinkSnapshot& link : agent.links)
    if (link.name == name) return &link;
  return nullptr;
}

inline const link::MirrorSnapshot* FindMirror(const link::LinkSnapshot& link, std::string_view topic) {
  for (const link::MirrorSnapshot& mirror : link.mirrors)
    if (mirror.topic == topic) return &mirror;
  return nullptr;
}

}  // namespace klink::http
