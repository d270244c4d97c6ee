// The text forms of values: durations, byte sizes, network addresses, names. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace klink::config {

StatusOr<Duration> ParseDuration(std::string_view text);  // 500ms 30s 5m 24h
std::string DurationText(Duration d);                     // in the largest unit that is exact
StatusOr<int64_t> ParseSize(std::string_view text);       // 64KiB 20MiB 1GiB, or plain bytes
std::string SizeText(int64_t bytes);
StatusOr<int64_t> ParseInteger(std::string_view text);
StatusOr<double> ParseNumber(std::string_view text);

// host:port; an IPv6 address stands in brackets.
struct Endpoint {
  static constexpr const char* kForm = "host:port";
  std::string host;
  uint16_t port = 0;

  static StatusOr<Endpoint> Parse(std::string_view text);
  std::string ToText() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// "p1:9092,p2:9092", as in bootstrap.servers.
StatusOr<std::vector<Endpoint>> ParseEndpoints(std::string_view text);
// 127.0.0.0/8, ::1, localhost.
bool IsLoopback(const Endpoint& endpoint);

// Checks for Spec::check.
Status CheckEndpoints(std::string_view text);
Status CheckLinkName(std::string_view text);
Status CheckName(std::string_view text);        // [A-Za-z0-9._-]{1,64}: clusters, agents
Status CheckTopicName(std::string_view text);   // a legal Kafka topic name
Status CheckTopicPart(std::string_view text);   // letters a topic name may consist of
Status CheckLiteral(std::string_view text);     // a topic name, or * for all
Status CheckPrincipal(std::string_view text);   // User:app, User:app-*, *
Status CheckConfigName(std::string_view text);  // a topic configuration such as retention.ms

constexpr size_t kTopicNameMax = 249;

// The candidate a mistyped `word` most likely meant; empty when none is near.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace klink::config
