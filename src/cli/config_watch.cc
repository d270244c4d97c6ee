#include "cli/config_watch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include <sys/inotify.h>
#include <unistd.h>

namespace klink::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;
constexpr Duration kQuiet = 200ms;
constexpr int kRoundsMost = 25;  // of a directory that is never quiet
constexpr size_t kEventBytes = 16 << 10;
constexpr int kLinksMost = 16;  // in a row; beyond, it is a circle

}  // namespace

std::vector<std::string> DirectoriesOf(const std::string& path) {
  std::vector<std::string> directories;
  const auto add = [&directories](const fs::path& of) {
    std::string directory = of.parent_path().string();
    if (std::find(directories.begin(), directories.end(), directory) == directories.end())
      directories.push_back(std::move(directory));
  };
  std::error_code ec;
  fs::path at = fs::absolute(path, ec).lexically_normal();
  for (int links = 0; links < kLinksMost; links++) {
    add(at);
    if (!fs::is_symlink(at, ec)) break;
    const fs::path target = fs::read_symlink(at, ec);
    if (ec) break;
    at = (target.is_absolute() ? target : at.parent_path() / target).lexically_normal();
  }
  if (const fs::path real = fs::canonical(at, ec); !ec) add(real);
  return directories;
}

StatusOr<std::unique_ptr<ConfigWatch>> ConfigWatch::Open(Executor executor, Clock& clock, std::string path) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return Unavailable("watching {}: {}", path, std::strerror(errno));
  return std::unique_ptr<ConfigWatch>(new ConfigWatch(std::move(executor), clock, std::move(path), fd));
}

ConfigWatch::ConfigWatch(Executor executor, Clock& clock, std::string path, int fd)
    : path_(std::move(path)), clock_(clock), events_(std::move(executor), fd) {
  Watch();
}

// A directory that is watched already stays so; one that is gone has lost its watch.
void ConfigWatch::Watch() {
  for (const std::string& directory : DirectoriesOf(path_))
    (void)inotify_add_watch(events_.native_handle(), directory.c_str(), kEvents);
}

// Takes what waits to be read; was there anything?
bool ConfigWatch::Drain() {
  alignas(inotify_event) std::array<char, kEventBytes> events;
  bool any = false;
  while (read(events_.native_handle(), events.data(), events.size()) > 0) any = true;
  return any;
}

Async<Status> ConfigWatch::Changed() {
  auto [ec] = co_await events_.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
  if (co_await IsStopping()) co_return Cancelled("stopped watching {}", path_);
  if (ec) co_return ToStatus(ec, fmt::format("watching {}", path_));
  for (int rounds = 0; Drain() && rounds < kRoundsMost; rounds++) CO_RETURN_IF_ERROR(co_await clock_.Sleep(kQuiet));
  Watch();
  co_return absl::OkStatus();
}

}  // namespace klink::cli
