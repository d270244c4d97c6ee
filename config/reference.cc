#include "config/reference.h"

#include <limits>

#include "config/schema.h"
#include "config/value_text.h"

namespace klink::config {
namespace {

constexpr int64_t kNoMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kNoMax = std::numeric_limits<int64_t>::max();

// ------------------------------------------------------------------------------------------------ forms of values

std::string Range(const std::string& what, const Spec& spec, auto text) {
  std::string out = what;
  if (spec.min != kNoMin) out += fmt::format(" from {}", text(spec.min));
  if (spec.max != kNoMax) out += fmt::format(" to {}", text(spec.max));
  return out;
}

std::string Form(const std::string&, const Spec&) { return "text"; }
std::string Form(const Secret&, const Spec&) { return "a reference"; }
std::string Form(bool, const Spec&) { return "true or false"; }
std::string Form(double, const Spec& spec) {
  return Range("number", spec, [](int64_t v) { return v; });
}
std::string Form(int32_t, const Spec& spec) {
  return Range("number", spec, [](int64_t v) { return v; });
}
std::string Form(int64_t, const Spec& spec) {
  return Range(spec.unit == Unit::kBytes ? "size" : "number", spec, [&](int64_t v) { return ValueText(v, spec); });
}
std::string Form(Duration, const Spec& spec) {
  return Range("duration", spec, [](int64_t v) { return DurationText(Duration(v)); });
}
template <Enumerated E>
std::vector<std::string> Words() {
  std::vector<std::string> words;
  for (const auto& choice : Choices(E{})) {
    if (ToText(choice.value) == choice.text) words.push_back(choice.text);
  }
  return words;
}
template <Enumerated E>
std::string Form(E, const Spec&) {
  std::string out;
  for (const std::string& word : Words<E>()) out += (out.empty() ? "`" : ", `") + word + "`";
  return out;
}
template <Textual T>
std::string Form(const T&, const Spec&) {
  return T::kForm;
}

// ----------------------------------------------------------------------------------------------------- the table

class Table {
 public:
  template <Described T>
  void Struct(const std::string& path, const char* outer_later) {
    T value;
    auto field = [&](const char* key, auto& member, const Spec& spec) {
      Spec inherited = spec;
      if (!inherited.later) inherited.later = outer_later;
      Field(path.empty() ? key : fmt::format("{}.{}", path, key), member, inherited);
    };
    T::Describe(value, field);
  }
  std::vector<ReferenceRow> Take() { return std::move(rows_); }

 private:
  template <Described T>
  void Field(const std::string& path, T&, const Spec& spec) {
    Struct<T>(path, spec.later);
  }
  template <class T>
  void Field(const std::string& path, std::vector<T>&, const Spec& spec) {
    if constexpr (Described<T>) {
      Row(path, "list", "[]", spec);
      Struct<T>(path + "[]", spec.later);
    } else {
      Row(path, fmt::format("list of {}", Form(T{}, spec)), "[]", spec);
    }
  }
  template <class T>
  void Field(const std::string& path, std::map<std::string, T>&, const Spec& spec) {
    Row(path, "mapping by name", "{}", spec);
    Struct<T>(path + ".NAME", spec.later);
  }
  template <class T>
  void Field(const std::string& path, T& value, const Spec& spec) {
    const std::string preset = spec.preset ? spec.preset : ValueText(value, spec);
    Row(path, Form(value, spec), preset, spec);
  }

  void Row(const std::string& path, const std::string& form, const std::string& preset, const Spec& spec) {
    const std::string state = spec.later ? fmt::format("only the default: {}", spec.later) : "supported";
    rows_.push_back({path, form, spec.required ? "" : preset, state, spec.help, spec.required});
  }

