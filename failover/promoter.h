// The controller of promotions: ends the copying of mirrors for good, so that their topics can be written to.
//
// A promotion is a journal (state/promotion.h). Each step is written down before it is begun and does no harm when it
// is carried out twice, so whoever leads the link next goes on where the last leader stopped; both being alive, the
// broker refuses the older one's writes, and its effects are asked for right before each (PromotionHost::MayStep).
//
// No step waits without a limit. What one topic cannot have done keeps no other topic back: it stays PENDING_STOPPED,
// and the command that goes on with it is in the answer. Groups, settings and grants keep nothing back at all.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/permits.h"
#include "base/signal.h"
#include "failover/destination.h"
#include "failover/quiet.h"
#include "link/promotion.h"

namespace klink::failover {

class Cutover;

class Controller final : public link::Promoter {
 public:
  // All outlive it.
  Controller(link::PromotionHost& host, Destination& destination, Executor executor, Clock& clock);
  ~Controller() override;

  Async<Status> Run() override;
  Async<StatusOr<link::PromotionSnapshot>> Ask(link::PromoteRequest request) override;
  Async<StatusOr<link::CutoverSnapshot>> AskCutover(link::CutoverRequest request) override;
  // Carries out what the journal holds, to its end.
  Async<Status> CarryOut();
  // Of mirrors that are copied: what each still misses, by topic, before it may be promoted as planned.
  Async<std::map<std::string, std::string>> NotReady(const std::set<std::string>& topics, Quiet& quiet);

 private:
  using Outcome = state::PromotionOutcome;
  using Step = state::PromotionStep;
  using Trouble = std::pair<state::Reason, std::string>;

  Async<StatusOr<link::PromotionSnapshot>> Answer(link::PromoteRequest request);
  Async<Status> PauseBehind(const state::PromotionRecord& promotion);
  Async<Status> Begin(std::vector<state::PromotionRecord> waves);
  Async<Status> Carry(state::PromotionRecord& now);
  Async<Status> Synchronize(state::PromotionRecord& now);
  Async<Status> GiveUp(state::PromotionRecord& now, std::map<std::string, std::string> missing);
  Async<Status> StopCopying(state::PromotionRecord& now);
  std::vector<state::PromotionRecord> WavesBehind(const state::PromotionRecord& now) const;
  Async<Status> EndTransactions(state::PromotionRecord& now);
  Async<Status> Fence(state::PromotionRecord& now);
  Async<Status> WriteFences(const std::vector<OwnProducer>& own, FencePlan plan, Attempted& attempted);
  Async<Status> RunEmptyTransactions(const std::vector<OwnProducer>& own, FencePlan plan, Attempted& attempted);
  Async<StatusOr<std::vector<OwnProducer>>> OwnProducers(std::set<std::string> topics);
  Async<Status> RecordCut(state::PromotionRecord& now);
  Async<Status> ReadTails(std::map<TopicPartition, state::CutPartition*> tails);
  Async<void> ReadTailOf(TopicPartition tp, state::CutPartition& cut, Permits& permits, const std::set<int64_t>& own);
  Async<void> LeaveOutOthers(TopicPartition tp, state::CutPartition& cut, const std::set<int64_t>& own);
  Async<Status> CommitGroups(state::PromotionRecord& now);
  Async<Status> RestoreConfigs(state::PromotionRecord& now);
  Async<Status> ReleaseAcls(state::PromotionRecord& now);
  Async<Status> Finish(state::PromotionRecord& now);

  // Writes that `next` is under way, with what belongs to it.
  Async<Status> Advance(state::PromotionRecord& now, Step next, std::vector<state::Record> with = {});
  std::vector<state::Record> Stopping(const state::PromotionRecord& promotion) const;
  state::CutRecord CutOf(const state::PromotionRecord& now, const std::string& topic) const;
  std::set<TopicPartition> PartitionsOf(const std::set<std::string>& topics) const;
  Async<AllFacts> Inspect(std::set<TopicPartition> partitions);
  Async<AllFacts> InspectAll(std::set<TopicPartition> partitions);
  int64_t NowMs() const { return clock_.Wall().time_since_epoch().count(); }

  link::PromotionHost& host_;
  Destination& destination_;
  Executor executor_;
  Clock& clock_;
  bool markers_ = true;  // until the cluster refuses them
  std::string markers_refused_;
  std::map<TopicPartition, DestOffset> known_ends_;  // up to there klink knew its copy, where the log went on
  Permits asking_;
  Signal changed_;
  std::unique_ptr<Cutover> cutover_;
};

// Those still under way.
std::set<std::string> RunningTopics(const state::PromotionRecord& promotion);

}  // namespace klink::failover
