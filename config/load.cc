// The only file that knows the YAML library. Its events become plain nodes; anchors, aliases, tags, further documents
// and deep nesting are refused while reading, so that no file can be small and yet large.
#include "config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "config/bind.h"
#include "config/validate.h"

namespace klink::config {
namespace {

Position At(const YAML::Mark& mark) { return mark.is_null() ? Position() : Position{mark.line + 1, mark.column + 1}; }

constexpr const char* kNoAliases = "aliases are not accepted; write the value out";

// Thrown through the parser to stop it; caught below.
struct Refused {
  Position at;
  std::string text;
};

class NodeBuilder final : public YAML::EventHandler {
 public:
  explicit NodeBuilder(Report& report) : report_(report) {}

  bool seen() const { return seen_; }
  Node Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { throw Refused{At(mark), kNoAliases}; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Scalar(mark, "", anchor, "", Node::Kind::kNull);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Scalar(mark, tag, anchor, value, Node::Kind::kScalar);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, Node::Kind::kList);
  }
  void OnSequenceEnd() override { End(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Begin(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnMapEnd() override { End(); }

 private:
  struct Frame {
    Node node;
    bool has_key = false;  // of a map: the next event is the value of `key`
    std::string key;
    Position key_at;
    std::map<std::string, int> lines;  // of the keys so far
  };

  void Refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) throw Refused{At(mark), "anchors are not accepted; write the value out"};
    if (!tag.empty() && tag != "?" && tag != "!") throw Refused{At(mark), "tags are not accepted; remove it"};
  }

  void Scalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value,
              Node::Kind kind) {
    Refuse(mark, tag, anchor);
    if (!frames_.empty() && frames_.back().node.kind == Node::Kind::kMap && !frames_.back().has_key) {
      frames_.back().has_key = true;
      frames_.back().key = value;
      frames_.back().key_at = At(mark);
      return;
    }
    Node node;
    node.kind = kind;
    node.at = At(mark);
    node.text = value;
    Attach(std::move(node));
  }

  void Begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    Refuse(mark, tag, anchor);
    if (!frames_.empty() && frames_.back().node.kind == Node::Kind::kMap && !frames_.back().has_key) {
      throw Refused{At(mark), "a key must be a single word, not a list or a mapping"};
    }
    if (frames_.size() >= kNestingMax) {
      throw Refused{At(mark), fmt::format("nested more than {} levels deep; check the brackets", kNestingMax)};
    }
    Frame& frame = frames_.emplace_back();
    frame.node.kind = kind;
    frame.node.at = At(mark);
  }

  void End() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    Attach(std::move(node));
  }

  void Attach(Node node) {
    seen_ = true;
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& parent = frames_.back();
    if (parent.node.kind == Node::Kind::kList) {
      parent.node.items.push_back(std::move(node));
      return;
    }
    parent.has_key = false;
    const auto [first, added] = parent.lines.emplace(parent.key, parent.key_at.line);
    if (!added) {
      report_.Error(parent.key_at, PathTo(parent.key),
                    fmt::format("duplicate key '{}', first on line {}; remove one of them", parent.key, first->second));
      return;
    }
    parent.node.entries.push_back({parent.key, parent.key_at, std::move(node)});
  }

  std::string PathTo(const std::string& key) const {
    std::string path;
    for (const Frame& frame : frames_) {
      if (frame.node.kind == Node::Kind::kList) {
        path += fmt::format("[{}]", frame.node.items.size());
      } else {
        path += (path.empty() ? "" : ".") + (&frame == &frames_.back() ? key : frame.key);
      }
    }
    return path;
  }

  Report& report_;
  std::vector<Frame> frames_;
  Node root_;
  bool seen_ = false;
};

}  // namespace

