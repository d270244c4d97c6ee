#include "cli/rights_check.h"

#include <limits>

#include "cli/rights_judge.h"
#include "config/principal.h"
#include "config/topic_filter.h"
#include "kafka/cluster.h"
#include "kafka/messages/alter_client_quotas.h"
#include "kafka/messages/describe_cluster.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/describe_transactions.h"
#include "kafka/messages/metadata.h"
#include "link/acl_list.h"
#include "link/cluster_access.h"
#include "link/cluster_admin.h"

namespace klink::cli {
namespace {

using admin::AclOperation;
using admin::AclResource;
using link::Right;

constexpr Duration kDeadline = 10s;
constexpr int32_t kNotSaid = std::numeric_limits<int32_t>::min();

// One cluster, for as long as it is asked.
class Asking {
 public:
  Asking(const std::string& name, const config::ClusterConfig& config, const Executor& executor)
      : cluster_(link::OptionsOf(name, config), executor, clock_) {
    answers_.cluster = name;
  }

  Async<Status> Ask(std::vector<Right> rights) {
    CO_RETURN_IF_ERROR(co_await AskAuthorizer());
    if (!answers_.authorizer) co_return absl::OkStatus();
    CO_RETURN_IF_ERROR(co_await AskTopics(rights));
    CO_RETURN_IF_ERROR(co_await AskCluster(rights));
    CO_RETURN_IF_ERROR(co_await AskGroups(rights));
    co_return co_await AskTransactionalIds(std::move(rights));
  }
  Async<StatusOr<std::vector<std::string>>> TopicNames() {
    CO_TRY(const auto metadata, co_await cluster_.Metadata(std::nullopt));
    std::vector<std::string> names;
    for (const auto& topic : metadata.topics)
      if (topic.name && topic.error_code == kafka::Error::kNone) names.push_back(*topic.name);
    co_return names;
  }
  Async<void> Close() { co_await cluster_.Close(); }
  const RightAnswers& answers() const { return answers_; }
  const std::vector<admin::Acl>& topic_acls() const { return topic_acls_; }  // where klink may list them

 private:
  Async<Status> AskAuthorizer() {
    auto listed = co_await link::ListAcls(cluster_, AclResource::kTopic);
    answers_.authorizer = !link::IsSecurityDisabled(listed.status());
    const bool answered = listed.ok() || !answers_.authorizer || listed.status().code() == Code::kPermissionDenied;
    if (!answered) co_return listed.status();
    if (listed.ok()) topic_acls_ = *std::move(listed);
    co_return absl::OkStatus();
  }

  void Take(AclResource resource, std::string name, int32_t bits) {
    answers_.operations[{resource, std::move(name)}] = bits == kNotSaid ? std::nullopt : std::optional(bits);
  }

  Async<Status> AskTopics(std::vector<Right> rights) {
    kafka::MetadataRequest request;
    request.include_topic_authorized_operations = true;
    request.topics.emplace();
    std::set<std::string> names;
    for (const Right& right : rights)
      if (right.resource == AclResource::kTopic) names.insert(ProbeName(right));
    for (const std::string& name : names) request.topics->push_back({{}, name});
    CO_TRY(const auto response, co_await cluster_.CallAny(std::move(request), kDeadline));
    for (const auto& topic : response.topics)
      if (topic.name) Take(AclResource::kTopic, *topic.name, topic.topic_authorized_operations);
    co_return absl::OkStatus();
  }

  // A cluster tells what is granted on itself only to whom it grants DESCRIBE; the rest is tried.
  Async<Status> AskCluster(std::vector<Right> rights) {
    kafka::DescribeClusterRequest request;
    request.include_cluster_authorized_operations = true;
    CO_TRY(const auto response, co_await cluster_.CallAny(std::move(request), kDeadline));
    const int32_t bits = response.cluster_authorized_operations;
    Take(AclResource::kCluster, std::string(admin::kClusterName), bits == 0 ? kNotSaid : bits);
    if (bits != 0 && bits != kNotSaid) co_return absl::OkStatus();
    for (const Right& right : rights) {
      if (right.resource != AclResource::kCluster) continue;
      if (right.operation == AclOperation::kDescribeConfigs) {
        CO_TRY(const auto settings, co_await link::DescribeBrokerConfigs(cluster_));
        answers_.cluster_tried[right.operation] = !settings.empty();
      }
      if (right.operation == AclOperation::kAlterConfigs) {
        CO_TRY(answers_.cluster_tried[right.operation], co_await MayAlterConfigs());
      }
    }
    co_return absl::OkStatus();
  }

