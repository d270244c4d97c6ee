// Every message's encoder, instantiated once.
#include "kafka/codec.h"
#include "kafka/messages/all.h"

namespace klink::kafka {
namespace {

template <class M>
void EncodeBody(Writer& out, const M& message, int16_t version) {
  codec::EncodeStruct(out, message, version, version >= M::kFlexibleSince);
}

}  // namespace

template <class M>
Gather Encode(const M& message, int16_t version) {
  Writer out;
  EncodeBody(out, message, version);
  return std::move(out).Finish();
}

template <class R>
Gather EncodeRequest(const R& request, int16_t version, int32_t correlation_id, std::string_view client_id) {
  KLINK_CHECK(R::kMin <= version && version <= R::kMax);
  Writer out;
  out.Number<int32_t>(0);  // the size, patched below
  out.Number(static_cast<int16_t>(R::kKey));
  out.Number(version);
  out.Number(correlation_id);
  out.StringLength(static_cast<int32_t>(client_id.size()), false);  // in the old form in every header version
  out.Bytes(AsBytes(client_id));
  if (version >= R::kFlexibleSince) out.UnsignedVarint(0);
  EncodeBody(out, request, version);
  out.PatchSize();
  return std::move(out).Finish();
}

template <class R>
Gather EncodeResponse(const typename R::Response& response, int16_t version, int32_t correlation_id) {
  Writer out;
  out.Number<int32_t>(0);
  out.Number(correlation_id);
  if (version >= R::kFlexibleSince && R::kKey != ApiKey::kApiVersions) out.UnsignedVarint(0);
  EncodeBody(out, response, version);
  out.PatchSize();
  return std::move(out).Finish();
}

#define KLINK_ROW(NAME, KEY)                                                               \
  template Gather Encode(const NAME##Request&, int16_t);                                   \
  template Gather Encode(const NAME##Response&, int16_t);                                  \
  template Gather EncodeRequest(const NAME##Request&, int16_t, int32_t, std::string_view); \
  template Gather EncodeResponse<NAME##Request>(const NAME##Response&, int16_t, int32_t);
KLINK_KAFKA_MESSAGES(KLINK_ROW)
#undef KLINK_ROW

}  // namespace klink::kafka
