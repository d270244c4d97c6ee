#include "state/definition.h"

#include "base/limits.h"
#include "state/records.h"

namespace klink::state {
namespace {

constexpr std::string_view kDefinition = "definition";
constexpr std::string_view kDefiner = "definer";

template <class T>
admin::KeyValue Entry(const T& record) {
  JsonObject json;
  json["v"] = kRecordVersion;
  const Json fields = klink::ToJson(record);
  for (const auto& [key, value] : fields.get_object()) json[key] = value;
  admin::KeyValue out;
  out.key = KeyOf(record);
  out.value = CompactJson(json);
  return out;
}

template <class T>
Status Read(std::string_view key, std::string_view value, T& record) {
  JsonLimits limits;
  limits.bytes = limits::kStateRecordBytes;
  limits.depth = limits::kStateRecordDepth;
  const StatusOr<Json> json = ParseJson(value, limits);
  if (!json.ok()) return DataLoss("state record {}: {}", key, Text(json.status()));
  const StatusOr<int64_t> version = JsonInt(*json, "v");
  if (!version.ok()) return DataLoss("state record {}: {}", key, Text(version.status()));
  if (*version != kRecordVersion)
    return FailedPrecondition(
        "state record {} has version {}, this klink knows {}: it was written by another version; run that one, or "
        "upgrade this agent",
        key, *version, kRecordVersion);
  if (const Status read = klink::FromJson(*json, record); !read.ok())
    return DataLoss("state record {}: {}", key, Text(read));
  return absl::OkStatus();
}

}  // namespace

std::string KeyOf(const LinkDefinition&) { return std::string(kDefinition); }
std::string KeyOf(const DefinerRecord&) { return std::string(kDefiner); }

bool IsOfDefinition(std::string_view key) { return key == kDefinition || key == kDefiner; }

StatusOr<admin::KeyValue> Encode(const LinkDefinition& definition) {
  admin::KeyValue entry = Entry(definition);
  LinkDefinition read;
  if (const Status readable = Read(entry.key, *entry.value, read); !readable.ok())
    return InvalidArgument("the link's definition could not be read again: {}", Text(readable));
  return entry;
}

admin::KeyValue Encode(const DefinerRecord& definer) { return Entry(definer); }

std::string DefinerId(std::string_view link) { return fmt::format("klink.{}.definition", link); }

void DefinitionLog::Apply(std::string_view key, const std::optional<std::string>& value) {
  if (key == KeyOf(LinkRecord())) begun_ = value.has_value();
  if (key == kDefiner && value) {
    DefinerRecord definer;
    if (Read(key, *value, definer).ok()) definer_ = definer.session;
  }
  if (key != kDefinition) return;
  status_ = absl::OkStatus();
  if (!value) return definition_.reset();
  LinkDefinition read;
  status_ = Read(key, *value, read);
  if (status_.ok()) definition_ = std::move(read);  // else what was known before it
}

}  // namespace klink::state
