// The simulator's brokers against a real one: the same random requests to both, answer by answer. What the simulator
// proves is worth as much as its brokers are like real ones.
#include <deque>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "integration/cluster.h"
#include "integration/kafka_tools.h"
#include "tests/live/live_partition.h"
#include "tests/sim/coordinator.h"
#include "tests/sim/dest_log.h"

namespace klink::it {
namespace {

using kafka::Error;
using live::Answered;
using live::LivePartition;

constexpr int kRounds = 400;
constexpr int kProducers = 3, kSlots = 2;
constexpr seconds kMarkerLimit(20);

// The model, asked in the same words.
class ModelPartition {
 public:
  explicit ModelPartition(uint64_t seed) : world_(seed) {}

  Answered Produce(const SharedBytes& batch, const std::string& id) {
    Answered answered;
    dest_.Produce(dest_.leader(), batch.view(), id, [&](Error error, int64_t base) { answered = {error, base}; });
    Settle();
    return answered;
  }
  Error DeleteRecords(int64_t offset) { return dest_.DeleteRecords(dest_.leader(), offset); }
  Error InitProducerId(link::TransactionSlot& slot) {
    const Error error = coordinator_.InitProducerId(slot.id, slot);
    Settle();
    return error;
  }
  Error AddPartition(const link::TransactionSlot& slot) { return coordinator_.AddPartition(slot); }
  Error EndTxn(const link::TransactionSlot& slot, bool commit) {
    const Error error = coordinator_.EndTxn(slot, commit ? kafka::ControlType::kCommit : kafka::ControlType::kAbort);
    Settle();
    return error;
  }
  int64_t Start() const { return dest_.start(); }
  int64_t End() const { return dest_.end(); }
  std::vector<link::ProducerState> Producers() const { return dest_.producers(); }
  int64_t Now() const { return world_.wall_ms(); }

 private:
  void Settle() {
    for (const Instant until = world_.now() + std::chrono::milliseconds(500); world_.Step(until);) {
    }
  }

  sim::World world_;
  sim::Weather weather_;
  sim::SourceLog source_{world_, 0};
  sim::DestLog dest_{world_, source_, {}};
  sim::Coordinator coordinator_{world_, dest_, weather_, std::chrono::minutes(15)};
};

// A producer as its client knows it: under the same name on both sides, which may give it other ids.
struct Client {
  link::TransactionSlot live, model;
  int32_t next = 0;  // sequence
  struct Sent {
    int32_t sequence, records;
    int16_t epoch;
  };
  std::deque<Sent> sent;
  bool transactional() const { return !live.id.empty(); }
};

class ModelTest : public testing::Test {
 protected:
  static Cluster& cluster() {
    static Cluster* const made = [] {
      auto* started = new Cluster({.name = "model"});
      started->AwaitReady();
      return started;
    }();
    return *made;
  }

  void Begin(uint64_t seed) {
    const std::string topic = fmt::format("model-{}", seed);
    CreateTopic(cluster(), topic, 1, {{"retention.ms", "-1"}});
    random_.emplace(seed);
    live_.emplace(cluster().bootstrap(), topic);
    model_.emplace(seed);
    for (int i = 0; i < kProducers; ++i) {
      Client& client = clients_.emplace_back();
      client.live.producer_id = client.model.producer_id = 900'000 + i;
    }
    for (int i = 0; i < kSlots; ++i) {
      Client& client = clients_.emplace_back();
      client.live.id = client.model.id = fmt::format("live-{}.{}", seed, i);
      Init(client);
    }
  }

  void Step() {
    Client& client = clients_[static_cast<size_t>(random_->Below(static_cast<int64_t>(clients_.size())))];
    const int64_t die = random_->Below(100);
    if (die < 4) return Delete();
    if (!client.transactional() || die < 55) return Write(client);
    if (die < 75) return Add(client);
    if (die < 95) return EndOf(client);
    Init(client);
  }

  void Write(Client& client) {
    Client::Sent sent{client.next, static_cast<int32_t>(random_->Between(1, 5)), client.live.producer_epoch};
    bool plain = !client.transactional();
    int64_t offset = 0;
    bool spoilt = false;
    const int64_t die = random_->Below(100);
    if (die < 10 && !client.sent.empty()) {
      sent = client.sent[static_cast<size_t>(random_->Below(static_cast<int64_t>(client.sent.size())))];
    } else if (die < 14) {
      sent.sequence += static_cast<int32_t>(random_->Between(1, 9));
    } else if (die < 17) {
      sent.epoch = static_cast<int16_t>(sent.epoch - 1);
    } else if (die < 22 && plain) {
      sent.epoch = client.live.producer_epoch = ++client.model.producer_epoch;
      sent.sequence = random_->Chance(0.7) ? 0 : 7;
    } else if (die < 24 && IsOpen(client)) {
      plain = true;
    } else if (die < 26) {
      offset = 3;
    } else if (die < 28) {
      spoilt = true;
    }
    const auto build = [&](const link::TransactionSlot& as) {
      std::vector<kafka::Record> records(static_cast<size_t>(sent.records));
      for (int32_t i = 0; i < sent.records; ++i)
        records[static_cast<size_t>(i)] = {model_->Now(), i, "key", "value", {}};
      kafka::BatchIdentity identity;
      identity.producer_id = as.producer_id;
      identity.producer_epoch = sent.epoch;
      identity.base_sequence = sent.sequence;
      identity.base_offset = offset;
      if (!plain) identity.attributes = kafka::kTransactionalBit;
      SharedBytes batch = kafka::BuildBatch(identity, records);
      if (spoilt) batch.data()[batch.size() - 1] ^= std::byte{1};
      return batch;
    };
    const std::string id = plain ? "" : client.live.id;
    // A leader whose question to the coordinator must wait (the last transaction is being finished) says
    // NOT_ENOUGH_REPLICAS, so that every producer asks again.
    Answered real;
    Await("the leader's answer", kMarkerLimit, [&] {
      real = live_->Produce(build(client.live), id);
      return real.error != Error::kNotEnoughReplicas;
    });
    const Answered model = model_->Produce(build(client.model), id);
    Compare(fmt::format("{} records, epoch {}, sequence {}{}{}{}", sent.records, sent.epoch, sent.sequence,
                        plain ? "" : ", transactional", spoilt ? ", spoilt" : "", offset > 0 ? ", offset 3" : ""),
            real, model);
    if (real.error != Error::kNone) return;
    client.next = sent.sequence + sent.records;
    client.sent.push_back(sent);
    if (client.sent.size() > 8) client.sent.pop_front();
  }

