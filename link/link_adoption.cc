// klink mirror reverse: a topic of the destination that klink did not write is taken over as a mirror. Written to its
// record in two steps: SETUP_FOR_RESTORE says that somebody decided, RESTORE that its partitions may begin. A mirror
// that was promoted has shut out the producers of its link: it gets its own, and no transaction begins with a slot it
// knows.
#include <algorithm>

#include "base/log.h"
#include "link/adoption_plan.h"
#include "link/cluster_admin.h"
#include "link/link.h"
#include "state/link_topics.h"

namespace klink::link {
namespace {

constexpr Duration kUnusedTimeout = 60s;  // these ids are for plain batches and for fences

}  // namespace

// New ones for a mirror that was promoted before; `others`: what must be written with its record.
Async<Status> Link::GiveProducers(state::MirrorRecord& record, int64_t incarnation,
                                  std::vector<state::Record>& others) {
  const int64_t now = parts_.clock.Wall().time_since_epoch().count();
  const std::string data_id = state::DataTransactionalId(config_.name, incarnation);
  const std::string filler_id = state::FillerTransactionalId(config_.name, incarnation);
  CO_TRY(const ProducerIdentity data, co_await InitProducer(destination_, parts_.clock, data_id, kUnusedTimeout));
  CO_TRY(const ProducerIdentity filler, co_await InitProducer(destination_, parts_.clock, filler_id, kUnusedTimeout));
  state::MirrorProducers producers;
  producers.incarnation = incarnation;
  producers.data_pid = data.producer_id;
  producers.data_epoch = data.producer_epoch;
  producers.filler_pid = filler.producer_id;
  producers.filler_epoch = filler.producer_epoch;
  record.producers = producers;
  others.emplace_back(state::PidRecord{data.producer_id, state::PidUse::kData, now});
  others.emplace_back(state::PidRecord{filler.producer_id, state::PidUse::kFiller, now});
  identity_.ever_used->insert({data.producer_id, filler.producer_id});
  co_return absl::OkStatus();
}

// The link's, or those of the mirror alone.
Identity Link::IdentityOf(const state::MirrorRecord* mirror) const {
  Identity identity = identity_;
  if (mirror == nullptr || !mirror->producers) return identity;
  identity.producer_id = mirror->producers->data_pid;
  identity.producer_epoch = static_cast<int16_t>(mirror->producers->data_epoch);
  identity.filler_producer_id = mirror->producers->filler_pid;
  identity.filler_epoch = static_cast<int16_t>(mirror->producers->filler_epoch);
  return identity;
}

Async<StatusOr<std::vector<AdoptedMirror>>> Link::BeginAdoption(AdoptRequest request) {
  if (state_->view().promotion() != nullptr)
    co_return FailedPrecondition("a promotion of link {} is under way: wait for its end", config_.name);
  if (state_->view().pause().paused)
    co_return FailedPrecondition("link {} is PAUSED, as failover --all leaves it: klink link resume {} first",
                                 config_.name, config_.name);
  CO_TRY(TopicSync::Adoptions plan, co_await sync_->PlanAdoptions(std::move(request.topics)));
  const bool refused = std::any_of(plan.answers.begin(), plan.answers.end(),
                                   [](const AdoptedMirror& answer) { return answer.outcome == "refused"; });
  if (request.dry_run || refused || plan.records.empty()) co_return std::move(plan.answers);
  int64_t incarnation = 0;
  for (const auto& [topic, mirror] : state_->view().mirrors())
    if (mirror.producers) incarnation = std::max(incarnation, mirror.producers->incarnation);
  std::vector<state::Record> others;
  for (state::MirrorRecord& record : plan.records) {
    const state::MirrorRecord* was = book_->Find(record.destination_topic);
    if (was == nullptr || was->phase != state::Phase::kStopped) continue;
    CO_RETURN_IF_ERROR(co_await GiveProducers(record, ++incarnation, others));
  }
  if (!others.empty()) {
    state::LinkRecord link = *state_->view().link();
    link.slots_from = slots_->size();
    others.emplace_back(std::move(link));
  }
  CO_RETURN_IF_ERROR(Written(co_await book_->PutAll(plan.records, std::move(others))));
  for (const state::MirrorRecord& record : plan.records)
    CO_RETURN_IF_ERROR(co_await Forget(record.destination_topic, static_cast<int32_t>(record.partitions.size())));
  CO_RETURN_IF_ERROR(co_await sync_->SetUpAdopted(plan.records));
  for (state::MirrorRecord& record : plan.records) record.phase = state::Phase::kRestore;
  for (const state::MirrorRecord& record : plan.records)
    Log(Level::kInfo, Event::kMirrorResumed, "the old source is taken over as a mirror",
        {{"link", config_.name}, {"topic", record.destination_topic}, {"by", request.by}, {"why", request.reason}});
  CO_RETURN_IF_ERROR(Written(co_await book_->PutAll(std::move(plan.records))));
  CO_RETURN_IF_ERROR(co_await FollowRecords());
  co_return std::move(plan.answers);
}

}  // namespace klink::link
