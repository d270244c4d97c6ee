#include "config/bind.h"

#include <algorithm>
#include <utility>

#include "config/value_text.h"

namespace klink::config {

void Report::Add(Severity severity, Position at, std::string path, std::string text) {
  std::string where = Where(file, at, path);
  findings.push_back({severity, std::move(path), std::move(where), std::move(text), at});
}

bool Report::HasErrors() const {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.severity == Severity::kError; });
}

namespace {

const char* KindName(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "a single value";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a mapping";
  }
  return "?";
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// Walks nodes and structs side by side. A scalar that holds a reference is never quoted in a complaint after it was
// resolved: what is shown is what stands in the file.
class Binder {
 public:
  Binder(const EnvLookup& env, Report& report, Origin& origin) : env_(env), report_(report), origin_(origin) {}

  template <Described T>
  void Read(const Node& node, const std::string& path, const Spec&, T& out);
  template <class T>
  void Read(const Node& node, const std::string& path, const Spec& spec, std::vector<T>& out);
  template <class T>
  void Read(const Node& node, const std::string& path, const Spec& spec, std::map<std::string, T>& out);
  template <class T>
    requires(!Described<T>)
  void Read(const Node& node, const std::string& path, const Spec& spec, T& out);

  template <class T>
  void Field(const Node& map, const std::string& path, const char* key, T& value, const Spec& spec);

 private:
  bool Expect(const Node& node, const std::string& path, Node::Kind kind);
  void UnknownKeys(const Node& node, const std::string& path, const std::vector<std::string>& known);
  void Later(const Node& node, const std::string& path, const Spec& spec, const std::string& instead);
  void Error(const Node& node, const std::string& path, std::string text) {
    report_.Error(node.at, path, std::move(text));
  }

  // The text forms of the leaves.
  Status Parse(std::string_view text, const Spec& spec, std::string& out) const;
  Status Parse(std::string_view text, const Spec& spec, bool& out) const;
  Status Parse(std::string_view text, const Spec& spec, int32_t& out) const;
  Status Parse(std::string_view text, const Spec& spec, int64_t& out) const;
  Status Parse(std::string_view text, const Spec& spec, double& out) const;
  Status Parse(std::string_view text, const Spec& spec, Duration& out) const;
  template <Enumerated E>
  Status Parse(std::string_view text, const Spec& spec, E& out) const;
  template <Textual T>
  Status Parse(std::string_view text, const Spec& spec, T& out) const;

  const EnvLookup& env_;
  Report& report_;
  Origin& origin_;
  // Inside a struct whose feature does not exist yet, a value other than the default is noted here and reported once,
  // for the struct.
  bool inside_later_ = false;
  bool asks_for_later_ = false;
};

// ------------------------------------------------------------------------------------------------------ containers

bool Binder::Expect(const Node& node, const std::string& path, Node::Kind kind) {
  if (node.kind == kind) return true;
  if (node.kind == Node::Kind::kNull) {
    Error(node, path, fmt::format("expected {}, found nothing; give it a value or remove the key", KindName(kind)));
  } else {
    Error(node, path, fmt::format("expected {}, found {}", KindName(kind), KindName(node.kind)));
  }
  return false;
}

template <Described T>
void Binder::Read(const Node& node, const std::string& path, const Spec&, T& out) {
  if (!Expect(node, path, Node::Kind::kMap)) return;
  std::vector<std::string> known;
  auto field = [&](const char* key, auto& value, const Spec& spec) {
    known.push_back(key);
    Field(node, path, key, value, spec);
  };
  T::Describe(out, field);
  UnknownKeys(node, path, known);
}

template <class T>
void Binder::Read(const Node& node, const std::string& path, const Spec& spec, std::vector<T>& out) {
  if (!Expect(node, path, Node::Kind::kList)) return;
  if (spec.required && spec.min != 0 && node.items.empty()) {
    return Error(node, path, fmt::format("is empty ({}); add at least one entry", spec.help));
  }
  if (spec.later && !node.items.empty()) return Later(node, path, spec, "");
  if (inside_later_ && !node.items.empty()) asks_for_later_ = true;
  Spec item_spec = spec;
  item_spec.required = false;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const std::string item_path = fmt::format("{}[{}]", path, i);
    origin_.at[item_path] = node.items[i].at;
    Read(node.items[i], item_path, item_spec, out.emplace_back());
  }
}

