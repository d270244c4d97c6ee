#include "admin/topics.h"

#include "admin/errors.h"
#include "admin/event_queue.h"
#include "admin/handle.h"

namespace klink::admin {
namespace {

constexpr size_t kReasonBytes = 512;

template <auto Destroy>
struct Deleter {
  void operator()(auto* p) const { Destroy(p); }
};
using Options = std::unique_ptr<rd_kafka_AdminOptions_t, Deleter<rd_kafka_AdminOptions_destroy>>;
using NewTopic = std::unique_ptr<rd_kafka_NewTopic_t, Deleter<rd_kafka_NewTopic_destroy>>;
using OldTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, Deleter<rd_kafka_DeleteTopic_destroy>>;
using NewPartitions = std::unique_ptr<rd_kafka_NewPartitions_t, Deleter<rd_kafka_NewPartitions_destroy>>;

Options MakeOptions(rd_kafka_t* rk, rd_kafka_admin_op_t op) {
  Options options(rd_kafka_AdminOptions_new(rk, op));
  char reason[kReasonBytes];
  const int broker_ms = static_cast<int>(ToMillis(kTopicOperationLimit));
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), broker_ms, reason, sizeof reason);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), broker_ms, reason, sizeof reason);
  return options;
}

StatusOr<NewTopic> Build(const TopicSpec& spec, const std::string& doing) {
  if (spec.name.empty()) return InvalidArgument("{}: it has no name", doing);
  char reason[kReasonBytes] = "";
  const int replicas = spec.assignments.empty() ? spec.replication_factor : -1;
  NewTopic topic(rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, replicas, reason, sizeof reason));
  if (topic == nullptr) return InvalidArgument("{}: {}", doing, reason);
  for (size_t p = 0; p < spec.assignments.size(); p++) {
    std::vector<int32_t> brokers = spec.assignments[p];
    const rd_kafka_resp_err_t error = rd_kafka_NewTopic_set_replica_assignment(
        topic.get(), static_cast<int32_t>(p), brokers.data(), brokers.size(), reason, sizeof reason);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(error, doing, reason);
  }
  for (const auto& [key, value] : spec.configs) {
    const rd_kafka_resp_err_t error = rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(error, fmt::format("{}: config {}", doing, key));
  }
  return topic;
}

Status WholeVerdict(rd_kafka_event_t* event, const std::string& doing) {
  const rd_kafka_resp_err_t whole = rd_kafka_event_error(event);
  if (whole == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return ToStatus(whole, doing, rd_kafka_event_error_string(event));
}

// The one topic's verdict in an answer, whichever of the three calls it belongs to.
Status Verdict(rd_kafka_event_t* event, const std::string& doing) {
  RETURN_IF_ERROR(WholeVerdict(event, doing));
  size_t count = 0;
  const rd_kafka_topic_result_t** results = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event))
    results = rd_kafka_CreateTopics_result_topics(created, &count);
  else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event))
    results = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  else if (const auto* grown = rd_kafka_event_CreatePartitions_result(event))
    results = rd_kafka_CreatePartitions_result_topics(grown, &count);
  if (count != 1) return Unavailable("{}: the answer names {} topics instead of one", doing, count);
  const char* text = rd_kafka_topic_result_error_string(results[0]);
  return ToStatus(rd_kafka_topic_result_error(results[0]), doing, text == nullptr ? "" : text);
}

Async<Status> Answer(EventQueue& reply, std::string doing) {
  auto event = co_await reply.NextWithin(kTopicAnswerLimit, doing);
  if (!event.ok()) co_return event.status();
  co_return Verdict(event->get(), doing);
}

}  // namespace

StatusOr<std::unique_ptr<Topics>> Topics::Open(Executor executor, const Access& access) {
  TRY(auto handle, Handle::Open(access, Kind::kProducer, {}));
  return std::unique_ptr<Topics>(new Topics(std::move(executor), std::move(handle)));
}

Topics::Topics(Executor executor, std::unique_ptr<Handle> handle)
    : executor_(std::move(executor)), handle_(std::move(handle)) {}
Topics::~Topics() = default;

