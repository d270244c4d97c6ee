// What group sync knows of the groups it carries over: where they stand at the source, and what was committed at the
// destination for that. Pure; it is kept while an agent leads the link, and filled anew from both clusters by the next.
//
// A steady round is a comparison: topics are numbers, and an answer that names the same partitions in the same order as
// the one before touches no index and takes no memory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "kafka/messages/offset_fetch.h"
#include "link/group_plan.h"
#include "state/records.h"

namespace klink::link {

// One position.
struct GroupEntry {
  static constexpr int64_t kNone = -1;

  int32_t topic = 0;  // its number in the book
  int32_t partition = 0;
  int64_t source = kNone;               // committed at the source
  int64_t sent = kNone;                 // committed at the destination, by us or found there
  int64_t left = kNone;                 // where the source stood when the group was seen at work at the destination
  Instant sent_at{};                    //
  bool metadata_sent = true;            // the destination has the same metadata
  bool behind = false;                  // `sent` is less than the translation of `source`
  std::optional<std::string> metadata;  // of the source's commit
  PlannedPosition::Kind answer = PlannedPosition::Kind::kUnknown;
  std::string why;  // of an answer that is not exact
};

struct Group {
  int32_t source_broker = -1;  // its coordinators; -1: not known
  int32_t destination_broker = -1;
  std::string source_state;
  std::string destination_state;         // empty: there is no such group there
  std::vector<GroupEntry> entries;       // as the source last told them
  bool met = false;                      // what the destination had was read
  std::optional<Instant> missing_since;  // not at the source any more
  bool gone = false;                     // that is sure
  bool carried = false;                  // the destination has positions of it in our mirrors
  std::optional<WallTime> committed;     // by us, the last time
  std::optional<CommitResult> refusal;   // of the last commit
  std::string trouble;                   // in words, of the last round
};

class GroupBook {
 public:
  std::map<std::string, Group>& groups() { return groups_; }
  const std::map<std::string, Group>& groups() const { return groups_; }

  int32_t TopicNumber(const std::string& source_topic);
  const std::string& TopicName(int32_t number) const { return topics_[static_cast<size_t>(number)]; }
  size_t topic_count() const { return topics_.size(); }

  // What the group has committed at the source. A partition in an open transaction keeps what was known of it; what is
  // not named any more is forgotten.
  void TakeSource(Group& group, const kafka::CommittedGroup& told);
  // What it has at the destination, by the number of the source topic. `now` − a day: it may be about to expire.
  void TakeDestination(Group& group, const kafka::CommittedGroup& told,
                       const std::unordered_map<std::string, int32_t>& number_of_destination, Instant sent_at);
  // What an earlier leader wrote down.
  void TakeRecord(const state::GroupRecord& record,
                  const std::unordered_map<std::string, int32_t>& number_of_destination);
  // The mirror topic is another one now: its committed offsets went with the old one.
  void ForgetSent(int32_t topic);

  // What must be remembered of a group beyond this leader's life.
  state::GroupRecord RecordOf(const std::string& name, const Group& group,
                              const std::vector<std::string>& destination_of_number) const;

 private:
  GroupEntry& EntryOf(Group& group, int32_t topic, int32_t partition);

  std::map<std::string, Group> groups_;
  std::vector<std::string> topics_;
  std::unordered_map<std::string, int32_t> numbers_;
};

}  // namespace klink::link
