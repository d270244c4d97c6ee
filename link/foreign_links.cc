#include "link/foreign_links.h"

#include "kafka/record_batch.h"
#include "link/committed_fetch.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

constexpr FetchBounds kRead = {4 << 20, 10s};
constexpr size_t kRecordBytesMost = 64 << 20;  // out of one compressed batch

}  // namespace

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

// Up to the last stable offset; false when nothing was behind `next`.
Async<StatusOr<bool>> ForeignLinks::ReadSome(TopicPartition tp, State& state) {
  CO_TRY(auto answer, co_await FetchCommittedFrom(cluster_, tp, state.next, kRead));
  if (answer.error_code == kafka::Error::kOffsetOutOfRange && state.next != 0) {
    state = State{state.id, 0, {}};
    co_return true;
  }
  if (answer.error_code != kafka::Error::kNone) {
    cluster_.ForgetLeader(tp);
    co_return kafka::ToStatus(answer.error_code, fmt::format("reading {}", tp.topic));
  }
  const int64_t before = state.next;
  AbortedData aborted = AbortedOf(answer);
  kafka::BatchWalker walker(std::move(answer.records));
  for (;;) {
    CO_TRY(const auto batch, walker.Next());
    if (!batch) break;
    if (batch->magic != 2) co_return DataLoss("{}: a batch of message format v{}", tp, batch->magic);
    const kafka::BatchView view = batch->view();
    const bool skip = aborted.Covers(view) || view.control();
    const int64_t from = std::exchange(state.next, std::max(state.next, view.next_offset()));
    if (skip) continue;
    CO_TRY(const auto records, kafka::ReadRecords(view, kRecordBytesMost));
    for (const kafka::Record& record : records)
      if (view.base_offset() + record.offset_delta >= from && record.key) state.view.Apply(*record.key, record.value);
  }
  co_return state.next > before;
}

}  // namespace klink::link
