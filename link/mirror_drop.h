// A mirror that is given up together with its topic at the destination, records and all.
#pragma once

#include <string>

#include "base/async.h"

namespace klink::link {

struct DropRequest {
  std::string link;
  std::string topic;   // at the destination
  std::string by;      // who asked
  std::string reason;  // why, in the operator's words
};

class MirrorDropper {
 public:
  virtual ~MirrorDropper() = default;
  // NotFound: the link has no such mirror. FailedPrecondition: it would be made again, it is being promoted, or the
  // topic there is not the one that klink made a mirror of. Unavailable: another agent leads the link, or nobody yet.
  virtual Async<Status> DropMirror(DropRequest request) = 0;
};

}  // namespace klink::link
