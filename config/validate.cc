#include "config/validate.h"

#include <algorithm>

#include "config/group_filter.h"
#include "config/principal.h"
#include "config/topic_filter.h"
#include "config/validate_cluster.h"
#include "config/validate_sets.h"

namespace klink::config {
namespace {

// Names the two addresses under which one broker would be both source and destination.
bool SameCluster(const ClusterConfig& a, const ClusterConfig& b) {
  const auto left = ParseEndpoints(a.bootstrap_servers), right = ParseEndpoints(b.bootstrap_servers);
  if (!left.ok() || !right.ok()) return false;
  return std::any_of(left->begin(), left->end(), [&](const Endpoint& endpoint) {
    return std::find(right->begin(), right->end(), endpoint) != right->end();
  });
}

// Warnings only: past this many comparisons in one file, links are no longer compared.
constexpr int kOverlapComparisonsMax = 100'000;

bool Overlap(const TopicsConfig& a, const TopicsConfig& b, int& budget) {
  for (const Pattern& left : a.include) {
    for (const Pattern& right : b.include) {
      if (--budget < 0) return false;
      // A rule that the other link excludes word for word is no overlap.
      const auto excluded = [](const TopicsConfig& t, const Pattern& p) {
        return std::find(t.exclude.begin(), t.exclude.end(), p) != t.exclude.end();
      };
      if (SurelyOverlap(left, right) && !excluded(a, right) && !excluded(b, left)) return true;
    }
  }
  return false;
}

class Validator {
 public:
  explicit Validator(const Config& config) : config_(config) {}

  std::vector<Finding> Run() {
    CheckAgent();
    for (const auto& [name, cluster] : config_.clusters) {
      for (SecurityFinding& finding : CheckSecurity(cluster)) {
        Add(finding.severity, fmt::format("clusters.{}.{}", name, finding.key), std::move(finding.text));
      }
    }
    for (size_t i = 0; i < config_.links.size(); ++i) {
      CheckNames(i);
      CheckClusters(i);
      CheckTopics(i);
      CheckAcls(i);
      CheckGroups(i);
      for (SetFinding& finding : CheckSets(config_.links[i]))
        Add(Severity::kError, PathOf(i, finding.key), std::move(finding.text));
      for (size_t j = 0; j < i; ++j) ComparePair(j, i);
    }
    for (size_t i = 0; i < config_.drills.size(); ++i) CheckDrill(i);
    CheckUnused();
    return std::move(findings_);
  }

 private:
  template <class... A>
  void Error(const std::string& path, fmt::format_string<A...> format, A&&... args) {
    Add(Severity::kError, path, fmt::format(format, std::forward<A>(args)...));
  }
  template <class... A>
  void Warn(const std::string& path, fmt::format_string<A...> format, A&&... args) {
    Add(Severity::kWarning, path, fmt::format(format, std::forward<A>(args)...));
  }
  void Add(Severity severity, const std::string& path, std::string text) {
    const Position at = config_.origin.Find(path);
    findings_.push_back({severity, path, Where(config_.origin.file, at, path), std::move(text), at});
  }
  static std::string PathOf(size_t link, std::string_view key) { return fmt::format("links[{}].{}", link, key); }

  void CheckAgent() {
    const Http& http = config_.agent.http;
    if (http.tls.cert.empty() != http.tls.key.empty())
      Error("agent.http.tls", "needs both cert and key; add the other");
    if (!http.tls.client_ca.empty() && http.tls.cert.empty()) {
      Error("agent.http.tls.client_ca", "without cert and key the server speaks no TLS; add them");
    }
    if (!http.tls.client_ca.empty() && http.auth.tokens_file.empty()) {
      Error("agent.http.tls.client_ca", "gives nobody a role; name agent.http.auth.tokens_file, which does");
    }
    if (IsLoopback(http.listen)) return;
    if (http.auth.tokens_file.empty()) {
      Error("agent.http.listen",
            "'{}' is not a loopback address, and without agent.http.auth.tokens_file everybody who reaches it could "
            "change links; set tokens_file, or listen on 127.0.0.1:{}",
            http.listen.ToText(), http.listen.port);
    } else if (http.tls.cert.empty()) {
      Warn("agent.http.listen", "tokens cross the network readable; set agent.http.tls");
    }
  }

