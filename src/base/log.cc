#include "base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "base/json_fields.h"
#include "base/log_tail.h"

namespace klink {
namespace {

constexpr auto kRepeatWindow = 60s;
constexpr size_t kKeysMost = 4096;  // things told apart; beyond, the oldest window is closed early

// The fields that say what a line is about; the others say what happened.
constexpr std::array<std::string_view, 7> kSubject = {"link", "topic", "partition", "broker", "cluster", "api", "id"};

std::string SubjectOf(Event event, std::string_view msg, LogFields fields) {
  std::string key = fmt::format("{}", static_cast<int>(event));
  bool about_something = false;
  for (const LogField& field : fields) {
    if (std::find(kSubject.begin(), kSubject.end(), field.key) == kSubject.end()) continue;
    key += '\0', key += field.key, key += '=', key += field.value;
    about_something = true;
  }
  if (!about_something) key += '\0', key += msg;  // nothing but the text tells two such lines apart
  return key;
}

// A bare word stays bare; anything else is quoted with the escapes of JSON, so one event is always one line.
std::string LogfmtValue(std::string_view value) {
  const auto plain = [](char c) { return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f; };
  if (!value.empty() && std::all_of(value.begin(), value.end(), plain)) return std::string(value);
  return CompactJson(Json(value));
}

std::string LogfmtLine(const std::vector<std::pair<std::string_view, std::string>>& fields) {
  std::string line;
  for (const auto& [key, value] : fields) {
    if (!line.empty()) line += ' ';
    line += key;
    line += '=';
    line += LogfmtValue(value);
  }
  return line;
}

std::string JsonLine(const std::vector<std::pair<std::string_view, std::string>>& fields) {
  JsonObject object;
  for (const auto& [key, value] : fields) object[key] = std::string_view(value);
  return CompactJson(object);
}

}  // namespace

std::string_view LevelName(Level level) {
  constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

// Which lines of the same subject pass. Closed windows that held lines back are handed out as one line each.
class Logger::Limiter {
 public:
  struct Held {
    Level level;
    Event event;
    std::string msg;
    std::vector<LogField> fields;
    uint64_t count = 0;
    WallTime since;
  };

  // Does this line pass, and how many before it did not? No number: held back.
  std::optional<uint64_t> Pass(const std::string& key, Held line) {
    std::lock_guard lock(mutex_);
    auto [at, is_new] = windows_.try_emplace(key, line);
    if (is_new) {
      if (windows_.size() > kKeysMost) DropOldest(key);
      return 0;
    }
    if (line.since - at->second.since < kRepeatWindow) {
      line.count = at->second.count + 1;
      line.since = at->second.since;
      at->second = std::move(line);  // the latest text is the one told later
      return std::nullopt;
    }
    const uint64_t held = at->second.count;
    at->second = std::move(line);
    return held;
  }

  // Windows that ended before `now`; those that held lines back are answered.
  std::vector<Held> Close(WallTime now) {
    std::lock_guard lock(mutex_);
    std::vector<Held> ended;
    if (now < next_sweep_) return ended;
    next_sweep_ = now + kRepeatWindow / 6;
    for (auto at = windows_.begin(); at != windows_.end();) {
      if (now - at->second.since < kRepeatWindow) {
        ++at;
        continue;
      }
      if (at->second.count > 0) ended.push_back(std::move(at->second));
      at = windows_.erase(at);
    }
    return ended;
  }
  std::vector<Held> CloseAll() {
    {
      std::lock_guard lock(mutex_);
      next_sweep_ = WallTime{};
    }
    return Close(WallTime::max() - std::chrono::hours(24));  // later than any window, and still a time to add to
  }

 private:
  void DropOldest(const std::string& except) {
    auto oldest = windows_.end();
    for (auto at = windows_.begin(); at != windows_.end(); ++at) {
      if (at->first != except && (oldest == windows_.end() || at->second.since < oldest->second.since)) oldest = at;
    }
    if (oldest != windows_.end()) windows_.erase(oldest);
  }

  std::mutex mutex_;
  std::map<std::string, Held> windows_;
  WallTime next_sweep_{};
};

Logger::Logger(LogOptions options, Write write, Now now)
    : options_(options), write_(std::move(write)), now_(std::move(now)), limiter_(std::make_unique<Limiter>()) {}
Logger::~Logger() = default;

namespace {
std::string Line(LogFormat format, WallTime now, Level level, Event event, std::string_view msg, const LogField* fields,
                 size_t count, uint64_t repeated) {
  std::vector<std::pair<std::string_view, std::string>> all;
  all.reserve(count + 5);
  all.emplace_back("ts", Rfc3339(now));
  all.emplace_back("level", LevelName(level));
  all.emplace_back("event", fmt::format("KL{}", static_cast<int>(event)));
  all.emplace_back("msg", msg);
  for (size_t i = 0; i < count; i++) all.emplace_back(fields[i].key, fields[i].value);
  if (repeated > 0) all.emplace_back("repeated", fmt::format("{}", repeated));
  return format == LogFormat::kJson ? JsonLine(all) : LogfmtLine(all);
}
}  // namespace

void Logger::Log(Level level, Event event, std::string_view msg, LogFields fields) {
  if (level < options_.level) return;
  const WallTime now = now_();
  Limiter::Held line{level, event, std::string(msg), std::vector<LogField>(fields), 0, now};
  const auto repeated = limiter_->Pass(SubjectOf(event, msg, fields), std::move(line));
  for (const auto& held : limiter_->Close(now)) {
    write_(held.level, Line(options_.format, now, held.level, held.event, held.msg, held.fields.data(),
                            held.fields.size(), held.count));
  }
  if (repeated) write_(level, Line(options_.format, now, level, event, msg, fields.begin(), fields.size(), *repeated));
}

void Logger::FlushRepeated() {
  const WallTime now = now_();
  for (const auto& held : limiter_->CloseAll()) {
    write_(held.level, Line(options_.format, now, held.level, held.event, held.msg, held.fields.data(),
                            held.fields.size(), held.count));
  }
}

namespace {

std::shared_ptr<Logger> StderrLogger(LogOptions options) {
  auto sink = std::make_shared<spdlog::logger>("klink", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  sink->set_pattern("%v");
  sink->set_level(spdlog::level::trace);  // levels are decided here, not there
  sink->flush_on(spdlog::level::trace);
  auto write = [sink](Level, std::string_view line) {
    sink->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    StderrTail().Add(line);
  };
  return std::make_shared<Logger>(options, write, [] { return SystemClock().Wall(); });
}

std::shared_ptr<Logger>& Current() {
  static std::shared_ptr<Logger> logger = StderrLogger({});
  return logger;
}

}  // namespace

LogTail& StderrTail() {
  static LogTail* const tail = new LogTail;  // lines come to the very end of the process
  return *tail;
}

void SetLogOptions(LogOptions options) { SetLogger(StderrLogger(options)); }

void SetLogger(std::shared_ptr<Logger> logger) {
  std::atomic_store(&Current(), logger != nullptr ? std::move(logger) : StderrLogger({}));
}

void Log(Level level, Event event, std::string_view msg, LogFields fields) {
  std::atomic_load(&Current())->Log(level, event, msg, fields);
}

void FlushRepeatedLogLines() { std::atomic_load(&Current())->FlushRepeated(); }

}  // namespace klink
