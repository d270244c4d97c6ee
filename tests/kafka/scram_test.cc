// SCRAM: the RFC's own conversation, and servers that lie.
#include <gmock/gmock.h>

#include "kafka/sasl_scram.h"

namespace klink::kafka {
namespace {

using testing::HasSubstr;

constexpr char kNonce[] = "rOprNGfwEbeRWgbNEkqO";
constexpr char kServerFirst[] =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr char kFinalStart[] = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=";

struct Vector {
  ScramHash hash;
  std::string proof;
  std::string server_final;
};
const Vector kSha256{ScramHash::kSha256, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                     "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="};  // RFC 7677, section 3
// The same conversation, worked out with another implementation.
const Vector kSha512{ScramHash::kSha512,
                     "gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
                     "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw=="};

ScramConversation Begin(ScramHash hash = ScramHash::kSha256) { return {hash, "user", "pencil", kNonce}; }

TEST(Scram, SpeaksAsTheRfcDoes) {
  for (const Vector& vector : {kSha256, kSha512}) {
    ScramConversation scram = Begin(vector.hash);
    EXPECT_EQ(scram.First(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    const auto proof = scram.Next(kServerFirst);
    ASSERT_TRUE(proof.ok()) << proof.status();
    EXPECT_EQ(**proof, kFinalStart + vector.proof);
    const auto end = scram.Next(vector.server_final);
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_FALSE(end->has_value());
  }
}

TEST(Scram, ADelegationTokenIsAnExtensionThatIsSignedToo) {
  ScramConversation scram(ScramHash::kSha256, "user", "pencil", kNonce, "tokenauth=true");
  EXPECT_EQ(scram.First(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO,tokenauth=true");
  const auto proof = scram.Next(kServerFirst);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_EQ(**proof, std::string(kFinalStart) +
                         "xrt7QLC27If+yCZ8tl7Arjdh2LzbxDoYIVOtWUkqn3w=");  // worked out with another implementation
}

TEST(Scram, EscapesWhatHasAMeaningInNames) {
  ScramConversation scram(ScramHash::kSha256, "a=b,c", "p", kNonce);
  EXPECT_EQ(scram.First(), "n,,n=a=3Db=2Cc,r=rOprNGfwEbeRWgbNEkqO");
}

TEST(Scram, NoncesAreNewEachTimeAndHoldNoComma) {
  const std::string one = ScramConversation::RandomNonce(), two = ScramConversation::RandomNonce();
  EXPECT_NE(one, two);
  EXPECT_GE(one.size(), 24u);
  EXPECT_EQ(one.find(','), std::string::npos);
}

TEST(Scram, RefusesAFirstMessageThatIsWrong) {
  const std::string r = "r=rOprNGfwEbeRWgbNEkqOxyz", s = "s=W22ZaJ0SNY7soEsUEjb6gQ==";
  const std::pair<std::string, std::string> kWrong[] = {
      {"", "malformed"},
      {"m=new,r=x,s=y,i=1", "malformed"},
      {r + "," + s, "malformed"},
      {s + "," + r + ",i=4096", "malformed"},
      {"r=rOprNGfwEbeRWgbNEkqO," + s + ",i=4096", "does not continue"},
      {"r=someoneelse," + s + ",i=4096", "does not continue"},
      {"r=rOprNGfwEbeRWgbNEkqO" + std::string(500, 'x') + "," + s + ",i=4096", "does not continue"},
      {r + ",s=,i=4096", "salt"},
      {r + ",s=W22Z aJ0,i=4096", "salt"},
      {r + ",s=W22,i=4096", "salt"},
      {r + ",s=" + EncodeBase64(std::string(1025, 's')) + ",i=4096", "salt"},
      {r + "," + s + ",i=4095", "4095 SCRAM iterations"},
      {r + "," + s + ",i=1000001", "1000001 SCRAM iterations"},
      {r + "," + s + ",i=99999999999999999999", "SCRAM iterations"},
      {r + "," + s + ",i=4096x", "SCRAM iterations"},
      {r + "," + s + ",i=-4096", "SCRAM iterations"},
      {std::string(ScramConversation::kMessageMost + 1, 'r'), "too long"},
  };
  for (const auto& [message, complaint] : kWrong) {
    ScramConversation scram = Begin();
    scram.First();
    const auto next = scram.Next(message);
    ASSERT_FALSE(next.ok()) << message;
    EXPECT_EQ(next.status().code(), Code::kUnauthenticated);
    EXPECT_THAT(Text(next.status()), HasSubstr(complaint)) << message;
  }
}

TEST(Scram, RefusesABrokerThatCannotProveItKnowsThePassword) {
  std::string other = kSha256.server_final;
  other[5] = other[5] == 'a' ? 'b' : 'a';
  for (const std::string& last :
       {other, std::string("v="), std::string(""), std::string("v=AAAA"), std::string("x=1")}) {
    ScramConversation scram = Begin();
    scram.First();
    ASSERT_TRUE(scram.Next(kServerFirst).ok());
    const auto end = scram.Next(last);
    ASSERT_FALSE(end.ok()) << last;
    EXPECT_THAT(Text(end.status()), HasSubstr("cannot prove")) << last;
  }
  ScramConversation scram = Begin();
  scram.First();
  ASSERT_TRUE(scram.Next(kServerFirst).ok());
  EXPECT_THAT(Text(scram.Next("e=unknown-user").status()), HasSubstr("unknown-user"));
}

TEST(Base64, TakesTheStandardAlphabetAlone) {
  for (const std::string& bytes :
       {std::string(""), std::string("f"), std::string("fo"), std::string("foo"), std::string("\x00\xff\x10\x80", 4)}) {
    EXPECT_EQ(DecodeBase64(EncodeBase64(bytes)), bytes);
  }
  for (const char* wrong : {"A", "AAA", "=AAA", "A===", "AA=A", "AA-A", "AAA\n", "AA== "}) {
    EXPECT_EQ(DecodeBase64(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace klink::kafka