  void CheckNames(size_t i) {
    for (size_t j = 0; j < i; ++j) {
      if (config_.links[i].name != config_.links[j].name) continue;
      const Position first = config_.origin.Find(PathOf(j, "name"));
      return Error(PathOf(i, "name"), "the link '{}' exists already on line {}; give it another name",
                   config_.links[i].name, first.line);
    }
  }

  const ClusterConfig* CheckCluster(size_t i, std::string_view key, const std::string& name) {
    if (name.empty()) return nullptr;  // reported as missing
    const auto found = config_.clusters.find(name);
    if (found != config_.clusters.end()) return &found->second;
    std::vector<std::string> known;
    for (const auto& [other, cluster] : config_.clusters) known.push_back(other);
    const std::string near = Nearest(name, known);
    Error(PathOf(i, key), "there is no cluster '{}'; {}", name,
          near.empty() ? "add it under clusters" : fmt::format("did you mean '{}'?", near));
    return nullptr;
  }

  void CheckClusters(size_t i) {
    const LinkConfig& link = config_.links[i];
    const ClusterConfig* source = CheckCluster(i, "source", link.source);
    const ClusterConfig* destination = CheckCluster(i, "destination", link.destination);
    if (!source || !destination) return;
    if (link.source == link.destination) {
      Error(PathOf(i, "destination"), "is the source '{}' itself; a link needs two clusters", link.source);
    } else if (SameCluster(*source, *destination)) {
      Error(PathOf(i, "destination"), "'{}' and '{}' name the same broker; a link needs two clusters", link.source,
            link.destination);
    }
  }

  void CheckTopics(size_t i) {
    const TopicsConfig& topics = config_.links[i].topics;
    CheckPatterns(PathOf(i, "topics.include"), topics.include, true);
    CheckPatterns(PathOf(i, "topics.exclude"), topics.exclude, false);
    const std::vector<std::string>& excluded = topics.configs.exclude;
    for (size_t k = 0; k < topics.configs.include.size(); ++k) {
      const std::string& key = topics.configs.include[k];
      if (std::find(excluded.begin(), excluded.end(), key) == excluded.end()) continue;
      Error(PathOf(i, fmt::format("topics.configs.include[{}]", k)), "'{}' stands in exclude too; remove one of them",
            key);
    }
    const std::string& prefix = topics.rename.prefix;
    if (prefix.starts_with("__") || prefix.starts_with("_klink.")) {
      Error(PathOf(i, "topics.rename.prefix"), "'{}' is how internal topics begin; choose another prefix", prefix);
    }
  }

  void CheckPatterns(const std::string& path, const std::vector<Pattern>& patterns, bool include) {
    for (size_t k = 0; k < patterns.size(); ++k) {
      const Pattern& pattern = patterns[k];
      const std::string entry = fmt::format("{}[{}]", path, k);
      if (Status bad = CheckPattern(pattern); !bad.ok()) {
        Error(pattern.regex.empty() ? entry : entry + ".regex", "{}", Text(bad));
        continue;
      }
      if (include && ClassifyInternal(pattern.literal) == InternalTopic::kNever) {
        Error(entry + ".literal", "'{}' is an internal topic, which is never mirrored; remove it", pattern.literal);
      }
      if (!include && pattern.literal == "*") Warn(entry, "excludes every topic: this link mirrors nothing");
      if (std::find(patterns.begin(), patterns.begin() + static_cast<ptrdiff_t>(k), pattern) !=
          patterns.begin() + static_cast<ptrdiff_t>(k)) {
        Warn(entry, "stands twice in the list");
      }
    }
  }