  bool IsOpen(const Client& client) const {
    for (const link::ProducerState& p : model_->Producers())
      if (p.producer_id == client.model.producer_id) return p.open_since.has_value();
    return false;
  }

  void Add(Client& client) {
    const Error real = Settled([&] { return live_->AddPartition(client.live); });
    Compare("AddPartitionsToTxn", {real}, {Settled([&] { return model_->AddPartition(client.model); })});
  }
  void EndOf(Client& client) {
    const bool commit = random_->Chance(0.5);
    const Error real = Settled([&] { return live_->EndTxn(client.live, commit); });
    Compare(commit ? "EndTxn commit" : "EndTxn abort", {real},
            {Settled([&] { return model_->EndTxn(client.model, commit); })});
  }
  void Init(Client& client) {
    const Error real = Settled([&] { return live_->InitProducerId(client.live); });
    Compare("InitProducerId", {real}, {Settled([&] { return model_->InitProducerId(client.model); })});
    EXPECT_EQ(client.live.producer_epoch, client.model.producer_epoch) << Story();
    client.next = 0;
  }
  void Delete() {
    const int64_t to = random_->Between(model_->Start(), model_->End() + 2);
    Compare(fmt::format("DeleteRecords {}", to), {live_->DeleteRecords(to)}, {model_->DeleteRecords(to)});
  }

  // What a client does while its last transaction is being finished, or its coordinator begins: it asks again.
  template <class F>
  static Error Settled(F ask) {
    Error error = Error::kNone;
    Await("the last transaction's end", kMarkerLimit, [&] {
      error = ask();
      return error != Error::kConcurrentTransactions && error != Error::kCoordinatorLoadInProgress &&
             error != Error::kCoordinatorNotAvailable && error != Error::kNotCoordinator;
    });
    return error;
  }
  // From Produce 11 on a leader says so where it said INVALID_TXN_STATE before (KIP-890).
  static std::string_view NameOf(Error error) {
    return kafka::Name(error == Error::kTransactionAbortable ? Error::kInvalidTxnState : error);
  }

  void Compare(const std::string& what, const Answered& real, const Answered& model) {
    story_.push_back(fmt::format("{}: {} at {}", what, NameOf(real.error), real.base));
    if (story_.size() > 12) story_.pop_front();
    EXPECT_EQ(NameOf(real.error), NameOf(model.error)) << Story();
    EXPECT_EQ(real.base, model.base) << Story();
    if (!Eventually(kMarkerLimit, [&] { return live_->End() == model_->End(); }))
      ADD_FAILURE() << "the log ends at " << live_->End() << ", the model's at " << model_->End() << Story();
    EXPECT_EQ(live_->Start(), model_->Start()) << Story();
  }
  void ExpectSameProducers() {
    std::map<int64_t, link::ProducerState> model;
    for (const link::ProducerState& p : model_->Producers()) model[p.producer_id] = p;
    EXPECT_EQ(live_->Producers().size(), model.size()) << Story();
    for (const link::ProducerState& real : live_->Producers()) {
      const auto client = std::find_if(clients_.begin(), clients_.end(),
                                       [&](const Client& c) { return c.live.producer_id == real.producer_id; });
      ASSERT_NE(client, clients_.end());
      const link::ProducerState& same = model[client->model.producer_id];
      EXPECT_EQ(real.producer_epoch, same.producer_epoch) << Story();
      EXPECT_EQ(real.last_sequence, same.last_sequence) << Story();
      EXPECT_EQ(real.open_since, same.open_since) << Story();
    }
  }
  std::string Story() const {
    std::string text;
    for (const std::string& line : story_) text += "\n  " + line;
    return text;
  }

  std::optional<sim::Random> random_;
  std::optional<LivePartition> live_;
  std::optional<ModelPartition> model_;
  std::deque<Client> clients_;
  std::deque<std::string> story_;  // the last answers of the real one
};

class Requests : public ModelTest, public testing::WithParamInterface<uint64_t> {};

TEST_P(Requests, AreAnsweredByTheModelAsByTheBroker) {
  Begin(GetParam());
  for (int round = 0; round < kRounds && !HasFailure(); ++round) {
    Step();
    if (round % 20 == 19) ExpectSameProducers();
  }
}

INSTANTIATE_TEST_SUITE_P(OfEverySeed, Requests, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace klink::it
