// Notices that a configuration file changed, however it is replaced: written in place, renamed over, or, as Kubernetes
// mounts a ConfigMap, by a symbolic link in its directory that is swapped. What is watched is therefore the file's
// directory, and the one its links lead to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>

#include "base/async.h"
#include "base/clock.h"

namespace klink::cli {

class ConfigWatch {
 public:
  // Unavailable: the system gives no watch; SIGHUP still works.
  static StatusOr<std::unique_ptr<ConfigWatch>> Open(Executor executor, Clock& clock, std::string path);

  // Until something in the directories changed, and then was quiet for a moment: a file is written in steps. What
  // changed is for the caller to see. Cancelled: stopped.
  Async<Status> Changed();

 private:
  ConfigWatch(Executor executor, Clock& clock, std::string path, int fd);
  void Watch();  // the directories as the links lead now
  bool Drain();

  std::string path_;
  Clock& clock_;
  asio::posix::stream_descriptor events_;
};

// The directories whose entries decide what `path` leads to. Pure but for the links it reads.
std::vector<std::string> DirectoriesOf(const std::string& path);

}  // namespace klink::cli
