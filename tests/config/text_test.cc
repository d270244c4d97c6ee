#include "config/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klink::config {
namespace {

TEST(Text, ReadsDurationsWithTheirUnit) {
  EXPECT_EQ(*ParseDuration("500ms"), 500ms);
  EXPECT_EQ(*ParseDuration("30s"), 30s);
  EXPECT_EQ(*ParseDuration("5m"), 5min);
  EXPECT_EQ(*ParseDuration("24h"), 24h);
  EXPECT_EQ(*ParseDuration("0s"), 0s);
}

TEST(Text, RefusesEveryOtherDuration) {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "5 s", "1.5s", "5S", "5d", "5s5s", "5us", " 5s", "0x5s",
                           "2562048h", "99999999999999999999s"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Text, ReadsSizesWithAndWithoutUnit) {
  EXPECT_EQ(*ParseSize("0"), 0);
  EXPECT_EQ(*ParseSize("1000"), 1000);
  EXPECT_EQ(*ParseSize("64KiB"), 65536);
  EXPECT_EQ(*ParseSize("20MiB"), 20 << 20);
  EXPECT_EQ(*ParseSize("1GiB"), 1 << 30);
  EXPECT_EQ(*ParseSize("8388607TiB"), 8388607LL << 40);
}

TEST(Text, RefusesEveryOtherSize) {
  for (const char* text : {"", "KiB", "-1", "1KB", "1k", "1 KiB", "1.5MiB", "1MiBs", "8388608TiB", "1e6"}) {
    EXPECT_FALSE(ParseSize(text).ok()) << text;
  }
}

TEST(Text, WritesValuesInTheLargestExactUnit) {
  for (const char* text : {"500ms", "90s", "5m", "24h", "25h", "1001ms"}) {
    EXPECT_EQ(DurationText(*ParseDuration(text)), text);
  }
  EXPECT_EQ(DurationText(60s), "1m");
  EXPECT_EQ(*ParseDuration(DurationText(0s)), 0s);
  for (const char* text : {"0", "1", "1023", "64KiB", "20MiB", "1GiB", "1025MiB"}) {
    EXPECT_EQ(SizeText(*ParseSize(text)), text);
  }
}

TEST(Text, ReadsEndpoints) {
  EXPECT_EQ(Endpoint::Parse("p1:9092")->ToText(), "p1:9092");
  EXPECT_EQ(Endpoint::Parse("[::1]:0")->host, "::1");
  EXPECT_EQ(Endpoint::Parse("[::1]:0")->ToText(), "[::1]:0");
  for (const char* text :
       {"", ":1", "a", "a:", "a:b", "a:65536", "a:-1", "a b:1", "::1:9092", "[]:1", "[a:1", "http://a:1"}) {
    EXPECT_FALSE(Endpoint::Parse(text).ok()) << text;
  }
}

TEST(Text, ReadsListsOfEndpointsWithSpaces) {
  const auto endpoints = ParseEndpoints("a:1, b:2 ,[::1]:3");
  ASSERT_TRUE(endpoints.ok());
  const std::vector<Endpoint> expected = {{"a", 1}, {"b", 2}, {"::1", 3}};
  EXPECT_EQ(*endpoints, expected);
  for (const char* text : {"", ",", "a:1,", ",a:1", "a:1,,b:2", "a:0"}) EXPECT_FALSE(ParseEndpoints(text).ok()) << text;
}

TEST(Text, KnowsWhatIsLoopback) {
  for (const char* host : {"127.0.0.1", "127.1.2.3", "::1", "localhost"}) EXPECT_TRUE(IsLoopback({host, 1})) << host;
  for (const char* host :
       {"0.0.0.0", "10.0.0.1", "::", "127.example.org", "127.a.b.c", "127.0.0", "localhost.example.org"}) {
    EXPECT_FALSE(IsLoopback({host, 1})) << host;
  }
}

TEST(Text, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> keys = {"include", "exclude", "refresh"};
  EXPECT_EQ(Nearest("inclde", keys), "include");
  EXPECT_EQ(Nearest("excluded", keys), "exclude");
  EXPECT_EQ(Nearest("zzz", keys), "");
}

TEST(Text, NumbersAreReadAsAWhole) {
  EXPECT_EQ(*ParseInteger("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(*ParseNumber("1.5"), 1.5);
  for (const char* text : {"", "1x", " 1", "1.0", "9223372036854775808"}) EXPECT_FALSE(ParseInteger(text).ok()) << text;
  for (const char* text : {"", "1x", "nan", "inf", "-inf"}) EXPECT_FALSE(ParseNumber(text).ok()) << text;
}

}  // namespace
}  // namespace klink::config
