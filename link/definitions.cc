#include "link/definitions.h"

#include <algorithm>

#include "base/log.h"
#include "link/definition_settings.h"

namespace klink::link {

using state::LinkDefinition;

struct Definitions::Asked {
  explicit Asked(Executor executor) : done(std::move(executor)) {}
  std::optional<Status> answer;
  Signal done;
};

namespace {

const config::LinkConfig* FindLink(const config::Config& config, const std::string& link) {
  for (const config::LinkConfig& one : config.links)
    if (one.name == link) return &one;
  return nullptr;
}

// A definition under that link's name, found at a cluster: the link it makes, or why it makes none.
StatusOr<config::LinkConfig> LinkOf(const std::string& link, LinkDefinition definition, const std::string& cluster,
                                    const std::string& cluster_id, const config::Config& file) {
  if (FindLink(file, link) != nullptr)
    return FailedPrecondition("a link of that name stands in the configuration, which wins");
  if (definition.destination_cluster_id != cluster_id)
    return FailedPrecondition("it was made for the cluster {}, and stands at {} as a copy",
                              definition.destination_cluster_id, cluster_id);
  if (!file.clusters.contains(definition.source))
    return FailedPrecondition("its source {} is no cluster of this agent's configuration", definition.source);
  definition.destination = cluster;  // as it is called here
  return CheckedConfig(link, definition, file);
}

}  // namespace

MergedConfig Merge(const config::Config& file, const KnownDefinitions& known) {
  MergedConfig merged;
  merged.config = file;
  for (const auto& [cluster, listed] : known) {
    for (const auto& [link, why] : listed.unread)
      if (FindLink(file, link) == nullptr && !listed.definitions.contains(link)) merged.passed_over[link] = why;
    for (const auto& [link, definition] : listed.definitions) {
      if (definition.removing) continue;
      if (const auto made = merged.made.find(link); made != merged.made.end()) {
        if (made->second.destination_cluster_id != listed.cluster_id)
          merged.passed_over[link] = fmt::format("cluster {} has another link of that name", cluster);
        continue;  // else: one cluster under two names
      }
      auto config = LinkOf(link, definition, cluster, listed.cluster_id, file);
      if (!config.ok()) {
        merged.passed_over[link] = Text(config.status());
        continue;
      }
      merged.passed_over.erase(link);
      merged.config.links.push_back(*std::move(config));
      LinkDefinition& made = merged.made[link] = definition;
      made.destination = cluster;
    }
  }
  return merged;
}

Definitions::Definitions(Executor executor, Clock& clock, std::unique_ptr<DefinitionPort> port, config::Config file)
    : executor_(executor),
      clock_(clock),
      port_(std::move(port)),
      file_(std::move(file)),
      turn_(executor, 1),
      changed_(executor),
      followed_now_(executor),
      tasks_(executor) {
  merged_ = Merge(file_, known_);
}

void Definitions::Start() { LookAtAll(); }

Async<void> Definitions::Stop() {
  tasks_.Stop();
  co_await tasks_.Join();
  co_await port_->Close();
}

void Definitions::LookAtAll() {
  for (const auto& [cluster, settings] : file_.clusters)
    if (looking_.insert(cluster).second) tasks_.Spawn(KeepLooking(cluster));
}

Async<void> Definitions::KeepLooking(std::string cluster) {
  do {
    if (!file_.clusters.contains(cluster)) break;
    co_await Look(cluster);
    co_await FinishRemovals(cluster);
  } while ((co_await clock_.Sleep(kLookEvery)).ok());
  looking_.erase(cluster);
}

// What was listed while something was changed here may be older than that: the next look tells.
Async<void> Definitions::Look(std::string cluster) {
  const int64_t notes = notes_;
  auto listing = co_await port_->List(cluster);
  if (listing.ok()) {
    troubles_.erase(cluster);
    if (notes != notes_ || !file_.clusters.contains(cluster)) co_return;
    ClusterDefinitions now{std::move(listing->cluster_id), std::move(listing->definitions), std::move(listing->unread)};
    ClusterDefinitions& was = known_[cluster];
    // What cannot be read now is as it was.
    for (const auto& [link, why] : now.unread)
      if (const auto before = was.definitions.find(link); before != was.definitions.end())
        now.definitions.insert(*before);
    const bool news =
        was.cluster_id != now.cluster_id || was.definitions != now.definitions || was.unread != now.unread;
    was = std::move(now);
    if (news) Learned();
  } else if (!IsCancelled(listing.status()) && troubles_.insert(cluster).second) {
    const auto known = known_.find(cluster);
    const bool any = known != known_.end() && !known->second.definitions.empty();
    Log(any ? Level::kWarning : Level::kDebug, Event::kConfigReload,
        fmt::format("links made over Kafka REST are not looked for at cluster {}; those that are known go on: {}",
                    cluster, Text(listing.status())));
  }
}

// What nobody finished who began it. A link that stands in a file was no more than renounced: its state stays.
Async<void> Definitions::FinishRemovals(std::string cluster) {
  std::vector<std::string> left;
  const auto listed = known_.find(cluster);
  if (listed == known_.end()) co_return;
  const int64_t before = clock_.Wall().time_since_epoch().count() - ToMillis(kRemovalGrace);
  for (const auto& [link, definition] : listed->second.definitions)
    if (definition.removing && definition.destination_cluster_id == listed->second.cluster_id &&
        definition.changed_ms < before)
      left.push_back(link);
  for (const std::string& link : left) {
    if (FindLink(file_, link) == nullptr) {
      (void)co_await InTurn(FinishRemoval(cluster, link));
      continue;
    }
    const DefinitionChange erase = [](const DefinitionStanding&) { return std::optional<LinkDefinition>(); };
    if ((co_await port_->Write(cluster, link, erase, DefinitionPort::Topic::kIsThere)).ok())
      Note(cluster, link, std::nullopt);
  }
}

Async<Status> Definitions::FinishRemoval(std::string cluster, std::string link) {
  Status removed = co_await port_->Remove(cluster, link);
  if (absl::IsNotFound(removed)) removed = absl::OkStatus();
  if (removed.ok()) Note(cluster, link, std::nullopt);
  co_return removed;
}

void Definitions::Follow(config::Config file) {
  file_ = std::move(file);
  std::erase_if(known_, [this](const auto& entry) { return !file_.clusters.contains(entry.first); });
  merged_ = Merge(file_, known_);
  Tell();
  LookAtAll();
}

void Definitions::Followed(int64_t version) {
  followed_ = std::max(followed_, version);
  followed_now_.NotifyAll();
}

void Definitions::Learned() {
  version_++;
  merged_ = Merge(file_, known_);
  Tell();
  changed_.NotifyAll();
}

void Definitions::Tell() {
  for (const auto& [link, why] : merged_.passed_over)
    if (told_[link] != why)
      Log(Level::kWarning, Event::kConfigReload,
          fmt::format("the link {} that was made over Kafka REST is passed over: {}", link, why), {{"link", link}});
  told_ = merged_.passed_over;
}

void Definitions::Note(const std::string& cluster, const std::string& link, std::optional<LinkDefinition> definition) {
  notes_++;
  ClusterDefinitions& listed = known_[cluster];
  if (definition) {
    if (listed.cluster_id.empty()) listed.cluster_id = definition->destination_cluster_id;
    listed.definitions[link] = *std::move(definition);
  } else {
    listed.definitions.erase(link);
  }
  Learned();
}

const LinkDefinition* Definitions::Find(const std::string& link) const {
  const auto made = merged_.made.find(link);
  return made == merged_.made.end() ? nullptr : &made->second;
}

std::map<std::string, std::string> Definitions::Clusters() const {
  std::map<std::string, std::string> ids;
  for (const auto& [cluster, listed] : known_) ids[cluster] = listed.cluster_id;
  return ids;
}

// ---- changes ----

Async<void> Definitions::Carry(Async<Status> work, std::shared_ptr<Asked> asked) {
  const auto taken = co_await turn_.Take(1);
  Status done = taken.status();
  if (taken.ok()) {
    done = co_await std::move(work);
    turn_.Give(*taken);
  }
  asked->answer = std::move(done);
  asked->done.NotifyAll();
}

Async<Status> Definitions::InTurn(Async<Status> work) {
  auto asked = std::make_shared<Asked>(executor_);
  tasks_.Spawn(Carry(std::move(work), asked));
  while (!asked->answer) CO_RETURN_IF_ERROR(co_await asked->done.Wait());
  co_return *asked->answer;
}

Async<Status> Definitions::Create(std::string link, LinkDefinition definition) {
  return InTurn(CreateNow(std::move(link), std::move(definition)));
}
Async<Status> Definitions::Alter(std::string link, Change change) {
  return InTurn(AlterNow(std::move(link), std::move(change)));
}
// Other agents leave it as they come to know; what cannot be deleted by then is deleted later.
Async<Status> Definitions::Remove(std::string link, std::string by) {
  const LinkDefinition* known = Find(link);
  if (known == nullptr) co_return NotFound("there is no link {} that was made over Kafka REST", link);
  const std::string cluster = known->destination;
  CO_RETURN_IF_ERROR(co_await InTurn(RenounceNow(link, std::move(by))));
  Status removed;
  for (const Instant last = clock_.Now() + kRemovalMost; clock_.Now() < last;) {
    removed = co_await InTurn(FinishRemoval(cluster, link));
    if (removed.ok()) co_return removed;
    CO_RETURN_IF_ERROR(co_await clock_.Sleep(kRemovalPoll));
  }
  Log(Level::kInfo, Event::kConfigReload,
      "the link was removed; what klink keeps of it is deleted once no agent runs it",
      {{"link", link}, {"error", Text(removed)}});
  co_return absl::OkStatus();
}

Async<Status> Definitions::WriteAndFollow(std::string cluster, std::string link, DefinitionChange change,
                                          DefinitionPort::Topic topic) {
  auto written = std::make_shared<std::optional<LinkDefinition>>();
  const DefinitionChange noted = [this, change, written](const DefinitionStanding& now) {
    auto next = change(now);
    if (next.ok() && *next) {
      (*next)->revision = now.definition ? now.definition->revision + 1 : 1;
      (*next)->changed_ms = clock_.Wall().time_since_epoch().count();
    }
    *written = next.ok() ? *next : std::nullopt;
    return next;
  };
  CO_RETURN_IF_ERROR(co_await port_->Write(cluster, link, noted, topic));
  Note(cluster, link, *written);
  const int64_t version = version_;
  const Instant last = clock_.Now() + kFollowMost;
  TaskGroup timer(executor_);
  timer.Spawn(WakeAfter(kFollowMost));
  Status waited;
  while (waited.ok() && followed_ < version && clock_.Now() < last) waited = co_await followed_now_.Wait();
  timer.Stop();
  co_await timer.Join();
  co_return waited;
}

Async<void> Definitions::WakeAfter(Duration limit) {
  if ((co_await clock_.Sleep(limit)).ok()) followed_now_.NotifyAll();
}

bool Definitions::IsBeingRemoved(const std::string& cluster, const std::string& link) const {
  const auto listed = known_.find(cluster);
  if (listed == known_.end()) return false;
  const auto there = listed->second.definitions.find(link);
  return there != listed->second.definitions.end() && there->second.removing;
}

Async<Status> Definitions::CreateNow(std::string link, LinkDefinition definition) {
  const std::string cluster = definition.destination;
  // Under the name again right after it was deleted: what is left of it goes first.
  if (IsBeingRemoved(cluster, link))
    if (const Status removed = co_await FinishRemoval(cluster, link); !removed.ok())
      co_return Unavailable("link {} is still being removed: {}", link, Text(removed));
  const DefinitionChange make = [link,
                                 definition](const DefinitionStanding& now) -> StatusOr<std::optional<LinkDefinition>> {
    if (now.definition && now.definition->removing) return Unavailable("link {} is still being removed", link);
    if (now.definition) return AlreadyExists("there is a link {} already", link);
    if (now.begun)
      return AlreadyExists(
          "the destination keeps the state of a link {}, which was not made over REST: it stands in an agent's "
          "configuration, or klink link delete {} removes it",
          link, link);
    return std::optional(definition);
  };
  co_return co_await WriteAndFollow(cluster, link, make, DefinitionPort::Topic::kMake);
}

Async<Status> Definitions::AlterNow(std::string link, Change change) {
  const LinkDefinition* known = Find(link);
  if (known == nullptr) co_return NotFound("there is no link {} that was made over Kafka REST", link);
  const std::string cluster = known->destination;
  const DefinitionChange alter = [link,
                                  change](const DefinitionStanding& now) -> StatusOr<std::optional<LinkDefinition>> {
    if (!now.definition || now.definition->removing) return NotFound("link {} was removed", link);
    LinkDefinition next = *now.definition;
    RETURN_IF_ERROR(change(next));
    return std::optional(std::move(next));
  };
  co_return co_await WriteAndFollow(cluster, link, alter, DefinitionPort::Topic::kIsThere);
}

// From here on no agent runs it.
Async<Status> Definitions::RenounceNow(std::string link, std::string by) {
  const LinkDefinition* known = Find(link);
  if (known == nullptr) co_return NotFound("there is no link {} that was made over Kafka REST", link);
  const std::string cluster = known->destination;
  const DefinitionChange remove = [link, by](const DefinitionStanding& now) -> StatusOr<std::optional<LinkDefinition>> {
    if (!now.definition) return NotFound("link {} was removed", link);
    LinkDefinition next = *now.definition;
    next.removing = true;
    next.by = by;
    return std::optional(std::move(next));
  };
  co_return co_await WriteAndFollow(cluster, link, remove, DefinitionPort::Topic::kIsThere);
}

}  // namespace klink::link
