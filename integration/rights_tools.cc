#include "integration/rights_tools.h"

#include <stdexcept>

#include <fmt/format.h>

namespace klink::it {
namespace {

using Binding = std::unique_ptr<rd_kafka_AclBinding_t, Freer<rd_kafka_AclBinding_destroy>>;

// `make`: a binding, or a filter that matches just that one.
Binding Make(const Grant& grant, decltype(&rd_kafka_AclBinding_new) make) {
  char error[256] = "";
  Binding acl(make(grant.resource, grant.name.c_str(), grant.pattern, grant.principal.c_str(), "*", grant.operation,
                   grant.permission, error, sizeof error));
  if (acl == nullptr) throw std::runtime_error(error);
  return acl;
}

std::string LineOf(const rd_kafka_AclBinding_t* acl) {
  return fmt::format("{} {} {} {} {} {}", rd_kafka_AclPermissionType_name(rd_kafka_AclBinding_permission_type(acl)),
                     rd_kafka_AclBinding_principal(acl), rd_kafka_AclOperation_name(rd_kafka_AclBinding_operation(acl)),
                     rd_kafka_ResourceType_name(rd_kafka_AclBinding_restype(acl)),
                     rd_kafka_ResourcePatternType_name(rd_kafka_AclBinding_resource_pattern_type(acl)),
                     rd_kafka_AclBinding_name(acl));
}

// Lets a shell split the lines: the tool is asked once for all of them.
constexpr char kRecorder[] =
    "#!/bin/sh\nfor word in \"$@\"; do echo \"$word\"; done >> \"$ACL_LINES\"\necho >> \"$ACL_LINES\"\n";

}  // namespace

Administrator::Administrator(const Cluster& cluster)
    : client_(NewClient(RD_KAFKA_PRODUCER, cluster.bootstrap(), {})), queue_(rd_kafka_queue_new(client_.get())) {}

void Administrator::Add(const Grant& grant) {
  const Binding acl = Make(grant, rd_kafka_AclBinding_new);
  rd_kafka_AclBinding_t* one = acl.get();
  rd_kafka_CreateAcls(client_.get(), &one, 1, nullptr, queue_.get());
  Answer();
}

void Administrator::Remove(const Grant& grant) {
  const Binding filter = Make(grant, rd_kafka_AclBindingFilter_new);
  rd_kafka_AclBinding_t* one = filter.get();
  rd_kafka_DeleteAcls(client_.get(), &one, 1, nullptr, queue_.get());
  Answer();
}

std::set<std::string> Administrator::List() {
  char error[256] = "";
  const Binding all(rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_TOPIC, nullptr, RD_KAFKA_RESOURCE_PATTERN_ANY,
                                                  nullptr, nullptr, RD_KAFKA_ACL_OPERATION_ANY,
                                                  RD_KAFKA_ACL_PERMISSION_TYPE_ANY, error, sizeof error));
  rd_kafka_DescribeAcls(client_.get(), all.get(), nullptr, queue_.get());
  const Event event = Answer();
  size_t count = 0;
  const auto* acls = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event.get()), &count);
  std::set<std::string> lines;
  for (size_t i = 0; i < count; i++)
    if (rd_kafka_AclBinding_principal(acls[i]) != std::string("User:klink")) lines.insert(LineOf(acls[i]));
  return lines;
}

Event Administrator::Answer() {
  Event event(rd_kafka_queue_poll(queue_.get(), kCallLimitMs));
  if (event == nullptr) throw std::runtime_error("no answer about ACLs");
  Require(rd_kafka_event_error(event.get()), "asking about ACLs");
  return event;
}

void RunAclPlan(const std::string& script, const fs::path& dir, Cluster& cluster) {
  const fs::path lines = dir / "lines", tool = dir / "bin" / "kafka-acls.sh";
  fs::create_directories(tool.parent_path());
  WriteFile(tool, kRecorder);
  fs::permissions(tool, fs::perms::owner_all);
  fs::remove(lines);
  WriteFile(dir / "plan.sh", script);
  const Outcome read = RunToEnd(
      {{"/bin/sh", "-c", fmt::format("cd {0} && ACL_LINES=lines PATH={0}/bin:$PATH sh plan.sh", dir.string())}});
  if (read.exit_code != 0) throw std::runtime_error("the plan is no script: " + read.err);
  std::string text = ReadFile(lines);
  const std::string relative = "\nadmin.properties\n";
  const std::string absolute = "\n" + (dir / "admin.properties").string() + "\n";
  for (size_t at = 0; (at = text.find(relative, at)) != std::string::npos;) text.replace(at, relative.size(), absolute);
  WriteFile(lines, text);
  const Outcome run = cluster.Tool(KLINK_ACL_LINES, {lines.string()});
  if (run.exit_code != 0 || run.err.find("Error") != std::string::npos)
    throw std::runtime_error("kafka-acls: " + run.out + run.err);
}

}  // namespace klink::it
