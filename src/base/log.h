// What klink tells its operators: one line per event on stderr, logfmt or JSON, always `ts level event msg` first.
//
//   Log(Level::kWarning, Event::kClusterUnreachable, "no broker answers", {{"cluster", name}, {"error",
//   Text(status)}});
//
// The same event about the same thing (link, topic, partition, broker, cluster, api) is printed once a minute; what
// came in between is counted and told as `repeated=N` on the next line. Any thread may log.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/log_events.h"
#include "base/types.h"

namespace klink {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kLogfmt, kJson };

struct LogField {
  template <class T>
  LogField(std::string_view k, const T& v) : key(k), value(fmt::format("{}", v)) {}
  std::string_view key;  // a literal: it outlives the line
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

struct LogOptions {
  Level level = Level::kInfo;
  LogFormat format = LogFormat::kLogfmt;
};

// Formats, limits and hands whole lines (without newline) to `write`, which must stand being called by any thread.
class Logger {
 public:
  using Write = std::function<void(Level, std::string_view line)>;
  using Now = std::function<WallTime()>;

  Logger(LogOptions options, Write write, Now now);
  ~Logger();

  void Log(Level level, Event event, std::string_view msg, LogFields fields);
  // Tells the counts of lines held back so far (at exit).
  void FlushRepeated();

 private:
  class Limiter;

  LogOptions options_;
  Write write_;
  Now now_;
  std::unique_ptr<Limiter> limiter_;
};

// The process's logger: stderr. Before SetLogOptions: info, logfmt.
void SetLogOptions(LogOptions options);
// Replaces the process's logger (tests; the simulator silences it). A null pointer restores stderr.
void SetLogger(std::shared_ptr<Logger> logger);
void Log(Level level, Event event, std::string_view msg, LogFields fields = {});
void FlushRepeatedLogLines();

std::string_view LevelName(Level level);

}  // namespace klink
