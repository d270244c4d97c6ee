// The waiting primitives: signals, permits, queues, task groups, the blocking pool.
#include <future>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/blocking.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/permits.h"
#include "base/task_group.h"

namespace klink {
namespace {

class AsyncTest : public testing::Test {
 protected:
  asio::io_context io_;
  SystemClock clock_;
};

Async<void> Consume(BoundedQueue<int>& queue, std::vector<int>& out) {
  for (;;) {
    auto item = co_await queue.Pop();
    if (!item.ok() || !item->has_value()) co_return;
    out.push_back(**item);
  }
}

Async<void> Produce(BoundedQueue<int>& queue, int count, std::string& end) {
  for (int i = 0; i < count; i++) {
    if (Status pushed = co_await queue.Push(i); !pushed.ok()) {
      end = Text(pushed);
      co_return;
    }
  }
  end = "all";
  queue.Close();
}

TEST_F(AsyncTest, AQueueOfOneHandsOverEverythingInOrder) {
  BoundedQueue<int> queue(io_.get_executor(), 1);
  std::vector<int> out;
  std::string end;
  TaskGroup tasks(io_.get_executor());
  tasks.Spawn(Produce(queue, 5, end));
  tasks.Spawn(Consume(queue, out));
  io_.run();
  EXPECT_EQ(out, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(end, "all");
}

TEST_F(AsyncTest, ClosingAFullQueueWakesTheBlockedProducerAndKeepsWhatIsInside) {
  BoundedQueue<int> queue(io_.get_executor(), 2);
  std::string end;
  TaskGroup tasks(io_.get_executor());
  tasks.Spawn(Produce(queue, 9, end));
  io_.poll();
  queue.Close();
  io_.restart();
  io_.poll();
  EXPECT_EQ(end, "queue is closed");
  EXPECT_EQ(queue.TryPop(), 0);
  EXPECT_EQ(queue.TryPop(), 1);
  EXPECT_EQ(queue.TryPop(), std::nullopt);
}

Async<void> SleepLong(Clock& clock, Status& out) { out = co_await clock.Sleep(1h); }

TEST_F(AsyncTest, StoppingAGroupEndsItsWaitsAsCancelled) {
  TaskGroup tasks(io_.get_executor());
  Status ended;
  tasks.Spawn(SleepLong(clock_, ended));
  io_.poll();
  tasks.Stop();
  io_.restart();
  io_.run();
  EXPECT_TRUE(IsCancelled(ended));
  EXPECT_EQ(tasks.size(), 0u);
}

Async<void> TwoWaits(Signal& signal, std::vector<std::string>& trace) {
  for (int i = 0; i < 2; i++) {
    Status s = co_await signal.Wait();
    trace.push_back(s.ok() ? "woken" : "cancelled");
  }
}

TEST_F(AsyncTest, AStoppedCoroutineNeverWaitsAgain) {
  Signal signal(io_.get_executor());
  TaskGroup tasks(io_.get_executor());
  std::vector<std::string> trace;
  tasks.Spawn(TwoWaits(signal, trace));
  io_.poll();
  tasks.Stop();
  io_.restart();
  io_.run();
  EXPECT_EQ(trace, (std::vector<std::string>{"cancelled", "cancelled"}));
}

Async<void> TakeThenGive(Permits& permits, int64_t n, Clock& clock, int64_t& peak) {
  auto got = co_await permits.Take(n);
  peak = std::max(peak, permits.taken());
  (void)co_await clock.Sleep(1ms);
  permits.Give(*got);
}

TEST_F(AsyncTest, PermitsAreNeverExceededAndAnOversizedTakePassesAlone) {
  Permits permits(io_.get_executor(), 3);
  int64_t peak = 0;
  TaskGroup tasks(io_.get_executor());
  for (int64_t n : {2, 2, 7, 1}) tasks.Spawn(TakeThenGive(permits, n, clock_, peak));
  io_.run();
  EXPECT_EQ(peak, 3);
  EXPECT_EQ(permits.free(), 3);
}

Async<void> CallOut(BlockingPool& pool, std::string& out) {
  out = co_await pool.Run([] { return std::string("from the pool"); });
}

TEST_F(AsyncTest, ABlockingCallAnswersOnTheCallersExecutor) {
  BlockingPool pool(1);
  std::string out;
  TaskGroup tasks(io_.get_executor());
  tasks.Spawn(CallOut(pool, out));
  io_.run();
  EXPECT_EQ(out, "from the pool");
}

Async<void> CallThenNote(BlockingPool& pool, std::string& out) {
  const std::string answer = co_await pool.Run([] { return std::string("called"); });
  out = answer + (co_await IsStopping() ? ", stopping" : "");
}

TEST_F(AsyncTest, ABlockingCallThatIsStoppedBeforeItBeginsStillAnswers) {
  BlockingPool pool(1);
  std::promise<void> go;
  std::string second;
  TaskGroup blocker(io_.get_executor());
  TaskGroup tasks(io_.get_executor());
  blocker.Spawn([](BlockingPool& p, std::future<void> gate) -> Async<void> {
    co_await p.Run([&gate] { return gate.wait_for(std::chrono::minutes(1)) == std::future_status::ready; });
  }(pool, go.get_future()));
  io_.poll();
  tasks.Spawn(CallThenNote(pool, second));  // waits for the pool's only thread
  io_.restart();
  io_.poll();
  tasks.Stop();
  io_.restart();
  io_.poll();
  go.set_value();
  io_.restart();
  io_.run();
  EXPECT_EQ(second, "called, stopping");
}

Async<void> JoinGroup(TaskGroup& group, bool& joined) {
  co_await group.Join();
  joined = true;
}

TEST_F(AsyncTest, JoinSeesTheLastTaskEnd) {
  TaskGroup tasks(io_.get_executor());
  Status ended;
  bool joined = false;
  tasks.Spawn(SleepLong(clock_, ended));
  Detach(io_.get_executor(), JoinGroup(tasks, joined));
  io_.poll();
  EXPECT_FALSE(joined);
  tasks.Stop();
  io_.restart();
  io_.run();
  EXPECT_TRUE(joined);
}

}  // namespace
}  // namespace klink
