// The mirror records of the state topic, changed one field at a time: changes made while a transaction is under way
// travel together in the next one, so a thousand partitions that become ACTIVE at once cost a few transactions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/task_group.h"
#include "state/control.h"
#include "state/link_state.h"

namespace klink::link {

class MirrorBook {
 public:
  MirrorBook(Executor executor, state::LinkState& state);

  // As last written, or staged: what the next change builds on. Null when there is no such mirror.
  const state::MirrorRecord* Find(const std::string& destination_topic) const;
  // Do its record and the link's let it run? Not when there is none.
  bool MayRun(const std::string& destination_topic) const;
  // OK once the changed record is written and read back. A pause stays: the change sees the mirror below it
  // (state/control.h). NotFound: no such mirror; FailedPrecondition: it is being promoted or was.
  using Change = std::function<void(state::MirrorRecord&)>;
  Async<Status> Update(std::string destination_topic, Change change);
  // A new mirror, or one begun anew, paused or resumed.
  Async<Status> Put(state::MirrorRecord record);
  // All in one transaction, with what else belongs to it.
  Async<Status> PutAll(std::vector<state::MirrorRecord> records, std::vector<state::Record> others = {});
  void Stop() { tasks_.Stop(); }
  Async<void> Join() { co_await tasks_.Join(); }

 private:
  struct Round {  // one transaction and those who wait for it
    explicit Round(Executor executor) : done(std::move(executor)) {}
    std::map<std::string, state::MirrorRecord> staged;
    std::vector<state::Record> others;
    bool empty() const { return staged.empty() && others.empty(); }
    std::optional<Status> result;
    Signal done;
  };
  Async<Status> Written(std::shared_ptr<Round> round);
  Async<void> Write();

  Executor executor_;
  state::LinkState& state_;
  std::shared_ptr<Round> next_;     // collects
  std::shared_ptr<Round> current_;  // under way
  TaskGroup tasks_;
};

}  // namespace klink::link
