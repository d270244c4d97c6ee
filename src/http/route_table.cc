#include "http/route_table.h"

#include <array>

#include "http/adoption_routes.h"
#include "http/control_body.h"
#include "http/drill_routes.h"
#include "http/json_schema.h"
#include "http/log_view.h"
#include "http/move_routes.h"
#include "http/promotion_routes.h"
#include "http/reading_routes.h"
#include "http/rest_changes.h"
#include "http/rest_configs.h"
#include "http/rest_verbs.h"
#include "http/rest_views.h"
#include "http/views.h"

namespace klink::http {
namespace {

template <class View>
Json Answer() {
  return Schema(View(), SchemaOf::kAnswer);
}
Json Anything() { return TypeSchema("object"); }
// What is only there when it is asked for is in `full`, and is not required.
template <class View>
Json AnswerWith(const View& full) {
  Json schema = Schema(full, SchemaOf::kAnswer);
  schema.as_object()["required"] = Schema(View(), SchemaOf::kAnswer).as_object()["required"];
  return schema;
}
Json RestLinkAnswer() {
  RestLink link;
  link.tasks.emplace();
  return AnswerWith(link);
}
Json RestMirrorAnswer() {
  RestMirror mirror;
  mirror.mirror_state_transition_errors.emplace();
  return AnswerWith(mirror);
}

constexpr auto kGet = Method::kGet;
constexpr auto kPost = Method::kPost;
constexpr auto kPut = Method::kPut;
constexpr auto kDelete = Method::kDelete;
constexpr auto kViewer = Need::kViewer;
constexpr auto kOperator = Need::kOperator;
constexpr auto kAdmin = Need::kAdmin;

#define REST "/v3/clusters/{}"
#define REST_LINK "/v3/clusters/{}/links/{}"
constexpr std::string_view kDry = "validate_only?";

// clang-format off
constexpr auto kTable = std::to_array<RouteRow>({
    {kGet, "/livez", Need::kNobody, "", "Whether the engine runs", ""},
    {kGet, "/readyz", Need::kNobody, "", "Whether every cluster has answered once", ""},
    {kGet, "/metrics", kViewer, "", "Metrics in Prometheus' text format", ""},
    {kGet, "/openapi.json", kViewer, "", "This description", "", Anything},
    {kGet, "/v1/status", kViewer, "", "The agent and all its links", "", Answer<StatusView>},
    {kGet, "/v1/audit", kViewer, "", "The end of the audit log", "events#", Answer<AuditView>},
    {kGet, "/v1/log", kViewer, "", "The newest lines of the agent's log", "lines#", Answer<LogView>},
    {kGet, "/v1/diff", kViewer, "", "Differences of the two clusters", "link", Answer<DiffView>},
    {kGet, "/v1/explain", kViewer, "", "Why a topic or a group is mirrored or not", "topic group link", Answer<ExplainView>},
    {kGet, "/v1/drills", kViewer, "", "The newest drills of each link", "link", DrillsSchema},
    {kGet, "/v1/events", kViewer, "", "States of links and mirrors, as they change", "link", nullptr, nullptr, 200, "text/event-stream"},
    {kGet, "/v1/config", kViewer, "", "The configuration in force, without secrets", "", Anything},
    {kGet, "/v1/links", kViewer, "", "All links", "", Answer<LinksView>},
    {kGet, "/v1/links/{}", kViewer, "", "A link", "", Answer<LinkView>},
    {kGet, "/v1/links/{}/acls", kViewer, "", "What is carried over of the source's ACLs, and what is held back", "", Answer<AclsView>},
    {kGet, "/v1/links/{}/mirrors", kViewer, "", "The mirrors of a link", "", Answer<MirrorsView>},
    {kGet, "/v1/links/{}/mirrors/{}", kViewer, "", "A mirror with its partitions", "", Answer<MirrorDetailView>},
    {kGet, "/v1/links/{}/mirrors:errors", kViewer, "", "What keeps mirrors from being plain running copies", "", Answer<ErrorsView>},
    {kGet, "/v1/links/{}/mirrors/{}/runs", kViewer, "", "The offset map of a partition", "partition!#", Answer<RunsView>},
    {kGet, "/v1/links/{}/mirrors/{}/offsets", kViewer, "", "Where a time stands in each partition", "at!", Answer<OffsetsAtView>},
    {kGet, "/v1/links/{}/offsets:translate", kViewer, "", "An offset translated", "topic! partition!# offset!# direction", Answer<TranslateView>},
    {kPost, "/v1/links/{}/offsets:translate", kViewer, "", "Offsets of a partition, or positions of many, translated", "", Anything, Anything},  // a question with a body
    {kGet, "/v1/links/{}/groups", kViewer, "", "The consumer groups a link carries over", "", Answer<GroupsView>},
    {kGet, "/v1/links/{}/groups/{}", kViewer, "", "A consumer group at both clusters", "", Answer<GroupView>},
    {kGet, "/v1/operations/{}", kViewer, "", "How far a promotion is, or what came of it", "", Answer<link::PromotionSnapshot>},
    {kPost, "/v1/links/{}:pause", kOperator, "link.pause", "Pause a link", "", Answer<LinkControlView>, LinkBodySchema},
    {kPost, "/v1/links/{}:resume", kOperator, "link.resume", "Resume a link", "", Answer<LinkControlView>, LinkBodySchema},
    {kPost, "/v1/links/{}/mirrors:pause", kOperator, "mirrors.pause", "Pause mirrors", "", Answer<MirrorsControlView>, MirrorsBodySchema},
    {kPost, "/v1/links/{}/mirrors:resume", kOperator, "mirrors.resume", "Resume mirrors", "", Answer<MirrorsControlView>, ResumeBodySchema},
    {kPost, "/v1/links/{}/mirrors:realign", kAdmin, "mirrors.realign", "Make mirrors again with the source's offsets", "", Answer<RealignView>, MirrorsBodySchema},  // deletes copies
    {kPost, "/v1/links/{}/mirrors:reverse", kAdmin, "mirrors.reverse", "Take over the old source's topics as mirrors", "", Answer<AdoptionView>, AdoptionBodySchema},
    {kPost, "/v1/links/{}/mirrors:promote", kAdmin, "mirrors.promote", "Promote mirrors once nothing is missing", "", Answer<link::PromotionSnapshot>, PromoteBodySchema},
    {kPost, "/v1/links/{}/mirrors:failover", kAdmin, "mirrors.failover", "Promote mirrors as they are", "", Answer<link::PromotionSnapshot>, FailoverBodySchema},
    {kGet, "/v1/links/{}/mirrors:failback", kViewer, "", "The newest failback plan that was asked for", "", Answer<ReadingView>},
    {kPost, "/v1/links/{}/mirrors:failback", kOperator, "mirrors.failback-plan", "Compare both sides after a failover; nothing is changed", "", Answer<ReadingView>, FailbackBodySchema},
    {kGet, "/v1/links/{}/verify", kViewer, "", "The newest verification that was asked for", "", Answer<ReadingView>},
    {kPost, "/v1/links/{}/verify", kOperator, "link.verify", "Prove from raw batches that the copies equal their source", "", Answer<ReadingView>, VerifyBodySchema},
    {kGet, "/v1/links/{}/mirrors:cutover", kViewer, "", "The last planned move", "", Answer<link::CutoverSnapshot>},
    {kPost, "/v1/links/{}/mirrors:cutover", kAdmin, "mirrors.cutover", "Move mirrors as planned, or undo it", "", Answer<link::CutoverSnapshot>, CutoverBodySchema},
    {kPost, "/v1/links/{}:inhibit", kAdmin, "link.inhibit", "Whether klink may fail over by itself", "", Answer<InhibitView>, InhibitBodySchema},  // lifted, klink may fail over
    {kGet, "/v3/clusters", kViewer, "", "The clusters that links write to", "", Answer<RestList<RestCluster>>},
    {kGet, REST, kViewer, "", "A cluster", "", Answer<RestCluster>},
    {kGet, REST "/links", kViewer, "", "The links that write to a cluster", "", Answer<RestList<RestLink>>},
    {kPost, REST "/links", kAdmin, "link.create", "Make a link between two clusters of the configuration", "link_name! validate_only? validate_link?", Anything, NewLinkBodySchema, 201},
    {kGet, REST_LINK, kViewer, "", "A link", "include_tasks?", RestLinkAnswer},
    {kDelete, REST_LINK, kAdmin, "link.delete", "Delete a link that was made here; its topics stay", "force? validate_only?", nullptr, nullptr, 204},
    {kGet, REST_LINK "/configs", kViewer, "", "The settings of a link", "", Answer<RestList<RestConfig>>},
    {kGet, REST_LINK "/configs/{}", kViewer, "", "A setting of a link", "", Answer<RestConfig>},
    {kPut, REST_LINK "/configs/{}", kAdmin, "link.configure", "Change a setting; of a link of the configuration only cluster.link.paused", kDry, nullptr, ValueBodySchema, 204},
    {kDelete, REST_LINK "/configs/{}", kAdmin, "link.configure", "Change a setting back to its default", kDry, nullptr, nullptr, 204},
    {kPut, REST_LINK "/configs:alter", kAdmin, "link.configure", "Change settings, all or none", kDry, nullptr, AlterBodySchema, 204},
    {kPost, REST_LINK "/configs:alter", kAdmin, "link.configure", "Change settings, all or none", kDry, nullptr, AlterBodySchema, 204},
    {kGet, REST_LINK "/mirrors", kViewer, "", "The mirrors of a link; of all links for -", "mirror_status", Answer<RestList<RestMirror>>},
    {kPost, REST_LINK "/mirrors", kAdmin, "mirrors.create", "Make a mirror, or await that of a topic that the link includes", kDry, Anything, NewMirrorBodySchema, 201},
    {kGet, REST_LINK "/mirrors/{}", kViewer, "", "A mirror", "include_state_transition_errors?", RestMirrorAnswer},
    {kPost, REST_LINK "/mirrors:pause", kOperator, "mirrors.pause", "Pause mirrors", kDry, Answer<RestList<RestOutcome>>, TargetsBodySchema},
    {kPost, REST_LINK "/mirrors:resume", kOperator, "mirrors.resume", "Resume mirrors", kDry, Answer<RestList<RestOutcome>>, TargetsBodySchema},
    {kPost, REST_LINK "/mirrors:promote", kAdmin, "mirrors.promote", "Promote mirrors once nothing is missing", kDry, Answer<RestList<RestOutcome>>, TargetsBodySchema},
    {kPost, REST_LINK "/mirrors:failover", kAdmin, "mirrors.failover", "Promote mirrors as they are", kDry, Answer<RestList<RestOutcome>>, TargetsBodySchema},
    {kPost, REST_LINK "/mirrors:reverse-and-start-mirror", kAdmin, "mirrors.reverse", "Not supported: klink mirror reverse does it", kDry, Answer<RestList<RestOutcome>>, TargetsBodySchema},
    {kPost, REST_LINK "/mirrors:reverse-and-pause-mirror", kAdmin, "mirrors.reverse", "Not supported: klink mirror reverse does it", kDry, Answer<RestList<RestOutcome>>, TargetsBodySchema},
    {kPost, REST_LINK "/mirrors:truncate-and-restore", kAdmin, "mirrors.restore", "Not supported: klink mirror failback does it", "validate_only? include_partition_level_truncation_data?", Answer<RestList<RestOutcome>>, TargetsBodySchema},
    {kGet, REST "/topics", kViewer, "", "The topics that links mirror", "", Answer<RestList<RestTopic>>},
    {kPost, REST "/topics", kAdmin, "topics.create", "Make a topic: refused, as klink makes mirrors alone", "", Answer<RestTopic>, Anything, 201},
    {kGet, REST "/topics/{}", kViewer, "", "A topic that a link mirrors", "", Answer<RestTopic>},
    {kDelete, REST "/topics/{}", kAdmin, "topics.delete", "Delete a mirror topic: refused unless it is allowed", "", nullptr, nullptr, 204},
});
// clang-format on
#undef REST
#undef REST_LINK

}  // namespace

std::span<const RouteRow> RouteTable() { return kTable; }

}  // namespace klink::http
