// The command line: arguments in, one of the promised exit codes out. No exception leaves it.
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace klink::cli {

// `arguments` without the program's name.
Exit RunCommand(std::vector<std::string> arguments, Io io);

// For main().
int Main(int argc, char** argv);

}  // namespace klink::cli
