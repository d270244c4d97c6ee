// --watch: an answer shown again and again, until somebody ends it.
#pragma once

#include <chrono>
#include <string>
#include <thread>

#include "cli/context.h"
#include "config/text.h"

namespace klink::cli {

struct WatchChoice {
  bool watch = false;
  std::string every = "2s";
  int64_t count = 0;  // rounds; 0: until it is ended
};
void AddWatch(CLI::App& verb, WatchChoice& choice);

// Shows once, or with --watch every so often; on a terminal each answer takes the place of the one before. An agent
// that does not answer is asked again. Ends as the last answer did.
template <class Once>
Exit ShowOrWatch(const Context& context, const WatchChoice& choice, Once once) {
  if (!choice.watch) return once();
  const StatusOr<Duration> every = config::ParseDuration(choice.every);
  if (!every.ok()) return context.Fail(Annotate(every.status(), "--every"));
  for (int64_t round = 1;; round++) {
    if (context.io.terminal) context.io.out << "\x1b[H\x1b[2J";
    const Exit exit = once();
    context.io.out << std::flush;
    if (round == choice.count || !context.io.out) return exit;
    std::this_thread::sleep_for(*every);
  }
}

}  // namespace klink::cli
