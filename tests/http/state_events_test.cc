// /v1/events: which changes are told, in which order, and as a stream that ends with its listener or the server.
#include "http/state_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/http/server_fixture.h"

namespace klink::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// "paris-to-lyon orders.eu ACTIVE>PAUSED", one a change; "-" for what is not.
std::vector<std::string> Told(const link::AgentSnapshot& before, const link::AgentSnapshot& after,
                              const std::string& only = "") {
  std::vector<std::string> told;
  for (const StateEvent& event : ChangesOf(before, after, only))
    told.push_back(fmt::format("{} {} {}>{}", event.link, event.topic.value_or("-"), event.state_before.value_or("-"),
                               event.state.value_or("-")));
  return told;
}

class StateEventsTest : public ServerTest {
 protected:
  // Opens the stream and reads on until `text` came; what was read.
  std::string Listen(const std::string& target, const std::string& text) {
    bool done = false;
    Detach(io_.get_executor(), Open(target, done));
    RunUntil(done);
    return Hear(text);
  }
  std::string Hear(const std::string& text) {
    bool done = false;
    Detach(io_.get_executor(), Read(text, done));
    RunUntil(done);
    return heard_;
  }
  Async<void> Open(std::string target, bool& done) {
    const HostPort at = *ParseHostPort(server_->address());
    co_await socket_.async_connect({asio::ip::make_address(at.host), at.port}, kAsTuple);
    const std::string call = "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    co_await asio::async_write(socket_, asio::buffer(call), kAsTuple);
    done = true;
  }
  Async<void> Read(std::string text, bool& done) {
    while (heard_.find(text) == std::string::npos) {
      char bytes[4096];
      const auto [ec, got] = co_await socket_.async_read_some(asio::buffer(bytes), kAsTuple);
      if (ec) break;
      heard_.append(bytes, got);
    }
    done = true;
  }

  asio::ip::tcp::socket socket_{io_};
  std::string heard_;
};

TEST_F(StateEventsTest, AnotherStateReasonOrRoleIsTold) {
  link::AgentSnapshot before = agent_.Snapshot(), after = before;
  EXPECT_THAT(Told(before, after), ElementsAre());
  after.links[0].mirrors[0].state = "PAUSED";
  after.links[0].mirrors[1].reason_code = "SOMETHING";
  after.links[0].mirrors[3].reason = "the same reason in other words";
  after.links[0].role = "standby";
  EXPECT_THAT(Told(before, after), ElementsAre("paris-to-lyon - ACTIVE>ACTIVE", "paris-to-lyon orders.eu ACTIVE>PAUSED",
                                               "paris-to-lyon orders.legacy ACTIVE>ACTIVE"));
}

TEST_F(StateEventsTest, WhatIsNewAndWhatIsGoneIsTold) {
  link::AgentSnapshot before = agent_.Snapshot(), after = before;
  before.links[0].mirrors.resize(3);
  after.links[0].mirrors.erase(after.links[0].mirrors.begin());
  EXPECT_THAT(Told(before, after), ElementsAre("paris-to-lyon payments ->FAILED", "paris-to-lyon orders.eu ACTIVE>-"));
  after.links.clear();
  EXPECT_THAT(Told(before, after),
              ElementsAre("paris-to-lyon - ACTIVE>-", "paris-to-lyon orders.eu ACTIVE>-",
                          "paris-to-lyon orders.legacy ACTIVE>-", "paris-to-lyon orders.new PENDING_MIRROR>-"));
  EXPECT_THAT(Told(before, after, "another"), ElementsAre());
}

TEST_F(StateEventsTest, AStreamTellsThePresentThenWhatChanges) {
  Start();
  const std::string begun = Listen("/v1/events", "event: live");
  EXPECT_THAT(begun, HasSubstr("Content-Type: text/event-stream"));
  EXPECT_THAT(begun, HasSubstr("event: link\ndata: {\"link\":\"paris-to-lyon\",\"topic\":null,\"role\":\"owner\","
                               "\"state\":\"ACTIVE\",\"state_before\":null,"));
  EXPECT_THAT(begun, HasSubstr("\"topic\":\"payments\""));
  agent_.snapshot.links[0].mirrors[0].state = "PAUSED";
  EXPECT_THAT(Hear("PAUSED"), HasSubstr("event: mirror\ndata: {\"link\":\"paris-to-lyon\",\"topic\":\"orders.eu\","
                                        "\"role\":null,\"state\":\"PAUSED\",\"state_before\":\"ACTIVE\","));
}

TEST_F(StateEventsTest, ALinkThatIsNotThereIsAProblem) {
  Start();
  EXPECT_EQ(Ask("/v1/events?link=nope").status, 404);
}

TEST_F(StateEventsTest, StreamsLeaveConnectionsToTheCalls) {
  ServerLimits limits;
  limits.streams = 1;
  Start(limits);
  Listen("/v1/events", "event: live");
  EXPECT_EQ(Ask("/v1/events").status, 503);
  EXPECT_EQ(Ask("/v1/status").status, 200);
}

TEST_F(StateEventsTest, TheServersEndEndsAStream) {
  Start();
  Listen("/v1/events", "event: live");
  TearDown();
  server_.reset();
  EXPECT_EQ(Hear("never").find("never"), std::string::npos);
}

}  // namespace
}  // namespace klink::http
