#include "base/status.h"

namespace klink {

Status Annotate(Status status, std::string_view context) {
  if (status.ok()) return status;
  Status longer = MakeStatus(status.code(), fmt::format("{}: {}", context, Text(status)));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& value) { longer.SetPayload(url, value); });
  return longer;
}

}  // namespace klink
