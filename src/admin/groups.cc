#include "admin/groups.h"

#include <memory>

#include "admin/errors.h"
#include "admin/handle.h"
#include "base/bytes.h"

namespace klink::admin {
namespace {

constexpr int kListLimitMs = 10'000;

struct ListDeleter {
  void operator()(const rd_kafka_group_list* list) const { rd_kafka_group_list_destroy(list); }
};

StatusOr<TopicReaders> Ask(const Access& access) {
  TRY(const std::unique_ptr<Handle> handle, Handle::Open(access, Kind::kProducer, {}));
  const rd_kafka_group_list* raw = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_list_groups(handle->get(), nullptr, &raw, kListLimitMs);
  const std::unique_ptr<const rd_kafka_group_list, ListDeleter> list(raw);
  const std::string doing = fmt::format("{}: listing consumer groups", handle->where());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(error, doing);
  TopicReaders readers;
  for (int g = 0; g < list->group_cnt; g++) {
    const rd_kafka_group_info& group = list->groups[g];
    const std::string name(group.group);
    if (group.err == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND || std::string_view(group.state) == "Dead") {
      readers.untold.push_back(name);
      continue;
    }
    if (group.err != RD_KAFKA_RESP_ERR_NO_ERROR) return ToStatus(group.err, fmt::format("{}: group {}", doing, name));
    for (int m = 0; m < group.member_cnt; m++) {
      const rd_kafka_group_member_info& member = group.members[m];
      const auto text = [](const void* bytes, int size) {
        return std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size));
      };
      for (const std::string& topic :
           TopicsOf(text(member.member_metadata, member.member_metadata_size), MemberPart::kSubscription))
        readers.groups[topic].insert(name);
      for (const std::string& topic :
           TopicsOf(text(member.member_assignment, member.member_assignment_size), MemberPart::kAssignment))
        readers.groups[topic].insert(name);
    }
  }
  return readers;
}

// Big-endian numbers and strings, as far as there are any.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  int64_t Number(size_t size) {
    if (rest_.size() < size) ok_ = false;
    if (!ok_) return 0;
    int64_t value = static_cast<signed char>(rest_[0]);
    for (size_t i = 1; i < size; i++) value = value * 256 + static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(size);
    return value;
  }
  std::string Text() {
    const int64_t size = Number(2);
    if (size < 0 || static_cast<size_t>(size) > rest_.size()) ok_ = false;
    if (!ok_) return {};
    std::string text(rest_.substr(0, static_cast<size_t>(size)));
    rest_.remove_prefix(static_cast<size_t>(size));
    return text;
  }
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::set<std::string> TopicsOf(std::string_view bytes, MemberPart part) {
  std::set<std::string> topics;
  Reader reader(bytes);
  reader.Number(2);  // the version: later ones only add behind
  for (int64_t left = reader.Number(4); left > 0 && reader.ok(); left--) {
    std::string topic = reader.Text();
    if (part == MemberPart::kAssignment)
      for (int64_t partitions = reader.Number(4); partitions > 0 && reader.ok(); partitions--) reader.Number(4);
    if (reader.ok()) topics.insert(std::move(topic));
  }
  return topics;
}

Async<StatusOr<TopicReaders>> ReadTopicReaders(BlockingPool& pool, Access access) {
  auto ask = [access = std::move(access)] { return Ask(access); };
  co_return co_await pool.Run(std::move(ask));
}

}  // namespace klink::admin
