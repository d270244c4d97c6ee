// Addresses as an operator writes them.
#include "kafka/stream.h"

#include <gmock/gmock.h>

namespace klink::kafka {
namespace {

TEST(ParseBootstrap, ReadsNamesAddressesAndSpaces) {
  auto parsed = ParseBootstrap(" p1:9093, 10.0.0.7:9092 ,[2001:db8::1]:19092,");
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(*parsed,
              testing::ElementsAre(Endpoint{"p1", 9093}, Endpoint{"10.0.0.7", 9092}, Endpoint{"2001:db8::1", 19092}));
  EXPECT_EQ(ToString((*parsed)[0]), "p1:9093");
  EXPECT_EQ(ToString((*parsed)[2]), "[2001:db8::1]:19092");
}

TEST(ParseBootstrap, SaysWhatIsWrongWithAnAddress) {
  const std::pair<std::string_view, std::string_view> kBad[] = {
      {"", "no bootstrap address: write host:port, more separated by commas"},
      {" , ", "no bootstrap address: write host:port, more separated by commas"},
      {"p1", "\"p1\" has no port: write host:port"},
      {"p1:", "\"p1:\": \"\" is not a port (1 to 65535)"},
      {"p1:0", "\"p1:0\": \"0\" is not a port (1 to 65535)"},
      {"p1:70000", "\"p1:70000\": \"70000\" is not a port (1 to 65535)"},
      {"p1:90x", "\"p1:90x\": \"90x\" is not a port (1 to 65535)"},
      {":9092", "\":9092\" has no host: write host:port"},
      {"::1:9092", "\"::1:9092\": write an IPv6 address as [address]:port"},
      {"[::1]", "\"[::1]\" is not [address]:port"},
      {"p1:9092;p2:9092", "\"p1:9092;p2:9092\": write an IPv6 address as [address]:port"},
      {"PLAINTEXT://p1:9092",
       "\"PLAINTEXT://p1:9092\": write host:port without a scheme; security is configured "
       "separately"},
  };
  for (const auto& [text, message] : kBad) {
    auto parsed = ParseBootstrap(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument);
    EXPECT_EQ(Text(parsed.status()), message);
  }
}

}  // namespace
}  // namespace klink::kafka
