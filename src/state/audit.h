// The audit log's chain: CloudEvents 1.0 as JSON, one a line, each with a sequence number and the SHA-256 of the line
// before it (`prev`). Pure. The digest is over the bytes of the line, so an edit of a line breaks the one after it; an
// edit of the last line, or a tail that was cut off, is found against anchors: heads that were kept elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fields.h"
#include "base/limits.h"

namespace klink::state {

// Where a chain ends: the sequence number and digest of its last line; of an empty one 0 and 64 zeros.
struct AuditHead {
  int64_t sequence = 0;
  std::string hash = std::string(64, '0');

  static void Describe(auto& m, auto& field) {
    field("sequence", m.sequence);
    field("hash", m.hash);
  }
  friend bool operator==(const AuditHead&, const AuditHead&) = default;
};
StatusOr<AuditHead> ParseAuditHead(std::string_view text);  // "17:9f86…"
std::string ToText(const AuditHead& head);

struct AuditEvent {
  std::string type;     // "klink.mirrors.pause.requested"
  std::string subject;  // the link; may be empty
  JsonObject data;
};

inline constexpr size_t kAuditLineBytesMost = limits::kAuditLineBytes;

// The line that follows `head`, without its newline.
std::string AuditLine(const AuditHead& head, std::string_view agent, WallTime time, const AuditEvent& event);
AuditHead HeadAfter(const AuditHead& head, std::string_view line);
// What a line says of itself.
StatusOr<int64_t> AuditSequence(std::string_view line);

struct AuditVerdict {
  AuditHead head;  // of what holds
  int64_t fault_at = 0;
  std::string fault;  // empty: the chain is whole
};

// Lines in, verdict out: the first fault, by sequence number. Anchors are what was kept elsewhere of this chain, in any
// order: each that is reached must be the event that stands there, and the end must reach the last. Two of one number
// that differ tell of a log that was cut and written on: it holds one of them at most.
class AuditVerifier {
 public:
  explicit AuditVerifier(std::vector<AuditHead> anchors = {});
  void Take(std::string_view line);
  // `torn`: what stands behind the last newline.
  AuditVerdict Finish(std::string_view torn);

 private:
  void Fault(int64_t sequence, std::string text);
  void CheckAnchors();

  std::vector<AuditHead> anchors_;  // by number
  size_t next_ = 0;                 // the first of them that was not reached
  AuditVerdict verdict_;
};

}  // namespace klink::state
