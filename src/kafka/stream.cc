#include "kafka/stream.h"

#include <charconv>

namespace klink::kafka {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

StatusOr<uint16_t> ParsePort(std::string_view text, std::string_view whole) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return InvalidArgument("\"{}\": \"{}\" is not a port (1 to 65535)", whole, text);
  }
  return port;
}

}  // namespace

std::string ToString(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", endpoint.host, endpoint.port) : fmt::format("{}:{}", endpoint.host, endpoint.port);
}

StatusOr<Endpoint> ParseEndpoint(std::string_view text) {
  text = Trim(text);
  if (text.find("://") != std::string_view::npos) {
    return InvalidArgument("\"{}\": write host:port without a scheme; security is configured separately", text);
  }
  const size_t colon = text.rfind(':');
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos || colon != close + 1) {
      return InvalidArgument("\"{}\" is not [address]:port", text);
    }
    TRY(const uint16_t port, ParsePort(text.substr(colon + 1), text));
    return Endpoint{.host = std::string(text.substr(1, close - 1)), .port = port};
  }
  if (colon == std::string_view::npos) return InvalidArgument("\"{}\" has no port: write host:port", text);
  const std::string_view host = text.substr(0, colon);
  if (host.empty()) return InvalidArgument("\"{}\" has no host: write host:port", text);
  if (host.find(':') != std::string_view::npos) {
    return InvalidArgument("\"{}\": write an IPv6 address as [address]:port", text);
  }
  if (host.find_first_of(" \t;/") != std::string_view::npos) {
    return InvalidArgument("\"{}\" is not host:port (addresses are separated by commas)", text);
  }
  TRY(const uint16_t port, ParsePort(text.substr(colon + 1), text));
  return Endpoint{.host = std::string(host), .port = port};
}

StatusOr<std::vector<Endpoint>> ParseBootstrap(std::string_view text) {
  std::vector<Endpoint> endpoints;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (const std::string_view one = Trim(text.substr(0, comma)); !one.empty()) {
      TRY(Endpoint endpoint, ParseEndpoint(one));
      endpoints.push_back(std::move(endpoint));
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (endpoints.empty()) return InvalidArgument("no bootstrap address: write host:port, more separated by commas");
  return endpoints;
}

std::string_view Name(Lane lane) {
  constexpr std::string_view kNames[] = {"control",           "fetch",   "produce",    "produce-slow",
                                         "produce-pipelined", "markers", "transaction"};
  if (lane >= GroupLane(0)) return "groups";
  return kNames[std::min(static_cast<size_t>(lane), std::size(kNames) - 1)];
}

}  // namespace klink::kafka
