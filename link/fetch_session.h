// The incremental fetch session with one source broker (KIP-227, protocol.md L13): only what changed is sent and
// answered, so an idle partition costs nothing. Pure: what is wanted in, a request out.
#pragma once

#include <limits>
#include <map>

#include "base/types.h"
#include "kafka/messages/fetch.h"

namespace klink::link {

// The epoch of a session's next request: 0 asks for a new session, so it is never come back to.
constexpr int32_t NextSessionEpoch(int32_t epoch) {
  return epoch == std::numeric_limits<int32_t>::max() ? 1 : epoch + 1;
}

// The leader's epoch changed since `known`: was nothing fetched yet whose epoch would show that its log differs (L11),
// or is it another topic of that name (L12)? Then what was copied has to be compared before anything is fetched.
constexpr bool MustCompare(int32_t known, int32_t now, int32_t last_fetched) {
  return known >= 0 && (now < known || (now > known && last_fetched < 0));
}

class FetchSession {
 public:
  struct Want {
    int64_t offset = 0;
    int32_t leader_epoch = -1;
    int32_t last_fetched_epoch = -1;  // of the batch before `offset`: the broker tells when its log differs (L11)
    friend bool operator==(const Want&, const Want&) = default;
  };
  using Wanted = std::map<TopicPartition, Want>;

  // Session id and epoch, partitions whose offset changed, partitions no longer wanted. Sizes and waits are the
  // caller's.
  kafka::FetchRequest Request(const Wanted& wanted, int32_t partition_max_bytes);
  // The answer to the last Request: the broker keeps it (or gave no session, id 0: every request stays a full one).
  void Accepted(int32_t session_id);
  // The broker answered a data-less throttle, or nothing: what it knows is unclear. Begin again with a full request.
  void Reset();

  int32_t id() const { return id_; }
  bool is_new() const { return epoch_ == 0; }  // the next request is a full one

 private:
  int32_t id_ = 0;
  int32_t epoch_ = 0;  // 0: full request
  Wanted known_;       // what the broker's session holds
  Wanted asked_;
};

}  // namespace klink::link
