#include "http/rest_views.h"

#include <algorithm>

#include "base/digest.h"
#include "state/states.h"

namespace klink::http {
namespace {

using config::StatusNames;

constexpr size_t kUuidBytes = 16;

struct Shown {
  std::string_view state;
  std::string_view compat;    // the five names that every client knows
  std::string_view category;  // of link_category
};
constexpr Shown kShown[] = {
    {"ACTIVE", "ACTIVE", "ACTIVE"},
    {"PAUSED", "PAUSED", "PAUSED"},
    {"LINK_PAUSED", "PAUSED", "PAUSED"},
    {"FAILED", "FAILED", "IN_ERROR"},
    {"LINK_FAILED", "FAILED", "IN_ERROR"},
    {"SOURCE_UNAVAILABLE", "ACTIVE", "IN_ERROR"},
    {"STOPPED", "STOPPED", "NOT_APPLICABLE"},
    {"PENDING_STOPPED", "PENDING_STOPPED", "PENDING"},
    {"PENDING_SYNCHRONIZE", "PENDING_STOPPED", "PENDING"},  // a promotion waits: a client that asked for it waits, too
    {"PENDING_MIRROR", "ACTIVE", "PENDING"},
    {"PENDING_SETUP_FOR_RESTORE", "ACTIVE", "PENDING"},
    {"PENDING_RESTORE", "ACTIVE", "PENDING"},
};
static_assert(std::size(kShown) == std::size(state::MirrorStateNames), "every state of a mirror has its row");

const Shown* Find(std::string_view state) {
  const auto row = std::find_if(std::begin(kShown), std::end(kShown), [&](const Shown& s) { return s.state == state; });
  return row == std::end(kShown) ? nullptr : row;
}

std::array<unsigned char, kUuidBytes> LinkUuid(const std::string& cluster_id, const std::string& link) {
  const Sha256Digest digest = Sha256(AsBytes(cluster_id + "/" + link));
  std::array<unsigned char, kUuidBytes> uuid{};
  for (size_t i = 0; i < uuid.size(); i++) uuid[i] = std::to_integer<unsigned char>(digest[i]);
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0f) | 0x80);  // version 8: by the maker's own rule
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3f) | 0x80);
  return uuid;
}

std::string UuidText(const std::array<unsigned char, kUuidBytes>& uuid) {
  std::string text;
  for (size_t i = 0; i < uuid.size(); i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", uuid[i]);
  }
  return text;
}

std::string_view LinkError(const link::LinkSnapshot& link) {
  if (link.state == "ACTIVE" || link.state == "PAUSED") return "NO_ERROR";
  if (link.reason_code == "AUTHORIZATION_ERROR") return "AUTHENTICATION_ERROR";
  if (link.reason_code == "SOURCE_UNAVAILABLE") return "BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR";
  return "UNKNOWN";
}

// What others call it.
std::string TaskName(const std::string& name) {
  if (name == "topic-sync") return "AutoCreateMirror";
  if (name == "config-sync") return "TopicConfigsSync";
  if (name == "acl-sync") return "AclSync";
  if (name == "group-sync") return "ConsumerOffsetSync";
  return name;
}

// That it stands because somebody wanted it is no error.
bool StandsOnPurpose(std::string_view state) {
  return state == "PAUSED" || state == "LINK_PAUSED" || state == "STOPPED" || state == "PENDING_STOPPED";
}

}  // namespace

std::string MirrorStatus(std::string_view state, StatusNames names) {
  const Shown* row = Find(state);
  return std::string(row == nullptr || names == StatusNames::kFull ? state : row->compat);
}

bool IsMirrorStatus(std::string_view status) { return Find(status) != nullptr; }

std::string ClusterLinkId(const std::string& cluster_id, const std::string& link) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto uuid = LinkUuid(cluster_id, link);
  std::string id;
  for (size_t bit = 0; bit < kUuidBytes * 8; bit += 6) {
    const size_t byte = bit / 8;
    const unsigned pair = uuid[byte] << 8 | (byte + 1 < kUuidBytes ? uuid[byte + 1] : 0u);
    id += kLetters[pair >> (10 - bit % 8) & 63];
  }
  return id;
}

