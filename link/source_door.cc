#include "link/source_door.h"

#include <algorithm>

#include "link/acl_list.h"

namespace klink::link {
namespace {

using admin::Acl;

class Door final : public SourceDoor {
 public:
  Door(Executor executor, admin::Access access, kafka::Cluster& source)
      : executor_(std::move(executor)), access_(std::move(access)), source_(source) {}

  Async<StatusOr<std::vector<Acl>>> Look() override {
    auto acls = co_await ListAcls(source_, admin::AclResource::kTopic);
    if (!acls.ok()) co_return Told(acls.status(), "DESCRIBE");
    co_return *std::move(acls);
  }
  Async<Status> Create(std::vector<Acl> acls) override {
    if (acls.empty()) co_return absl::OkStatus();
    CO_RETURN_IF_ERROR(Open());
    co_return Sum(co_await acls_->Create(std::move(acls)));
  }
  Async<Status> Delete(std::vector<Acl> acls) override {
    if (acls.empty()) co_return absl::OkStatus();
    CO_RETURN_IF_ERROR(Open());
    co_return Sum(co_await acls_->Delete(std::move(acls)));
  }

 private:
  Status Open() {
    if (acls_) return absl::OkStatus();
    TRY(acls_, admin::Acls::Open(executor_, access_));
    return absl::OkStatus();
  }
  Status Sum(const StatusOr<std::vector<Status>>& answers) const {
    if (!answers.ok()) return Told(answers.status(), "ALTER");
    Status sum;
    for (const Status& answer : *answers) sum.Update(Told(answer, "ALTER"));
    return sum;
  }
  Status Told(const Status& status, std::string_view right) const {
    if (IsSecurityDisabled(status))
      return FailedPrecondition(
          "cluster {} has no authorizer, so nobody can be denied anything there: stop the producers, and leave --block "
          "out",
          source_.name());
    if (status.code() == Code::kPermissionDenied)
      return PermissionDenied(
          "{}: to deny producers klink's principal needs {} on the cluster there; grant it, or stop the producers and "
          "leave --block out",
          source_.name(), right);
    return status;
  }

  Executor executor_;
  admin::Access access_;
  kafka::Cluster& source_;
  std::unique_ptr<admin::Acls> acls_;  // once something is to be changed
};

}  // namespace

Acl DenyOf(const std::string& topic) {
  Acl acl;
  acl.name = topic;
  acl.principal = admin::kEverybody;
  acl.operation = admin::AclOperation::kWrite;
  acl.permission = admin::AclPermission::kDeny;
  return acl;
}

DoorPlan PlanDoor(const std::set<std::string>& topics, const std::vector<Acl>& acls) {
  DoorPlan plan;
  for (const std::string& topic : topics) {
    if (std::find(acls.begin(), acls.end(), DenyOf(topic)) == acls.end()) plan.deny.push_back(topic);
    const bool named = std::any_of(acls.begin(), acls.end(), [&](const Acl& acl) {
      return acl.resource == admin::AclResource::kTopic && admin::Covers(acl.pattern, acl.name, topic);
    });
    if (!named) plan.unnamed.push_back(topic);
  }
  return plan;
}

std::unique_ptr<SourceDoor> MakeSourceDoor(Executor executor, admin::Access access, kafka::Cluster& source) {
  return std::make_unique<Door>(std::move(executor), std::move(access), source);
}

}  // namespace klink::link