Async<Status> Topics::Create(TopicSpec spec, Mode mode) {
  const std::string doing = fmt::format("{} topic {} ({} partitions, replication factor {}) on {}",
                                        mode == Mode::kCreate ? "creating" : "checking", spec.name, spec.partitions,
                                        spec.replication_factor, handle_->where());
  CO_TRY(NewTopic topic, Build(spec, doing));
  Options options = MakeOptions(handle_->get(), RD_KAFKA_ADMIN_OP_CREATETOPICS);
  char reason[kReasonBytes];
  rd_kafka_AdminOptions_set_validate_only(options.get(), mode == Mode::kValidate, reason, sizeof reason);
  EventQueue reply = EventQueue::ForReply(executor_, handle_->get());
  rd_kafka_NewTopic_t* one[] = {topic.get()};
  rd_kafka_CreateTopics(handle_->get(), one, 1, options.get(), reply.get());
  co_return co_await Answer(reply, doing);
}

Async<std::vector<Status>> Topics::CreateTopics(std::vector<TopicSpec> specs) {
  std::vector<Status> verdicts(specs.size());
  std::map<std::string, size_t> places;  // of those that are asked for
  std::vector<NewTopic> topics;
  for (size_t i = 0; i < specs.size(); i++) {
    StatusOr<NewTopic> topic = Build(specs[i], fmt::format("creating topic {}", specs[i].name));
    verdicts[i] = topic.status();
    if (!topic.ok()) continue;
    places[specs[i].name] = i;
    topics.push_back(*std::move(topic));
  }
  if (topics.empty()) co_return verdicts;
  const std::string doing = fmt::format("creating {} topics on {}", topics.size(), handle_->where());
  std::vector<rd_kafka_NewTopic_t*> all;
  for (const NewTopic& topic : topics) all.push_back(topic.get());
  Options options = MakeOptions(handle_->get(), RD_KAFKA_ADMIN_OP_CREATETOPICS);
  EventQueue reply = EventQueue::ForReply(executor_, handle_->get());
  rd_kafka_CreateTopics(handle_->get(), all.data(), all.size(), options.get(), reply.get());
  auto event = co_await reply.NextWithin(kTopicAnswerLimit, doing);
  Status whole = event.status();
  if (whole.ok()) whole = WholeVerdict(event->get(), doing);
  for (const auto& [name, place] : places)
    verdicts[place] = whole.ok() ? Unavailable("{}: the answer does not name {}", doing, name) : whole;
  if (!whole.ok()) co_return verdicts;
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; i++) {
    const auto place = places.find(rd_kafka_topic_result_name(results[i]));
    if (place == places.end()) continue;
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    verdicts[place->second] =
        ToStatus(rd_kafka_topic_result_error(results[i]),
                 fmt::format("creating topic {} on {}", place->first, handle_->where()), text == nullptr ? "" : text);
  }
  co_return verdicts;
}

Async<Status> Topics::CreateTopic(TopicSpec spec) { return Create(std::move(spec), Mode::kCreate); }
Async<Status> Topics::CheckTopic(TopicSpec spec) { return Create(std::move(spec), Mode::kValidate); }

Async<Status> Topics::DeleteTopic(std::string name) {
  const std::string doing = fmt::format("deleting topic {} on {}", name, handle_->where());
  OldTopic topic(rd_kafka_DeleteTopic_new(name.c_str()));
  Options options = MakeOptions(handle_->get(), RD_KAFKA_ADMIN_OP_DELETETOPICS);
  EventQueue reply = EventQueue::ForReply(executor_, handle_->get());
  rd_kafka_DeleteTopic_t* one[] = {topic.get()};
  rd_kafka_DeleteTopics(handle_->get(), one, 1, options.get(), reply.get());
  co_return co_await Answer(reply, doing);
}

Async<Status> Topics::CreatePartitions(std::string name, int32_t total) {
  const std::string doing = fmt::format("growing topic {} to {} partitions on {}", name, total, handle_->where());
  char reason[kReasonBytes] = "";
  NewPartitions partitions(rd_kafka_NewPartitions_new(name.c_str(), static_cast<size_t>(total), reason, sizeof reason));
  if (partitions == nullptr) co_return InvalidArgument("{}: {}", doing, reason);
  Options options = MakeOptions(handle_->get(), RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
  EventQueue reply = EventQueue::ForReply(executor_, handle_->get());
  rd_kafka_NewPartitions_t* one[] = {partitions.get()};
  rd_kafka_CreatePartitions(handle_->get(), one, 1, options.get(), reply.get());
  co_return co_await Answer(reply, doing);
}

}  // namespace klink::admin