RestLink ShowLink(const link::LinkSnapshot& link, const RestPlace& place) {
  RestLink out;
  out.metadata.self = place.Url({"links", link.name});
  out.cluster_id = place.cluster;
  out.link_name = link.name;
  out.link_id = UuidText(LinkUuid(place.cluster, link.name));
  out.cluster_link_id = ClusterLinkId(place.cluster, link.name);
  out.source_cluster_id = link.source.cluster_id;
  out.link_state = link.state;
  out.link_error = LinkError(link);
  if (out.link_error != "NO_ERROR") out.link_error_message = link.reason;
  std::map<std::string_view, int32_t> counts;
  for (const link::MirrorSnapshot& mirror : link.mirrors) {
    out.topic_names.push_back(mirror.topic);
    if (const Shown* row = Find(mirror.state)) counts[row->category]++;
  }
  for (const auto& [category, count] : counts) out.category_counts.push_back({std::string(category), count});
  return out;
}

std::vector<RestTask> ShowTasks(const link::LinkSnapshot& link) {
  std::vector<RestTask> tasks;
  for (const link::TaskSnapshot& task : link.tasks) {
    RestTask& out = tasks.emplace_back();
    out.task_name = TaskName(task.name);
    out.state = task.state;
    if (task.state == "IN_ERROR")
      out.errors.push_back({task.reason_code.value_or("UNKNOWN"), task.reason.value_or("")});
  }
  return tasks;
}

std::vector<RestLag> ShowLags(const link::MirrorSnapshot& mirror) {
  std::vector<RestLag> lags;
  for (const link::PartitionSnapshot& partition : mirror.partitions)
    lags.push_back({partition.partition, partition.lag.value_or(kRestUnknown),
                    partition.last_source_fetch_offset.value_or(kRestUnknown)});
  return lags;
}

std::vector<RestTaskError> ShowErrors(const link::MirrorSnapshot& mirror) {
  std::vector<RestTaskError> errors;
  for (const link::PartitionSnapshot& partition : mirror.partitions)
    if (partition.reason_code && !StandsOnPurpose(partition.state))
      errors.push_back({*partition.reason_code,
                        fmt::format("partition {}: {}", partition.partition, partition.reason.value_or(""))});
  if (errors.empty() && mirror.reason_code && !StandsOnPurpose(mirror.state))
    errors.push_back({*mirror.reason_code, mirror.reason.value_or("")});
  return errors;
}

RestMirror ShowMirror(const link::MirrorSnapshot& mirror, const std::string& link, const RestPlace& place,
                      StatusNames names) {
  RestMirror out;
  out.metadata.self = place.Url({"links", link, "mirrors", mirror.topic});
  out.link_name = link;
  out.mirror_topic_name = mirror.topic;
  out.source_topic_name = mirror.source_topic;
  out.num_partitions = static_cast<int32_t>(mirror.partitions.size());
  out.mirror_lags = ShowLags(mirror);
  out.mirror_status = MirrorStatus(mirror.state, names);
  if (out.mirror_status != mirror.state) out.mirror_topic_error = mirror.state;
  if (mirror.reason_code && !StandsOnPurpose(mirror.state)) out.mirror_topic_error = *mirror.reason_code;
  if (mirror.since) out.state_time_ms = mirror.since->time_since_epoch().count();
  return out;
}

RestTopic ShowTopic(const link::MirrorSnapshot& mirror, const RestPlace& place) {
  RestTopic out;
  out.metadata.self = place.Url({"topics", mirror.topic});
  out.cluster_id = place.cluster;
  out.topic_name = mirror.topic;
  out.partitions_count = static_cast<int32_t>(mirror.partitions.size());
  return out;
}

RestCluster ShowCluster(const RestPlace& place) {
  RestCluster out;
  out.metadata.self = place.Url({});
  out.cluster_id = place.cluster;
  return out;
}

}  // namespace klink::http
