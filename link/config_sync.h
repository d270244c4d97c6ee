// Mirrors follow their source's topic settings (link/config_plan has the rules), and somebody else's change of a mirror
// is taken back: every `topics.configs.interval`, and at once when a mirror becomes ACTIVE, which is when it takes its
// source's retention and cleanup over. Many topics in one request; only what differs is changed, key by key.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/async.h"
#include "config/schema_link.h"
#include "link/config_plan.h"
#include "link/trouble.h"

namespace klink::link {

// Since the link was made.
struct ConfigCounts {
  int64_t followed = 0;   // settings changed as the source's did
  int64_t corrected = 0;  // settings that somebody changed at the mirror, set back
  int64_t refused = 0;    // topics whose change the destination refused
};

// What it needs of the two clusters and the state.
class ConfigPorts {
 public:
  virtual ~ConfigPorts() = default;
  struct Mirror {
    std::string source_topic;
    std::string topic_id;  // at the destination; empty: not made yet
    Aligned aligned = Aligned::kNo;
  };
  enum class Side { kSource, kDestination };
  using SettingsByTopic = std::map<std::string, StatusOr<TopicSettings>>;
  using ChangesByTopic = std::map<std::string, std::vector<SettingChange>>;
  // Nothing: there is no such mirror, or it does not run.
  virtual std::optional<Mirror> Find(const std::string& mirror) const = 0;
  virtual Status MayAlter(const std::string& mirror) const = 0;
  virtual Async<StatusOr<SettingsByTopic>> Describe(Side side, std::vector<std::string> topics) = 0;
  virtual Async<std::map<std::string, Status>> Alter(ChangesByTopic changes) = 0;
};

class ConfigSync {
 public:
  ConfigSync(std::unique_ptr<ConfigPorts> ports, const config::LinkConfig& config, Clock& clock)
      : ports_(std::move(ports)), config_(config), clock_(clock) {}

  // What is due. `mirrored`: the mirrors that run now. An error: a cluster could not be asked.
  Async<Status> Round(std::vector<std::string> mirrored);
  Duration UntilDue() const;

  static constexpr size_t kToldSingly = 5;  // mirrors that have lines of their own in the log, of each kind, a round

  // Mirrors whose settings are not as they should be: they are copied all the same.
  const std::map<std::string, Trouble>& troubles() const { return troubles_; }
  const ConfigCounts& counts() const { return counts_; }

 private:
  enum class Part { kAlways, kOthers };  // of a plan: changed apart, so that a refusal of one leaves the other alone
  struct Compared {
    std::string topic_id;
    Aligned aligned = Aligned::kNo;
    std::map<std::string, std::optional<std::string>> wanted;  // as last found or brought about
  };
  struct Refusal {
    std::vector<SettingChange> changes;
    Instant until;
    Duration pause{};
  };
  // Of one kind, in one round: all are counted, the first have a line of their own.
  struct News {
    int64_t topics = 0;
    std::vector<std::pair<std::string, std::string>> first;  // topic, what is told of it
    void Add(const std::string& topic, std::string text);
  };
  struct Work {
    ConfigPorts::Mirror mirror;
    ConfigPlan plan;
  };
  using Works = std::map<std::string, Work>;
  static const std::vector<SettingChange>& ChangesOf(const Work& work, Part part);
  Async<Status> CompareDue(std::vector<std::string> mirrored);
  std::vector<std::string> Due(const std::vector<std::string>& mirrored, bool all) const;
  Async<Status> Compare(std::vector<std::string> names);
  void Plan(const std::string& name, const StatusOr<TopicSettings>& source, const StatusOr<TopicSettings>& mirror,
            Works& works);
  // The mirrors whose change is to be tried again soon.
  Async<std::set<std::string>> Change(const Works& works, Part part);
  void Changed(const std::string& name, const Work& work, const std::vector<SettingChange>& changes);
  void Refused(const std::string& name, Part part, const Work& work, const Status& why);
  void Remember(const std::string& name, const Work& work);
  void Note(const std::string& name, const std::string& source_topic, const Status& why);
  void ForgetGone();
  void Tell();

  std::unique_ptr<ConfigPorts> ports_;
  const config::LinkConfig& config_;
  Clock& clock_;
  std::optional<Instant> last_all_;
  std::map<std::string, Compared> compared_;
  std::map<std::pair<std::string, Part>, Refusal> refusals_;
  std::map<std::string, Trouble> troubles_;
  ConfigCounts counts_;
  News followed_, drifted_, troubled_;
};

}  // namespace klink::link
