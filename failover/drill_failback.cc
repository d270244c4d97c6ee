#include "failover/drill_failback.h"

#include <algorithm>
#include <map>

#include <fmt/ranges.h>

#include "failover/failback_recreate.h"
#include "failover/reverse_plan.h"

namespace klink::failover {
namespace {

constexpr size_t kLinkNameMost = 48;

// Of a link that is missing.
std::string NewName(const config::LinkConfig& link) {
  std::string name = fmt::format("back-{}", link.name).substr(0, kLinkNameMost);
  while (name.ends_with('-')) name.pop_back();
  return name;
}

const FailbackAction* Find(const std::vector<FailbackAction>& actions, const std::string& topic) {
  const auto of = [&topic](const FailbackAction& action) { return action.topic == topic; };
  const auto found = std::find_if(actions.begin(), actions.end(), of);
  return found == actions.end() ? nullptr : &*found;
}

void AddUp(const FailbackView& view, DrillWayBack& way) {
  int64_t stray = 0, written = 0;
  bool known = true;
  for (const FailbackPartition& p : view.partitions) {
    if (p.topic != way.topic) continue;
    known &= !p.reason && p.never_crossed && p.written_since;
    if (p.never_crossed) stray += p.never_crossed->records;
    if (p.written_since) written += p.written_since->records;
  }
  if (!known) return;
  way.never_crossed = stray;
  way.written_since = written;
}

// As both logs stand: taken over as it is, made again behind an export, or not known yet.
void Decide(const std::vector<FailbackAction>& reverse, const std::vector<FailbackAction>& recreate,
            DrillWayBack& way) {
  const FailbackAction *taken = Find(reverse, way.topic), *made = Find(recreate, way.topic);
  way.way = "look";
  if (taken != nullptr && taken->outcome == "would_reverse") {
    way.way = "reverse";
    way.detail = "both logs are the same up to the cut, and the old one has nothing else";
  } else if (taken != nullptr && taken->outcome == "unchanged") {
    way.way = "mirrored";
    way.detail = "it is a mirror already";
  } else if (made != nullptr && made->outcome == "absent") {
    way.way = "made_again";
    way.detail = "the old source has no such topic: the link back makes it";
  } else if (made != nullptr && made->outcome == "would_delete") {
    way.way = "recreate";
    way.detail = taken != nullptr ? taken->error.value_or("") : "";
  } else if (made != nullptr) {
    way.detail = made->error.value_or("");
  }
}

// What is missing of the configuration; a copy of another name has no link back.
std::string LinkToAdd(const config::LinkConfig& link, const std::vector<std::string>& topics) {
  std::vector<std::string> literals;
  for (const std::string& topic : topics) literals.push_back(fmt::format("{{literal: {}}}", topic));
  return fmt::format("- {{name: {}, source: {}, destination: {}, topics: {{include: [{}]}}}}", NewName(link),
                     link.destination, link.source, fmt::join(literals, ", "));
}

class Commands {
 public:
  Commands(const config::LinkConfig& link, std::string folder) : link_(link), folder_(std::move(folder)) {}

  void AddLink(const std::vector<std::string>& topics) {
    Add("no link goes back: add it under links, and let an agent run it", LinkToAdd(link_, topics));
  }
  // One link back, with its topics by their ways.
  void AddAll(const std::string& back, const std::map<std::string, std::vector<std::string>>& ways) {
    std::vector<std::string> all;
    const auto of = [&](const char* way) { return ways.contains(way) ? ways.at(way) : std::vector<std::string>(); };
    for (const auto& [way, topics] : ways) all.insert(all.end(), topics.begin(), topics.end());
    std::sort(all.begin(), all.end());
    Look(of("look"));
    Reverse(of("reverse"), fmt::format("{} goes on as the mirror, from where it ends", link_.source));
    Recreate(of("recreate"));
    const std::string names = fmt::format("{}", fmt::join(all, " "));
    Add(fmt::format("what {} has is what {} has", link_.source, link_.destination),
        fmt::format("klink verify {} --link {}", names, back));
    Add(fmt::format("once the applications at {} are stopped: {} is written to again", link_.destination, link_.source),
        fmt::format("klink promote {} --link {} --yes", names, back));
    Add(fmt::format("{} is its mirror again, as before the drill", link_.destination),
        fmt::format("klink mirror reverse {} --link {} --yes", names, back));
  }
  std::vector<DrillCommand> Take() { return std::move(commands_); }

