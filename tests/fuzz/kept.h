// Inputs that are kept as text: tests/fuzz/corpus.hex, a small selection that reaches much of the readers, and
// tests/fuzz/regressions.hex, what once broke one, each below the sentence that says how. A line: the target's name,
// the version or codec (byte 1), the bytes in hex.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "tests/fuzz/target.h"
#include "tests/kafka/golden_file.h"

namespace klink::kafka::fuzz {

// Whole inputs, as libFuzzer hands them over. A target that is gone is left out.
inline std::vector<std::string> KeptInputs(const std::string& file) {
  std::vector<std::string> inputs;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(' '), second = line.find(' ', first + 1);
    if (line.empty() || line[0] == '#' || second == std::string::npos) continue;
    for (int target = 0; target < kTargets; ++target) {
      if (NameOf(target) != line.substr(0, first)) continue;
      std::string input{static_cast<char>(target), static_cast<char>(std::atoi(line.c_str() + first + 1))};
      inputs.push_back(input + std::string(AsText(FromHex(std::string_view(line).substr(second + 1)).view())));
    }
  }
  return inputs;
}

inline std::string KeptLine(std::string_view input) {
  const int target = static_cast<unsigned char>(input[0]) % kTargets;
  return fmt::format("{} {} {}", NameOf(target), static_cast<unsigned char>(input[1]), ToHex(AsBytes(input.substr(2))));
}

}  // namespace klink::kafka::fuzz
