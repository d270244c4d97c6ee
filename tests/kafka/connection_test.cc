// One connection: order, deadlines, stopped callers, hostile and half-dead peers.
#include "kafka/connection.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "kafka/messages/all.h"
#include "tests/fake/broker.h"
#include "tests/fake/clock.h"

namespace klink::kafka {
namespace {

using testing::HasSubstr;

class ConnectionTest : public fake::VirtualTimeTest {
 protected:
  static constexpr size_t kLimit = 64 << 20;

  enum class Peer { kProven, kUnknown };
  std::shared_ptr<Connection> Open(Peer peer = Peer::kProven) {
    auto connector = std::make_shared<TcpConnector>(io_.get_executor(), network_->deadlines);
    auto stream = Run(connector->Connect(broker_.endpoint(), Lane::kFetch, clock_.Now() + 5s));
    KLINK_CHECK(stream.ok());
    auto connection = std::make_shared<Connection>(network_, *std::move(stream), "paris");
    connection->Start();
    if (peer == Peer::kProven) connection->MarkUsable();
    return connection;
  }
  // A request of `size` bytes in many parts; its answer is the broker's.
  Async<StatusOr<SharedBytes>> Ask(std::shared_ptr<Connection> connection, Duration deadline = 5s) {
    InitProducerIdRequest request;
    const int32_t id = connection->NextCorrelationId();
    Gather frame = EncodeRequest(request, 3, id, "test");
    co_return co_await connection->Call(std::move(frame), id, clock_.Now() + deadline);
  }
  Async<Status> AskForStatus(std::shared_ptr<Connection> connection, Duration deadline) {
    StatusOr<SharedBytes> answer = co_await Ask(connection, deadline);
    co_return answer.status();
  }
  // Answers with the correlation id and `extra` more bytes.
  static SharedBytes Frame(int32_t correlation_id, size_t extra = 0) {
    SharedBytes bytes = SharedBytes::Allocate(8 + extra);
    std::memset(bytes.data(), 'x', bytes.size());
    StoreBe<int32_t>(bytes.data(), static_cast<int32_t>(4 + extra));
    StoreBe<int32_t>(bytes.data() + 4, correlation_id);
    return bytes;
  }
  void Echo(size_t extra = 0) {
    broker_.Handle(ApiKey::kInitProducerId,
                   [extra](const RequestHeader& header) { return Frame(header.correlation_id, extra); });
  }
  static Async<void> AskForever(ConnectionTest* test, std::shared_ptr<Connection> connection, Status& out) {
    out = co_await test->AskForStatus(connection, 1h);
  }

