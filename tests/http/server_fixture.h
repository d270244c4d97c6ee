// A real server on a free port of this machine in front of a fixed agent, and a client in the same thread.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/routes.h"
#include "http/server.h"
#include "tests/http/fake_agent.h"

namespace klink::http {

class ServerTest : public testing::Test {
 protected:
  void Start(ServerLimits limits = {}) { Serve(MakeRoutes(agent_, metrics_), limits); }
  void Serve(Service service, ServerOptions options) {
    tls_ = options.tls != nullptr;
    auto server = Server::Listen(io_.get_executor(), "127.0.0.1", 0, std::move(service), metrics_, std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Start();
  }
  void TearDown() override {
    if (server_ == nullptr) return;
    bool stopped = false;
    Detach(io_.get_executor(), StopServer(stopped));
    RunUntil(stopped);
    EXPECT_TRUE(stopped);
  }
  Async<void> StopServer(bool& stopped) {
    co_await server_->Stop();
    stopped = true;
  }
  void RunUntil(const bool& done) {
    io_.restart();
    while (!done && io_.run_one_for(10s) > 0) {
    }
  }
  ClientResponse Ask(std::string target, std::string body = "") {
    const Method method = body.empty() ? Method::kGet : Method::kPost;
    return Send(method, std::move(target), std::move(body));
  }
  ClientResponse Send(Method method, std::string target, std::string body = "") {
    ClientRequest request;
    request.target = std::move(target);
    request.method = method;
    request.body = std::move(body);
    request.token = token_;
    request.trust = trust_;
    ClientResponse response;
    bool done = false;
    Detach(io_.get_executor(), AskOnce(request, response, done));
    RunUntil(done);
    return response;
  }
  Async<void> AskOnce(ClientRequest request, ClientResponse& out, bool& done) {
    const Url url = *ParseUrl((tls_ ? "https://" : "http://") + server_->address());
    StatusOr<ClientResponse> response = co_await Exchange(url, std::move(request), 10s);
    if (response.ok()) out = *std::move(response);
    failure_ = response.status();
    done = true;
  }
  // Sends these bytes on a new connection and reads until the server closes it.
  std::string Raw(std::string bytes) {
    std::string answer;
    bool done = false;
    Detach(io_.get_executor(), RawOnce(std::move(bytes), answer, done));
    RunUntil(done);
    return answer;
  }
  Async<void> RawOnce(std::string bytes, std::string& answer, bool& done) {
    asio::ip::tcp::socket socket(io_);
    const HostPort at = *ParseHostPort(server_->address());
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(at.host), at.port);
    co_await socket.async_connect(endpoint, kAsTuple);
    co_await asio::async_write(socket, asio::buffer(bytes), kAsTuple);
    co_await asio::async_read(socket, asio::dynamic_buffer(answer), kAsTuple);
    done = true;
  }

  asio::io_context io_;
  FakeAgent agent_;
  Metrics metrics_;
  std::unique_ptr<Server> server_;
  bool tls_ = false;
  std::string token_;  // the client's
  Trust trust_;
  Status failure_;  // why the last exchange had no answer
};

}  // namespace klink::http
