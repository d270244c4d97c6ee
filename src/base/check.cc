#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace klink {

void CheckFailed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "klink: broken promise: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace klink
