#include "state/audit.h"

#include <algorithm>
#include <charconv>

#include "base/digest.h"
#include "base/utf8.h"

namespace klink::state {

StatusOr<AuditHead> ParseAuditHead(std::string_view text) {
  AuditHead head;
  const size_t colon = text.find(':');
  const std::string_view digits = text.substr(0, colon);
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), head.sequence);
  if (colon != std::string_view::npos) head.hash = std::string(text.substr(colon + 1));
  if (colon == std::string_view::npos || ec != std::errc() || end != digits.data() + digits.size() ||
      head.sequence < 0 || !ParseSha256Hex(head.hash)) {
    return InvalidArgument("\"{}\" is not SEQUENCE:SHA256, as klink audit verify and /v1/audit print it", text);
  }
  return head;
}

std::string ToText(const AuditHead& head) { return fmt::format("{}:{}", head.sequence, head.hash); }

namespace {

// Callers choose paths and reasons: bytes that are no text would make a line that nobody can read again.
std::string OnlyText(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t size = CharacterBytes(text);
    out += size == 0 ? "?" : text.substr(0, size);
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

}  // namespace

// The keys stand in this order, so that equal events are equal bytes. `sequence` is text of fixed width, as the
// CloudEvents extension of that name wants it.
std::string AuditLine(const AuditHead& head, std::string_view agent, WallTime time, const AuditEvent& event) {
  const std::string sequence = fmt::format("{:012}", head.sequence + 1);
  JsonObject json;
  json["specversion"] = "1.0";
  json["id"] = fmt::format("{}-{}", agent, sequence);
  json["source"] = fmt::format("/klink/{}", agent);
  json["type"] = event.type;
  if (!event.subject.empty()) json["subject"] = event.subject;
  json["time"] = Rfc3339(time);
  json["sequence"] = sequence;
  json["prev"] = head.hash;
  json["datacontenttype"] = "application/json";
  json["data"] = event.data;
  return OnlyText(CompactJson(json));
}

AuditHead HeadAfter(const AuditHead& head, std::string_view line) {
  AuditHead next;
  next.sequence = head.sequence + 1;
  next.hash = Sha256Hex(line);
  return next;
}

namespace {

struct Link {
  int64_t sequence = 0;
  std::string prev;
};

StatusOr<Link> ReadLink(std::string_view line) {
  JsonLimits limits;
  limits.bytes = kAuditLineBytesMost;
  TRY(const Json json, ParseJson(line, limits));
  Link link;
  TRY(const std::string digits, JsonText(json, "sequence"));
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), link.sequence);
  if (ec != std::errc() || end != digits.data() + digits.size() || link.sequence < 1)
    return InvalidArgument("\"sequence\" is no number");
  TRY(link.prev, JsonText(json, "prev"));
  return link;
}

}  // namespace

StatusOr<int64_t> AuditSequence(std::string_view line) {
  TRY(const Link link, ReadLink(line));
  return link.sequence;
}

void AuditVerifier::Fault(int64_t sequence, std::string text) {
  if (!verdict_.fault.empty()) return;
  verdict_.fault_at = sequence;
  verdict_.fault = std::move(text);
}

AuditVerifier::AuditVerifier(std::vector<AuditHead> anchors) : anchors_(std::move(anchors)) {
  std::sort(anchors_.begin(), anchors_.end(), [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
}

void AuditVerifier::CheckAnchors() {
  const AuditHead& head = verdict_.head;
  for (; next_ < anchors_.size() && anchors_[next_].sequence <= head.sequence; ++next_) {
    if (anchors_[next_].sequence < head.sequence || anchors_[next_].hash == head.hash) continue;
    Fault(head.sequence,
          fmt::format("event {} is not the one that was anchored: it, or one before it, was changed", head.sequence));
  }
}

void AuditVerifier::Take(std::string_view line) {
  if (!verdict_.fault.empty()) return;
  const int64_t expected = verdict_.head.sequence + 1;
  const StatusOr<Link> link = ReadLink(line);
  if (!link.ok()) return Fault(expected, fmt::format("event {} cannot be read: {}", expected, Text(link.status())));
  if (link->sequence > expected) {
    return Fault(expected, link->sequence == expected + 1
                               ? fmt::format("event {} is missing", expected)
                               : fmt::format("events {} to {} are missing", expected, link->sequence - 1));
  }
  if (link->sequence < expected) {
    return Fault(expected, fmt::format("event {} stands where {} belongs: lines were moved or repeated", link->sequence,
                                       expected));
  }
  if (link->prev != verdict_.head.hash) {
    const int64_t before = verdict_.head.sequence;
    return before == 0
               ? Fault(expected, "event 1 does not begin the chain: it was changed")
               : Fault(before, fmt::format("event {} was changed after event {} was written", before, expected));
  }
  verdict_.head = HeadAfter(verdict_.head, line);
  CheckAnchors();
}

AuditVerdict AuditVerifier::Finish(std::string_view torn) {
  const int64_t next = verdict_.head.sequence + 1;
  if (!torn.empty()) {
    Fault(next, fmt::format("event {} is cut off in its middle ({} bytes): a crash while it was written, which the "
                            "agent repairs when it starts, or a cut",
                            next, torn.size()));
  }
  if (!anchors_.empty() && anchors_.back().sequence > verdict_.head.sequence) {
    Fault(next, fmt::format("the end is cut off: events {} to {} are missing", next, anchors_.back().sequence));
  }
  return verdict_;
}

}  // namespace klink::state
