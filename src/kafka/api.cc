#include "kafka/api.h"

#include "kafka/messages/all.h"

namespace klink::kafka {

std::string_view Name(ApiKey key) {
  switch (key) {
#define KLINK_ROW(NAME, KEY) \
  case ApiKey::k##NAME:      \
    return #NAME;
    KLINK_KAFKA_MESSAGES(KLINK_ROW)
    KLINK_KAFKA_OTHER_APIS(KLINK_ROW)
#undef KLINK_ROW
  }
  return "unknown API";
}

const ApiInfo* FindApi(ApiKey key) {
  switch (key) {
#define KLINK_ROW(NAME, KEY)                                                                             \
  case ApiKey::k##NAME: {                                                                                \
    static constexpr ApiInfo kInfo{.key = ApiKey::k##NAME,                                               \
                                   .name = #NAME,                                                        \
                                   .versions = {.min = NAME##Request::kMin, .max = NAME##Request::kMax}, \
                                   .flexible_since = NAME##Request::kFlexibleSince};                     \
    return &kInfo;                                                                                       \
  }
    KLINK_KAFKA_MESSAGES(KLINK_ROW)
#undef KLINK_ROW
    default:
      return nullptr;
  }
}

}  // namespace klink::kafka