template <class T>
void Binder::Read(const Node& node, const std::string& path, const Spec& spec, std::map<std::string, T>& out) {
  if (!Expect(node, path, Node::Kind::kMap)) return;
  if (spec.required && node.entries.empty()) {
    return Error(node, path, fmt::format("is empty ({}); add at least one entry", spec.help));
  }
  for (const Entry& entry : node.entries) {
    const std::string entry_path = fmt::format("{}.{}", path, entry.key);
    if (Status bad = spec.check ? spec.check(entry.key) : Status(); !bad.ok()) {
      report_.Error(entry.at, entry_path, Text(bad));
    }
    origin_.at[entry_path] = entry.at;
    Read(entry.value, entry_path, {}, out[entry.key]);
  }
}

template <class T>
void Binder::Field(const Node& map, const std::string& path, const char* key, T& value, const Spec& spec) {
  const std::string field_path = path.empty() ? key : fmt::format("{}.{}", path, key);
  const auto entry = std::find_if(map.entries.begin(), map.entries.end(), [&](const Entry& e) { return e.key == key; });
  if (entry != map.entries.end()) {
    origin_.at[field_path] = entry->value.at;
    if constexpr (Described<T>) {
      if (spec.later) {
        const bool outer = std::exchange(inside_later_, true);
        asks_for_later_ = false;
        Read(entry->value, field_path, spec, value);
        inside_later_ = outer;
        if (asks_for_later_) report_.Error(entry->at, field_path, fmt::format("{}; remove it", spec.later));
        return;
      }
    }
    return Read(entry->value, field_path, spec, value);
  }
  // Absent. A preset may hold a reference, and a struct may hold required keys and presets.
  Node absent;
  absent.at = map.at;
  if (spec.preset) {
    absent.kind = Node::Kind::kScalar;
    absent.text = spec.preset;
    Read(absent, field_path, spec, value);
  } else if constexpr (Described<T>) {
    absent.kind = Node::Kind::kMap;
    Read(absent, field_path, spec, value);
  } else if (spec.required) {
    report_.Error(map.at, field_path, fmt::format("is missing ({}); add it", spec.help));
  }
}

void Binder::UnknownKeys(const Node& node, const std::string& path, const std::vector<std::string>& known) {
  for (const Entry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) continue;
    const std::string near = Nearest(entry.key, known);
    const std::string advice =
        near.empty() ? fmt::format("the keys here are {}", Joined(known)) : fmt::format("did you mean '{}'?", near);
    report_.Error(entry.at, path.empty() ? entry.key : fmt::format("{}.{}", path, entry.key),
                  fmt::format("unknown key '{}'; {}", entry.key, advice));
  }
}

void Binder::Later(const Node& node, const std::string& path, const Spec& spec, const std::string& instead) {
  const std::string advice = instead.empty() ? "remove it" : fmt::format("remove it or set it to {}", instead);
  Error(node, path, fmt::format("{}; {}", spec.later, advice));
}

// ---------------------------------------------------------------------------------------------------------- leaves

template <class T>
  requires(!Described<T>)
void Binder::Read(const Node& node, const std::string& path, const Spec& spec, T& out) {
  if (!Expect(node, path, Node::Kind::kScalar)) return;
  const bool referenced = HasReference(node.text);
  if (std::is_same_v<T, Secret> && !IsReferencesAlone(node.text)) {
    return Error(node, path, "a secret must not stand in the file; write a reference such as ${file:/path}");
  }
  StatusOr<std::string> text = Expand(node.text, env_);
  if (!text.ok()) return Error(node, path, Text(text.status()));
  T value = out;
  Status parsed;
  if constexpr (std::is_same_v<T, Secret>) {
    value = Secret(*text, node.text);
  } else {
    parsed = Parse(*text, spec, value);
  }
  if (!parsed.ok()) {
    // The complaint would quote what the reference brought in, which may be a secret.
    const std::string what =
        referenced ? fmt::format("the value that {} stands for is not valid here; correct it at its place", node.text)
                   : Text(parsed);
    return Error(node, path, what);
  }
  if (!(value == out)) {
    if (inside_later_) asks_for_later_ = true;
    if (spec.later) return Later(node, path, spec, ValueText(out, spec));
  }
  out = std::move(value);
}