  void CheckAcls(size_t i) {
    const LinkConfig& link = config_.links[i];
    const Acls& acls = link.acls;
    if (!acls.enabled) return;
    if (acls.include.empty()) {
      Error(PathOf(i, "acls"), "carries nothing over: name principals in include, e.g. \"User:app\" or \"User:*\"");
    }
    const bool patterns = std::any_of(acls.include.begin(), acls.include.end(), IsPrincipalPattern);
    if (!patterns || !acls.exclude.empty()) return;
    for (const std::string& name : {link.source, link.destination}) {
      const auto cluster = config_.clusters.find(name);
      if (cluster == config_.clusters.end() || OwnPrincipal(cluster->second)) continue;
      return Error(PathOf(i, "acls.include"),
                   "takes in principals by pattern, but only the brokers of '{}' know klink's own there (a certificate "
                   "or a token); name it in acls.exclude, so that its rights are left alone",
                   name);
    }
  }

  void CheckGroups(size_t i) {
    const Groups& groups = config_.links[i].groups;
    for (const auto& [key, list] : {std::pair("include", &groups.include), {"exclude", &groups.exclude}}) {
      for (size_t k = 0; k < list->size(); ++k) {
        const GroupPattern& pattern = (*list)[k];
        const std::string entry = fmt::format("{}[{}]", PathOf(i, fmt::format("groups.{}", key)), k);
        if (Status bad = CheckPattern(pattern); !bad.ok())
          Error(pattern.regex.empty() ? entry : entry + ".regex", "{}", Text(bad));
        else if (std::find(list->begin(), list->begin() + static_cast<ptrdiff_t>(k), pattern) !=
                 list->begin() + static_cast<ptrdiff_t>(k))
          Warn(entry, "stands twice in the list");
      }
    }
    if (groups.include.empty() && !groups.exclude.empty())
      Warn(PathOf(i, "groups.exclude"), "nothing is included that it could exclude; name groups.include");
  }

  void CheckDrill(size_t i) {
    const DrillConfig& drill = config_.drills[i];
    const auto path = [i](std::string_view key) { return fmt::format("drills[{}].{}", i, key); };
    for (size_t j = 0; j < i; ++j)
      if (config_.drills[j].name == drill.name)
        Error(path("name"), "the drill '{}' exists already; give it another name", drill.name);
    std::vector<std::string> known;
    for (const LinkConfig& link : config_.links) known.push_back(link.name);
    if (drill.link.empty() || std::find(known.begin(), known.end(), drill.link) != known.end()) return;
    const std::string near = Nearest(drill.link, known);
    Error(path("link"), "there is no link '{}'; {}", drill.link,
          near.empty() ? "add it under links" : fmt::format("did you mean '{}'?", near));
  }

  void ComparePair(size_t j, size_t i) {
    const LinkConfig &first = config_.links[j], &second = config_.links[i];
    if (first.topics.rename != second.topics.rename || !Overlap(first.topics, second.topics, overlap_budget_)) return;
    if (first.destination == second.destination) {
      Warn(PathOf(i, "topics.include"),
           "the links '{}' and '{}' may both write the same topics of '{}'; a topic can have one of them", first.name,
           second.name, first.destination);
    } else if (first.source == second.destination && first.destination == second.source &&
               first.topics.rename == Rename{}) {
      Warn(PathOf(i, "topics.include"),
           "the links '{}' and '{}' go both ways between the same clusters and include the same topics; use rename or "
           "exclude what the other one brings",
           first.name, second.name);
    }
  }

  // A link that is wrong about its clusters would make this a second complaint about the same mistake.
  void CheckUnused() {
    for (const LinkConfig& link : config_.links) {
      if (!config_.clusters.contains(link.source) || !config_.clusters.contains(link.destination)) return;
    }
    if (config_.links.empty()) return;
    for (const auto& [name, cluster] : config_.clusters) {
      const bool used = std::any_of(config_.links.begin(), config_.links.end(), [&](const LinkConfig& link) {
        return link.source == name || link.destination == name;
      });
      if (!used) Warn(fmt::format("clusters.{}", name), "no link uses this cluster");
    }
  }

  const Config& config_;
  int overlap_budget_ = kOverlapComparisonsMax;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> Validate(const Config& config) { return Validator(config).Run(); }

}  // namespace klink::config
