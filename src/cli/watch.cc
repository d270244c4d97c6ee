#include "cli/watch.h"

#include <CLI/CLI.hpp>

namespace klink::cli {

void AddWatch(CLI::App& verb, WatchChoice& choice) {
  CLI::Option* watch = verb.add_flag("--watch", choice.watch, "Show it again and again, until it is ended");
  verb.add_option("--every", choice.every, "How often with --watch; 2s unless said")->type_name("TIME")->needs(watch);
  verb.add_option("--count", choice.count, "End after so many times with --watch")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""))
      ->needs(watch);
}

}  // namespace klink::cli
