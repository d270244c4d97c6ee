#include "http/jaas.h"

#include <algorithm>
#include <array>

namespace klink::http {
namespace {

constexpr std::string_view kFlags[] = {"required", "requisite", "sufficient", "optional"};

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool AtEnd() {
    while (at_ < text_.size() && IsSpace(text_[at_])) at_++;
    return at_ == text_.size();
  }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) return false;
    at_++;
    return true;
  }
  // What is left to say when something else was expected here.
  Status Expected(std::string_view what) const {
    return InvalidArgument("sasl.jaas.config: expected {} at character {}", what, at_ + 1);
  }
  StatusOr<std::string> Word(std::string_view what) {
    std::string word;
    if (AtEnd()) return Expected(what);
    while (at_ < text_.size() && !IsSpace(text_[at_]) && text_[at_] != '=' && text_[at_] != ';' && text_[at_] != '"' &&
           text_[at_] != '\'')
      word += text_[at_++];
    if (word.empty()) return Expected(what);
    return word;
  }
  StatusOr<std::string> Value() {
    if (AtEnd()) return Expected("a value");
    const char quote = text_[at_];
    if (quote != '"' && quote != '\'') return Word("a value");
    std::string value;
    for (at_++; at_ < text_.size() && text_[at_] != quote; at_++) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) at_++;
      value += text_[at_];
    }
    if (at_ == text_.size()) return Expected("the end of the quotes");
    at_++;
    return value;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

StatusOr<JaasLine> ParseJaas(std::string_view text) {
  Reader reader(text);
  JaasLine line;
  TRY(line.module, reader.Word("the name of a login module"));
  TRY(line.flag, reader.Word("required"));
  if (std::find(std::begin(kFlags), std::end(kFlags), line.flag) == std::end(kFlags))
    return reader.Expected("the word required before it");
  while (!reader.Take(';')) {
    TRY(std::string option, reader.Word("an option, or a semicolon at the end"));
    if (!reader.Take('=')) return reader.Expected("an equals sign");
    TRY(std::string value, reader.Value());
    line.options.insert_or_assign(std::move(option), std::move(value));
  }
  if (!reader.AtEnd()) return reader.Expected("nothing behind the semicolon");
  return line;
}

}  // namespace klink::http
