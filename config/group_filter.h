// Which consumer groups a link carries over. Exclude wins over include; klink's own groups never are.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/topic_filter.h"

namespace klink::config {

class GroupFilter {
 public:
  // InvalidArgument as of NameRule::Make.
  static StatusOr<GroupFilter> Compile(const Groups& groups);

  Decision Decide(std::string_view group) const;
  bool Includes(std::string_view group) const;
  // The lines of `include` that take none of these groups.
  std::vector<std::string> Idle(const std::vector<std::string>& groups) const;
  bool empty() const { return include_.empty(); }  // no group at all is asked for

 private:
  std::vector<std::shared_ptr<const NameRule>> include_;
  std::vector<std::shared_ptr<const NameRule>> exclude_;
};

}  // namespace klink::config