  Async<StatusOr<bool>> MayAlterConfigs() {
    kafka::AlterClientQuotasRequest request;
    request.validate_only = true;
    request.entries.push_back({{{"client-id", "klink-check"}}, {{"producer_byte_rate", 1e9, false}}});
    CO_TRY(const auto response, co_await cluster_.CallAny(std::move(request), kDeadline));
    for (const auto& entry : response.entries)
      if (entry.error_code == kafka::Error::kClusterAuthorizationFailed) co_return false;
    co_return true;
  }

  // What is granted on a group its coordinator tells, also of one that does not exist (until version 6, protocol.md
  // G12).
  Async<Status> AskGroups(std::vector<Right> rights) {
    std::set<std::string> names;
    for (const Right& right : rights)
      if (right.resource == AclResource::kGroup) names.insert(ProbeName(right));
    for (const std::string& name : names) {
      const auto broker = co_await link::AwaitCoordinator(cluster_, clock_, kafka::CoordinatorType::kGroup, name);
      if (broker.status().code() == Code::kPermissionDenied) {
        Take(AclResource::kGroup, name, kNotSaid);
        continue;
      }
      CO_RETURN_IF_ERROR(broker.status());
      kafka::DescribeGroupsRequest request;
      request.groups.push_back(name);
      request.include_authorized_operations = true;
      CO_TRY(const auto response, co_await cluster_.Call(*broker, kafka::Lane::kControl, std::move(request), kDeadline,
                                                         kafka::DescribeGroupsRequest::kTellsOfMissing));
      for (const auto& group : response.groups)
        if (group.error_code == kafka::Error::kNone) Take(AclResource::kGroup, name, group.authorized_operations);
    }
    co_return absl::OkStatus();
  }

  // Whether klink may write with an id cannot be asked without writing; whether it sees the id can.
  Async<Status> AskTransactionalIds(std::vector<Right> rights) {
    for (const Right& right : rights) {
      if (right.resource != AclResource::kTransactionalId) continue;
      const std::string id = ProbeName(right);
      const auto coordinator = co_await cluster_.Coordinator(kafka::CoordinatorType::kTransaction, id);
      if (coordinator.status().code() == Code::kPermissionDenied) Take(right.resource, id, kNotSaid);
    }
    co_return absl::OkStatus();
  }

  SystemClock clock_;
  kafka::Cluster cluster_;
  RightAnswers answers_;
  std::vector<admin::Acl> topic_acls_;
};

void Append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

// Who may write to what is mirrored now, or will be.
Async<Status> AddWriters(const config::Config& config, const config::LinkConfig& link, Asking& source,
                         const Asking& destination, RightsFound& found) {
  CO_TRY(const auto filter, config::TopicFilter::Compile(link.topics));
  CO_TRY(const auto names, co_await source.TopicNames());
  link::AclScope scope{link, {}, {}};
  for (const std::string& cluster : {link.source, link.destination})
    if (auto own = config::OwnPrincipal(config.clusters.at(cluster))) scope.own.insert(*std::move(own));
  scope.own.insert(link.acls.exclude.begin(), link.acls.exclude.end());
  for (const std::string& name : names)
    if (filter.Includes(name)) scope.mirrors.push_back({name, filter.DestinationName(name), state::Phase::kActive});
  Append(found.warnings, OtherWriters(destination.topic_acls(), scope, link.destination));
  co_return absl::OkStatus();
}

}  // namespace

Async<RightsFound> CheckRights(const config::Config& config, const config::LinkConfig& link) {
  RightsFound found;
  const link::Rights rights = link::RightsFor(link, config);
  const Executor executor = co_await asio::this_coro::executor;
  Asking source(link.source, config.clusters.at(link.source), executor);
  Asking destination(link.destination, config.clusters.at(link.destination), executor);
  for (auto [asking, needed] : {std::pair(&source, &rights.source), {&destination, &rights.destination}}) {
    const Status asked = co_await asking->Ask(*needed);
    if (!asked.ok()) {
      found.warnings.push_back(
          fmt::format("what cluster {} grants could not be asked: {}", asking->answers().cluster, Text(asked)));
      continue;
    }
    Append(found.missing, MissingRights(*needed, asking->answers()));
    Append(found.warnings, ExcessRights(*needed, asking->answers()));
  }
  if (!destination.answers().authorizer)
    found.warnings.push_back(fmt::format(
        "cluster {} has no authorizer: everybody there may write to a mirror; klink notices it (FOREIGN_WRITE)",
        link.destination));
  if (const Status writers = co_await AddWriters(config, link, source, destination, found); !writers.ok())
    found.warnings.push_back(fmt::format("who else may write to mirrors could not be asked: {}", Text(writers)));
  co_await source.Close();
  co_await destination.Close();
  co_return found;
}

}  // namespace klink::cli
