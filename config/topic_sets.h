// The sets of a link, compiled: which set a topic belongs to, and which goes first.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/name_rule.h"

namespace klink::config {

class TopicSets {
 public:
  // InvalidArgument when a rule is none.
  static StatusOr<TopicSets> Compile(const std::map<std::string, TopicSet>& sets);

  // By its name at the source; null: in no set. Validation refuses sets that share a topic; of expressions that turn
  // out to, the set with the higher priority has it, then the first by name.
  const std::string* SetOf(std::string_view source_topic) const;
  const TopicSet* Find(std::string_view name) const;
  // What is in no set comes behind all of them.
  int64_t PriorityOf(std::string_view source_topic) const;
  // NotFound with the nearest name.
  Status CheckKnown(std::string_view name, std::string_view link) const;
  // By priority, then by name.
  std::vector<std::string> Names() const;
  bool empty() const { return sets_.empty(); }

 private:
  struct Compiled {
    std::string name;
    TopicSet set;
    NameRules rules;
  };
  std::vector<Compiled> sets_;  // in the order of Names()
};

}  // namespace klink::config
