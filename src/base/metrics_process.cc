#include "base/metrics_process.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

namespace klink {
namespace {

std::string ReadFile(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Put(std::string& out, std::string_view name, std::string_view kind, std::string_view help, double value) {
  fmt::format_to(std::back_inserter(out), "# HELP {0} {2}\n# TYPE {0} {1}\n{0} {3}\n", name, kind, help, value);
}

// Fields of /proc/self/stat after the command in parentheses; index 0 is the state (proc(5) field 3).
std::vector<std::string> StatFields() {
  const std::string stat = ReadFile("/proc/self/stat");
  const size_t after = stat.rfind(')');
  if (after == std::string::npos) return {};
  std::istringstream words(stat.substr(after + 1));
  return {std::istream_iterator<std::string>(words), {}};
}

double Number(const std::vector<std::string>& fields, size_t index) {
  return index < fields.size() ? std::strtod(fields[index].c_str(), nullptr) : 0;
}

double BootTime() {
  const std::string stat = ReadFile("/proc/stat");
  const size_t at = stat.find("\nbtime ");
  return at == std::string::npos ? 0 : std::strtod(stat.c_str() + at + 7, nullptr);
}

}  // namespace

std::string ProcessMetrics() {
  std::string out;
  const auto fields = StatFields();
  if (!fields.empty()) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
    Put(out, "process_cpu_seconds_total", "counter", "User and system CPU time",
        (Number(fields, 11) + Number(fields, 12)) / ticks);
    Put(out, "process_threads", "gauge", "Threads", Number(fields, 17));
    Put(out, "process_start_time_seconds", "gauge", "Start since the epoch", BootTime() + Number(fields, 19) / ticks);
    Put(out, "process_virtual_memory_bytes", "gauge", "Virtual memory", Number(fields, 20));
    Put(out, "process_resident_memory_bytes", "gauge", "Resident memory", Number(fields, 21) * page);
  }
  std::error_code ec;
  std::filesystem::directory_iterator fds("/proc/self/fd", ec);
  if (!ec) {
    const auto open = std::distance(begin(fds), end(fds));
    Put(out, "process_open_fds", "gauge", "Open file descriptors", static_cast<double>(open));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    Put(out, "process_max_fds", "gauge", "Most file descriptors", static_cast<double>(limit.rlim_cur));
  }
  return out;
}

}  // namespace klink
