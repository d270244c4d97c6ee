// Errors are values. A Status says what was tried, on what, and what happened; its code says who acts:
// Unavailable = try again, FailedPrecondition = a person must act, DataLoss = bytes are wrong, Cancelled = we are
// stopping, InvalidArgument = the caller's input, NotFound, PermissionDenied, Unauthenticated, DeadlineExceeded.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

namespace klink {

using absl::Status;
using absl::StatusOr;
using Code = absl::StatusCode;

// Debian's abseil has a string_view of its own; text crosses that border here and nowhere else.
inline Status MakeStatus(Code code, std::string_view text) {
  return Status(code, absl::string_view(text.data(), text.size()));
}
inline std::string Text(const Status& status) { return std::string(status.message().data(), status.message().size()); }
// The same code and payloads with `context` put before the text: "context: text".
Status Annotate(Status status, std::string_view context);

#define KLINK_STATUS_MAKER(NAME)                                                     \
  template <class... A>                                                              \
  Status NAME(fmt::format_string<A...> format, A&&... args) {                        \
    return MakeStatus(Code::k##NAME, fmt::format(format, std::forward<A>(args)...)); \
  }
KLINK_STATUS_MAKER(Unavailable)
KLINK_STATUS_MAKER(FailedPrecondition)
KLINK_STATUS_MAKER(DataLoss)
KLINK_STATUS_MAKER(Cancelled)
KLINK_STATUS_MAKER(InvalidArgument)
KLINK_STATUS_MAKER(NotFound)
KLINK_STATUS_MAKER(AlreadyExists)
KLINK_STATUS_MAKER(PermissionDenied)
KLINK_STATUS_MAKER(Unauthenticated)
KLINK_STATUS_MAKER(DeadlineExceeded)
KLINK_STATUS_MAKER(ResourceExhausted)
KLINK_STATUS_MAKER(OutOfRange)
KLINK_STATUS_MAKER(Unimplemented)
KLINK_STATUS_MAKER(Internal)
#undef KLINK_STATUS_MAKER

inline const Status& StatusOf(const Status& status) { return status; }
template <class T>
const Status& StatusOf(const StatusOr<T>& result) {
  return result.status();
}

using absl::IsCancelled;
using absl::IsUnavailable;

}  // namespace klink

#define KLINK_CONCAT_(a, b) a##b
#define KLINK_CONCAT(a, b) KLINK_CONCAT_(a, b)

// TRY(auto x, F()): x is the value, or this function returns the error. CO_TRY: the same in a coroutine.
#define KLINK_TRY_(RETURN, tmp, decl, ...)      \
  auto tmp = (__VA_ARGS__);                     \
  if (!tmp.ok()) RETURN ::klink::StatusOf(tmp); \
  decl = *std::move(tmp)
#define TRY(decl, ...) KLINK_TRY_(return, KLINK_CONCAT(try_, __COUNTER__), decl, __VA_ARGS__)
#define CO_TRY(decl, ...) KLINK_TRY_(co_return, KLINK_CONCAT(try_, __COUNTER__), decl, __VA_ARGS__)

// RETURN_IF_ERROR(F()): for calls that answer a Status.
#define KLINK_CHECK_OK_(RETURN, tmp, ...) \
  if (auto tmp = (__VA_ARGS__); !tmp.ok()) RETURN ::klink::StatusOf(tmp)
#define RETURN_IF_ERROR(...) KLINK_CHECK_OK_(return, KLINK_CONCAT(st_, __COUNTER__), __VA_ARGS__)
#define CO_RETURN_IF_ERROR(...) KLINK_CHECK_OK_(co_return, KLINK_CONCAT(st_, __COUNTER__), __VA_ARGS__)
