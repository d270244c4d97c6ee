#include "config/show.h"

#include <utility>

#include "config/quote.h"
#include "config/value_text.h"

namespace klink::config {
namespace {

class Printer {
 public:
  std::string Take() { return std::move(out_); }

  template <Described T>
  void Struct(const T& value) {
    auto field = [&](const char* key, const auto& member, const Spec& spec) { Field(key, member, spec); };
    T::Describe(value, field);
  }

 private:
  // An empty text is what a key that is left out means.
  template <class T>
  void Field(const std::string& key, const T& value, const Spec& spec) {
    const std::string text = ValueText(value, spec);
    if (!text.empty()) Line(fmt::format("{}: {}", key, Quoted(text)));
  }
  template <Described T>
  void Field(const std::string& key, const T& value, const Spec&) {
    const size_t before = out_.size();
    Line(key + ":");
    const size_t after = out_.size();
    indent_ += 2;
    Struct(value);
    indent_ -= 2;
    if (out_.size() == after) out_.resize(before);  // nothing in it to say
  }
  template <class T>
  void Field(const std::string& key, const std::vector<T>& values, const Spec& spec) {
    if (values.empty()) return Line(key + ": []");
    Line(key + ":");
    indent_ += 2;
    for (const T& value : values) {
      dash_ = true;  // the next line begins the entry
      if constexpr (Described<T>) {
        indent_ += 2;
        Struct(value);
        indent_ -= 2;
      } else {
        indent_ += 2;
        Line(Quoted(ValueText(value, spec)));
        indent_ -= 2;
      }
    }
    indent_ -= 2;
  }
  template <class T>
  void Field(const std::string& key, const std::map<std::string, T>& values, const Spec&) {
    if (values.empty()) return Line(key + ": {}");
    Line(key + ":");
    indent_ += 2;
    for (const auto& [name, value] : values) Field(Quoted(name), value, Spec());
    indent_ -= 2;
  }

  void Line(const std::string& text) {
    const size_t indent = dash_ ? indent_ - 2 : indent_;
    out_ += fmt::format("{}{}{}\n", std::string(indent, ' '), std::exchange(dash_, false) ? "- " : "", text);
  }

  std::string out_;
  size_t indent_ = 0;
  bool dash_ = false;
};

}  // namespace

std::string ToYaml(const Config& config) {
  Printer printer;
  printer.Struct(config);
  return printer.Take();
}

}  // namespace klink::config
