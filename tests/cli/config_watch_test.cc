// A file is replaced in every way that operators and Kubernetes have, and each is noticed.
#include "cli/config_watch.h"

#include <filesystem>
#include <fstream>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

namespace klink::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;

class ConfigWatchTest : public testing::Test {
 protected:
  ConfigWatchTest() {
    std::string pattern = fs::temp_directory_path() / "klink-watch-XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~ConfigWatchTest() override { fs::remove_all(dir_); }

  void Write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

  // Does `change` wake the watch?
  template <class F>
  bool Notices(const fs::path& file, F change) {
    asio::io_context io;
    SystemClock clock;
    auto watch = ConfigWatch::Open(io.get_executor(), clock, file.string());
    EXPECT_TRUE(watch.ok()) << Text(watch.status());
    std::optional<Status> changed;
    Detach(io.get_executor(), Await(**watch, changed));
    io.poll();
    EXPECT_FALSE(changed.has_value());  // not by itself
    change();
    io.restart();
    io.run_for(std::chrono::seconds(20));  // ends with the coroutine
    return changed.has_value() && changed->ok();
  }
  static Async<void> Await(ConfigWatch& watch, std::optional<Status>& changed) { changed = co_await watch.Changed(); }

  fs::path dir_;
};

TEST_F(ConfigWatchTest, WrittenInPlace) {
  Write(dir_ / "klink.yaml", "a");
  EXPECT_TRUE(Notices(dir_ / "klink.yaml", [&] { Write(dir_ / "klink.yaml", "b"); }));
}

TEST_F(ConfigWatchTest, RenamedOver) {
  Write(dir_ / "klink.yaml", "a");
  Write(dir_ / "klink.yaml.new", "b");
  EXPECT_TRUE(Notices(dir_ / "klink.yaml", [&] { fs::rename(dir_ / "klink.yaml.new", dir_ / "klink.yaml"); }));
}

TEST_F(ConfigWatchTest, MadeOnlyLater) {
  EXPECT_TRUE(Notices(dir_ / "klink.yaml", [&] { Write(dir_ / "klink.yaml", "a"); }));
}

// klink.yaml → ..data/klink.yaml, ..data → ..1: the second link is swapped, klink.yaml itself never changes.
TEST_F(ConfigWatchTest, AConfigMapsLinkSwapped) {
  fs::create_directory(dir_ / "..1");
  fs::create_directory(dir_ / "..2");
  Write(dir_ / "..1" / "klink.yaml", "a");
  Write(dir_ / "..2" / "klink.yaml", "b");
  fs::create_symlink("..1", dir_ / "..data");
  fs::create_symlink("..data/klink.yaml", dir_ / "klink.yaml");
  EXPECT_TRUE(Notices(dir_ / "klink.yaml", [&] {
    fs::create_symlink("..2", dir_ / "..data_tmp");
    fs::rename(dir_ / "..data_tmp", dir_ / "..data");
  }));
}

TEST_F(ConfigWatchTest, TheFileBehindALinkElsewhere) {
  fs::create_directory(dir_ / "etc");
  fs::create_directory(dir_ / "real");
  Write(dir_ / "real" / "klink.yaml", "a");
  fs::create_symlink(dir_ / "real" / "klink.yaml", dir_ / "etc" / "klink.yaml");
  EXPECT_THAT(DirectoriesOf(dir_ / "etc" / "klink.yaml"), Contains((dir_ / "real").string()));
  EXPECT_TRUE(Notices(dir_ / "etc" / "klink.yaml", [&] { Write(dir_ / "real" / "klink.yaml", "b"); }));
}

TEST_F(ConfigWatchTest, ACircleOfLinksEnds) {
  fs::create_symlink("b", dir_ / "a");
  fs::create_symlink("a", dir_ / "b");
  EXPECT_THAT(DirectoriesOf(dir_ / "a"), Contains(dir_.string()));
}

}  // namespace
}  // namespace klink::cli
