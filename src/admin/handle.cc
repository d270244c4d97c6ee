#include "admin/handle.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "admin/errors.h"
#include "admin/relay_sockets.h"
#include "base/log.h"

namespace klink::admin {
namespace {

constexpr int kReasonBytes = 512;
constexpr const char* kWatchName = "klink";

Level LevelOf(int syslog) {
  if (syslog <= 3) return Level::kError;
  if (syslog == 4) return Level::kWarning;
  return syslog >= 7 ? Level::kDebug : Level::kInfo;
}

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

// Handles that librdkafka has not let go of yet. Never destroyed: their threads may outlive everything else.
struct Leaving {
  std::mutex mutex;
  std::condition_variable changed;
  int count = 0;

  static Leaving& Get() {
    static auto* const kAll = new Leaving;
    return *kAll;
  }
  void Add(int by) {
    const std::lock_guard lock(mutex);
    count += by;
    changed.notify_all();
  }
};

Status Set(rd_kafka_conf_t* conf, const std::string& where, const std::string& key, const std::string& value) {
  char reason[kReasonBytes] = "";
  if (rd_kafka_conf_set(conf, key.c_str(), value.c_str(), reason, sizeof reason) == RD_KAFKA_CONF_OK)
    return absl::OkStatus();
  return InvalidArgument("{}: property {}: {}", where, key, reason);  // the reason never repeats a secret's value
}

}  // namespace

struct Handle::Sink {
  std::string cluster;
  LogSink log;
  std::shared_ptr<RequestWatch> watch;
  std::unique_ptr<RelaySockets> sockets;  // with a relay

  static rd_kafka_resp_err_t OnNew(rd_kafka_t* rk, const rd_kafka_conf_t*, void* self, char*, size_t) {
    const rd_kafka_resp_err_t sent = rd_kafka_interceptor_add_on_request_sent(rk, kWatchName, OnSent, self);
    if (sent != RD_KAFKA_RESP_ERR_NO_ERROR) return sent;
    return rd_kafka_interceptor_add_on_response_received(rk, kWatchName, OnAnswered, self);
  }
  static rd_kafka_resp_err_t OnSent(rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t, int32_t, size_t,
                                    void* self) {
    static_cast<const Sink*>(self)->watch->OnSent(api_key);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  static rd_kafka_resp_err_t OnAnswered(rd_kafka_t*, int, const char*, int32_t, int16_t api_key, int16_t, int32_t,
                                        size_t, int64_t, rd_kafka_resp_err_t, void* self) {
    static_cast<const Sink*>(self)->watch->OnAnswered(api_key);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  static RelaySockets& SocketsOf(void* opaque) { return *static_cast<Sink*>(opaque)->sockets; }
  static void UseSockets(rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_resolve_cb(conf, [](const char* node, const char* service, const addrinfo*, addrinfo** found,
                                          void* self) { return SocketsOf(self).Resolve(node, service, found); });
    rd_kafka_conf_set_socket_cb(conf, [](int, int, int, void* self) { return SocketsOf(self).Open(); });
    rd_kafka_conf_set_connect_cb(conf, [](int fd, const sockaddr* address, int, const char*, void* self) {
      return SocketsOf(self).Connect(fd, address);
    });
    rd_kafka_conf_set_closesocket_cb(conf, [](int fd, void* self) { return SocketsOf(self).Close(fd); });
  }

  static void OnLog(const rd_kafka_t* rk, int level, const char* facility, const char* text) {
    const auto* sink = static_cast<const Sink*>(rd_kafka_opaque(rk));
    const std::string line = fmt::format("{}: {}", facility, text);
    if (sink->log) return sink->log(level, line);
    Log(LevelOf(level), Event::kKafkaClient, line, {{"cluster", sink->cluster}});
  }
};

std::string Where(const Access& access) {
  auto bootstrap = access.properties.find("bootstrap.servers");
  return fmt::format("cluster {} ({})", access.cluster,
                     bootstrap == access.properties.end() ? "no bootstrap.servers" : bootstrap->second);
}

StatusOr<std::unique_ptr<Handle>> Handle::Open(const Access& access, Kind kind, const Properties& own, int events,
                                               std::shared_ptr<RequestWatch> watch) {
  std::unique_ptr<Handle> handle(new Handle);
  handle->where_ = Where(access);
  handle->sink_ = std::make_shared<Sink>();
  handle->sink_->cluster = access.cluster;
  handle->sink_->log = access.log;
  handle->sink_->watch = std::move(watch);
  if (access.relay != nullptr) handle->sink_->sockets = std::make_unique<RelaySockets>(access.relay);

  Properties all = {{"client.id", "klink"},
                    {"log.connection.close", "false"},
                    {"socket.timeout.ms", kSocketTimeoutMs},
                    {"reconnect.backoff.max.ms", kReconnectMaxMs},
                    {"socket.nagle.disable", "true"}};
  if (access.relay != nullptr) all["socket.nagle.disable"] = "false";  // a local stream knows no such thing
  for (const auto& [key, value] : access.properties) all[key] = value;
  for (const auto& [key, value] : own) all[key] = value;

  Conf conf(rd_kafka_conf_new());
  for (const auto& [key, value] : all) RETURN_IF_ERROR(Set(conf.get(), handle->where_, key, value));
  rd_kafka_conf_set_opaque(conf.get(), handle->sink_.get());
  rd_kafka_conf_set_log_cb(conf.get(), Sink::OnLog);
  rd_kafka_conf_set_events(conf.get(), events);
  if (access.relay != nullptr) Sink::UseSockets(conf.get());
  if (handle->sink_->watch != nullptr)
    rd_kafka_conf_interceptor_add_on_new(conf.get(), kWatchName, Sink::OnNew, handle->sink_.get());

  char reason[kReasonBytes] = "";
  handle->rk_ =
      rd_kafka_new(kind == Kind::kProducer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf.get(), reason, sizeof reason);
  if (handle->rk_ == nullptr) return InvalidArgument("{}: {}", handle->where_, reason);
  (void)conf.release();  // rd_kafka_new took it over
  return handle;
}

Handle::~Handle() {
  if (rk_ == nullptr) return;
  // The sink lives until librdkafka has logged its last line.
  Leaving::Get().Add(1);
  std::thread([rk = rk_, sink = std::move(sink_)]() mutable {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    sink.reset();
    Leaving::Get().Add(-1);
  }).detach();
}

std::optional<rd_kafka_resp_err_t> Handle::fatal(std::string* text) const {
  char reason[kReasonBytes] = "";
  const rd_kafka_resp_err_t error = rd_kafka_fatal_error(rk_, reason, sizeof reason);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  if (text != nullptr) *text = reason;
  return error;
}

void LearnTopic(const Handle& handle, const std::string& topic, Duration at_most) {
  rd_kafka_topic_t* local = rd_kafka_topic_new(handle.get(), topic.c_str(), nullptr);
  if (local == nullptr) return;
  const struct rd_kafka_metadata* found = nullptr;
  const int limit_ms = static_cast<int>(ToMillis(at_most));
  if (rd_kafka_metadata(handle.get(), 0, local, &found, limit_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
    rd_kafka_metadata_destroy(found);
  rd_kafka_topic_destroy(local);
}

bool WaitUntilHandlesAreGone(Duration at_most) {
  Leaving& leaving = Leaving::Get();
  std::unique_lock lock(leaving.mutex);
  return leaving.changed.wait_for(lock, at_most, [&leaving] { return leaving.count == 0; });
}

}  // namespace klink::admin
