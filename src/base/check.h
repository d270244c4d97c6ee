// What our own code promised, checked in release too. Never for what came from a network, a disk or a person.
#pragma once

namespace klink {
[[noreturn]] void CheckFailed(const char* what, const char* file, int line);
}

#define KLINK_CHECK(condition) \
  (__builtin_expect(!!(condition), 1) ? (void)0 : ::klink::CheckFailed(#condition, __FILE__, __LINE__))
