// Commands run in this process against a fixed agent behind the real HTTP server, compared with golden files.
// KLINK_UPDATE=1 rewrites them.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/app.h"
#include "http/routes.h"
#include "http/server.h"
#include "tests/http/fake_agent.h"

namespace klink::cli {

struct Ran {
  Exit exit = Exit::kBug;
  std::string out;
  std::string err;
};

inline std::string ReadAll(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

class CliTest : public testing::Test {
 protected:
  CliTest() {
    const char* name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::string pattern = (std::filesystem::temp_directory_path() / (std::string("klink-cli-") + name + "-XXXXXX"));
    dir_ = mkdtemp(pattern.data());
  }
  ~CliTest() override {
    if (server_ != nullptr) {
      Detach(io_.get_executor(), StopServer());
      thread_.join();
    }
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  // Serves agent_ on a free port; the URL is known as "URL" in golden files.
  void Serve() { Serve(http::MakeRoutes(agent_, metrics_)); }
  void Serve(http::Service service) {
    auto server = http::Server::Listen(io_.get_executor(), "127.0.0.1", 0, std::move(service), metrics_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    server_->Start();
    thread_ = std::thread([this] { io_.run(); });
    env_["KLINK_URL"] = "http://" + server_->address();
  }

  // `answers`: what a person types; without it nobody is there to be asked.
  Ran Run(std::vector<std::string> arguments, std::optional<std::string> answers = std::nullopt) {
    std::istringstream in(answers.value_or(""));
    std::ostringstream out;
    std::ostringstream err;
    const auto env = [this](std::string_view name) -> std::optional<std::string> {
      const auto at = env_.find(name);
      return at == env_.end() ? std::nullopt : std::optional(at->second);
    };
    Ran ran;
    ran.exit = RunCommand(std::move(arguments), Io{out, err, env, false, answers ? &in : nullptr});
    ran.out = Steady(out.str());
    ran.err = Steady(err.str());
    return ran;
  }

  // A file in the test's own directory ("DIR" in golden files).
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = (dir_ / name).string();
    std::ofstream(path) << text;
    return path;
  }

  // Compares with golden/NAME.txt: the command, what it printed, and how it ended.
  void ExpectGolden(const std::string& name, const std::vector<std::string>& arguments,
                    std::optional<std::string> answers = std::nullopt) {
    const Ran ran = Run(arguments, std::move(answers));
    std::string text = "$ klink";
    for (const std::string& argument : arguments) text += " " + Steady(argument);
    text += "\n" + ran.out;
    if (!ran.err.empty()) text += "--- stderr\n" + ran.err;
    text += fmt::format("--- exit {}\n", static_cast<int>(ran.exit));
    ExpectFile("tests/cli/golden/" + name + ".txt", text);
  }
  // The example in docs/cli/NAME.json is what the command prints with -o json.
  void ExpectExample(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-o", "json"});
    ExpectFile("docs/cli/" + name + ".json", Run(arguments).out);
  }

  static void ExpectFile(const std::string& name, const std::string& text) {
    const std::filesystem::path file = std::filesystem::path(KLINK_SOURCE_DIR) / name;
    if (getenv("KLINK_UPDATE") != nullptr) std::ofstream(file) << text;
    EXPECT_EQ(ReadAll(file), text) << name << " (KLINK_UPDATE=1 rewrites it)";
  }

  asio::io_context io_{1};
  http::FakeAgent agent_;
  Metrics metrics_;
  std::map<std::string, std::string, std::less<>> env_;
  std::filesystem::path dir_;

 private:
  Async<void> StopServer() { co_await server_->Stop(); }

  // What differs from run to run, by its name.
  std::string Steady(std::string text) {
    const auto replace = [&text](const std::string& from, const std::string& to) {
      for (size_t at = 0; !from.empty() && (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
      }
    };
    if (server_ != nullptr) replace("http://" + server_->address(), "URL");
    replace(dir_.string(), "DIR");
    return text;
  }
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace klink::cli
