#include "state/view.h"

#include "state/definition.h"

namespace klink::state {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

Status MayReplace(const LinkRecord& was, const LinkRecord& is) {
  if (was.source_cluster_id != is.source_cluster_id || was.destination_cluster_id != is.destination_cluster_id)
    return FailedPrecondition("the link was made between clusters {} and {}, not {} and {}: {}", was.source_cluster_id,
                              was.destination_cluster_id, is.source_cluster_id, is.destination_cluster_id,
                              RowOf(Reason::kLinkClusterChanged).action);
  if (was.shards != is.shards)
    return FailedPrecondition("the link has {} shards for good, {} were asked for", was.shards, is.shards);
  return absl::OkStatus();
}

Status MayReplace(const MirrorRecord& was, const MirrorRecord& is) {
  if (!MayMove(was.phase, is.phase))
    return FailedPrecondition("mirror {} is {} and cannot become {}", was.destination_topic, Name(was.phase),
                              Name(is.phase));
  if (was.source_topic != is.source_topic)
    return FailedPrecondition("mirror {} is a copy of {}, not of {}", was.destination_topic, was.source_topic,
                              is.source_topic);
  return absl::OkStatus();
}

// What is written twice may only grow.
Status MayReplace(const PromotionRecord& was, const PromotionRecord& is) {
  if (!MayMove(was.step, is.step))
    return FailedPrecondition("promotion {} is at {} and cannot go to {}", was.id, Name(was.step), Name(is.step));
  if (was.kind != is.kind) return FailedPrecondition("promotion {} is a {}", was.id, Name(was.kind));
  if (was.step == PromotionStep::kDone && was != is) return FailedPrecondition("promotion {} is done", was.id);
  return absl::OkStatus();
}

Status MayReplace(const CutoverRecord& was, const CutoverRecord& is) {
  const bool done = was.step == CutoverStep::kDone;
  if (was.id != is.id) {
    if (done) return absl::OkStatus();
    return FailedPrecondition("cutover {} is at {}: it comes first", was.id, Name(was.step));
  }
  if (!MayMove(was.step, is.step))
    return FailedPrecondition("cutover {} is at {} and cannot go to {}", was.id, Name(was.step), Name(is.step));
  if (done && was != is) return FailedPrecondition("cutover {} is done", was.id);
  return absl::OkStatus();
}

}  // namespace

void StateView::Apply(std::string_view key, const std::optional<std::string>& value) {
  version_++;
  if (!status_.ok()) return;
  if (IsOfDefinition(key)) return;  // whoever runs the link has read that already
  if (!value) {
    if (auto topic = MirrorOfKey(key)) mirrors_.erase(*topic);
    if (auto acl = acls_.find(key); acl != acls_.end()) acls_.erase(acl);
    if (auto quota = quotas_.find(key); quota != quotas_.end()) quotas_.erase(quota);
    if (auto group = GroupOfKey(key)) groups_.erase(*group);
    if (auto drill = DrillOfKey(key)) drills_.erase(*drill);
    return;  // klink erases nothing else; compaction of an unknown kind takes nothing from us
  }
  StatusOr<Record> record = Decode(key, *value);
  if (!record.ok()) {
    status_ = record.status();
    return;
  }
  Take(*std::move(record));
}

void StateView::Take(Record record) {
  std::visit(Overloaded{
                 [this](LinkRecord& r) { link_ = std::move(r); },
                 [this](ConfigRecord& r) { config_ = std::move(r); },
                 [this](ControllerRecord& r) { controller_ = std::move(r); },
                 [this](PauseRecord& r) { pause_ = std::move(r); },
                 [this](InhibitRecord& r) { inhibit_ = std::move(r); },
                 [this](CutoverRecord& r) { cutover_ = std::move(r); },
                 [this](PidRecord& r) { pids_[r.pid] = r; },
                 [this](GroupRecord& r) {
                   std::string group = r.group;
                   groups_[std::move(group)] = std::move(r);
                 },
                 [this](MirrorRecord& r) {
                   std::string topic = r.destination_topic;
                   mirrors_[std::move(topic)] = std::move(r);
                 },
                 [this](AclRecord& r) {
                   std::string key = KeyOf(r);
                   acls_[std::move(key)] = std::move(r);
                 },
                 [this](QuotaRecord& r) {
                   std::string key = KeyOf(r);
                   quotas_[std::move(key)] = std::move(r);
                 },
                 [this](PromotionRecord& r) {
                   std::string id = r.id;
                   promotions_[std::move(id)] = std::move(r);
                 },
                 [this](CutRecord& r) {
                   std::string topic = r.topic;
                   cuts_[std::move(topic)] = std::move(r);
                 },
                 [this](DrillRecord& r) {
                   std::string id = r.id;
                   drills_[std::move(id)] = std::move(r);
                 },
             },
             record);
}

const MirrorRecord* StateView::mirror(std::string_view destination_topic) const {
  auto found = mirrors_.find(destination_topic);
  return found == mirrors_.end() ? nullptr : &found->second;
}

const MirrorRecord* StateView::mirror_of_source(std::string_view source_topic) const {
  for (const auto& [topic, mirror] : mirrors_)
    if (mirror.source_topic == source_topic) return &mirror;
  return nullptr;
}

const PromotionRecord* StateView::promotion() const {
  for (const auto& [id, promotion] : promotions_)
    if (promotion.step != PromotionStep::kDone) return &promotion;
  return nullptr;
}

const PromotionRecord* StateView::automatic_promotion() const {
  const PromotionRecord* newest = nullptr;
  for (const auto& [id, promotion] : promotions_)
    if (promotion.automatic && promotion.operation.empty()) newest = &promotion;
  return newest;
}

const CutRecord* StateView::cut(std::string_view destination_topic) const {
  const auto found = cuts_.find(destination_topic);
  return found == cuts_.end() ? nullptr : &found->second;
}

Status StateView::MayWrite(const Record& record) const {
  if (!status_.ok()) return status_;
  if (const auto* is = std::get_if<PromotionRecord>(&record)) {
    const auto was = promotions_.find(is->id);
    return was == promotions_.end() ? absl::OkStatus() : MayReplace(was->second, *is);
  }
  if (const auto* is = std::get_if<CutoverRecord>(&record))
    return cutover_ ? MayReplace(*cutover_, *is) : absl::OkStatus();
  if (const auto* link = std::get_if<LinkRecord>(&record)) return link_ ? MayReplace(*link_, *link) : absl::OkStatus();
  if (const auto* is = std::get_if<MirrorRecord>(&record)) {
    const MirrorRecord* was = mirror(is->destination_topic);
    if (was != nullptr) return MayReplace(*was, *is);
    if (is->destination_topic.empty()) return InvalidArgument("a mirror without a topic");
  }
  return absl::OkStatus();
}

}  // namespace klink::state