  fake::Broker broker_{io_.get_executor()};
  std::shared_ptr<Network> network_ = std::make_shared<Network>(io_.get_executor(), clock_, kLimit);
};

TEST_F(ConnectionTest, AnswersReachTheirCallersWhenManyAreUnderWay) {
  Echo();
  auto connection = Open();
  std::vector<std::optional<StatusOr<SharedBytes>>> answers(100);
  for (auto& answer : answers) Start(Ask(connection), answer);
  RunUntil([&] { return answers.back().has_value(); });
  for (int32_t i = 0; i < 100; i++) {
    ASSERT_TRUE(answers[i] && answers[i]->ok());
    EXPECT_EQ(CorrelationIdOf((*answers[i])->view()), i);
  }
  EXPECT_EQ(connection->under_way(), 0u);
}

TEST_F(ConnectionTest, ALargeAnswerArrivesWholeInOneBuffer) {
  constexpr size_t kExtra = 20 << 20;
  Echo(kExtra);
  auto connection = Open();
  for (int i = 0; i < 3; i++) {
    auto answer = Run(Ask(connection));
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_EQ(answer->size(), 4 + kExtra);
    EXPECT_EQ(answer->view().find_first_not_of(std::byte{'x'}, 4), ByteView::npos);
  }
  EXPECT_EQ(network_->buffers->kept(), 1u);  // the same memory served all three
}

TEST_F(ConnectionTest, AGatheredRequestArrivesAsOne) {
  constexpr size_t kParts = 300, kPart = 40'000;
  size_t seen = 0;
  bool in_order = true;
  broker_.Handle(ApiKey::kInitProducerId, [&](const RequestHeader& header) {
    seen = header.body.size();
    for (size_t i = 0; i < kParts; i++)
      in_order =
          in_order && header.body.view().substr(i * kPart, kPart) == std::basic_string<std::byte>(kPart, std::byte(i));
    return Frame(header.correlation_id);
  });
  auto connection = Open();
  const int32_t id = connection->NextCorrelationId();
  Gather frame;
  SharedBytes head = SharedBytes::Allocate(4 + 8 + 2 + 4 + 1);  // size, header (flexible), client id "test", no tags
  StoreBe<int32_t>(head.data(), static_cast<int32_t>(head.size() - 4 + kParts * kPart));
  StoreBe<int16_t>(head.data() + 4, static_cast<int16_t>(ApiKey::kInitProducerId));
  StoreBe<int16_t>(head.data() + 6, 3);
  StoreBe<int32_t>(head.data() + 8, id);
  StoreBe<int16_t>(head.data() + 12, 4);
  std::memcpy(head.data() + 14, "test", 4);
  head.data()[18] = std::byte{0};
  frame.parts.push_back(head);
  for (size_t i = 0; i < kParts; i++) {
    SharedBytes part = SharedBytes::Allocate(kPart);
    std::memset(part.data(), static_cast<int>(i & 255), kPart);
    frame.parts.push_back(part);
  }
  auto answer = Run(connection->Call(std::move(frame), id, clock_.Now() + 5s));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(seen, kParts * kPart);
  EXPECT_TRUE(in_order);
}

TEST_F(ConnectionTest, ADeadlineResetsTheConnectionAndEndsAllThatIsUnderWay) {
  auto connection = Open();  // nothing is ever answered
  std::optional<Status> first, second;
  Start(AskForStatus(connection, 2s), first);
  Start(AskForStatus(connection, 60s), second);
  const Instant began = clock_.Now();
  RunUntil([&] { return first && second && broker_.connections() == 0; });
  EXPECT_LE(clock_.Now() - began, 2s + 2 * Deadlines::kTick);
  EXPECT_TRUE(IsUnavailable(*first));
  EXPECT_TRUE(IsUnavailable(*second));
  EXPECT_THAT(Text(*first), HasSubstr("paris did not answer within 2"));
  EXPECT_THAT(Text(*second), HasSubstr("the outcome of this request is unknown"));
  EXPECT_FALSE(WasNeverSent(*second));
  EXPECT_EQ(broker_.resets(), 1);
  EXPECT_FALSE(connection->open());
}

TEST_F(ConnectionTest, ThrottlingGivesWhatIsUnderWayMoreTime) {
  auto connection = Open();
  std::optional<Status> ended;
  Start(AskForStatus(connection, 2s), ended);
  Settle();
  connection->Postpone(10s);
  const Instant began = clock_.Now();
  RunUntil([&] { return ended.has_value(); });
  EXPECT_GE(clock_.Now() - began, 12s);
}

TEST_F(ConnectionTest, AfterTheEndNothingIsSent) {
  Echo();
  auto connection = Open();
  broker_.Drop();
  RunUntil([&] { return !connection->open(); });
  auto answer = Run(Ask(connection));
  EXPECT_TRUE(IsUnavailable(answer.status()));
  EXPECT_TRUE(WasNeverSent(answer.status()));
  EXPECT_EQ(broker_.requests(ApiKey::kInitProducerId), 0);
}

TEST_F(ConnectionTest, AStoppedCallersAnswerIsDroppedAndTheNextGetsItsOwn) {
  std::optional<int32_t> held;
  broker_.Handle(ApiKey::kInitProducerId, [&](const RequestHeader& header) {
    held = header.correlation_id;
    return SharedBytes();  // answered by hand below
  });
  auto connection = Open();
  TaskGroup group(io_.get_executor());
  Status stopped;
  group.Spawn(AskForever(this, connection, stopped));
  RunUntil([&] { return held.has_value(); });
  group.Stop();
  RunUntil([&] { return group.size() == 0; });
  EXPECT_TRUE(IsCancelled(stopped));
  EXPECT_TRUE(connection->open());
  std::optional<StatusOr<SharedBytes>> next;
  Start(Ask(connection), next);
  Settle();
  for (int32_t id : {0, 1}) broker_.SendRaw(std::string(AsText(Frame(id).view())));
  RunUntil([&] { return next.has_value(); });
  ASSERT_TRUE(next->ok()) << next->status();
  EXPECT_EQ(CorrelationIdOf((*next)->view()), 1);
}

TEST_F(ConnectionTest, AHalfClosedPeerEndsWhatIsUnderWay) {
  auto connection = Open();
  std::optional<Status> ended;
  Start(AskForStatus(connection, 60s), ended);
  Settle();
  broker_.HalfClose();
  const Instant began = clock_.Now();
  RunUntil([&] { return ended.has_value(); });
  EXPECT_TRUE(IsUnavailable(*ended));
  EXPECT_THAT(Text(*ended), HasSubstr("paris closed the connection"));
  EXPECT_LT(clock_.Now() - began, 1s);
}

struct Hostile {
  std::string what;
  std::string bytes;
  Code code;
  std::string says;
  friend void PrintTo(const Hostile& hostile, std::ostream* out) { *out << hostile.what; }
};

class HostilePeer : public ConnectionTest, public testing::WithParamInterface<Hostile> {};

TEST_P(HostilePeer, IsRefusedWithAReasonAndLosesItsConnection) {
  auto connection = Open();
  std::optional<Status> ended;
  Start(AskForStatus(connection, 60s), ended);
  Settle();
  broker_.SendRaw(GetParam().bytes);
  RunUntil([&] { return ended.has_value(); });
  EXPECT_EQ(ended->code(), GetParam().code) << *ended;
  EXPECT_THAT(Text(*ended), HasSubstr(GetParam().says));
  EXPECT_FALSE(connection->open());
}

using namespace std::string_literals;
INSTANTIATE_TEST_SUITE_P(
    Bytes, HostilePeer,
    testing::Values(Hostile{"HugeSize", "\x7f\xff\xff\xff"s, Code::kDataLoss, "2147483647 bytes"},
                    Hostile{"NegativeSize", "\xff\xff\xff\xff"s, Code::kDataLoss, "-1 bytes"},
                    Hostile{"SizeTooSmallForAnId", "\x00\x00\x00\x03"s, Code::kDataLoss, "3 bytes"},
                    Hostile{"TlsAlert", "\x15\x03\x03\x00\x02\x02\x28"s, Code::kFailedPrecondition, "TLS"},
                    Hostile{"Http", "HTTP/1.1 400 Bad Request\r\n"s, Code::kFailedPrecondition, "HTTP"},
                    Hostile{"WrongCorrelationId", "\x00\x00\x00\x04\x00\x00\x00\x63"s, Code::kDataLoss,
                            "answered request 99 where 0 was due"},
                    Hostile{"AnswersTooMany", "\x00\x00\x00\x04\x00\x00\x00\x63\x00\x00\x00\x04\x00\x00\x00\x01"s,
                            Code::kDataLoss, "99"}),
    [](const auto& param) { return param.param.what; });

// What is no broker may announce anything (KIP-498).
TEST_F(ConnectionTest, BeforeThePeerHasProvedItselfAFrameIsSmall) {
  const size_t most = limits::kFirstFrameBytes - 4;  // and its correlation id
  Echo(most);
  ASSERT_TRUE(Run(Ask(Open(Peer::kUnknown))).ok());
  Echo(most + 1);
  const StatusOr<SharedBytes> refused = Run(Ask(Open(Peer::kUnknown)));
  EXPECT_EQ(refused.status().code(), Code::kDataLoss);
  EXPECT_THAT(Text(refused.status()), HasSubstr("allowed are 4 to 1048576"));
  EXPECT_TRUE(Run(Ask(Open())).ok());
}

TEST_F(ConnectionTest, AnAnswerToNoRequestEndsTheConnection) {
  auto connection = Open();
  broker_.SendRaw(std::string(AsText(Frame(0).view())));
  RunUntil([&] { return !connection->open(); });
  EXPECT_EQ(connection->failure().code(), Code::kDataLoss);
}

TEST(ConnectionCrash, DestroyingTheContextUnderACallIsHarmless) {
  std::optional<StatusOr<SharedBytes>> answer;
  {
    asio::io_context io;
    fake::ManualClock clock(io.get_executor());
    fake::Broker broker(io.get_executor());
    auto network = std::make_shared<Network>(io.get_executor(), clock, 1 << 20);
    auto connector = std::make_shared<TcpConnector>(io.get_executor(), network->deadlines);
    const Endpoint to = broker.endpoint();
    auto work = [](auto net, auto by, Endpoint endpoint) -> Async<void> {
      auto stream = co_await by->Connect(endpoint, Lane::kControl, net->Now() + 1s);
      auto connection = std::make_shared<Connection>(net, *std::move(stream), "paris");
      connection->Start();
      connection->MarkUsable();
      InitProducerIdRequest request;
      Gather frame = EncodeRequest(request, 3, 0, "test");
      (void)co_await connection->Call(std::move(frame), 0, net->Now() + 1h);
      ADD_FAILURE() << "must not end";
    };
    Detach(io.get_executor(), work(network, connector, to));
    while (io.run_one_for(std::chrono::milliseconds(20)) > 0) {
    }
    EXPECT_EQ(network->usable, 1);
  }
}

TEST(BufferPool, KeepsLargeBuffersForTheNextFrameAndFollowsAChangeOfSize) {
  auto pool = std::make_shared<BufferPool>();
  const std::byte* first = pool->Take(1 << 20).data();
  EXPECT_EQ(pool->Take((1 << 20) + 1000).data(), first);
  (void)pool->Take(100);
  EXPECT_EQ(pool->kept(), 1u);
  (void)pool->Take(64 << 20);
  EXPECT_EQ(pool->kept(), 1u);  // too large to be kept
  {
    std::vector<SharedBytes> many;
    for (size_t i = 0; i < 2 * BufferPool::kPlaces; i++) many.push_back(pool->Take(1 << 20));
  }
  EXPECT_EQ(pool->kept(), BufferPool::kPlaces);
  const std::byte* other = pool->Take(8 << 20).data();
  EXPECT_EQ(pool->Take(8 << 20).data(), other);
}

}  // namespace
}  // namespace klink::kafka
