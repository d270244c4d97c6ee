// How klink's commands end: the exit codes promised to scripts.
#pragma once

#include "base/status.h"

namespace klink::cli {

enum class Exit {
  kOk = 0,
  kFailed = 1,        // failed or partly failed; for verify: a difference
  kUsage = 64,        // the command line is wrong
  kBadData = 65,      // bytes are wrong
  kUnreachable = 69,  // a cluster or the agent does not answer
  kBug = 70,
  kTryLater = 75,
  kNotAuthorised = 77,
  kConfiguration = 78,
};

// `klink check` ends as monitoring plugins do, also for a wrong command line: 3 is UNKNOWN there.
inline constexpr Exit kCheckUsage = static_cast<Exit>(3);

inline Exit ExitFor(const Status& status) {
  switch (status.code()) {
    case Code::kOk:
      return Exit::kOk;
    case Code::kInvalidArgument:
    case Code::kUnimplemented:
      return Exit::kUsage;
    case Code::kDataLoss:
    case Code::kOutOfRange:
      return Exit::kBadData;
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return Exit::kUnreachable;
    case Code::kResourceExhausted:
      return Exit::kTryLater;
    case Code::kPermissionDenied:
    case Code::kUnauthenticated:
      return Exit::kNotAuthorised;
    case Code::kInternal:
      return Exit::kBug;
    default:
      return Exit::kFailed;
  }
}

}  // namespace klink::cli
