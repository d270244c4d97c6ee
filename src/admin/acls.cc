#include "admin/acls.h"

#include "admin/errors.h"
#include "admin/event_queue.h"
#include "admin/handle.h"
#include "admin/topics.h"

namespace klink::admin {
namespace {

constexpr size_t kReasonBytes = 512;

struct BindingDeleter {
  void operator()(rd_kafka_AclBinding_t* p) const { rd_kafka_AclBinding_destroy(p); }
};
struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* p) const { rd_kafka_AdminOptions_destroy(p); }
};
using Binding = std::unique_ptr<rd_kafka_AclBinding_t, BindingDeleter>;  // also as a filter
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter>;

Options MakeOptions(rd_kafka_t* rk, rd_kafka_admin_op_t op) {
  Options options(rd_kafka_AdminOptions_new(rk, op));
  char reason[kReasonBytes];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(ToMillis(kTopicOperationLimit)), reason,
                                            sizeof reason);
  return options;
}

// `make`: a binding, or a filter that matches just that one.
StatusOr<Binding> Build(const Acl& acl, decltype(&rd_kafka_AclBinding_new) make) {
  char reason[kReasonBytes] = "";
  Binding binding(make(static_cast<rd_kafka_ResourceType_t>(acl.resource), acl.name.c_str(),
                       static_cast<rd_kafka_ResourcePatternType_t>(acl.pattern), acl.principal.c_str(),
                       acl.host.c_str(), static_cast<rd_kafka_AclOperation_t>(acl.operation),
                       static_cast<rd_kafka_AclPermissionType_t>(acl.permission), reason, sizeof reason));
  if (binding == nullptr) return InvalidArgument("{}: {}", AclText(acl), reason);
  return binding;
}

}  // namespace

bool Covers(AclPattern pattern, std::string_view pattern_name, std::string_view name) {
  if (pattern == AclPattern::kPrefixed) return name.starts_with(pattern_name);
  return pattern_name == kEveryName || pattern_name == name;
}

std::string AclText(const Acl& acl) {
  constexpr std::string_view kKinds[] = {"topic", "group", "the cluster", "transactional id"};
  std::string what(kKinds[static_cast<int>(acl.resource) - static_cast<int>(AclResource::kTopic)]);
  if (acl.resource != AclResource::kCluster)
    what += fmt::format(" {}{}", acl.name, acl.pattern == AclPattern::kPrefixed ? "…" : "");
  return fmt::format("{} {} {} on {}{}", Name(acl.permission), acl.principal, Name(acl.operation), what,
                     acl.host == "*" ? "" : " from " + acl.host);
}

StatusOr<std::unique_ptr<Acls>> Acls::Open(Executor executor, const Access& access) {
  TRY(auto handle, Handle::Open(access, Kind::kProducer, {}));
  return std::unique_ptr<Acls>(new Acls(std::move(executor), std::move(handle)));
}

Acls::Acls(Executor executor, std::unique_ptr<Handle> handle)
    : executor_(std::move(executor)), handle_(std::move(handle)) {}
Acls::~Acls() = default;

Async<StatusOr<std::vector<Status>>> Acls::Create(std::vector<Acl> acls) {
  const std::string doing = fmt::format("creating {} ACLs on {}", acls.size(), handle_->where());
  std::vector<Binding> bindings;
  std::vector<rd_kafka_AclBinding_t*> raw;
  for (const Acl& acl : acls) {
    CO_TRY(Binding binding, Build(acl, rd_kafka_AclBinding_new));
    raw.push_back(binding.get());
    bindings.push_back(std::move(binding));
  }
  const Options options = MakeOptions(handle_->get(), RD_KAFKA_ADMIN_OP_CREATEACLS);
  EventQueue reply = EventQueue::ForReply(executor_, handle_->get());
  rd_kafka_CreateAcls(handle_->get(), raw.data(), raw.size(), options.get(), reply.get());
  CO_TRY(const KafkaEvent event, co_await reply.NextWithin(kTopicAnswerLimit, doing));
  CO_RETURN_IF_ERROR(ToStatus(rd_kafka_event_error(event.get()), doing, rd_kafka_event_error_string(event.get())));
  size_t count = 0;
  const auto* results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event.get()), &count);
  if (count != acls.size()) co_return Unavailable("{}: the answer tells of {}", doing, count);
  std::vector<Status> done;
  for (size_t i = 0; i < count; i++) {
    const rd_kafka_error_t* error = rd_kafka_acl_result_error(results[i]);
    const std::string one = fmt::format("creating {} on {}", AclText(acls[i]), handle_->where());
    done.push_back(error == nullptr ? absl::OkStatus()
                                    : ToStatus(rd_kafka_error_code(error), one, rd_kafka_error_string(error)));
  }
  co_return done;
}

Async<StatusOr<std::vector<Status>>> Acls::Delete(std::vector<Acl> acls) {
  const std::string doing = fmt::format("deleting {} ACLs on {}", acls.size(), handle_->where());
  std::vector<Binding> filters;
  std::vector<rd_kafka_AclBindingFilter_t*> raw;
  for (const Acl& acl : acls) {
    CO_TRY(Binding filter, Build(acl, rd_kafka_AclBindingFilter_new));
    raw.push_back(filter.get());
    filters.push_back(std::move(filter));
  }
  const Options options = MakeOptions(handle_->get(), RD_KAFKA_ADMIN_OP_DELETEACLS);
  EventQueue reply = EventQueue::ForReply(executor_, handle_->get());
  rd_kafka_DeleteAcls(handle_->get(), raw.data(), raw.size(), options.get(), reply.get());
  CO_TRY(const KafkaEvent event, co_await reply.NextWithin(kTopicAnswerLimit, doing));
  CO_RETURN_IF_ERROR(ToStatus(rd_kafka_event_error(event.get()), doing, rd_kafka_event_error_string(event.get())));
  size_t count = 0;
  const auto* results = rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event.get()), &count);
  if (count != acls.size()) co_return Unavailable("{}: the answer tells of {}", doing, count);
  std::vector<Status> done;
  for (size_t i = 0; i < count; i++) {
    const rd_kafka_error_t* error = rd_kafka_DeleteAcls_result_response_error(results[i]);
    const std::string one = fmt::format("deleting {} on {}", AclText(acls[i]), handle_->where());
    done.push_back(error == nullptr ? absl::OkStatus()
                                    : ToStatus(rd_kafka_error_code(error), one, rd_kafka_error_string(error)));
  }
  co_return done;
}

}  // namespace klink::admin
