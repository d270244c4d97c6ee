// The keys under `agent`: this process, its HTTP server, its log.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/spec.h"
#include "config/text.h"

namespace klink::config {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };
constexpr auto Choices(LogLevel) {
  return std::to_array<Choice<LogLevel>>({{LogLevel::kTrace, "trace"},
                                          {LogLevel::kDebug, "debug"},
                                          {LogLevel::kInfo, "info"},
                                          {LogLevel::kWarn, "warn"},
                                          {LogLevel::kError, "error"}});
}
enum class LogFormat { kLogfmt, kJson };
constexpr auto Choices(LogFormat) {
  return std::to_array<Choice<LogFormat>>({{LogFormat::kLogfmt, "logfmt"}, {LogFormat::kJson, "json"}});
}
enum class StatusNames { kFull, kCompat };
constexpr auto Choices(StatusNames) {
  return std::to_array<Choice<StatusNames>>({{StatusNames::kFull, "full"}, {StatusNames::kCompat, "compat"}});
}
enum class TopicDelete { kOff, kMirrors };
constexpr auto Choices(TopicDelete) {
  return std::to_array<Choice<TopicDelete>>({{TopicDelete::kOff, "off"}, {TopicDelete::kMirrors, "mirrors"}});
}
enum class OnAuditFailure { kBlock, kContinue };
constexpr auto Choices(OnAuditFailure) {
  return std::to_array<Choice<OnAuditFailure>>(
      {{OnAuditFailure::kBlock, "block"}, {OnAuditFailure::kContinue, "continue"}});
}

struct HttpTls {
  std::string cert = {};
  std::string key = {};
  std::string client_ca = {};
  static void Describe(auto& m, auto& field) {
    field("cert", m.cert, {.help = "Certificate of the HTTP server with its chain, PEM; read again when it changes"});
    field("key", m.key, {.help = "Its private key, PEM"});
    field("client_ca", m.client_ca,
          {.help = "What a client's certificate must chain to, PEM; roles are in tokens_file"});
  }
};

struct HttpAuth {
  std::string tokens_file = {};
  static void Describe(auto& m, auto& field) {
    field("tokens_file", m.tokens_file,
          {.help = "Who may call the API: tokens with their roles; relative to this file; read again when it changes"});
  }
};

struct HttpRest {
  StatusNames status_names = StatusNames::kFull;
  TopicDelete topic_delete = TopicDelete::kOff;
  static void Describe(auto& m, auto& field) {
    field("status_names", m.status_names, {.help = "Mirror states of the Kafka REST paths: all, or the common ones"});
    field("topic_delete", m.topic_delete,
          {.help = "Whether the Kafka REST paths may delete topics: none, or those that a link mirrors or mirrored"});
  }
};

struct Http {
  Endpoint listen = {"127.0.0.1", 8470};
  HttpTls tls = {};
  HttpAuth auth = {};
  HttpRest rest = {};
  static void Describe(auto& m, auto& field) {
    field("listen", m.listen,
          {.help = "Address of the HTTP server; beyond loopback only with auth; port 0 takes any free one"});
    field("tls", m.tls, {.help = "TLS of the HTTP server; paths relative to this file"});
    field("auth", m.auth,
          {.help = "Authentication of callers; without it everybody on this machine may do everything"});
    field("rest", m.rest, {.help = "The Kafka REST paths"});
  }
};

struct Log {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kLogfmt;
  static void Describe(auto& m, auto& field) {
    field("level", m.level, {.help = "Least important level that is written"});
    field("format", m.format, {.help = "One line of key=value pairs, or one JSON object"});
  }
};

struct Audit {
  std::string file = "audit.jsonl";
  bool topic = true;
  OnAuditFailure on_failure = OnAuditFailure::kBlock;
  static void Describe(auto& m, auto& field) {
    field("file", m.file, {.help = "Who changed what: the audit log, relative to data_dir; empty: none"});
    field("topic", m.topic, {.help = "Also write it to _klink.<link>.audit at the destination of each link"});
    field("on_failure", m.on_failure,
          {.help = "A change that cannot be recorded is refused (block), or made and logged (continue)"});
  }
};

struct Metrics {
  bool per_partition = false;
  std::vector<std::string> compat = {};
  static void Describe(auto& m, auto& field) {
    field("per_partition", m.per_partition, {.help = "Also klink_partition_*, one series for each partition"});
    field("compat", m.compat,
          {.help = "Series under the names of other tools (mm2, confluent, redpanda) beside klink's own",
           .later = "series of other tools are not supported yet"});
  }
};

struct Agent {
  std::string id = "klink-0";
  std::string data_dir = "/var/lib/klink";
  int64_t memory = 256LL << 20;
  int32_t threads = 0;
  Http http = {};
  Log log = {};
  Audit audit = {};
  Metrics metrics = {};
  static void Describe(auto& m, auto& field) {
    field("id", m.id,
          {.help = "Name of this agent", .filled = true, .preset = "${env:HOSTNAME:-klink-0}", .check = CheckName});
    field("data_dir", m.data_dir, {.help = "Directory of the offset map; can be rebuilt", .filled = true});
    field("memory", m.memory,
          {.help = "Budget for data in flight", .unit = Unit::kBytes, .min = 16LL << 20, .max = 1LL << 40});
    field("threads", m.threads,
          {.help = "Threads of the engine; 0 = as many as it uses (one for now)",
           .min = 0,
           .max = 1,
           .over = "more than one thread is not supported yet; remove it or set it to 0"});
    field("http", m.http, {.help = "The HTTP server: health, metrics, API"});
    field("log", m.log, {.help = "The log on stderr"});
    field("audit", m.audit, {.help = "The audit log"});
    field("metrics", m.metrics, {.help = "Prometheus metrics"});
  }
};

}  // namespace klink::config
