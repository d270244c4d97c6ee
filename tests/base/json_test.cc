// JSON in and out: limits, order of keys, numbers as people write them, structs described once.
#include "base/json.h"

#include <gtest/gtest.h>

#include "base/json_fields.h"

namespace klink {
namespace {

TEST(JsonTest, KeysKeepTheirOrderAndNumbersTheirLook) {
  JsonObject object;
  object["z"] = 1;
  object["a"] = 0.5;
  object["m"] = nullptr;
  object["text"] = "a\"b\n\x01";
  object["list"] = JsonArray{1, 2};
  object["none"] = JsonArray{};
  EXPECT_EQ(CompactJson(object), R"({"z":1,"a":0.5,"m":null,"text":"a\"b\n\u0001","list":[1,2],"none":[]})");
  JsonObject small;
  small["a"] = JsonArray{1};
  EXPECT_EQ(PrettyJson(small), "{\n  \"a\": [\n    1\n  ]\n}\n");
}

TEST(JsonTest, WhatIsWrittenIsReadBack) {
  const char* text = R"({"a":[1,-2,9223372036854775807,1.25,"é\u0001",true,null],"b":{"c":{}}})";
  auto parsed = ParseJson(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  auto again = ParseJson(CompactJson(*parsed));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*parsed, *again);
}

TEST(JsonTest, HostileInputIsRefusedWithItsPlace) {
  EXPECT_FALSE(ParseJson("").ok());
  EXPECT_FALSE(ParseJson("{\"a\":1").ok());
  EXPECT_FALSE(ParseJson("{} x").ok());
  EXPECT_FALSE(ParseJson(std::string(100, '[')).ok());
  JsonLimits tiny;
  tiny.bytes = 4;
  EXPECT_EQ(Text(ParseJson("[1,2,3]", tiny).status()), "JSON of 7 bytes, at most 4");
  EXPECT_NE(Text(ParseJson("{\"a\" 1}").status()).find("not JSON at byte"), std::string::npos);
}

struct Inner {
  std::string name;
  std::optional<int64_t> size;
  static void Describe(auto& m, auto& field) {
    field("name", m.name);
    field("size", m.size);
  }
};
struct Outer {
  bool on = false;
  std::vector<Inner> parts;
  std::map<std::string, int32_t> counts;
  static void Describe(auto& m, auto& field) {
    field("on", m.on);
    field("parts", m.parts);
    field("counts", m.counts);
  }
};

TEST(JsonTest, ADescribedStructIsWrittenInItsOrderAndUnknownIsNull) {
  Outer outer;
  outer.on = true;
  outer.parts.resize(2);
  outer.parts[0].name = "first";
  outer.parts[1].size = 7;
  outer.counts["ACTIVE"] = 2;
  EXPECT_EQ(CompactJson(ToJson(outer)),
            R"({"on":true,"parts":[{"name":"first","size":null},{"name":"","size":7}],"counts":{"ACTIVE":2}})");
  Outer back;
  ASSERT_TRUE(FromJson(ToJson(outer), back).ok());
  EXPECT_EQ(CompactJson(ToJson(back)), CompactJson(ToJson(outer)));
}

TEST(JsonTest, AFieldOfTheWrongTypeIsRefusedWithItsPathAndAnUnknownOneIsIgnored) {
  Outer outer;
  EXPECT_TRUE(FromJson(*ParseJson(R"({"newer":1})"), outer).ok());
  EXPECT_EQ(Text(FromJson(*ParseJson(R"({"parts":[{"size":"x"}]})"), outer)),
            "parts: [0]: size: not a number that fits");
  EXPECT_FALSE(FromJson(*ParseJson(R"({"counts":{"a":5000000000}})"), outer).ok());
}

TEST(JsonTest, TimesAreReadBackToTheMillisecond) {
  const WallTime t(std::chrono::milliseconds(1767225600007));
  EXPECT_EQ(Rfc3339(t), "2026-01-01T00:00:00.007Z");
  EXPECT_EQ(*ParseRfc3339(Rfc3339(t)), t);
  EXPECT_EQ(*ParseRfc3339("2026-01-01T00:00:00Z"), t - 7ms);
  EXPECT_FALSE(ParseRfc3339("2026-01-01T00:00:00+01:00").ok());
  EXPECT_FALSE(ParseRfc3339("yesterday").ok());
}

}  // namespace
}  // namespace klink
