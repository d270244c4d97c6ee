#include "kafka/relay.h"

#include <deque>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <unistd.h>

#include "base/log.h"
#include "kafka/cluster_core.h"
#include "kafka/frame.h"

namespace klink::kafka {
namespace {

using Local = asio::local::stream_protocol;

constexpr Duration kAnswerMost = 10min;    // the client's own deadlines are shorter; a member may wait in JoinGroup
constexpr size_t kRequestMost = 64 << 20;  // larger than any request this client is allowed to make
constexpr size_t kHeaderLeast = 8;         // api key, version, correlation id
constexpr size_t kUnderWayMost = 1000;

}  // namespace

class Relay::Core : public std::enable_shared_from_this<Relay::Core> {
 public:
  Core(ClusterOptions with, Executor executor, Clock& clock)
      : options(std::move(with)),
        network(std::make_shared<Network>(executor, clock, options.frame_limit)),
        dialing(MakeDialing(options, *network, nullptr)) {}

  struct Slot {
    std::optional<StatusOr<SharedBytes>> answer;
  };
  struct Carried {
    Carried(Executor executor, int fd) : client(executor, Local(), fd), changed(executor), room(executor) {}
    Local::socket client;
    std::shared_ptr<Broker> broker;
    std::deque<std::shared_ptr<Slot>> slots;  // in the order of the requests
    Signal changed;
    Signal room;
    bool ended = false;
    void End() {
      if (std::exchange(ended, true)) return;
      boost::system::error_code ignored;
      client.close(ignored);
      if (broker != nullptr) broker->Close(Unavailable("the client has gone"));
      changed.NotifyAll();
      room.NotifyAll();
    }
  };

  static Async<void> Carry(std::shared_ptr<Core> self, std::shared_ptr<Carried> carried) {
    self->network->tasks.Spawn(GiveAnswers(carried));
    const Status ended = co_await TakeRequests(self, carried);
    if (!ended.ok() && !IsCancelled(ended) && !carried->ended) {
      Log(Level::kWarning, Event::kKafkaClient, "a connection of the control plane ends",
          {{"cluster", self->options.name}, {"error", Text(ended)}});
    }
    carried->End();
  }

  const ClusterOptions options;
  const std::shared_ptr<Network> network;
  const std::shared_ptr<const Dialing> dialing;

 private:
  static Async<StatusOr<SharedBytes>> ReadRequest(Carried& carried) {
    std::array<std::byte, kFramePrefix> prefix;
    auto [ec, got] = co_await asio::async_read(carried.client, asio::buffer(prefix), kAsTuple);
    if (ec) co_return Cancelled("the client closed its stream");
    const auto size = LoadBe<int32_t>(prefix.data());
    if (size < static_cast<int32_t>(kHeaderLeast) || static_cast<size_t>(size) > kRequestMost) {
      co_return DataLoss("a request of {} bytes", size);
    }
    SharedBytes frame = SharedBytes::Allocate(kFramePrefix + static_cast<size_t>(size));
    std::memcpy(frame.data(), prefix.data(), kFramePrefix);
    const asio::mutable_buffer rest(frame.data() + kFramePrefix, frame.size() - kFramePrefix);
    std::tie(ec, got) = co_await asio::async_read(carried.client, rest, kAsTuple);
    if (ec) co_return Cancelled("the client closed its stream");
    co_return frame;
  }

  static Async<Status> TakeRequests(std::shared_ptr<Core> self, std::shared_ptr<Carried> carried) {
    const Network& network = *self->network;
    while (!carried->ended) {
      CO_TRY(const SharedBytes frame, co_await ReadRequest(*carried));
      while (carried->slots.size() >= kUnderWayMost) CO_RETURN_IF_ERROR(co_await carried->room.Wait());
      const Instant deadline = network.Now() + self->dialing->connect_timeout;
      // Waits also while the broker is told again who we are: nothing may come between.
      CO_TRY(const auto connection, co_await carried->broker->Ready(Lane::kControl, deadline));
      auto slot = std::make_shared<Slot>();
      carried->slots.push_back(slot);
      Gather gather;
      gather.parts.push_back(frame);
      gather.total = frame.size();
      const auto id = LoadBe<int32_t>(frame.data() + kFramePrefix + 4);
      self->network->tasks.Spawn(Ask(carried, slot, connection, std::move(gather), id, network.Now() + kAnswerMost));
    }
    co_return absl::OkStatus();
  }

  static Async<void> Ask(std::shared_ptr<Carried> carried, std::shared_ptr<Slot> slot,
                         std::shared_ptr<Connection> connection, Gather frame, int32_t id, Instant deadline) {
    slot->answer = co_await connection->Call(std::move(frame), id, deadline);
    carried->changed.NotifyAll();
  }

  static Async<void> GiveAnswers(std::shared_ptr<Carried> carried) {
    while (!carried->ended) {
      if (carried->slots.empty() || !carried->slots.front()->answer) {
        if (!(co_await carried->changed.Wait()).ok()) break;
        continue;
      }
      const StatusOr<SharedBytes> answer = *std::move(carried->slots.front()->answer);
      carried->slots.pop_front();
      carried->room.NotifyAll();
      if (!answer.ok()) break;
      std::array<std::byte, kFramePrefix> prefix;
      StoreBe<int32_t>(prefix.data(), static_cast<int32_t>(answer->size()));
      const std::array<asio::const_buffer, 2> parts = {asio::buffer(prefix),
                                                       asio::buffer(answer->data(), answer->size())};
      auto [ec, sent] = co_await asio::async_write(carried->client, parts, kAsTuple);
      if (ec) break;
    }
    carried->End();
  }
};

Relay::Relay(ClusterOptions options, Executor executor, Clock& clock)
    : executor_(executor), core_(std::make_shared<Core>(std::move(options), executor, clock)) {}

Relay::~Relay() = default;

void Relay::Serve(int fd, Endpoint to) {
  const std::lock_guard lock(mutex_);
  if (core_ == nullptr) {
    ::close(fd);
    return;
  }
  asio::post(executor_, [weak = std::weak_ptr<Core>(core_), fd, to = std::move(to)] {
    const std::shared_ptr<Core> core = weak.lock();
    if (core == nullptr) {
      ::close(fd);
      return;
    }
    auto carried = std::make_shared<Core::Carried>(core->network->executor, fd);
    carried->broker = std::make_shared<Broker>(core->network, core->dialing, to);
    core->network->tasks.Spawn(Core::Carry(core, std::move(carried)));
  });
}

Async<void> Relay::Close() {
  std::shared_ptr<Core> core;
  {
    const std::lock_guard lock(mutex_);
    core.swap(core_);
  }
  if (core == nullptr) co_return;
  core->network->tasks.Stop();
  co_await core->network->tasks.Join();
  core->network->deadlines->Stop();
}

}  // namespace klink::kafka
