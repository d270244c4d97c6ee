// The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a call that changed something and comes
// again with its key is answered as the first time and changes nothing again. Kept in this agent's memory, of the
// newest calls: what a restart forgets is guarded by the verbs themselves, which do nothing twice.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/digest.h"
#include "http/message.h"

namespace klink::http {

struct IdempotencyLimits {
  size_t key_bytes = 255;
  size_t keys = 1000;             // of finished calls; beyond, the oldest is forgotten
  size_t answer_bytes = 4 << 20;  // of their answers together; the same
  Duration kept = 24h;
};

class Idempotency {
 public:
  explicit Idempotency(IdempotencyLimits limits = {}) : limits_(limits) {}

  // Nothing: make the call, then say Finish or Forget. Else the answer: the first call's; 400 for a key that is none,
  // 409 while the first call is being made, 422 when it was another call.
  std::optional<Response> Begin(const std::string& caller, const Request& request, Instant now);
  // Only success is kept: what failed may be tried again with its key.
  void Finish(const std::string& caller, const Request& request, const Response& response, Instant now);
  // It is not known what came of the call.
  void Forget(const std::string& caller, const Request& request);

 private:
  using Key = std::pair<std::string, std::string>;  // of whom, and theirs
  struct Call {
    Sha256Digest asked;
    std::optional<Response> answer;  // empty: under way
    Instant at;
  };
  void MakeRoom(Instant now);

  IdempotencyLimits limits_;
  std::map<Key, Call> calls_;
  std::deque<Key> finished_;  // the oldest first
  size_t bytes_ = 0;
};

}  // namespace klink::http
