// The sockets librdkafka gets where brokers are reached through a relay. What passes through is
// integration/secure_test.
#include "kafka/relay.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/relay_sockets.h"

namespace klink::admin {
namespace {

Async<void> CloseRelay(kafka::Relay& relay) { co_await relay.Close(); }

TEST(Relay, AStreamToAClosedOneEndsAtOnce) {
  asio::io_context io;
  SystemClock clock;
  kafka::ClusterOptions options;
  options.name = "lyon";
  kafka::Relay relay(options, io.get_executor(), clock);
  Detach(io.get_executor(), CloseRelay(relay));
  io.run();
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  relay.Serve(ends[1], {.host = "127.0.0.1", .port = 1});
  char byte = 0;
  EXPECT_EQ(::recv(ends[0], &byte, 1, 0), 0);
  ::close(ends[0]);
}

TEST(RelaySockets, ANameIsFoundAgainFromTheAddressThatStandsForIt) {
  asio::io_context io;
  SystemClock clock;
  auto relay = std::make_shared<kafka::Relay>(kafka::ClusterOptions(), io.get_executor(), clock);
  RelaySockets sockets(relay);
  addrinfo *one = nullptr, *two = nullptr, *again = nullptr;
  ASSERT_EQ(sockets.Resolve("kafka-1.example", "9093", &one), 0);
  ASSERT_EQ(sockets.Resolve("kafka-2.example", "9093", &two), 0);
  ASSERT_EQ(sockets.Resolve("kafka-1.example", "9093", &again), 0);
  const auto bytes = [](const addrinfo* info) {
    return std::string(reinterpret_cast<const char*>(info->ai_addr), info->ai_addrlen);
  };
  EXPECT_EQ(bytes(one), bytes(again));
  EXPECT_NE(bytes(one), bytes(two));
  const int fd = sockets.Open();
  ASSERT_GE(fd, 0);
  EXPECT_EQ(sockets.Connect(fd, two->ai_addr), 0);
  EXPECT_NE(sockets.Connect(fd, two->ai_addr), 0);  // once
  EXPECT_EQ(sockets.Close(fd), 0);
  for (addrinfo* info : {one, two, again}) sockets.Resolve(nullptr, nullptr, &info);
  io.restart();
  io.poll();  // the relay's end
}

}  // namespace
}  // namespace klink::admin