  std::vector<ReferenceRow> rows_;
};

// ---------------------------------------------------------------------------------------------------- the schema

std::string Json(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

constexpr std::string_view kReference = R"({"type": "string", "pattern": "\\$\\{"})";

std::string Type(const std::string&, const Spec& spec) {
  return spec.required ? R"("type": "string", "minLength": 1)" : R"("type": ["string", "number", "boolean"])";
}
std::string Type(const Secret&, const Spec&) { return R"("type": "string", "pattern": "\\$\\{")"; }
std::string Type(bool, const Spec&) { return fmt::format(R"("anyOf": [{{"type": "boolean"}}, {}])", kReference); }
std::string Number(const char* type, const Spec& spec) {
  std::string bounds;
  if (spec.min != kNoMin) bounds += fmt::format(", \"minimum\": {}", spec.min);
  if (spec.max != kNoMax) bounds += fmt::format(", \"maximum\": {}", spec.max);
  return fmt::format(R"("anyOf": [{{"type": "{}"{}}}, {}])", type, bounds, kReference);
}
std::string Type(double, const Spec& spec) { return Number("number", spec); }
std::string Type(int32_t, const Spec& spec) { return Number("integer", spec); }
std::string Type(int64_t, const Spec& spec) {
  if (spec.unit != Unit::kBytes) return Number("integer", spec);
  return R"("type": ["string", "integer"], "pattern": "^[0-9]+([KMGT]iB)?$|\\$\\{")";
}
std::string Type(Duration, const Spec&) { return R"("type": "string", "pattern": "^[0-9]+(ms|s|m|h)$|\\$\\{")"; }
template <Enumerated E>
std::string Type(E, const Spec&) {
  std::string words;
  for (const auto& choice : Choices(E{})) words += (words.empty() ? "" : ", ") + Json(choice.text);
  return fmt::format(R"("anyOf": [{{"enum": [{}]}}, {}])", words, kReference);
}
template <Textual T>
std::string Type(const T&, const Spec&) {
  return R"("type": ["string", "integer"])";
}

class Schema {
 public:
  template <Described T>
  static std::string Struct(const char* outer_later, size_t indent) {
    T value;
    std::string properties, required;
    const std::string pad(indent + 2, ' ');
    auto field = [&](const char* key, auto& member, const Spec& spec) {
      Spec inherited = spec;
      if (!inherited.later) inherited.later = outer_later;
      properties += fmt::format("{}\n{}  {}: {{{}{}}}", properties.empty() ? "" : ",", pad, Json(key),
                                Common(inherited), Field(member, inherited, indent + 4));
      if (spec.required) required += (required.empty() ? "" : ", ") + Json(key);
    };
    T::Describe(value, field);
    return fmt::format(
        "\"type\": \"object\", \"additionalProperties\": false, \"required\": [{}],\n{}\"properties\": {{{}\n{}}}",
        required, pad, properties, pad);
  }

 private:
  static std::string Common(const Spec& spec) {
    const std::string help = spec.later ? fmt::format("{} ({}: only the default)", spec.help, spec.later) : spec.help;
    return fmt::format("\"description\": {}, ", Json(help));
  }
  template <Described T>
  static std::string Field(T&, const Spec& spec, size_t indent) {
    return Struct<T>(spec.later, indent);
  }
  template <class T>
  static std::string Field(std::vector<T>&, const Spec& spec, size_t indent) {
    std::string items;
    if constexpr (Described<T>) {
      items = Struct<T>(spec.later, indent);
    } else {
      items = Type(T{}, spec);
    }

    return fmt::format(R"("type": "array", {}{}"items": {{{}}})",
                       spec.required && spec.min != 0 ? "\"minItems\": 1, " : "", spec.later ? "\"maxItems\": 0, " : "",
                       items);
  }
  template <class T>
  static std::string Field(std::map<std::string, T>&, const Spec& spec, size_t indent) {
    return fmt::format(R"("type": "object", "minProperties": {}, "additionalProperties": {{{}}})",
                       spec.required ? 1 : 0, Struct<T>(spec.later, indent));
  }
  template <class T>
  static std::string Field(T& value, const Spec& spec, size_t) {
    const std::string text = ValueText(value, spec);
    // 1m and 60s are one duration in many words: the pattern must do.
    if (spec.later && !std::is_same_v<T, Duration>)
      return text.empty() ? R"("type": "string", "maxLength": 0)" : OnlyTheDefault(value, text);
    if (text.empty()) return Type(value, spec);
    const bool raw = std::is_arithmetic_v<T> && spec.unit == Unit::kNone;
    return fmt::format("{}, \"default\": {}", Type(value, spec), raw ? text : Json(spec.preset ? spec.preset : text));
  }

  // Every way to write the default: an enum's other words, a size in plain bytes.
  template <class T>
  static std::string OnlyTheDefault(const T& value, const std::string& text) {
    std::string ways = Json(text);
    if constexpr (std::is_arithmetic_v<T>) ways += fmt::format(", {}", value);
    if constexpr (Enumerated<T>) {
      for (const auto& choice : Choices(T{})) {
        if (choice.value == value && choice.text != text) ways += ", " + Json(choice.text);
      }
    }
    return fmt::format("\"enum\": [{}]", ways);
  }
};

}  // namespace

std::vector<ReferenceRow> ReferenceRows() {
  Table table;
  table.Struct<Config>("", nullptr);
  return table.Take();
}

std::string ReferenceMarkdown() {
  std::string out = "| Key | Value | Default | State | Meaning |\n|---|---|---|---|---|\n";
  for (const ReferenceRow& row : ReferenceRows()) {
    const std::string preset = row.preset.empty() ? "" : fmt::format("`{}`", row.preset);
    out += fmt::format("| `{}` | {} | {} | {} | {} |\n", row.key, row.form, row.required ? "required" : preset,
                       row.state, row.help);
  }
  return out;
}

std::string JsonSchema() {
  return fmt::format(
      "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": \"klink\",\n  {}\n}}\n",
      Schema::Struct<Config>(nullptr, 0));
}

}  // namespace klink::config
