#include "config/show.h"

#include <algorithm>
#include <utility>

#include "config/value_text.h"

namespace klink::config {
namespace {

bool IsPlain(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._/-").find(c) != std::string_view::npos;
  };
  for (const char* special : {"", "null", "Null", "NULL"}) {
    if (text == special) return false;
  }
  return text[0] != '-' && text[0] != '.' && std::all_of(text.begin(), text.end(), letter);
}

std::string Quoted(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

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
  void Field(const std::string& key, const ReservedList&, const Spec&) { Line(key + ": []"); }

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
