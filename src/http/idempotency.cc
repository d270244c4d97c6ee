#include "http/idempotency.h"

#include <algorithm>

namespace klink::http {
namespace {

// Everything that makes a call what it is; each part with its length, so that no two calls read alike.
Sha256Digest DigestOf(const Request& request) {
  std::string all;
  const auto add = [&all](std::string_view part) { all += fmt::format("{}:{} ", part.size(), part); };
  add(ToText(request.method));
  for (const std::string& segment : request.target.segments) add(segment);
  all += "? ";
  for (const auto& [name, value] : request.target.query) {
    add(name);
    add(value);
  }
  all += "# ";
  add(request.body);
  return Sha256(ByteView(reinterpret_cast<const std::byte*>(all.data()), all.size()));
}

bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }

}  // namespace

std::optional<Response> Idempotency::Begin(const std::string& caller, const Request& request, Instant now) {
  const std::string& key = request.idempotency_key;
  if (key.size() > limits_.key_bytes || !std::all_of(key.begin(), key.end(), IsPrintable))
    return Problem(400, fmt::format("an Idempotency-Key is 1 to {} printable characters", limits_.key_bytes));
  MakeRoom(now);
  const Sha256Digest asked = DigestOf(request);
  const auto [at, fresh] = calls_.try_emplace(Key(caller, key), Call{asked, std::nullopt, now});
  if (fresh) return std::nullopt;
  const Call& first = at->second;
  if (first.asked != asked)
    return Problem(422, fmt::format("the Idempotency-Key {} was used for another call: take a new one", key));
  if (!first.answer) return Problem(409, fmt::format("the call with the Idempotency-Key {} is under way", key));
  Response again = *first.answer;
  again.replayed = true;
  return again;
}

void Idempotency::Finish(const std::string& caller, const Request& request, const Response& response, Instant now) {
  const Key key(caller, request.idempotency_key);
  const auto at = calls_.find(key);
  if (at == calls_.end()) return;
  if (response.status >= 300 || response.body.size() > limits_.answer_bytes) {
    calls_.erase(at);
    return;
  }
  at->second.answer = response;
  at->second.at = now;
  bytes_ += response.body.size();
  finished_.push_back(key);
  MakeRoom(now);
}

void Idempotency::Forget(const std::string& caller, const Request& request) {
  calls_.erase(Key(caller, request.idempotency_key));
}

void Idempotency::MakeRoom(Instant now) {
  while (!finished_.empty()) {
    const auto oldest = calls_.find(finished_.front());
    const bool full = finished_.size() > limits_.keys || bytes_ > limits_.answer_bytes;
    if (!full && now - oldest->second.at < limits_.kept) return;
    bytes_ -= oldest->second.answer->body.size();
    calls_.erase(oldest);
    finished_.pop_front();
  }
}

}  // namespace klink::http
