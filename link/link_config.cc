// The link's configuration while it runs: what a reload changes, and the generation all agents of the link see.
#include "base/log.h"
#include "link/cluster_admin.h"
#include "link/config_generation.h"
#include "link/link.h"

namespace klink::link {

class Link::Settings final : public ConfigPorts {
 public:
  explicit Settings(Link& link) : link_(link) {}
  std::optional<Mirror> Find(const std::string& name) const override {
    const state::MirrorRecord* record = link_.book_->Find(name);
    if (record == nullptr || !link_.MayRun(name)) return std::nullopt;
    const bool active = record->phase == state::Phase::kActive;
    return Mirror{record->source_topic, record->destination_topic_id, active ? Aligned::kYes : Aligned::kNo};
  }
  Status MayAlter(const std::string& name) const override {
    return link_.state_->MayDo(state::Effect::kAlterConfigs, name, link_.MayWrite());
  }
  Async<StatusOr<SettingsByTopic>> Describe(Side side, std::vector<std::string> topics) override {
    if (side == Side::kSource) return DescribeTopicSettings(link_.source_, std::move(topics));
    return DescribeTopicSettings(link_.destination_, std::move(topics), kRightThere);
  }
  Async<std::map<std::string, Status>> Alter(ChangesByTopic changes) override {
    return AlterTopicConfigs(link_.destination_, std::move(changes));
  }

 private:
  Link& link_;
};

void Link::BeginConfigs() {
  if (configs_) ended_configs_ = config_counts();
  configs_ = std::make_unique<ConfigSync>(std::make_unique<Settings>(*this), config_, parts_.clock);
}

void Link::Reconfigure(const config::LinkConfig& next, config::LinkReload reload) {
  config_ = next;
  if (auto sets = config::TopicSets::Compile(config_.sets); sets.ok()) sets_ = *std::move(sets);
  fetch_.Limit(config_.limits.bytes_per_second);
  if (sync_)
    if (auto filter = config::TopicFilter::Compile(config_.topics); filter.ok()) sync_->Follow(*std::move(filter));
  if (steering_ && reload == config::LinkReload::kMirrors) {
    std::vector<TopicPartition> all;
    for (const auto& [tp, running] : mirrors_) all.push_back(tp);
    for (const TopicPartition& tp : all) StopMirror(tp);  // the next round begins them with the new settings
  }
  CompareConfig();
  SyncNow();
}

// The leader's file is the configuration of the link: at take-over and after a reload.
Async<Status> Link::PublishConfig() {
  auto next = NextGeneration(config_, state_->view().config(), parts_.agent_id);
  if (!next) co_return absl::OkStatus();
  const int64_t generation = next->generation;
  CO_RETURN_IF_ERROR(co_await state_->WriteOne(*std::move(next)));
  Log(Level::kInfo, Event::kConfigPublished, "the link runs with this agent's configuration",
      {{"link", config_.name}, {"generation", generation}});
  co_return absl::OkStatus();
}

// A standby whose file differs says so; it is not used until the standby leads.
void Link::CompareConfig() {
  if (leading_ || LedElsewhere() == nullptr) return differing_.clear();
  std::vector<std::string> keys = DifferingSettings(config_, state_->view().config());
  if (keys == differing_) return;
  if (differing_.empty()) differing_since_ = parts_.clock.Wall();
  differing_ = std::move(keys);
  if (differing_.empty()) return;
  Log(Level::kWarning, Event::kConfigDiffers, DifferenceText(*state_->view().config(), differing_),
      {{"link", config_.name}, {"reason", state::Name(state::Reason::kConfigDiffers)}});
}

ConfigCounts Link::config_counts() const {
  ConfigCounts sum = ended_configs_;
  if (!configs_) return sum;
  const ConfigCounts& now = configs_->counts();
  sum.followed += now.followed, sum.corrected += now.corrected, sum.refused += now.refused;
  return sum;
}

}  // namespace klink::link
