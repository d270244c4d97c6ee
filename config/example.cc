#include "config/example.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "config/quote.h"
#include "config/schema.h"
#include "config/value_text.h"

namespace klink::config {
namespace {

constexpr size_t kHelpColumn = 52;
constexpr size_t kColumns = 120;

constexpr const char* kHead =
    "# klink's configuration: what is mirrored from where to where.\n"
    "#   klink validate -c FILE             says what is wrong, with line and column; --connect asks the clusters too\n"
    "#   klink run -c FILE                  runs the agent; it takes a changed file over by itself\n"
    "#   klink config schema                prints a JSON Schema of this file, for editors\n"
    "# What is commented out has a default, which is shown. A secret never stands in this file but by reference:\n"
    "#   ${env:NAME}  ${env:NAME:-default}  ${file:/path}  ${file:/path:key}  ${dir:/path:key}\n";

// Breaks `text` into lines of at most `width`, at spaces.
std::vector<std::string> Wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines;
  while (text.size() > width) {
    size_t at = text.rfind(' ', width);
    if (at == std::string_view::npos) at = width;
    lines.emplace_back(text.substr(0, at));
    text.remove_prefix(at + (at < text.size() && text[at] == ' ' ? 1 : 0));
  }
  lines.emplace_back(text);
  return lines;
}

class Writer {
 public:
  std::string Take() { return std::move(out_); }

  template <Described T>
  void Struct(const T& value) {
    auto field = [&](const char* key, const auto& member, const Spec& spec) {
      if (!spec.later) Field(key, member, spec);
    };
    T::Describe(value, field);
  }

 private:
  template <class T>
  void Field(const std::string& key, const T& value, const Spec& spec) {
    std::string text = Quoted(spec.preset ? spec.preset : ValueText(value, spec));
    if constexpr (std::is_same_v<T, Secret>) text = fmt::format("\"${{file:/run/secrets/{}}}\"", key);
    Line(fmt::format("{}: {}", key, text), spec.help, spec.required);
  }
  template <Described T>
  void Field(const std::string& key, const T& value, const Spec& spec) {
    Block(key, spec, spec.required, [&] { Struct(value); });
  }
  template <class T>
  void Field(const std::string& key, const std::vector<T>& values, const Spec& spec) {
    if (values.empty()) return Line(key + ": []", spec.help, false);
    Block(key, spec, true, [&] {
      for (const T& value : values) Entry(value);
    });
  }
  template <class T>
  void Field(const std::string& key, const std::map<std::string, T>& values, const Spec& spec) {
    if (values.empty()) return Line(key + ": {}", spec.help, false);
    Block(key, spec, true, [&] {
      for (const auto& [name, value] : values) {
        Block(name, Spec(), true, [&, &member = value] { Struct(member); });
        brief_ = true;  // the keys of the first stand for those of all
      }
      brief_ = false;
    });
  }

  void Entry(const std::string& text) { Line("- " + Quoted(text), "", true); }
  void Entry(const Pattern& pattern) { Line(fmt::format("- {{literal: {}}}", Quoted(pattern.literal)), "", true); }
  template <Described T>
  void Entry(const T& value) {
    dash_ = true;
    indent_ += 2;
    Struct(value);
    indent_ -= 2;
  }

  template <class F>
  void Block(const std::string& key, const Spec& spec, bool live, F inside) {
    const bool outermost = !live && !commented_;
    if (outermost) commented_ = indent_;
    Line(key + ":", spec.help, live);
    indent_ += 2;
    inside();
    indent_ -= 2;
    if (outermost) commented_.reset();
  }

  // A comment mark stands where the outermost block that is commented out begins, so that an editor takes it away from
  // all of its lines at once.
  void Line(const std::string& text, std::string_view help, bool live) {
    if (brief_ && (!live || commented_)) return;
    const size_t indent = dash_ ? indent_ - 2 : indent_;
    std::string line(indent, ' ');
    if (!live || commented_) line.insert(commented_.value_or(indent), "# ");
    line += (std::exchange(dash_, false) ? "- " : "") + text;
    if (!help.empty() && !brief_) {
      const size_t column = std::max(kHelpColumn, line.size() + 2);
      for (const std::string& part : Wrapped(help, kColumns - column - 2)) {
        line.resize(column, ' ');
        out_ += std::exchange(line, "") + "# " + part + "\n";
      }
      return;
    }
    out_ += line + "\n";
  }

  std::string out_;
  size_t indent_ = 0;
  std::optional<size_t> commented_;  // where the marks of the block that is commented out stand
  bool dash_ = false;                // the next line begins an entry of a list
  bool brief_ = false;               // only what must be written, without help
};

}  // namespace

std::string ExampleYaml(const ExampleBrokers& brokers) {
  Config config;
  config.clusters["source"].bootstrap_servers = brokers.source;
  config.clusters["destination"].bootstrap_servers = brokers.destination;
  LinkConfig link;
  link.name = "source-to-destination";
  link.source = "source";
  link.destination = "destination";
  Pattern all;
  all.literal = "*";
  link.topics.include.push_back(all);
  config.links.push_back(link);
  Writer writer;
  writer.Struct(config);
  return kHead + writer.Take();
}

}  // namespace klink::config
