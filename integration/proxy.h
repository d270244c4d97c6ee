// A TCP relay in front of a broker (which advertises the relay's port), so that a test can break the network: reset
// every connection, or hold all bytes back as a black hole does.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace klink::it {

class Proxy {
 public:
  explicit Proxy(int port);  // listens at once; connections are refused upstream until the target is up
  ~Proxy();
  Proxy(Proxy&&) = delete;

  void SetTarget(int port) { target_ = port; }
  int port() const { return port_; }
  // Ends every connection with a reset on both sides; how many there were.
  int ResetAll();
  void Hold() { held_ = true; }
  void Release() { held_ = false; }
  int64_t bytes() const { return bytes_; }
  // Changes one bit of that text whenever the broker sends it, so many times; a cable that lies.
  void Corrupt(const std::string& text, int times);
  int corrupted() const { return corrupted_; }
  // Answers that many Produce requests to such a topic itself, with success and base offset 0, and forwards none of
  // them: a broker that lies.
  void SwallowProduce(std::function<bool(const std::string& topic)> which, int times);
  int swallowed() const { return swallowed_; }

 private:
  struct Pipe {
    int client;
    int server;
  };

  void Run();
  void Accept();
  bool Forward(int from, int to, bool from_broker);
  std::string SwallowedAnswer(const std::string& request);

  int port_;
  int listener_;
  std::atomic<int> target_ = 0;
  std::atomic<bool> held_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<int64_t> bytes_ = 0;
  std::atomic<int> corrupted_ = 0;
  std::atomic<int> swallowed_ = 0;
  std::mutex mutex_;  // guards what follows
  std::string corrupt_;
  int corrupt_times_ = 0;
  std::function<bool(const std::string&)> swallow_;
  int swallow_times_ = 0;
  std::vector<Pipe> pipes_;
  std::thread thread_;
};

}  // namespace klink::it
