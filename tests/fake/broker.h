// A broker in this process, on a loopback socket with a port of the system's choice. It frames, decodes request headers
// and answers in order; what an API answers is a handler (one file per API beside this one). It can also misbehave:
// swallow requests, send anything, close when asked.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/async.h"
#include "base/check.h"
#include "kafka/errors.h"
#include "kafka/stream.h"
#include "kafka/wire.h"

namespace klink::fake {

using asio::ip::tcp;
using kafka::ApiKey;

// The request's body as its type, then the answer in the request's version.
template <class R, class F>
std::optional<SharedBytes> Reply(const kafka::RequestHeader& header, F&& answer) {
  StatusOr<R> request = kafka::Decode<R>(header.body, header.version);
  KLINK_CHECK(request.ok());
  typename R::Response response = answer(*request);
  return kafka::EncodeResponse<R>(response, header.version, header.correlation_id).Flat();
}

class Broker {
 public:
  // Bytes to send, or nothing: the request is never answered, nor are those behind it.
  using Handler = std::function<std::optional<SharedBytes>(const kafka::RequestHeader&)>;

  explicit Broker(Executor executor) : state_(std::make_shared<State>(executor)) { Listen(); }
  ~Broker() { Stop(); }
  Broker(const Broker&) = delete;

  kafka::Endpoint endpoint() const { return {.host = "127.0.0.1", .port = state_->port}; }
  void Handle(ApiKey api, Handler handler) { state_->handlers[api] = std::move(handler); }

  // Closes everything; the port refuses connections.
  void Stop() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    Drop();
  }
  // Closes the connections, goes on listening.
  void Drop() {
    boost::system::error_code ignored;
    for (auto& session : state_->sessions) session->close(ignored);
  }
  // Ends only our sending side: the client reads an end of file and may still write.
  void HalfClose() {
    boost::system::error_code ignored;
    for (auto& session : state_->sessions) session->shutdown(tcp::socket::shutdown_send, ignored);
  }
  // On the same port again.
  void Listen() {
    auto& acceptor = state_->acceptor;
    const tcp::endpoint at(asio::ip::make_address("127.0.0.1"), state_->port);
    acceptor.open(at.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(at);
    acceptor.listen();
    state_->port = acceptor.local_endpoint().port();
    Detach(acceptor.get_executor(), Accept(state_));
  }
  // Sends bytes to every client as they are.
  void SendRaw(std::string bytes) {
    for (auto& session : state_->sessions)
      Detach(session->get_executor(), WriteAll(session, SharedBytes::CopyOf(AsBytes(bytes))));
  }

  int accepted() const { return state_->accepted; }
  int resets() const { return state_->resets; }  // clients that closed by RST
  size_t connections() const { return state_->sessions.size(); }
  int requests(ApiKey api) const {
    auto found = state_->requests.find(api);
    return found == state_->requests.end() ? 0 : found->second;
  }

 private:
  struct State {
    explicit State(Executor executor) : acceptor(executor) {}
    tcp::acceptor acceptor;
    uint16_t port = 0;
    std::map<ApiKey, Handler> handlers;
    std::list<std::shared_ptr<tcp::socket>> sessions;
    std::map<ApiKey, int> requests;
    int accepted = 0;
    int resets = 0;
  };

  static Async<void> Accept(std::shared_ptr<State> state) {
    for (;;) {
      auto [ec, socket] = co_await state->acceptor.async_accept(kAsTuple);
      if (ec) co_return;
      state->accepted++;
      auto session = std::make_shared<tcp::socket>(std::move(socket));
      state->sessions.push_back(session);
      Detach(session->get_executor(), Serve(state, session));
    }
  }

  static Async<void> Serve(std::shared_ptr<State> state, std::shared_ptr<tcp::socket> session) {
    const boost::system::error_code ended = co_await Converse(state, session);
    if (ended == asio::error::connection_reset) state->resets++;
    state->sessions.remove(session);
  }

  static Async<boost::system::error_code> Converse(std::shared_ptr<State> state, std::shared_ptr<tcp::socket> session) {
    bool swallowing = false;
    for (;;) {
      std::array<std::byte, 4> prefix;
      auto [ec, got] = co_await asio::async_read(*session, asio::buffer(prefix), kAsTuple);
      if (ec) co_return ec;
      SharedBytes frame = SharedBytes::Allocate(LoadBe<uint32_t>(prefix.data()));
      std::tie(ec, got) = co_await asio::async_read(*session, asio::buffer(frame.data(), frame.size()), kAsTuple);
      if (ec) co_return ec;
      StatusOr<kafka::RequestHeader> header = kafka::DecodeRequestHeader(frame);
      KLINK_CHECK(header.ok());
      state->requests[header->key]++;
      auto handler = state->handlers.find(header->key);
      if (swallowing || handler == state->handlers.end()) {
        swallowing = true;
        continue;
      }
      const Handler answer = handler->second;  // a handler may replace itself
      const std::optional<SharedBytes> bytes = answer(*header);
      if (!bytes) {
        swallowing = true;
        continue;
      }
      std::tie(ec, got) = co_await asio::async_write(*session, asio::buffer(bytes->data(), bytes->size()), kAsTuple);
      if (ec) co_return ec;
    }
  }

  static Async<void> WriteAll(std::shared_ptr<tcp::socket> session, SharedBytes bytes) {
    (void)co_await asio::async_write(*session, asio::buffer(bytes.data(), bytes.size()), kAsTuple);
  }

  std::shared_ptr<State> state_;
};

}  // namespace klink::fake
