#include "kafka/connection.h"

#include "base/check.h"
#include "base/limits.h"
#include "kafka/errors.h"
#include "kafka/frame.h"

namespace klink::kafka {
namespace {

constexpr const char* kNeverSent = "klink/never-sent";
constexpr size_t kFirstFrames =
    limits::kFirstFrameBytes;  // until the peer has proved to be a broker that knows us (KIP-498)

}  // namespace

Status MarkNeverSent(Status status) {
  status.SetPayload(kNeverSent, absl::Cord());
  return status;
}

bool WasNeverSent(const Status& status) { return status.GetPayload(kNeverSent).has_value(); }

Status Network::CheckClusterId(const std::string& told) const {
  if (!cluster_id || *cluster_id == told) return absl::OkStatus();
  return ToStatus(Error::kInconsistentClusterId,
                  fmt::format("the addresses lead to cluster {} where cluster {} was before", told, *cluster_id));
}

Connection::Connection(std::shared_ptr<Network> network, std::unique_ptr<Stream> stream, std::string peer)
    : network_(std::move(network)),
      stream_(std::move(stream)),
      peer_(std::move(peer)),
      more_(network_->executor),
      stash_(new std::byte[kStash]) {}

Connection::~Connection() {
  if (usable_) network_->usable--;
}

void Connection::MarkUsable() {
  if (!open() || usable_) return;
  usable_ = true;
  network_->usable++;
}

void Connection::Start() {
  KLINK_CHECK(!started_);
  started_ = true;
  network_->tasks.Spawn(Read(shared_from_this()));
  network_->tasks.Spawn(Write(shared_from_this()));
}

Async<StatusOr<SharedBytes>> Connection::Call(Gather frame, int32_t correlation_id, Instant deadline) {
  const auto self = shared_from_this();
  if (co_await IsStopping()) co_return MarkNeverSent(Cancelled("stopped before sending"));
  if (!open()) co_return MarkNeverSent(failure_);
  const Instant asked = network_->Now();
  auto pending = std::make_shared<Pending>(network_->executor, correlation_id, deadline);
  pending_.push_back(pending);
  outgoing_.push_back(Outgoing{.pending = pending, .frame = std::move(frame)});
  more_.NotifyAll();
  while (!pending->answer) {
    if (network_->Now() >= pending->deadline) {
      Fail(Unavailable("{} did not answer within {} ms", peer_, ToMillis(network_->Now() - asked)), CloseBy::kReset);
      break;
    }
    CO_RETURN_IF_ERROR(co_await network_->deadlines->Wait(pending->done, pending->deadline));
  }
  co_return *std::move(pending->answer);
}

void Connection::Postpone(Duration by) {
  for (auto& pending : pending_) pending->deadline += by;
}

void Connection::Fail(Status why, CloseBy how) {
  if (!open()) return;
  failure_ = std::move(why);
  if (std::exchange(usable_, false)) network_->usable--;
  stream_->Close(how);
  for (auto& pending : pending_) {
    if (!pending->sent) {
      pending->answer = MarkNeverSent(failure_);
    } else if (IsUnavailable(failure_)) {
      pending->answer = Unavailable("{}; the outcome of this request is unknown", Text(failure_));
    } else {
      pending->answer = failure_;
    }
    pending->done.NotifyAll();
  }
  pending_.clear();
  outgoing_.clear();
  more_.NotifyAll();
}

// ---- reading ----

Async<void> Connection::Read(std::shared_ptr<Connection> self) {
  const Status ended = co_await self->ReadFrames();
  self->Fail(ended, CloseBy::kReset);
}

Async<Status> Connection::ReadFrames() {
  for (;;) {
    CO_TRY(SharedBytes frame, co_await NextFrame());
    CO_RETURN_IF_ERROR(Deliver(std::move(frame)));
  }
}

// The stash takes the length and whatever came with it; the rest of a long frame goes straight to its place.
Async<StatusOr<SharedBytes>> Connection::NextFrame() {
  CO_RETURN_IF_ERROR(co_await FillStash(kFramePrefix));
  const size_t limit = usable_ ? network_->frame_limit : std::min(network_->frame_limit, kFirstFrames);
  const StatusOr<size_t> judged = FrameSize({stash_.get() + stash_begin_, kFramePrefix}, limit);
  if (!judged.ok()) co_return Annotate(judged.status(), peer_);
  const size_t size = *judged;
  stash_begin_ += kFramePrefix;
  SharedBytes frame = network_->buffers->Take(size);
  size_t have = std::min(size, stash_end_ - stash_begin_);
  std::memcpy(frame.data(), stash_.get() + stash_begin_, have);
  stash_begin_ += have;
  while (have < size) {
    const asio::mutable_buffer rest(frame.data() + have, size - have);
    CO_TRY(const size_t got, co_await stream_->ReadSome(rest));
    if (got == 0) co_return Unavailable("{} closed the connection within an answer", peer_);
    have += got;
  }
  co_return frame;
}

Async<Status> Connection::FillStash(size_t at_least) {
  if (stash_begin_ == stash_end_) stash_begin_ = stash_end_ = 0;
  if (kStash - stash_begin_ < at_least) {
    std::memmove(stash_.get(), stash_.get() + stash_begin_, stash_end_ - stash_begin_);
    stash_end_ -= stash_begin_;
    stash_begin_ = 0;
  }
  while (stash_end_ - stash_begin_ < at_least) {
    const asio::mutable_buffer room(stash_.get() + stash_end_, kStash - stash_end_);
    StatusOr<size_t> got = co_await stream_->ReadSome(room);
    if (!got.ok()) co_return Annotate(got.status(), peer_);
    if (*got == 0 && usable_ && !served_ && !pending_.empty()) {
      co_return Unavailable(
          "{} closed the connection at the first request, as a listener that wants SASL does: check security.protocol",
          peer_);
    }
    if (*got == 0) co_return Unavailable("{} closed the connection", peer_);
    stash_end_ += *got;
  }
  co_return absl::OkStatus();
}

Status Connection::Deliver(SharedBytes frame) {
  const int32_t id = CorrelationIdOf(frame.view());
  if (pending_.empty()) return DataLoss("{} sent an answer (correlation id {}) to no request", peer_, id);
  const std::shared_ptr<Pending> oldest = pending_.front();
  if (oldest->id != id) return DataLoss("{} answered request {} where {} was due", peer_, id, oldest->id);
  pending_.pop_front();
  served_ |= usable_;
  if (usable_) network_->last_answer = network_->Now();  // a broker that refuses us is none that serves us
  oldest->answer = std::move(frame);
  oldest->done.NotifyAll();
  return absl::OkStatus();
}

// ---- writing ----

Async<void> Connection::Write(std::shared_ptr<Connection> self) {
  const Status ended = co_await self->WriteFrames();
  self->Fail(ended, CloseBy::kReset);
}

// All that is queued goes out in one gathered write; the frames are kept until they are sent.
Async<Status> Connection::WriteFrames() {
  while (open()) {
    if (outgoing_.empty()) {
      CO_RETURN_IF_ERROR(co_await more_.Wait());
      continue;
    }
    std::vector<Outgoing> frames(std::make_move_iterator(outgoing_.begin()), std::make_move_iterator(outgoing_.end()));
    outgoing_.clear();
    std::vector<asio::const_buffer> parts;
    for (const Outgoing& out : frames) {
      out.pending->sent = true;
      for (const SharedBytes& part : out.frame.parts) parts.emplace_back(part.data(), part.size());
    }
    const Status written = co_await stream_->Write(std::move(parts));
    if (!written.ok()) co_return Annotate(written, peer_);
  }
  co_return failure_;
}

}  // namespace klink::kafka
