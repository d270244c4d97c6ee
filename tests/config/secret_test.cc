#include "config/secret.h"

#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "config/load.h"
#include "config/secret_text.h"
#include "config/show.h"

namespace klink::config {
namespace {

using testing::HasSubstr;

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
static_assert(!Streamable<Secret>, "a secret must not be printable");
static_assert(!fmt::is_formattable<Secret>::value, "a secret must not be formattable");

class References : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "klink-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, std::string_view content) {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
    return folder_ + "/" + name;
  }
  std::string Get(const std::string& text) {
    const auto value = Expand(text, Lookup);
    return value.ok() ? *value : "error: " + Text(value.status());
  }
  static std::optional<std::string> Lookup(std::string_view name) {
    if (name == "A") return "alpha";
    if (name == "EMPTY") return "";
    if (name == "TRICK") return "${env:A}";
    return std::nullopt;
  }

  std::string folder_;
};

TEST_F(References, AreReplacedAnywhereInAText) {
  EXPECT_EQ(Get("plain"), "plain");
  EXPECT_EQ(Get("x-${env:A}-${env:A}"), "x-alpha-alpha");
  EXPECT_EQ(Get("$5 and $"), "$5 and $");
}

TEST_F(References, FallBackWhenTheVariableIsUnsetOrEmpty) {
  EXPECT_EQ(Get("${env:NONE:-x:-y}"), "x:-y");
  EXPECT_EQ(Get("${env:EMPTY:-x}"), "x");
  EXPECT_EQ(Get("${env:EMPTY}"), "");
  EXPECT_EQ(Get("${env:NONE:-}"), "");
  EXPECT_THAT(Get("${env:NONE}"), HasSubstr("NONE is not set"));
}

TEST_F(References, AreNotLookedForInWhatTheyBringIn) { EXPECT_EQ(Get("${env:TRICK}"), "${env:A}"); }

TEST_F(References, CanBeEscaped) {
  EXPECT_EQ(Get("$${env:A}"), "${env:A}");
  EXPECT_FALSE(HasReference("$${env:A}"));
  EXPECT_TRUE(HasReference("$${env:A}${env:A}"));
  for (const char* text : {"", "$", "${", "$${", "a$${b}${c}", "$$$"}) EXPECT_EQ(Get(EscapeReferences(text)), text);
}

TEST_F(References, ReadAWholeFileWithoutItsLastLineBreak) {
  EXPECT_EQ(Get("${file:" + Write("a", "secret\n") + "}"), "secret");
  EXPECT_EQ(Get("${file:" + Write("b", "two\nlines\r\n") + "}"), "two\nlines");
}

TEST_F(References, ReadAKeyOfAPropertiesFile) {
  const std::string path = Write("p", "# no\n! no\nuser = klink\n  password : a=b:c \nuser=last\n");
  EXPECT_EQ(Get("${file:" + path + ":user}"), "last");
  EXPECT_EQ(Get("${file:" + path + ":password}"), "a=b:c");
  EXPECT_THAT(Get("${file:" + path + ":other}"), HasSubstr("has no key 'other'"));
}

TEST_F(References, ReadAFileOfADirectoryAndNothingOutside) {
  Write("password", "hunter2\n");
  EXPECT_EQ(Get("${dir:" + folder_ + ":password}"), "hunter2");
  for (const char* key : {"", ".", "..", "../password", "a/b"}) {
    EXPECT_THAT(Get("${dir:" + folder_ + ":" + key + "}"), HasSubstr("error")) << key;
  }
}

TEST_F(References, SayWhichFileIsMissingOrUnfit) {
  EXPECT_THAT(Get("${file:" + folder_ + "/none}"), HasSubstr(folder_ + "/none does not exist"));
  EXPECT_THAT(Get("${file:" + folder_ + "}"), HasSubstr("is not a regular file"));
  EXPECT_THAT(Get("${file:/dev/zero}"), HasSubstr("is not a regular file"));
  EXPECT_THAT(Get("${file:" + Write("big", std::string(70'000, 'x')) + "}"), HasSubstr("larger than 64KiB"));
  for (const char* text : {"${", "${}", "${env}", "${env:}", "${file:}", "${dir:}", "${A}"}) {
    EXPECT_THAT(Get(text), HasSubstr("error")) << text;
  }
}

TEST(ReferencedFiles, AreThoseThatARotationChanges) {
  EXPECT_THAT(ReferencedFiles("${file:/a}${file:/b:key}${dir:/d:k}"), testing::ElementsAre("/a", "/b", "/d/k"));
  for (const char* none : {"", "plain", "${env:V}", "${env:V:-/x}", "$${file:/a}", "${file", "${", "${dir:/d}"}) {
    EXPECT_THAT(ReferencedFiles(none), testing::Each(testing::IsEmpty())) << none;
  }
}

TEST(SecretText, HoldsNothingOfTheSecret) {
  const std::pair<const char*, const char*> kShown[] = {
      {"", ""},
      {"${file:/a}", "${file:/a}"},
      {"${env:A}${dir:/d:k}", "${env:A}${dir:/d:k}"},
      {"${env:A:-}", "${env:A:-}"},
      {"${env:A:-hunter2}", "${env:A:-***}"},
      {"${env:A:-***}", "${env:A:-***}"},
      {"${file:/a}hunter2", "${file:/a}***"},
      {"hunter2", "***"},
      {"${env:A", "***"},
  };
  for (const auto& [text, shown] : kShown) EXPECT_EQ(ShownSecret(text), shown) << text;
  for (const char* alone : {"", "${env:A}", "${env:A:-x}", "${file:/a}${file:/b:k}"})
    EXPECT_TRUE(IsReferencesAlone(alone)) << alone;
  for (const char* not_alone : {"x", "x${env:A}", "${env:A}x", "${env:A} ", "$${env:A}", "${env:A", "$"})
    EXPECT_FALSE(IsReferencesAlone(not_alone)) << not_alone;
}

TEST_F(References, OfASecretAreShownInPlaceOfIt) {
  Config config;
  config.clusters["paris"].sasl_password = Secret("hunter2", "${file:/run/secrets/paris}");
  const std::string shown = ToYaml(config);
  EXPECT_THAT(shown, HasSubstr("${file:/run/secrets/paris}"));
  EXPECT_THAT(shown, Not(HasSubstr("hunter2")));
  config.clusters["paris"].sasl_password = Secret("hunter2", "${env:PASSWORD:-hunter2}");
  for (const std::string& text : {ToYaml(config), CompactJson(ToJson(config))}) {
    EXPECT_THAT(text, HasSubstr("${env:PASSWORD:-***}"));
    EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace klink::config
