#include "state/records.h"

#include "base/limits.h"

namespace klink::state {
namespace {

constexpr std::string_view kMirrorPrefix = "mirror/";
constexpr std::string_view kPidPrefix = "pid/";
constexpr std::string_view kAclPrefix = "acl/";
constexpr std::string_view kQuotaPrefix = "quota/";
constexpr std::string_view kGroupPrefix = "group/";
constexpr std::string_view kPromotionPrefix = "promotion/";
constexpr std::string_view kCutPrefix = "cut/";
constexpr std::string_view kDrillPrefix = "drill/";
constexpr size_t kRecordBytesMax = limits::kStateRecordBytes;
constexpr size_t kRecordDepthMax = limits::kStateRecordDepth;
constexpr size_t kShownBytes = 80;  // of a key in a message

template <class E>
Status FromName(const Json& json, E& v, std::optional<E> (*find)(std::string_view)) {
  if (!json.is_string()) return InvalidArgument("not a name");
  std::optional<E> found = find(TextOf(json.get_string()));
  if (!found) return InvalidArgument("unknown name {}", TextOf(json.get_string()).substr(0, kShownBytes));
  v = *found;
  return absl::OkStatus();
}

// `json` without what `defaults` says already. Lists of objects are compared with `item`.
JsonObject Lean(const JsonObject& json, const JsonObject& defaults) {
  JsonObject lean;
  for (const auto& [key, value] : json) {
    const Json* same = defaults.if_contains(key);
    if (same == nullptr || *same != value) lean[key] = value;
  }
  return lean;
}

template <class T>
JsonObject Fields(const T& record) {
  return Lean(klink::ToJson(record).as_object(), klink::ToJson(T{}).as_object());
}
JsonObject Fields(const MirrorRecord& record) {
  JsonObject fields = Lean(klink::ToJson(record).as_object(), klink::ToJson(MirrorRecord{}).as_object());
  JsonArray partitions;
  for (const PartitionRecord& partition : record.partitions) partitions.push_back(Fields(partition));
  if (!partitions.empty()) fields["partitions"] = std::move(partitions);
  return fields;
}

template <class T>
StatusOr<Record> Read(const Json& json, std::string_view key) {
  T record;
  if (Status read = klink::FromJson(json, record); !read.ok())
    return DataLoss("state record {}: {}", key.substr(0, kShownBytes), Text(read));
  if (KeyOf(record) != key)
    return DataLoss("state record {}: its value belongs under {}", key.substr(0, kShownBytes),
                    KeyOf(record).substr(0, kShownBytes));
  return Record(std::move(record));
}

}  // namespace

std::string KeyOf(const LinkRecord&) { return "link"; }
std::string KeyOf(const ConfigRecord&) { return "config"; }
std::string KeyOf(const ControllerRecord&) { return "controller"; }
std::string KeyOf(const PauseRecord&) { return "pause"; }
std::string KeyOf(const InhibitRecord&) { return "inhibit"; }
std::string KeyOf(const CutoverRecord&) { return "cutover"; }
std::string KeyOf(const PidRecord& record) { return fmt::format("{}{}", kPidPrefix, record.pid); }
std::string KeyOf(const MirrorRecord& record) { return fmt::format("{}{}", kMirrorPrefix, record.destination_topic); }

// Lengths make the parts of any content tell apart.
std::string KeyOf(const AclRecord& r) {
  return fmt::format("{}{}/{}/{}/{}/{}/{}:{}/{}", kAclPrefix, r.permission, r.operation, r.resource, r.pattern, r.host,
                     r.principal.size(), r.principal, r.name);
}
std::string KeyOf(const QuotaRecord& r) {
  const auto part = [](const std::optional<std::string>& text) {
    return text ? fmt::format("{}:{}", text->size(), *text) : "-";
  };
  return fmt::format("{}{}/{}/{}", kQuotaPrefix, r.key, part(r.user), part(r.client_id));
}
std::string KeyOf(const GroupRecord& record) { return fmt::format("{}{}", kGroupPrefix, record.group); }

std::string KeyOf(const PromotionRecord& record) { return fmt::format("{}{}", kPromotionPrefix, record.id); }
std::string KeyOf(const CutRecord& record) { return fmt::format("{}{}", kCutPrefix, record.topic); }

std::string KeyOf(const DrillRecord& record) { return fmt::format("{}{}", kDrillPrefix, record.id); }

std::optional<std::string> DrillOfKey(std::string_view key) {
  if (!key.starts_with(kDrillPrefix)) return std::nullopt;
  return std::string(key.substr(kDrillPrefix.size()));
}

std::optional<std::string> MirrorOfKey(std::string_view key) {
  if (!key.starts_with(kMirrorPrefix)) return std::nullopt;
  return std::string(key.substr(kMirrorPrefix.size()));
}

std::optional<std::string> GroupOfKey(std::string_view key) {
  if (!key.starts_with(kGroupPrefix)) return std::nullopt;
  return std::string(key.substr(kGroupPrefix.size()));
}

admin::KeyValue Encode(const Record& record) {
  admin::KeyValue out;
  if (const auto* group = std::get_if<GroupRecord>(&record); group && group->empty()) {
    out.key = KeyOf(*group);
    return out;
  }
  std::visit(
      [&out](const auto& r) {
        JsonObject json;
        json["v"] = kRecordVersion;
        for (const auto& [key, value] : Fields(r)) json[key] = value;
        out.key = KeyOf(r);
        out.value = CompactJson(json);
      },
      record);
  return out;
}

admin::KeyValue Erase(std::string key) {
  admin::KeyValue out;
  out.key = std::move(key);
  return out;
}

StatusOr<Record> Decode(std::string_view key, std::string_view value) {
  const std::string_view shown = key.substr(0, kShownBytes);
  JsonLimits limits;
  limits.bytes = kRecordBytesMax;
  limits.depth = kRecordDepthMax;
  StatusOr<Json> json = ParseJson(value, limits);
  if (!json.ok()) return DataLoss("state record {}: {}", shown, Text(json.status()));
  StatusOr<int64_t> version = JsonInt(*json, "v");
  if (!version.ok()) return DataLoss("state record {}: {}", shown, Text(version.status()));
  if (*version != kRecordVersion)
    return FailedPrecondition(
        "state record {} has version {}, this klink knows {}: it was written by another version; run that one, or "
        "upgrade this agent",
        shown, *version, kRecordVersion);
  if (key == "link") return Read<LinkRecord>(*json, key);
  if (key == "config") return Read<ConfigRecord>(*json, key);
  if (key == "controller") return Read<ControllerRecord>(*json, key);
  if (key == "pause") return Read<PauseRecord>(*json, key);
  if (key == "inhibit") return Read<InhibitRecord>(*json, key);
  if (key == "cutover") return Read<CutoverRecord>(*json, key);
  if (key.starts_with(kPidPrefix)) return Read<PidRecord>(*json, key);
  if (key.starts_with(kMirrorPrefix)) return Read<MirrorRecord>(*json, key);
  if (key.starts_with(kAclPrefix)) return Read<AclRecord>(*json, key);
  if (key.starts_with(kQuotaPrefix)) return Read<QuotaRecord>(*json, key);
  if (key.starts_with(kGroupPrefix)) return Read<GroupRecord>(*json, key);
  if (key.starts_with(kPromotionPrefix)) return Read<PromotionRecord>(*json, key);
  if (key.starts_with(kCutPrefix)) return Read<CutRecord>(*json, key);
  if (key.starts_with(kDrillPrefix)) return Read<DrillRecord>(*json, key);
  return FailedPrecondition(
      "state record {} is of a kind this klink does not know: it was written by a newer version; upgrade this agent",
      shown);
}

Json ToJson(Phase v) { return Json(Name(v)); }
Json ToJson(Reason v) { return Json(Name(v)); }
Json ToJson(PidUse v) { return Json(Name(v)); }
Json ToJson(AclHolding v) { return Json(Name(v)); }
Json ToJson(ControllerKind v) { return Json(Name(v)); }
Json ToJson(Accept v) { return Json(Name(v)); }
Json ToJson(PromotionKind v) { return Json(Name(v)); }
Json ToJson(PromotionStep v) { return Json(Name(v)); }
Json ToJson(PromotionOutcome v) { return Json(Name(v)); }
Json ToJson(CutoverStep v) { return Json(Name(v)); }
Status FromJson(const Json& json, Phase& v) { return FromName(json, v, FindPhase); }
Status FromJson(const Json& json, Reason& v) { return FromName(json, v, FindReason); }
Status FromJson(const Json& json, PidUse& v) { return FromName(json, v, FindPidUse); }
Status FromJson(const Json& json, AclHolding& v) { return FromName(json, v, FindAclHolding); }
Status FromJson(const Json& json, ControllerKind& v) { return FromName(json, v, FindControllerKind); }
Status FromJson(const Json& json, Accept& v) { return FromName(json, v, FindAccept); }
Status FromJson(const Json& json, PromotionKind& v) { return FromName(json, v, FindPromotionKind); }
Status FromJson(const Json& json, PromotionStep& v) { return FromName(json, v, FindPromotionStep); }
Status FromJson(const Json& json, PromotionOutcome& v) { return FromName(json, v, FindPromotionOutcome); }
Status FromJson(const Json& json, CutoverStep& v) { return FromName(json, v, FindCutoverStep); }

}  // namespace klink::state
