// Every message's decoder, instantiated once.
#include "kafka/codec.h"
#include "kafka/errors.h"
#include "kafka/messages/all.h"

namespace klink::kafka {
namespace {

template <class M>
StatusOr<M> DecodeBody(Reader& in, int16_t version) {
  M message;
  codec::DecodeStruct(in, message, version, version >= M::kFlexibleSince);
  if (in.ok() && in.left() != 0) in.Fail(fmt::format("{} bytes behind the end of the message", in.left()));
  constexpr bool kIsRequest = requires { typename M::Response; };
  if (!in.ok()) {
    return in.ToStatus(fmt::format("{} {} version {}", Name(M::kKey), kIsRequest ? "request" : "response", version));
  }
  return message;
}

}  // namespace

template <class M>
StatusOr<M> Decode(SharedBytes body, int16_t version) {
  Reader in(std::move(body));
  return DecodeBody<M>(in, version);
}

template <class R>
StatusOr<typename R::Response> DecodeResponse(SharedBytes frame, int16_t version) {
  constexpr bool kApiVersions = R::kKey == ApiKey::kApiVersions;
  if constexpr (kApiVersions) {
    constexpr size_t kErrorAt = 4;
    const bool refused = frame.size() >= kErrorAt + 2 &&
                         LoadBe<int16_t>(frame.data() + kErrorAt) == static_cast<int16_t>(Error::kUnsupportedVersion);
    if (refused) version = 0;
  }
  Reader in(std::move(frame));
  in.Number<int32_t>();  // the correlation id, matched by the connection
  if (version >= R::kFlexibleSince && !kApiVersions) in.SkipTags();
  return DecodeBody<typename R::Response>(in, version);
}

#define KLINK_ROW(NAME, KEY)                                      \
  template StatusOr<NAME##Request> Decode(SharedBytes, int16_t);  \
  template StatusOr<NAME##Response> Decode(SharedBytes, int16_t); \
  template StatusOr<NAME##Response> DecodeResponse<NAME##Request>(SharedBytes, int16_t);
KLINK_KAFKA_MESSAGES(KLINK_ROW)
#undef KLINK_ROW

}  // namespace klink::kafka