 private:
  void Add(std::string purpose, std::string command) { commands_.push_back({std::move(purpose), std::move(command)}); }
  std::string RecreateCommand(const std::vector<std::string>& topics) const {
    return fmt::format("klink mirror failback {} --recreate --export {} --link {} --yes", fmt::join(topics, " "),
                       folder_, link_.name);
  }
  void Look(const std::vector<std::string>& topics) {
    if (topics.empty()) return;
    Add(fmt::format("once {} answers again: what each side has", link_.source),
        fmt::format("klink mirror failback {} --plan --link {}", fmt::join(topics, " "), link_.name));
    Reverse(topics, fmt::format("if {} alone has nothing (else: {}), it goes on as the mirror", link_.source,
                                RecreateCommand(topics)));
  }
  void Reverse(const std::vector<std::string>& topics, std::string purpose) {
    if (topics.empty()) return;
    Add(std::move(purpose), fmt::format("klink mirror reverse {} --link {} --yes", fmt::join(topics, " "), link_.name));
  }
  void Recreate(const std::vector<std::string>& topics) {
    if (topics.empty()) return;
    Add(fmt::format("what {} alone has is written to {}, and its topics are DELETED and copied again", link_.source,
                    folder_),
        RecreateCommand(topics));
  }

  const config::LinkConfig& link_;
  std::string folder_;
  std::vector<DrillCommand> commands_;
};

}  // namespace

std::vector<std::string> WithoutWayBack(const config::Config& config, const config::LinkConfig& link,
                                        const std::vector<FailbackMirror>& mirrors) {
  std::vector<std::string> topics;
  for (const FailbackMirror& mirror : mirrors)
    if (LinkBack(config, link, mirror) == nullptr) topics.push_back(mirror.topic);
  return topics;
}

DrillFailback PlanWayBack(const config::Config& config, const config::LinkConfig& link, WayBackAsk ask) {
  DrillFailback out;
  out.compared = ask.view.has_value();
  std::vector<FailbackAction> reverse, recreate;
  if (ask.view) {
    reverse = PlanReverse(*ask.view, config, link, OldTail::kNone);
    FailbackView exported = *ask.view;  // as it would be asked for
    exported.exported_to = ask.export_folder;
    recreate = PlanRecreate(exported, config, link);
  }
  std::map<std::string, std::map<std::string, std::vector<std::string>>> by_link;
  std::vector<std::string> missing;
  for (const FailbackMirror& mirror : ask.mirrors) {
    DrillWayBack& way = out.topics.emplace_back();
    way.topic = mirror.topic;
    way.source_topic = mirror.source_topic;
    if (const config::LinkConfig* back = LinkBack(config, link, mirror)) way.link_back = back->name;
    if (ask.view) AddUp(*ask.view, way);
    Decide(reverse, recreate, way);
    if (!ask.view) way.detail = fmt::format("{} does not answer", link.source);
    if (way.link_back) {
      by_link[*way.link_back][way.way].push_back(way.topic);
      continue;
    }
    way.way = "look";
    way.detail = fmt::format("no link of the configuration mirrors {} from {} to {} as {}", mirror.topic,
                             link.destination, link.source, mirror.source_topic);
    if (mirror.topic == mirror.source_topic) missing.push_back(mirror.topic);
  }
  Commands commands(link, ask.export_folder);
  if (!missing.empty()) {
    commands.AddLink(missing);
    by_link[NewName(link)]["look"] = missing;
  }
  for (const auto& [back, ways] : by_link) commands.AddAll(back, ways);
  out.commands = commands.Take();
  return out;
}

}  // namespace klink::failover
