// What `klink mirror failback -o json` says, as far as tests read it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "integration/agent.h"

namespace klink::it {

inline int64_t NumberAt(const Json& json, const std::string& key) {
  const StatusOr<int64_t> number = JsonInt(json, key);
  if (!number.ok()) throw std::runtime_error(fmt::format("no number {}", key));
  return *number;
}

struct Plan {
  int exit_code = -1;
  std::string text;
  Json json = {};

  const Json& partition(int number) const {
    const Json* list = FindJson(json, "partitions");
    for (const Json& one : list->get_array())
      if (NumberAt(one, "partition") == number) return one;
    throw std::runtime_error(fmt::format("no partition {} in {}", number, text));
  }
  std::string relation(int number = 0) const { return *JsonText(partition(number), "relation"); }
  std::string evidence(int number = 0) const { return *JsonText(partition(number), "evidence"); }
  int64_t parted_at(int number = 0) const { return NumberAt(partition(number), "parted_at"); }
  const Json& tail(const std::string& which, int number = 0) const { return *FindJson(partition(number), which); }
  int64_t count(const std::string& which, const std::string& what, int number = 0) const {
    return NumberAt(tail(which, number), what);
  }
};

inline Plan AskPlan(const Agent& agent, const std::string& topic, std::vector<std::string> more = {"--plan"}) {
  std::vector<std::string> arguments = {"mirror", "failback", topic, "-o", "json"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Outcome outcome = agent.Cli(arguments);
  Plan plan{.exit_code = outcome.exit_code, .text = outcome.out + outcome.err};
  StatusOr<Json> json = ParseJson(outcome.out, {.bytes = 64 << 20});
  if (!json.ok()) throw std::runtime_error("no plan: " + plan.text);
  plan.json = *std::move(json);
  return plan;
}

}  // namespace klink::it