bool ParseYaml(std::string_view text, const char* empty, Report& report, Node& root) {
  if (text.size() > kFileBytesMax) {
    report.Error({}, "", "larger than 1MiB; a configuration is not that large");
    return false;
  }
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    NodeBuilder builder(report);
    if (!parser.HandleNextDocument(builder) || !builder.seen()) {
      report.Error({}, "", empty);
      return false;
    }
    root = builder.Take();
    Report ignored;
    NodeBuilder second(ignored);
    if (parser.HandleNextDocument(second)) {
      report.Error({}, "", "holds more than one YAML document; keep one");
      return false;
    }
    return true;
  } catch (const Refused& refused) {
    report.Error(refused.at, "", refused.text);
  } catch (const YAML::Exception& e) {
    // An alias of nothing is found by the library before OnAlias() is.
    if (e.msg.find("anchor") != std::string::npos) {
      report.Error(At(e.mark), "", kNoAliases);
      return false;
    }
    report.Error(At(e.mark), "", fmt::format("not valid YAML: {}; check indentation, brackets and quotes here", e.msg));
  } catch (const std::exception& e) {
    report.Error({}, "", fmt::format("cannot be read as YAML: {}", e.what()));
  }
  return false;
}

namespace {

// A wrong file is not made better by thousands of lines about it.
constexpr size_t kFindingsMax = 100;

// A cross-check at a place that is already known to be wrong would only repeat it.
bool Related(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (!b.starts_with(a)) return false;
  return a.empty() || a.size() == b.size() || b[a.size()] == '.' || b[a.size()] == '[';
}

}  // namespace

Loaded Load(std::string_view text, std::string_view file_name, const EnvLookup& env) {
  Loaded loaded;
  Report report;
  report.file = std::string(file_name);
  Node root;
  if (ParseYaml(text, "the file is empty; it needs at least clusters and links", report, root)) {
    loaded.config = Bind(root, env, report);
    const size_t known = report.findings.size();
    for (Finding& finding : Validate(loaded.config)) {
      const bool repeats = std::any_of(report.findings.begin(), report.findings.begin() + static_cast<ptrdiff_t>(known),
                                       [&](const Finding& f) { return Related(f.path, finding.path); });
      if (!repeats) report.findings.push_back(std::move(finding));
    }
  }
  loaded.findings = std::move(report.findings);
  std::sort(loaded.findings.begin(), loaded.findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.at.line, a.at.column, a.path, a.text) < std::tie(b.at.line, b.at.column, b.path, b.text);
  });
  if (loaded.findings.size() > kFindingsMax) {
    const std::string more =
        fmt::format("and {} more; correct the ones above first", loaded.findings.size() - kFindingsMax);
    loaded.findings.resize(kFindingsMax);
    loaded.findings.push_back({Severity::kError, "", report.file, more, {}});
  }
  return loaded;
}

StatusOr<Config> LoadText(std::string_view text, std::string_view file_name, const EnvLookup& env) {
  Loaded loaded = Load(text, file_name, env);
  std::string errors;
  for (const Finding& finding : loaded.findings) {
    if (finding.severity == Severity::kError) errors += (errors.empty() ? "" : "\n") + ToString(finding);
  }
  if (!errors.empty()) return InvalidArgument("{}", errors);
  return std::move(loaded.config);
}

StatusOr<std::string> ReadConfigFile(const std::string& path) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) {
    return NotFound("{}: the configuration file does not exist; create it or name another with --config", path);
  }
  if (kind == std::filesystem::file_type::directory) {
    return InvalidArgument("{}: is a directory; name the file in it with --config", path);
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return PermissionDenied("{}: the configuration file cannot be read: {}; check its permissions", path,
                            std::strerror(errno));
  }
  std::string text(kFileBytesMax + 1, '\0');  // one more than allowed: Load() refuses it
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

StatusOr<Config> LoadFile(const std::string& path) {
  TRY(const std::string text, ReadConfigFile(path));
  return LoadText(text, path, ProcessEnvironment());
}

}  // namespace klink::config