Status Bounded(int64_t value, const Spec& spec, const std::string& min, const std::string& max) {
  if (value < spec.min) return InvalidArgument("is too small; the smallest is {}", min);
  if (value > spec.max && spec.over) return InvalidArgument("{}", spec.over);
  if (value > spec.max) return InvalidArgument("is too large; the largest is {}", max);
  return {};
}

Status Binder::Parse(std::string_view text, const Spec& spec, std::string& out) const {
  if (spec.required && text.empty()) return InvalidArgument("is empty ({}); give it a value", spec.help);
  if (spec.check && !text.empty()) RETURN_IF_ERROR(spec.check(text));
  if (spec.filled && text.empty()) return InvalidArgument("must not be empty; give it a value or remove it");
  out = std::string(text);
  return {};
}

Status Binder::Parse(std::string_view text, const Spec&, bool& out) const {
  if (text != "true" && text != "false") return InvalidArgument("'{}' is neither true nor false", text);
  out = text == "true";
  return {};
}

Status Binder::Parse(std::string_view text, const Spec& spec, int32_t& out) const {
  Spec narrow = spec;
  narrow.unit = Unit::kNone;
  narrow.min = std::max<int64_t>(spec.min, INT32_MIN);
  narrow.max = std::min<int64_t>(spec.max, INT32_MAX);
  int64_t wide = 0;
  RETURN_IF_ERROR(Parse(text, narrow, wide));
  out = static_cast<int32_t>(wide);
  return {};
}

Status Binder::Parse(std::string_view text, const Spec& spec, int64_t& out) const {
  TRY(const int64_t value, spec.unit == Unit::kBytes ? ParseSize(text) : ParseInteger(text));
  RETURN_IF_ERROR(Bounded(value, spec, ValueText(spec.min, spec), ValueText(spec.max, spec)));
  out = value;
  return {};
}

Status Binder::Parse(std::string_view text, const Spec& spec, double& out) const {
  TRY(const double value, ParseNumber(text));
  if (value < static_cast<double>(spec.min)) return InvalidArgument("is too small; the smallest is {}", spec.min);
  if (value > static_cast<double>(spec.max)) return InvalidArgument("is too large; the largest is {}", spec.max);
  out = value;
  return {};
}

Status Binder::Parse(std::string_view text, const Spec& spec, Duration& out) const {
  TRY(const Duration value, ParseDuration(text));
  RETURN_IF_ERROR(Bounded(value.count(), spec, DurationText(Duration(spec.min)), DurationText(Duration(spec.max))));
  out = value;
  return {};
}

template <Enumerated E>
Status Binder::Parse(std::string_view text, const Spec&, E& out) const {
  std::vector<std::string> words;
  for (const auto& choice : Choices(E{})) {
    if (choice.text == text) {
      out = choice.value;
      return {};
    }
    if (ToText(choice.value) == choice.text) words.push_back(choice.text);
  }
  return InvalidArgument("'{}' is not accepted here; write one of {}", text, Joined(words));
}

template <Textual T>
Status Binder::Parse(std::string_view text, const Spec&, T& out) const {
  TRY(out, T::Parse(text));
  return {};
}

}  // namespace

Config Bind(const Node& root, const EnvLookup& env, Report& report) {
  Config config;
  config.origin.file = report.file;
  config.origin.at[""] = root.at;
  Binder binder(env, report, config.origin);
  binder.Read(root, "", Spec(), config);
  return config;
}

Tokens BindTokens(const Node& root, const EnvLookup& env, Report& report, Origin& origin) {
  Tokens tokens;
  Binder(env, report, origin).Read(root, "", Spec(), tokens);
  return tokens;
}

}  // namespace klink::config
