#include "link/foreign_links.h"

#include "link/state_reading.h"
#include "state/link_topics.h"

namespace klink::link {
std::string LinkOfStateTopic(std::string_view topic) {
  constexpr std::string_view kBefore = "_klink.", kBehind = ".state";
  if (topic.size() <= kBefore.size() + kBehind.size()) return "";
  if (!topic.starts_with(kBefore) || !topic.ends_with(kBehind)) return "";
  topic.remove_prefix(kBefore.size());
  topic.remove_suffix(kBehind.size());
  if (topic.find('.') != std::string_view::npos) return "";  // of a drill; no link has such a name
  return std::string(topic);
}

Async<Status> ForeignLinks::Follow(std::map<std::string, kafka::Uuid> topics) {
  std::erase_if(links_, [&topics](const auto& link) { return !topics.contains(state::StateTopic(link.first)); });
  Status result;
  for (const auto& [topic, id] : topics) {
    const std::string link = LinkOfStateTopic(topic);
    if (link.empty() || link == own_) continue;
    State& state = links_[link];
    if (state.id != id) state = State{id, 0, {}};
    const Status read = co_await Read(topic, state);
    if (IsCancelled(read)) co_return read;
    result.Update(read);
  }
  co_return result;
}

std::vector<Claim> ForeignLinks::ClaimsOn(std::string_view topic) const {
  std::vector<Claim> claims;
  for (const auto& [link, state] : links_)
    if (auto claim = ClaimOn(link, state.view, topic)) claims.push_back(*std::move(claim));
  return claims;
}

std::vector<Former> ForeignLinks::FormerCopies(std::string_view topic) const {
  std::vector<Former> copies;
  for (const auto& [link, state] : links_)
    if (auto former = FormerOn(link, state.view, topic)) copies.push_back(*std::move(former));
  return copies;
}

std::vector<const state::StateView*> ForeignLinks::From(const std::string& source_cluster_id) const {
  std::vector<const state::StateView*> views;
  for (const auto& [link, state] : links_)
    if (state.view.link() && state.view.link()->source_cluster_id == source_cluster_id) views.push_back(&state.view);
  return views;
}

Async<Status> ForeignLinks::Read(std::string topic, State& state) {
  const TopicPartition tp{std::move(topic), 0};
  for (;;) {
    CO_TRY(const bool more, co_await ReadSome(tp, state));
    if (!more) co_return Annotate(state.view.status(), fmt::format("reading {}", tp.topic));
  }
}

Async<StatusOr<bool>> ForeignLinks::ReadSome(TopicPartition tp, State& state) {
  StateReading reading;
  reading.next = state.next;
  reading.apply = [&state](std::string_view key, const auto& value) { state.view.Apply(key, value); };
  reading.begin_again = [&state] { state = State{state.id, 0, {}}; };
  auto more = co_await link::ReadSome(cluster_, std::move(tp.topic), reading);
  state.next = reading.next;
  co_return more;
}

}  // namespace klink::link
