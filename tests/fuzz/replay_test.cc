// Every input that is kept, read by the fuzz program's own code in an ordinary build: what once broke a reader does not
// break it again, and no reader is left out of the selection.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fuzz/kept.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace klink::kafka::fuzz {
namespace {

std::vector<std::string> Replay(const std::string& name) {
  std::vector<std::string> inputs = KeptInputs(KLINK_SOURCE_DIR "/tests/fuzz/" + name);
  for (const std::string& input : inputs)
    EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()), 0);
  return inputs;
}

TEST(FuzzReplay, TheCorpusIsReadAndReachesEveryReader) {
  std::set<std::string> reached;
  for (const std::string& input : Replay("corpus.hex")) reached.insert(NameOf(static_cast<unsigned char>(input[0])));
  for (const std::string_view name : kOtherNames) EXPECT_THAT(reached, testing::Contains(std::string(name)));
}

TEST(FuzzReplay, WhatOnceBrokeAReaderIsRead) { Replay("regressions.hex"); }

TEST(FuzzReplay, AnInputIsKeptAsALineAndReadBack) {
  const std::string input = std::string(1, static_cast<char>(kAuditLog)) + "\x07{}\n\xff";
  EXPECT_EQ(KeptLine(input), "audit-log 7 7b7d0aff");
  const std::string file = testing::TempDir() + "klink-kept.hex";
  std::ofstream(file) << "# a story\n" << KeptLine(input) << "\nnobody 0 00\n";
  EXPECT_THAT(KeptInputs(file), testing::ElementsAre(input));
}

}  // namespace
}  // namespace klink::kafka::fuzz
