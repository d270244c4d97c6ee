// A link's state as one agent has it: the view it believes, kept up to date, and the right to change it. Every agent
// reads; only the controller writes, and a broker fences all but the newest one. A write has happened when this agent
// has read it back: only then can every other agent read it too.
#pragma once

#include <string>
#include <vector>

#include "admin/state_log.h"
#include "base/permits.h"
#include "state/effects.h"
#include "state/view.h"

namespace klink::state {

struct LinkStateOptions {
  admin::Access destination;
  std::string link;
  std::string agent;
  ControllerKind kind = ControllerKind::kAgent;
};

class LinkState {
 public:
  // Clock and pool outlive it.
  LinkState(Executor executor, Clock& clock, BlockingPool& pool, LinkStateOptions options);
  ~LinkState();

  // Reads everything there is. NotFound: the state topic does not exist (link_topics.h says what that means).
  Async<Status> Open();
  const StateView& view() const { return view_; }
  // OK; or why nobody may act on the view now.
  Status status() const;
  // Has the state been read to its end at most this long ago?
  bool FreshWithin(Duration age = kStateAge) const { return view_.status().ok() && tailer_.FreshWithin(age); }
  Instant last_read_at() const { return tailer_.last_read_at(); }
  // May this mirror have this effect now? `lease_runs` as in effects.h. NotFound: there is no such mirror.
  Status MayDo(Effect effect, std::string_view destination_topic, bool lease_runs) const;
  // The same of an effect that concerns the link as a whole.
  Status MayDoForLink(Effect effect, bool lease_runs) const;

  // Fences every earlier controller; ends when all that those wrote has been read.
  Async<Status> TakeControl();
  // As far as this agent knows: nobody refused its writes, and nobody else's were read after its own.
  bool in_control() const;
  // How long ago this agent read a transaction of whoever controls the link; at first, when it was opened.
  Duration SinceController() const { return clock_.Now() - controller_read_at_; }
  // All of `records` or none; only moves that states.h allows. FailedPrecondition "another controller took over"
  // stays until TakeControl.
  Async<Status> Write(std::vector<Record> records);
  Async<Status> WriteOne(Record record);
  Async<Status> EraseMirror(std::string destination_topic);
  // Entries of a ledger, by their keys.
  Async<Status> EraseAll(std::vector<std::string> keys);

  // The view, its freshness' cause, or control may be another one.
  Signal& changed() { return changed_; }
  // Once after Open(), whatever that answered, before it is destroyed.
  Async<void> Close();

  static constexpr Duration kVisibleLimit = 15s;  // from the commit until it is read back

 private:
  Standing StandingNow(bool lease_runs) const;
  Async<Status> Commit(std::vector<admin::KeyValue> entries);
  Async<Status> ReadBack();
  admin::KeyValue Stamp();
  void OnRecord(const admin::LogRecord& record);

  Clock& clock_;
  LinkStateOptions options_;
  StateView view_;
  Signal changed_;
  admin::StateTailer tailer_;
  admin::StateWriter writer_;
  Permits turn_;
  std::string session_;
  Instant controller_read_at_{};
  int64_t sequence_ = 0;   // of the last transaction begun
  int64_t read_back_ = 0;  // of the last one seen in the topic
};

}  // namespace klink::state
